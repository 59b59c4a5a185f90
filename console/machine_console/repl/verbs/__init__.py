"""The names at the prompt, and what they do."""
