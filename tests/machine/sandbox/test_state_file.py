from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machine.errors import WorkspaceError
from machine.sandbox import Workspace, kept_state, load_state, save_state
from machine.sandbox.state.changes import Change, MessagePosted
from machine.sandbox.state.objects import Draft
from tests.machine.sandbox.listening import ManualClock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.json"


def _lived_in(workspace: Workspace) -> Workspace:
    """A workspace in which everything that is saved has happened."""
    question = workspace.post("alice", "#general", "hi @bob & <all>")
    workspace.post("bob", "#general", "hello", thread_ts=question.ts, is_broadcast=True)
    workspace.react("bob", "#general", question.ts, "eyes")
    workspace.pin("bob", "#general", question.ts)
    workspace.edit("alice", "#general", question.ts, "hi @bob!")
    workspace.upload("carol", "#ops", "log.bin", b"\x00\xff")
    workspace.post("alice", workspace.open_dm("alice"), "psst")
    workspace.create_channel("lab", "carol", is_private=True, members=["machine"])
    workspace.channels.rename(workspace.find_channel("random"), "chance", workspace.bot.id)
    workspace.channels.set_topic(workspace.find_channel("ops"), "All is well", workspace.bot.id)
    workspace.change_person("dave", display_name="Davy", email="davy@example.com")
    workspace.add_person("erin")
    ops = workspace.find_channel("ops").id
    workspace.bookmarks.add(ops, workspace.bot.id, "Runbook", "link", "https://example.com", None)
    workspace.schedule.add(
        workspace.bot.id, ops, int(workspace.timeline.now) + 60, Draft(text="later", blocks=[{"type": "divider"}])
    )
    workspace.views.publish(workspace.find_person("alice").id, {"type": "home", "blocks": [{"type": "divider"}]})
    return workspace


def test_everything_is_there_again(workspace: Workspace, clock: ManualClock, path: Path) -> None:
    """A developer goes on where they stopped, with the same ids and timestamps."""
    save_state(_lived_in(workspace), path)
    again = Workspace.default(clock=clock)

    load_state(again, path)

    assert again.people == workspace.people
    assert list(again.messages.all()) == list(workspace.messages.all())
    assert again.messages.pinned == workspace.messages.pinned
    assert again.schedule.pending() == workspace.schedule.pending()
    assert (again.bookmarks.all(), again.views.homes()) == (workspace.bookmarks.all(), workspace.views.homes())
    assert again.files.all() == workspace.files.all()
    shape = workspace.serializer.conversation
    assert list(map(shape, again.channels.values())) == list(map(shape, workspace.channels.values()))
    assert again.find_channel("chance") is again.channels[workspace.find_channel("chance").id]
    assert again.find_person("davy@example.com").name == "dave"
    assert again.history("#ops")[0].files[0].content == b"\x00\xff"


def test_loading_is_not_told_as_news(workspace: Workspace, clock: ManualClock, path: Path) -> None:
    """The bot is not to answer yesterday's messages."""
    save_state(_lived_in(workspace), path)
    again = Workspace.default(clock=clock)
    seen: list[Change] = []
    again.subscribe(seen.append)

    load_state(again, path)
    assert seen == []
    message = again.post("alice", "#general", "new")

    assert [change.message for change in seen if isinstance(change, MessagePosted)] == [message]
    assert message.ts > max(old.ts for old in workspace.messages.all())


def test_what_was_due_meanwhile_is_posted(workspace: Workspace, clock: ManualClock, path: Path) -> None:
    """A scheduled message is late rather than lost."""
    save_state(_lived_in(workspace), path)
    clock.advance(3600)
    again = Workspace.default(clock=clock)
    load_state(again, path)

    assert [message.text for message in again.schedule.post_due()] == ["later"]


def test_people_added_to_the_description_since_are_there(tmp_path: Path, path: Path) -> None:
    """Editing workspace.toml does not need a fresh state."""
    description = tmp_path / "workspace.toml"
    description.write_text('[[people]]\nname = "ada"\n[[channels]]\nname = "lab"\n', encoding="utf-8")
    old = Workspace.from_toml(description)
    old.post("ada", "#lab", "hello")
    save_state(old, path)
    description.write_text(
        description.read_text(encoding="utf-8") + '[[people]]\nname = "grace"\n[[channels]]\nname = "new"\n',
        encoding="utf-8",
    )
    again = Workspace.from_toml(description)

    load_state(again, path)

    assert again.find_person("grace").name == "grace"
    assert again.find_channel("#new").name == "new"
    assert [message.text for message in again.history("#lab")] == ["hello"]


