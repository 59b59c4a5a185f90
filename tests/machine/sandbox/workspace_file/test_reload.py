"""`workspace.toml` changes while its workspace runs."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from machine.errors import WorkspaceError
from machine.sandbox import Workspace
from machine.sandbox.workspace_file.reload import reload_workspace

BEFORE = """
    [[people]]
    name = "ada"
    title = "Analyst"

    [[channels]]
    name = "general"
"""


def _write(path: Path, text: str) -> Path:
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A description to begin with."""
    return _write(tmp_path / "workspace.toml", BEFORE)


def test_people_and_channels_are_added_and_changed(path: Path) -> None:
    """What was written in the meantime stays."""
    workspace = Workspace.from_toml(path)
    workspace.post("ada", "general", "hello")

    _write(
        path,
        BEFORE.replace("Analyst", "Countess")
        + """
    topic = "Engines"

    [[people]]
    name = "charles"

    [[channels]]
    name = "engines"
    members = ["ada", "charles"]
    """,
    )
    done = reload_workspace(workspace, path)

    engines = workspace.find_channel("#engines")
    assert workspace.find_person("ada").title == "Countess"
    assert workspace.find_person("charles").id in engines.members
    assert workspace.find_channel("#general").topic == "Engines"
    assert [message.text for message in workspace.history("general") if message.subtype is None] == ["hello"]
    assert {"@ada changed: title", "@charles joined", "#engines was created"} <= set(done)


def test_following_the_same_description_does_nothing(path: Path) -> None:
    """A save without a change is none."""
    assert reload_workspace(Workspace.from_toml(path), path) == []


def test_a_mistake_leaves_the_workspace_as_it_is(path: Path) -> None:
    """It is named with its line, as at the start."""
    workspace = Workspace.from_toml(path)

    _write(path, BEFORE.replace('title = "Analyst"', "title = 3"))
    with pytest.raises(WorkspaceError, match="title"):
        reload_workspace(workspace, path)

    assert workspace.find_person("ada").title == "Analyst"
