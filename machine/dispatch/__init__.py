"""From an envelope to the handlers that run: who listens, which match and why, and running them."""
