"""The Web API over HTTP: its methods, its tokens, and the transfer of files."""
