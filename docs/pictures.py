"""Makes the pictures of the documentation from the running console.

    uv run python docs/pictures.py [FOLDER]

`mkdocs build` runs this as a hook, into the site that it builds, so that the site shows the console as it is. The
pictures in the repository, which the README shows, are renewed by running it without a folder. They are not the same
from run to run, for they show times; so a build leaves them alone.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from machine.logs import configure_logging
from machine.settings import Settings
from machine_console.app.application import MachineApp
from machine_console.runtime.runtime import Runtime
from machine_console.session.local_session import LocalSession

SCRIPT = Path(__file__).resolve()
IMAGES = SCRIPT.with_name("images")
_INPUT = "events[2]\nstorage['Deploys'].get('last api')\n"
SIZES = {"160x45": (160, 45), "80x24": (80, 24)}
PLUGIN = '''
from machine.plugins import BlockAction, MachineBasePlugin, Message
from machine.plugins.decorators import action, listen_to, schedule


def words(text):
    return {"type": "plain_text", "text": text}


class Deploys(MachineBasePlugin):
    """Deploys"""

    @listen_to(r"^deploy (?P<service>\\w+)")
    async def deploy(self, msg: Message, service: str):
        """deploy <service>: ask where to, and go"""
        await self.storage.set(f"last {service}", {"by": msg.sender.name, "version": "1.4.2"}, expires=3600)
        await self.storage.set("count", ((await self.storage.get("count")) or 0) + 1)
        await msg.react("rocket")
        await msg.say("Deploy?", blocks=[
            {"type": "header", "text": words(f":ship: Deploy {service} 1.4.2")},
            {"type": "section", "text": {"type": "mrkdwn", "text": f"Wanted by <@{msg.sender.id}>, *all checks pass*"},
             "fields": [{"type": "mrkdwn", "text": "*Commits*\\n12"}, {"type": "mrkdwn", "text": "*Risk*\\nlow"}]},
            {"type": "actions", "elements": [
                {"type": "static_select", "action_id": "where", "placeholder": words("Staging"),
                 "options": [{"text": words("Staging"), "value": "staging"}]},
                {"type": "button", "action_id": "go", "style": "primary", "text": words("Deploy")},
                {"type": "button", "action_id": "stop", "style": "danger", "text": words("Cancel")}]},
        ])

    @action("go")
    async def go(self, act: BlockAction):
        """Deploy is pressed"""
        await act.say("Done in 42 s :tada:")

    @schedule(hour=9, minute=0, day_of_week="mon-fri")
    async def remind(self):
        """Tell what is not deployed"""
'''


async def _until(pilot: Pilot[int], is_true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not is_true():
            await pilot.pause(0.05)


async def _take(project: Path, images: Path, name: str, size: tuple[int, int]) -> None:
    runtime = Runtime(Settings.check({}), project)
    app = MachineApp(LocalSession(runtime), title="machine dev")
    async with app.run_test(size=size) as pilot:
        await _until(pilot, lambda: app.status.connection == "connected" and app.status.plugins > 0)
        sandbox = runtime.sandbox
        assert sandbox is not None
        workspace = sandbox.workspace
        app.chat_pane.main().cursor_blink = False
        for who, text in (("bob", "morning all :wave:"), ("carol", "the release notes are in `CHANGES.md`")):
            workspace.post(who, "general", text)
        workspace.post("alice", "general", "deploy api")
        await _until(pilot, lambda: len(workspace.history("general")) == 4)
        await _until(pilot, lambda: not any(event.is_running for event in app.session.history.events))
        for pane in app.grid.panes:
            app.go_to(pane)
            await pilot.pause(0.4)
            if pane.id == "chat":
                await pilot.press("escape", "end", "left_square_bracket")
                await pilot.pause(0.2)
            if pane is app.repl_pane:
                for character in _INPUT:
                    await pilot.press("enter" if character == "\n" else "space" if character == " " else character)
                await _until(pilot, lambda: "1.4.2" in app.repl_pane.terminal.output_text)
                await pilot.pause(0.4)
            _save(app, images / f"{name}-{pane.id}.svg")
        if size == SIZES["160x45"]:
            app.go_to(app.plugins_pane)
            app.go_to(app.events_pane)
            await pilot.pause(0.4)
            _save(app, images / "console.svg")


def _save(app: MachineApp, path: Path) -> None:
    path.write_text(app.export_screenshot(title="machine dev"), encoding="utf-8")


def main(images: Path) -> None:
    """Make every picture anew."""
    images = images.resolve()
    images.mkdir(parents=True, exist_ok=True)
    configure_logging(logging.INFO)
    for name, size in SIZES.items():
        with tempfile.TemporaryDirectory() as folder:
            project = Path(folder)
            (project / "plugins").mkdir()
            (project / "plugins" / "deploys.py").write_text(PLUGIN, encoding="utf-8")
            os.chdir(project)
            asyncio.run(_take(project, images, f"console-{name}", size))
            for module in [one for one in sys.modules if one.partition(".")[0] == "plugins"]:
                del sys.modules[module]


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES)
