"""What the console shows, one pane per file: fed with values, reporting intents, calling nobody."""
