"""Where envelopes come from."""
