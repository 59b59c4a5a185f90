"""`workspace.toml`: read, checked, and reloaded when it changes."""
