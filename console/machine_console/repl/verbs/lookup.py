"""Finds the people and channels that a person at the prompt means by a name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from itertools import chain, islice

from machine.models import Channel, User
from machine.slack.directory import Directory
from machine_console.repl.language.errors import ReplError

MAX_NEAR = 5
MAX_COMPARED = 10_000
"""Names compared with a mistyped one: comparing holds up the bot, for more than a second with 200,000 names."""

_USER_ID = re.compile(r"[UW][A-Z0-9]{6,}")
_CHANNEL_ID = re.compile(r"[CDG][A-Z0-9]{6,}")


class Lookup:
    """Finds people and channels in the directory of a bot.

    A name that means nobody or more than one raises `ReplError` with those that are near. An id that the directory does
    not know is taken as it is: large workspaces are not known whole, and Slack says so if there is no such id.
    """

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def user(self, who: object) -> User:
        """The person meant by an object with an `id`, an id, `@name`, a name or an e-mail address.

        Raises:
            ReplError: Nobody, or more than one, is called so.
        """
        if isinstance(who, User):
            return who
        wanted = _name_of(who, "a person").removeprefix("<@").removesuffix(">").partition("|")[0].removeprefix("@")
        users = self._directory.users
        if wanted in users or _USER_ID.fullmatch(wanted):
            return users.get(wanted) or User(id=wanted)
        found = [users[user_id] for user_id in users.called(wanted, "name")]
        if not found:
            others = (users.called(wanted, called) for called in ("display_name", "real_name", "email"))
            found = [users[user_id] for user_id in dict.fromkeys(chain.from_iterable(others))]
        if len(found) == 1:
            return found[0]
        if found:
            meant = ", ".join(f"@{user.name} ({user.id})" for user in found)
            raise ReplError(f"{wanted!r} may be any of {meant}. Say which.")
        labels = {name: label for label, about in users.labels() for name in (label[1:], about)}
        raise ReplError(f"There is nobody called {wanted!r}. {_near(wanted, labels)}")

    def channel(self, where: object) -> Channel:
        """The channel meant by an object with an `id`, an id, `#name` or a name.

        Raises:
            ReplError: No channel is called so.
        """
        if isinstance(where, Channel):
            return where
        wanted = _name_of(where, "a channel").removeprefix("<#").removesuffix(">").partition("|")[0].removeprefix("#")
        channels = self._directory.channels
        if wanted in channels or _CHANNEL_ID.fullmatch(wanted):
            return channels.get(wanted) or Channel(id=wanted)
        for channel_id in channels.called(wanted, "name"):
            return channels[channel_id]
        labels = {label[1:]: label for label, _ in channels.labels()}
        raise ReplError(f"There is no channel called {'#' + wanted!r}. {_near(wanted, labels)}")


def _name_of(value: object, what: str) -> str:
    name = getattr(value, "id", value)
    if not isinstance(name, str) or not name.strip():
        raise ReplError(f"{value!r} is not {what}. Give a name, an id or an object with an id.")
    return name.strip()


def _near(wanted: str, labels: Mapping[str, str]) -> str:
    """A sentence that helps to find the right name, from names and what to call their bearers."""
    folded = {name.casefold(): label for name, label in labels.items() if name}
    near = difflib.get_close_matches(wanted.casefold(), _compared(wanted.casefold(), folded), n=MAX_NEAR, cutoff=0.6)
    if near:
        return f"Did you mean {' or '.join(dict.fromkeys(folded[name] for name in near))}?"
    known = list(dict.fromkeys(labels.values()))
    more = f" and {len(known) - MAX_NEAR} more" if len(known) > MAX_NEAR else ""
    return f"There are {', '.join(known[:MAX_NEAR])}{more}." if known else "None is known yet."


def _compared(wanted: str, names: Collection[str]) -> list[str]:
    """The names to compare; of very many, those that begin with the same letter, as most mistyped names still do."""
    if len(names) <= MAX_COMPARED:
        return list(names)
    return list(islice((name for name in names if name[:1] == wanted[:1]), MAX_COMPARED))
