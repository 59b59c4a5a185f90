"""The prompt-toolkit prompt: keys, completion, history, and how results look."""
