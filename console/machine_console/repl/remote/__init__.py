"""The REPL of a bot in another process, over its Unix socket."""
