"""What may be typed inside the strings of a call: people, channels, plugins, stored keys, emoji."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from machine.bot import Machine
from machine_console.text.emoji_names import EMOJI

CANDIDATES = "__candidates__"
"""The namespace's entry with a `CandidateTable`."""
INDEX = "[]"
"""The parameter name that stands for the key in `name["..."]`."""


class Candidate(NamedTuple):
    """One thing to choose.

    Attributes:
        text: What is inserted.
        meta: What it is, shown beside it.
    """

    text: str
    meta: str = ""


CandidateTable = Mapping[str, Mapping[str, Callable[..., Iterable[Candidate]]]]
"""By name at the prompt (`say`), then by parameter (`channel`, or `INDEX`): what may stand there. The entries under
`@`, `#` and `:` (with the parameter `""`) are offered behind these characters in any string. Those of a method of an
item (`storage[].get`) are for its first argument, and are told the item."""


def candidate_table(
    machine: Machine, storages: Callable[[], Iterable[Candidate]], keys: Callable[[str], Iterable[Candidate]]
) -> CandidateTable:
    """What may stand in the calls of a bot's verbs.

    Args:
        machine: The bot, started.
        storages: The names that may stand in the brackets of `storage["..."]`.
        keys: The keys in the storage with this name.
    """

    def people() -> Iterable[Candidate]:
        return (Candidate(*label) for label in machine.slack.directory.users.labels())

    def channels() -> Iterable[Candidate]:
        return (Candidate(*label) for label in machine.slack.directory.channels.labels())

    def places() -> Iterable[Candidate]:
        yield from channels()
        yield from people()

    def emoji() -> Iterable[Candidate]:
        return (Candidate(name, picture) for name, picture in EMOJI.items())

    def marked_emoji() -> Iterable[Candidate]:
        return (Candidate(f":{name}:", picture) for name, picture in EMOJI.items())

    def plugins() -> Iterable[Candidate]:
        for plugin in list(machine.plugins.values()):
            yield Candidate(plugin.name, f"{len(plugin.handlers)} handlers")

    return {
        "say": {"channel": places},
        "dm": {"user": people},
        "react": {"emoji": emoji, "channel": channels},
        "user": {"user": people},
        "channel": {"channel": channels},
        "history": {"channel": places},
        "topic": {"channel": channels},
        "upload": {"channel": places},
        "schedule": {"channel": places},
        "handlers": {"user": people, "channel": channels},
        "simulate": {"user": people, "channel": channels},
        "users": {INDEX: people},
        "channels": {INDEX: channels},
        "plugins": {INDEX: plugins},
        "storage": {INDEX: storages},
        **{f"storage{INDEX}.{verb}": {"key": keys} for verb in ("get", "set", "has", "delete")},
        "@": {"": people},
        "#": {"": channels},
        ":": {"": marked_emoji},
    }
