"""The workspace in memory: people, conversations, messages, files and views, and what changed."""
