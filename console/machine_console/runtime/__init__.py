"""The bot as a process: with or without a terminal, against Slack or in the sandbox."""
