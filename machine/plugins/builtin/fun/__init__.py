"""Plugins nobody needs and many like."""
