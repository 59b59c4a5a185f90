"""The bot as the window sees it: frozen values come out, commands go in, and no live bot shows through."""
