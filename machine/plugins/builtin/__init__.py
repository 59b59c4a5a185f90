"""Plugins that every bot can switch on."""
