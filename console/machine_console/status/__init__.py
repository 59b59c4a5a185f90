"""How the bot is doing: connection, rate limits, process, handlers, and what deserves a notification."""
