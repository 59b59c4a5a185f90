"""The prompt inside the console: prompt-toolkit within a Textual widget."""
