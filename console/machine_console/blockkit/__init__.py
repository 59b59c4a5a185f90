"""Block Kit in a terminal: blocks in, lines with things to press out. Nothing here knows Textual but `view`."""
