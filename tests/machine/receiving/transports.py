"""Getting at the transports of a bot."""

from __future__ import annotations

from typing import TypeVar

from machine.receiving.thread import Housed
from tests.conftest import BotUnderTest

T = TypeVar("T")


def housed(bot: BotUnderTest, kind: type[T]) -> T:
    """The transport of this kind."""
    owners = (getattr(part, "__self__", None) for part in bot.machine._started)
    transports = (owner.transport for owner in owners if isinstance(owner, Housed))
    return next(transport for transport in transports if isinstance(transport, kind))
