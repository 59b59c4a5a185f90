"""How the bot itself is doing."""
