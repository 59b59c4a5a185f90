"""A session at the prompt: keys, completion, magics, history, and how results look."""
