"""The workspace to talk in."""
