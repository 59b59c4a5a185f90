"""The application: one window, its layout, its keys, and what it remembers."""
