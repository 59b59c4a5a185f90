"""The Web API over HTTP, and the URLs that belong to it."""
