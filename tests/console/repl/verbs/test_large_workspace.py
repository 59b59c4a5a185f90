"""The prompt in a large workspace: nothing is read whole that need not be."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from machine.models import User
from machine.slack.directory import Directory
from machine_console.repl.language.errors import ReplError
from machine_console.repl.verbs.collections import MAX_LISTED, Collection
from machine_console.repl.verbs.display import Rows
from machine_console.repl.verbs.lookup import MAX_COMPARED, Lookup

PEOPLE = MAX_COMPARED + 1_000


@pytest.fixture(scope="module")
def directory() -> Directory:
    """More people than names are compared with."""
    directory = Directory(AsyncWebClient(), "U0BOT")
    for number in range(PEOPLE):
        directory.remember_user({"id": f"U{number}", "name": f"person{number}", "real_name": f"Nr {number}"})
    directory.remember_user({"id": "UADA", "name": "ada.lovelace", "real_name": "Ada Lovelace"})
    directory.remember_user({"id": "UGONE", "name": "gone", "deleted": True})
    directory.remember_channel({"id": "C1", "name": "ops", "is_member": True, "topic": {"value": "alarms"}})
    directory.remember_channel({"id": "C2", "name": "old", "is_member": True, "is_archived": True})
    directory.remember_channel({"id": "C3", "name": "other"})
    directory.remember_channel({"id": "D1", "is_im": True, "user": "U1"})
    return directory


@pytest.mark.parametrize("who", ["ada.lovelace", "Ada Lovelace", "@ADA.Lovelace", "UADA"])
def test_a_person_is_found(directory: Directory, who: str) -> None:
    """By index, not by looking at everybody."""
    assert Lookup(directory).user(who).id == "UADA"


def test_a_wrong_name_is_told_with_the_near_one(directory: Directory) -> None:
    """Among those that begin alike, when there are many."""
    with pytest.raises(ReplError, match=r"Did you mean @ada\.lovelace"):
        Lookup(directory).user("ada.lovelase")
    with pytest.raises(ReplError, match=r"There are @person0.* and \d+ more"):
        Lookup(directory).user("xyzzy")


def test_what_is_offered(directory: Directory) -> None:
    """Without deactivated people and direct messages."""
    people = dict(directory.users.labels())

    assert people["@ada.lovelace"] == "Ada Lovelace"
    assert len(people) == PEOPLE + 1
    assert dict(directory.channels.labels()) == {"#ops": "alarms", "#old": "", "#other": ""}


def test_where_the_bot_takes_part(directory: Directory) -> None:
    """And is not archived."""
    assert [channel.id for channel in directory.channels.joined()] == ["C1", "D1"]


def test_a_listing_reads_no_more_than_it_shows(directory: Directory) -> None:
    """The table tells how many there are all the same."""
    read = 0

    def people() -> Iterator[User]:
        nonlocal read
        for user in directory.users.values():
            read += 1
            yield user

    listing = Collection("people", people, None, directory.users.__len__)
    shown = listing.__repl__()

    assert isinstance(shown, Rows)
    assert (len(shown.rows), shown.total, read) == (MAX_LISTED, PEOPLE + 2, MAX_LISTED)
    assert repr(listing) == f"<{PEOPLE + 2} people>"
    read = 0
    assert [user.id for user in listing[1:3]] == ["U1", "U2"]
    assert listing[3].id == "U3"
    assert read <= 8
    assert listing[-1].id == "UGONE"
    with pytest.raises(IndexError):
        listing[PEOPLE + 5]
