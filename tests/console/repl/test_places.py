"""What is to be had wherever the prompt is: in the console's pane, alone, and attached; each in a real terminal."""

from __future__ import annotations

import asyncio
import queue
import stat
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest

from machine.sandbox import Sandbox, Workspace
from tests.console.starting import MACHINE
from tests.console.terminal import Terminal
from tests.machine.slack.proxy import Proxy
from tests.waiting import NET_S

pytestmark = pytest.mark.slow


class Place:
    """Opens prompts of one kind.

    Args:
        kind: `pane`, `alone` or `attached`.
        folder: For projects and the terminals' own files.
    """

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self._folder = folder
        self._resources = ExitStack()

    def open(self, environment: Mapping[str, str]) -> Terminal:
        """A terminal at the prompt of a bot with these variables."""
        variables = {"SM_PLUGINS": "machine.plugins.builtin.general.PingPongPlugin", **environment}
        if self.kind == "pane":
            terminal = self._terminal([MACHINE, "dev"], variables)
            terminal.wait_for("connected")
            terminal.press("F7")
        elif self.kind == "alone":
            terminal = self._terminal([MACHINE, "repl"], variables)
        else:
            bot = self._terminal([MACHINE, "run", "--headless"], variables)
            bot.wait_for("REPL offered")
            terminal = self._terminal([MACHINE, "repl", "--attach", self._project], variables)
        terminal.wait_for(">>>")
        return terminal

    def close(self) -> None:
        """Close what was opened, the last one first."""
        self._resources.close()

    @property
    def _project(self) -> Path:
        return self._folder / "bot"

    def _terminal(self, command: list[str | Path], environment: Mapping[str, str]) -> Terminal:
        self._project.mkdir(exist_ok=True)
        scratch = self._folder / Path(str(command[1])).name
        scratch.mkdir()
        terminal = Terminal(command, self._project, scratch, columns=120, lines=30, environment=environment)
        return self._resources.enter_context(terminal)


@pytest.fixture(params=["pane", "alone", "attached"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Each place where there is a prompt."""
    place = Place(request.param, tmp_path)
    yield place
    place.close()


@contextmanager
def workspace_taken_for_real(workspace: Workspace) -> Iterator[dict[str, str]]:
    """A sandbox behind a proxy, so that bots take it for Slack; yields their variables."""
    served: queue.SimpleQueue[tuple[dict[str, str], Callable[[], object]]] = queue.SimpleQueue()

    async def serve() -> None:
        loop, leave, proxy = asyncio.get_running_loop(), asyncio.Event(), Proxy()
        async with Sandbox(workspace) as sandbox, proxy.running():
            proxy.target_port = sandbox.port
            variables = {
                "SM_SLACK_API_URL": "http://slack.example/api/",
                "SM_HTTP_PROXY": proxy.url,
                "SM_SLACK_BOT_TOKEN": sandbox.bot_token,
                "SM_SLACK_APP_TOKEN": sandbox.app_token,
            }
            served.put((variables, lambda: loop.call_soon_threadsafe(leave.set)))
            await leave.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    variables, leave = served.get(timeout=NET_S)
    try:
        yield variables
    finally:
        leave()
        thread.join()


def _is_refused(screen: str, *, times: int) -> bool:
    return screen.count("Nothing was done.") == times


def _is_asked(screen: str) -> bool:
    """Whether the question stands where the prompt was, and not only above it."""
    lines = [line.strip("│ ") for line in screen.splitlines() if "[y/N]" in line or ">>>" in line]
    return bool(lines) and lines[-1].endswith("[y/N]")


def test_a_question_is_answered_with_a_key(place: Place) -> None:
    """In a live workspace, before posting to more than one place; only `y` is yes, and Ctrl-C is no."""
    workspace = Workspace.default()
    with workspace_taken_for_real(workspace) as environment:
        terminal = place.open(environment)
        for refusals, key in enumerate(("n", "C-c"), start=1):
            terminal.type('say(["#general", "#ops"], "all hands")')
            terminal.press("Enter")
            terminal.wait_for(_is_asked)
            terminal.press(key)
            terminal.wait_for(partial(_is_refused, times=refusals))
        assert workspace.history("general") == []

        terminal.type('say(["#general", "#ops"], "all hands")')
        terminal.press("Enter")
        terminal.wait_for(_is_asked)
        terminal.press("y")
        terminal.wait_for(lambda screen: screen.count("all hands") == 5)
        assert [message.text for message in workspace.history("ops")] == ["all hands"]
        place.close()


def test_vi_keys_and_the_persons_own_editor(place: Place, tmp_path: Path) -> None:
    """The prompt says what vi's keys mean just then; what the editor leaves is run."""
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\ncat "$1" >> "$1.before"\necho "len(\'written elsewhere\') * 10" > "$1"\n')
    editor.chmod(editor.stat().st_mode | stat.S_IXUSR)
    terminal = place.open({"SM_REPL_MODE": "vi", "EDITOR": str(editor)})
    terminal.wait_for("[ins]")

    terminal.type("390 + 31")
    terminal.press("Escape")
    terminal.wait_for("[nav]")
    terminal.type("r2")
    terminal.wait_for("390 + 32")
    terminal.press("Enter")
    terminal.wait_for("422")

    terminal.wait_for(lambda screen: screen.rstrip().splitlines()[-1] != "" and "[ins]" in screen)
    terminal.type("%edit")
    terminal.press("Enter")
    terminal.wait_for("170")


def test_an_editor_that_cannot_be_started_is_told_and_nothing_is_run_again(place: Place) -> None:
    """C18: an edit that failed must not post a message twice."""
    terminal = place.open({"EDITOR": "'no such editor' --flag", "VISUAL": ""})
    terminal.type('"run " + "once"')
    terminal.press("Enter")
    terminal.wait_for("'run once'")

    terminal.type("%edit")
    terminal.press("Enter")
    screen = terminal.wait_for("no such editor cannot be started")

    assert "Set EDITOR to your editor." in screen
    assert screen.count("'run once'") == 1
