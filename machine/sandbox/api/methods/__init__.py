"""The Web API methods that the sandbox answers: one module per family, one table of all."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

from machine.sandbox.api.methods import (
    bookmarks,
    chat,
    conversations,
    files,
    membership,
    pins,
    reactions,
    session,
    team,
    users,
    views,
)
from machine.sandbox.api.methods.call import Method

_FAMILIES = (bookmarks, chat, conversations, files, membership, pins, reactions, session, team, users, views)

TABLE: Mapping[str, Method] = {
    method.name: method for method in chain.from_iterable(family.METHODS for family in _FAMILIES)
}
"""Every method by its name."""
