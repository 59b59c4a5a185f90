"""What happens to an input: parsed, run, stopped, and its errors told."""