def test_file_is_replaced_only_as_a_whole(workspace: Workspace, path: Path) -> None:
    """Nothing is left lying about, and what cannot be written leaves the old file."""
    save_state(workspace, path)
    before = path.read_text(encoding="utf-8")
    workspace.post("alice", "#general", "more")
    save_state(workspace, path)

    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    assert path.read_text(encoding="utf-8") != before
    with pytest.raises(WorkspaceError, match="cannot be saved"):
        save_state(workspace, path / "below")


def test_broken_characters_do_not_cost_the_rest(workspace: Workspace, clock: ManualClock, path: Path) -> None:
    """JSON can name half a character, and bots have sent that."""
    workspace.post("alice", "#general", "half \ud83d of it")
    save_state(workspace, path)
    again = Workspace.default(clock=clock)

    load_state(again, path)

    assert [message.text for message in again.history("#general")] == ["half ? of it"]


@given(st.binary(max_size=200), st.text(max_size=50))
def test_what_is_saved_is_loaded(tmp_path_factory: pytest.TempPathFactory, content: bytes, text: str) -> None:
    """Any bytes of a file, any text."""
    path = tmp_path_factory.getbasetemp() / "round-trip.json"
    workspace = Workspace.default()
    workspace.upload("alice", "#general", "a.bin", content or b"-", text)
    save_state(workspace, path)

    load_state(again := Workspace.default(), path)

    assert again.history("#general") == workspace.history("#general")
    assert again.files.all() == workspace.files.all()


def test_state_is_saved_whatever_happens(workspace: Workspace, clock: ManualClock, path: Path) -> None:
    """Also when the server ends with an error."""

    def fail() -> None:
        workspace.post("alice", "#general", "last words")
        raise RuntimeError

    with pytest.raises(RuntimeError), kept_state(workspace, path):
        fail()

    with kept_state(again := Workspace.default(clock=clock), path):
        assert [message.text for message in again.history("#general")] == ["last words"]


@pytest.mark.parametrize(
    ("break_it", "mistake"),
    [
        (lambda state: state["people"][1].pop("name"), "people[1].name: is missing"),
        (lambda state: state["channels"][0].update(kind="club"), "channels[0].kind: "),
        (lambda state: state["messages"][0].update(channel="C0"), "messages[0].channel: there is no channel C0"),
        (lambda state: state["channels"][0]["members"].update(U0=None), "channels[0].members: there is no person U0"),
        (lambda state: state["pins"].update(C0={"1.2": ["U1", 3]}), "pins.C0: there is no message 1.2"),
        (lambda state: state["messages"][0].update(replies=["1.2"]), "messages[0].replies: there is no message 1.2"),
        (lambda state: state.update(bot="U0"), "bot: is U0, but the app of this workspace is machine"),
        (lambda state: state.update(version=2), "version: "),
        (lambda state: state.clear(), "people: is missing"),
    ],
)
def test_broken_file_is_named_with_what_is_wrong(
    workspace: Workspace, clock: ManualClock, path: Path, break_it: Any, mistake: str
) -> None:
    """And the fresh workspace is as it was, so that nothing half-loaded is saved over it."""
    save_state(_lived_in(workspace), path)
    state = json.loads(path.read_text(encoding="utf-8"))
    break_it(state)
    path.write_text(json.dumps(state | {"version": state.get("version", 1)}), encoding="utf-8")
    before = path.read_bytes()
    again = Workspace.default(clock=clock)

    with pytest.raises(WorkspaceError) as caught, kept_state(again, path):
        pass

    assert str(caught.value).splitlines()[0].startswith(f"{path}: ")
    assert mistake in str(caught.value)
    assert list(again.messages.all()) == []
    assert path.read_bytes() == before


@given(st.binary(max_size=60) | st.from_regex(r'\{("people|bot"|:|\[|\]|1|,)*\}').map(str.encode))
def test_any_file_is_either_used_or_explained(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """Never a traceback."""
    path = tmp_path_factory.getbasetemp() / "any-state.json"
    path.write_bytes(content)

    with pytest.raises(WorkspaceError, match=r"any-state\.json: "):
        load_state(Workspace.default(), path)
