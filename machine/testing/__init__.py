"""Tests for plugins: a bot and people who talk to it, in a Slack workspace of their own, within milliseconds.

pytest finds the fixtures by itself once this package is installed; `docs/testing.md` is the guide. What is listed here
is for annotations. It is imported when it is asked for, because pytest imports this package in every run.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from machine.testing.bot import Bot as Bot
    from machine.testing.errors import HandlerError as HandlerError
    from machine.testing.messages import SentMessage as SentMessage
    from machine.testing.person import Person as Person
    from machine.testing.views import ShownView as ShownView
    from machine.testing.webhooks import WebhookAnswer as WebhookAnswer
    from machine.time.clock import Clock as Clock

__all__ = ["Bot", "Clock", "HandlerError", "Person", "SentMessage", "ShownView", "WebhookAnswer"]

_MODULES = {
    "Bot": "machine.testing.bot",
    "Clock": "machine.time.clock",
    "HandlerError": "machine.testing.errors",
    "Person": "machine.testing.person",
    "SentMessage": "machine.testing.messages",
    "ShownView": "machine.testing.views",
    "WebhookAnswer": "machine.testing.webhooks",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
