"""The `machine` command, one module per subcommand."""
