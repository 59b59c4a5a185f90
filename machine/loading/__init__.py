"""How plugin code comes in: importing, checking, constructing, watching and swapping."""
