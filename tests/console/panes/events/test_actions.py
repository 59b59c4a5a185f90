"""From an event to its reasons, its source, and to running it again, with a real bot in the sandbox."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from textual.pilot import Pilot

from machine.settings import Settings
from machine_console.app.application import MachineApp
from machine_console.cli.replay import run_replay
from machine_console.panes.events.event_document import account_of
from machine_console.screens.comparison import ComparisonScreen
from machine_console.screens.payload_editor import PayloadScreen
from machine_console.screens.playground import PlaygroundScreen
from machine_console.text.document_tree import Node
from machine_console.text.styled_text import plain
from tests.console.app.test_application import GREETER, project, running, said, type_in_chat, until, workspace_of
from tests.console.story import Names

pytestmark = pytest.mark.slow

__all__ = ["project"]  # the fixture


async def greeted(app: MachineApp, pilot: Pilot[int], text: str = "hello world") -> None:
    """Alice has written and the bot has answered; the event is under the cursor."""
    await type_in_chat(app, pilot, text)
    await until(pilot, lambda: any(event.invocations and not event.is_running for event in app.session.history.events))
    app.go_to(app.events_pane)
    app.events_pane.select(next(event for event in app.session.history.events if event.invocations))
    await pilot.pause()


def only_recording(folder: Path) -> Path:
    """The one file in the folder."""
    (path,) = folder.glob("*.jsonl")
    return path


async def test_r_runs_an_event_again_through_the_current_code(project: Path) -> None:
    """One fixes a plugin and wants to know, without typing it all again."""
    async with running(project) as (app, pilot):
        await greeted(app, pilot)
        (project / "plugins" / "greeter.py").write_text(GREETER.replace("Hello {who}", "Howdy {who}"))
        await pilot.press("f5")
        await until(pilot, lambda: any("reloaded" in one.message for one in app._notifications))
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, ComparisonScreen))

        assert said(app, "general")[-1] == "Howdy world"
        shown = app.screen.view.text()  # type: ignore[attr-defined]
        assert "1 difference" in shown
        assert "Hello" in shown
        assert "Howdy" in shown


async def test_e_changes_the_payload_and_sends_it(project: Path) -> None:
    """What if she had written something else?"""
    async with running(project) as (app, pilot):
        await greeted(app, pilot)
        await pilot.press("e")
        screen = app.screen
        assert isinstance(screen, PayloadScreen)
        screen.area.text = screen.area.text.replace("hello world", "hello there")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, ComparisonScreen))

        assert said(app, "general")[-1] == "Hello there"


async def test_what_is_no_payload_is_not_sent(project: Path) -> None:
    """The text stays, and what is wrong stands below it."""
    async with running(project) as (app, pilot):
        await greeted(app, pilot)
        await pilot.press("e")
        screen = app.screen
        assert isinstance(screen, PayloadScreen)
        screen.area.text = "{"
        await pilot.press("ctrl+s")

        assert isinstance(app.screen, PayloadScreen)
        assert "not JSON" in str(screen._problem.render())


async def test_the_playground_tells_with_each_key_and_runs_nothing(project: Path) -> None:
    """A pattern is understood by trying it."""
    async with running(project) as (app, pilot):
        await pilot.press("f8", *"hello yo")
        screen = app.screen
        assert isinstance(screen, PlaygroundScreen)
        await until(pilot, lambda: 'who = "yo"' in screen.answers.text())

        await pilot.press("u")
        await until(pilot, lambda: 'who = "you"' in screen.answers.text())
        assert "1 handler would run" in screen.answers.text()
        assert "the pattern is not in the text" in screen.answers.text()

        screen.input.value = "/greet you"
        await until(pilot, lambda: "the command is /greet" in screen.answers.text())
        await pilot.press("escape")
        assert workspace_of(app).history("general") == []
        assert not app.session.history.events


GUARDED = """
from machine.plugins import MachineBasePlugin
from machine.plugins.decorators import listen_to, require_any_role

class Guarded(MachineBasePlugin):
    @require_any_role(["captain"])
    @listen_to("^launch$")
    async def launch(self, msg):
        await msg.say("launched")
