"""The REPL: Slack and the running bot at the fingertips, in the console or alone."""
