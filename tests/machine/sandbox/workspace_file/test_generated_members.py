from __future__ import annotations

from pathlib import Path

import pytest

from machine.errors import WorkspaceError
from machine.sandbox import Workspace
from machine.sandbox.state.changes import PersonChanged
from machine.sandbox.state.objects import Person
from machine.sandbox.state.people import People


def test_generated_people_are_the_same_in_each_run() -> None:
    """So what a bot stored about them still fits."""
    first, second = Workspace.default(users=3000), Workspace.default(users=3000)

    assert first.people == second.people
    assert len(first.people) == 3000 + 5
    assert len({person.name for person in first.people.values()}) == 3005
    assert len(first.find_channel("#general").members) == 3005


def test_fewer_people_are_the_first_of_more() -> None:
    """Growing a workspace keeps those who are there."""
    few, many = Workspace.default(users=10), Workspace.default(users=20)

    assert few.people.items() <= many.people.items()


def test_there_is_a_channel_for_every_fifty(workspace: Workspace) -> None:
    """The bot sees all, and is in every second one."""
    large = Workspace.default(users=120)
    teams = [channel for channel in large.channels.values() if channel.name.startswith("team-")]

    assert [len(channel.members) for channel in teams] == [51, 50, 21]
    assert [large.bot.id in channel.members for channel in teams] == [True, False, True]


def test_number_is_described_or_given(tmp_path: Path) -> None:
    """What is given on the command line wins; described people keep their names."""
    path = tmp_path / "workspace.toml"
    path.write_text('[[people]]\nname = "aino.abara"\nid = "U123"\n[generate]\nusers = 7\n', encoding="utf-8")

    assert len(Workspace.from_toml(path).people) == 9
    assert len(Workspace.from_toml(path, users=0).people) == 2
    assert Workspace.from_toml(path).find_person("aino.abara").id == "U123"


def test_senseless_number_is_named(tmp_path: Path) -> None:
    """With its line."""
    path = tmp_path / "workspace.toml"
    path.write_text('[[people]]\nname = "ada"\n[generate]\nusers = -1\n', encoding="utf-8")

    with pytest.raises(WorkspaceError, match=r"toml:4: generate\.users"):
        Workspace.from_toml(path)


def test_misspelt_name_among_many_is_still_answered_with_the_nearest() -> None:
    """Without comparing it with all of them."""
    large = Workspace.default(users=5000)

    with pytest.raises(WorkspaceError, match=r"Did you mean wanda\.kovacs"):
        large.find_person("wanda.kovaks")


def test_indexes_follow_changes() -> None:
    """A name or an address that was given up finds nobody, or whoever has it now."""
    seen: list[object] = []
    people = People(seen.append)
    people.join(Person("U1", "ada", email="Ada@example.com"))
    people.join(Person("U2", "bob", email="bob@example.com"))

    people.change("U1", name="lovelace", email="countess@example.com")
    people.change("U2", name="ada", email="ada@example.com")

    found = [people.with_email(email) for email in ("ADA@example.com", "countess@example.com", "bob@example.com")]
    assert [person and person.id for person in found] == ["U2", "U1", None]
    assert [person and person.id for person in map(people.named, ("ada", "lovelace", "bob"))] == ["U2", "U1", None]
    assert len([change for change in seen if isinstance(change, PersonChanged)]) == 2