"""


async def test_a_missing_role_is_told_before_and_after(project: Path) -> None:
    """The pattern matches, and still nothing runs: that needs a reason."""
    (project / "plugins" / "guarded.py").write_text(GUARDED)
    async with running(project) as (app, pilot):
        await pilot.press("f8", *"launch")
        screen = app.screen
        assert isinstance(screen, PlaygroundScreen)
        await until(pilot, lambda: "needs the role captain" in screen.answers.text())
        assert "No handlers would run" in screen.answers.text()
        await pilot.press("escape")

        events = app.session.history.events
        await type_in_chat(app, pilot, "launch")
        await until(pilot, lambda: any(run.refused for event in events for run in event.invocations))
        (event,) = [event for event in events if event.invocations]
        (first,) = [line for line in map(_text_of, account_of(event, Names())) if "refused" in line]
        assert first == "No handler ran, 1 refused"
        assert "launched" not in said(app, "general")


def _text_of(node: Node) -> str:
    return plain(node.line)


THANKS = """
from machine.plugins import MachineBasePlugin
from machine.plugins.decorators import listen_to

class Thanks(MachineBasePlugin):
    @listen_to(r"^thank <@(?P<who>U\\w+)> & co$".replace("&", "&amp;"))
    async def thank(self, msg, who): ...
"""


async def test_the_playground_takes_what_is_typed_as_slack_does(project: Path) -> None:
    """C2: a mention is a mention, typed or taken over from an event."""
    (project / "plugins" / "thanks.py").write_text(THANKS)
    async with running(project) as (app, pilot):
        await pilot.press("f8", *"thank @bob & co")
        screen = app.screen
        assert isinstance(screen, PlaygroundScreen)
        await until(pilot, lambda: "1 handler would run" in screen.answers.text())
        await pilot.press("escape")

        await type_in_chat(app, pilot, "thank @bob & co")
        await until(pilot, lambda: any(event.invocations for event in app.session.history.events))
        app.go_to(app.events_pane)
        await pilot.press("w")
        again = app.screen
        assert isinstance(again, PlaygroundScreen)
        await until(pilot, lambda: "1 handler would run" in again.answers.text())
        assert again.input.value == f"thank <@{workspace_of(app).find_person('bob').id}> & co"


async def test_w_begins_with_the_text_and_place_of_the_event(project: Path) -> None:
    """Why did that not run? Change a letter and see."""
    async with running(project) as (app, pilot):
        workspace_of(app).post("bob", "random", "helo world")
        await until(pilot, lambda: bool(app.session.history.events))
        app.go_to(app.events_pane)
        await pilot.press("w")
        screen = app.screen
        assert isinstance(screen, PlaygroundScreen)
        await pilot.pause()

        assert screen.input.value == "helo world"
        assert "bob in #random" in str(screen._who.render())


async def test_f9_leads_to_what_failed_last(project: Path) -> None:
    """A notice is gone in a moment; the way to the place is not."""
    async with running(project) as (app, pilot):
        await type_in_chat(app, pilot, "boom")
        await until(pilot, lambda: any(one.severity == "error" for one in app._notifications))
        await pilot.press("f9")
        assert app.active.id == "detail"
        document = app.detail_pane.main()
        assert document.path_at(document.cursor) == ("run0", "error")
        assert not [one for one in app._notifications if one.severity == "error"], "they cover where they lead to"

        (project / "plugins" / "greeter.py").write_text("class Broken(")
        await pilot.press("f5")
        await until(pilot, lambda: any("still live" in one.message for one in app._notifications))
        await pilot.press("f9")
        assert app.active.id == "plugins"


async def test_events_are_recorded_and_the_recording_replays(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A regression test from real traffic: the same code makes no difference, changed code does."""
    async with running(project) as (app, pilot):
        await greeted(app, pilot)
    recording = only_recording(project / ".machine" / "recordings")
    assert recording.stat().st_mode & 0o077 == 0

    assert await run_replay(recording, Settings.check({}), project) == 0
    assert "0 different" in capsys.readouterr().out

    (project / "plugins" / "greeter.py").write_text(GREETER.replace("Hello {who}", "Howdy {who}"))
    assert await run_replay(recording, Settings.check({}), project, as_json=True) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["different"] == 1
    (different,) = (event for event in report["results"] if event["differences"])
    (difference,) = different["differences"]
    assert "Hello world" in difference["before"]
    assert "Howdy world" in difference["after"]
    assert all(call["captured"] for call in different["calls"])
