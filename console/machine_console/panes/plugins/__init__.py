"""The plugins: which are live, which failed, and what they listen to."""
