"""The events as they arrive, and everything about one of them."""
