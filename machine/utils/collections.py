"""The type of `self.settings` under the name that slack-machine gives it."""

from machine.settings import CaseInsensitiveDict

__all__ = ["CaseInsensitiveDict"]
