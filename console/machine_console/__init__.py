"""Everything a person sees: the command line, the terminal application and the REPL."""
