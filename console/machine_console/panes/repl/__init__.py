"""The Python prompt as a pane."""
