"""Widgets that draw what they are given and call nobody."""
