"""A mistyped name is answered with the near ones, in workspaces of any size."""

from __future__ import annotations

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from machine.models import User
from machine.slack.directory import Directory
from machine_console.repl.language.errors import ReplError
from machine_console.repl.verbs.lookup import MAX_COMPARED, Lookup, _compared


def lookup_among(names: list[str]) -> Lookup:
    directory = Directory(AsyncWebClient(), "U0000001")
    directory.users.update({f"U{number:07}": User(id=f"U{number:07}", name=name) for number, name in enumerate(names)})
    return Lookup(directory)


def test_a_mistyped_name_is_found_among_very_many() -> None:
    lookup = lookup_among([*(f"person{number}" for number in range(2 * MAX_COMPARED)), "alice"])

    with pytest.raises(ReplError, match=r"nobody called 'alcie'\. Did you mean @alice\?"):
        lookup.user("alcie")


def test_only_so_many_names_are_compared() -> None:
    """However many begin alike; of few names, each is compared."""
    many = [f"person{number}" for number in range(2 * MAX_COMPARED)]

    assert len(_compared("prson7", many)) == MAX_COMPARED
    assert _compared("lice", ["alice", "bob"]) == ["alice", "bob"]
