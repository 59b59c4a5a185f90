"""The arguments of a captured call, read as Slack reads them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from machine.slack.block_kit.elements import objects_in
from machine.slack.directory import Directory
from machine.slack.identity import Identity

Json: TypeAlias = dict[str, Any]
Answers: TypeAlias = "Mapping[str, Callable[[DryRunCall], Json]]"

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class DryRunCall:
    """The arguments of a call, and whose call it is."""

    arguments: Mapping[str, Any]
    identity: Identity
    directory: Directory

    def text(self, name: str) -> str:
        """A text or number; empty where it was not given."""
        value = self.arguments.get(name)
        return "" if value is None else str(value)

    def json(self, name: str) -> Any:
        """A list or object, which slack_sdk sends as such or as a text."""
        value = self.arguments.get(name)
        if not isinstance(value, str):
            return _plain(value)
        try:
            return json.loads(value)
        except ValueError:
            return None

    def objects(self, name: str) -> list[Mapping[str, Any]]:
        """The objects of a list; none where it is not a list."""
        return objects_in(self.json(name))

    def names(self, name: str) -> list[str]:
        """A list of ids or names, also where they are written with commas."""
        value = self.arguments.get(name)
        listed = value.split(",") if isinstance(value, str) else value if isinstance(value, Sequence) else ()
        return [str(one) for one in listed]

    def number(self, name: str) -> int:
        """A whole number; 0 where it was not given."""
        value = self.text(name)
        return int(value) if value.isdecimal() else 0

    def flag(self, name: str) -> bool:
        """A yes or no; no where it was not given."""
        return str(self.arguments.get(name)).lower() in {"1", "true"}

    @property
    def channel_id(self) -> str:
        """The channel by its id, also where it was named; a person stands for the direct message with them."""
        where = self.text("channel")
        known = self.directory.find_channel(where)
        if known is not None:
            return known.id
        is_person = where.startswith(("U", "W"))
        direct = (one.id for one in self.directory.channels.joined() if one.is_im and one.user == where)
        return next(direct, where) if is_person else where


def new_id(prefix: str = "") -> str:
    """An id like those of Slack, which nothing has, and which says so."""
    return f"{prefix}0CAPTURED{next(_numbers)}"


def _plain(value: Any) -> Any:
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_plain(item) for item in value]
    return value
