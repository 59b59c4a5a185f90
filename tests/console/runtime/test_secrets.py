"""Nothing that a bot writes shows a secret: a whole run with marked secrets, in which everything fails that can."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from machine.sandbox import Sandbox, Workspace
from tests.console.processes import clean_environment, machine, outcome

pytestmark = pytest.mark.slow

MARK = "MARKED"
WORKSPACE = f"""
[app]
bot_token = "xoxb-1-{MARK}bot"
app_token = "xapp-1-A0-{MARK}app"
[[people]]
name = "alice"
[[channels]]
name = "general"
"""
SETTINGS = {
    "SLACK_SIGNING_SECRET": f"{MARK}signing",
    "STORAGE_SECRET": f"{MARK}storage-secret",
    "GITHUB_API_KEY": f"{MARK}github",
    "DB_PASSWORD": f"{MARK}database",
    "SESSION_COOKIE": f"{MARK}cookie",
    "REDIS_URL": f"redis://bot:{MARK}redis@127.0.0.1:1/0",
}
LEAKY = f"""
import asyncio
import gc
import logging
import threading
import warnings
from pathlib import Path

import structlog

from machine.plugins import MachineBasePlugin
from machine.plugins.decorators import action, command, listen_to, on

KEYS = {list(SETTINGS)} + ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"]


class Unraisable:
    def __init__(self, text):
        self.text = text

    def __del__(self):
        raise ValueError(self.text)


class Leaky(MachineBasePlugin):
    def everything(self):
        return " ".join(str(self.settings[key]) for key in KEYS)

    async def init(self):
        structlog.get_logger(__name__).warning("init", settings=self.settings, values=dict(self.settings))
        logging.getLogger("leaky").error("init %s %s", self.everything(), self.web_client.token)

    async def shutdown(self):
        raise ValueError(self.everything())

    @listen_to("^fail$")
    async def fail(self, msg, logger):
        everything = self.everything()
        logger.info(everything, github=self.settings["GITHUB_API_KEY"], bearer="Bearer " + everything)
        warnings.warn(everything)
        self.task = asyncio.ensure_future(self.raise_it(everything))
        await asyncio.wait([self.task])
        del self.task
        thread = threading.Thread(target=self.raise_now, args=(everything,))
        thread.start()
        await asyncio.to_thread(thread.join)
        Unraisable(everything)
        gc.collect()
        try:
            self.raise_now(everything)
        except ValueError:
            logger.exception("caught")
        raise RuntimeError(everything)

    async def raise_it(self, text):
        raise ValueError(text)

    def raise_now(self, text):
        raise ValueError(text)

    @listen_to("^call$")
    async def call(self, msg):
        await self.web_client.api_call("no.such.method", params={{"text": self.everything()}})

    @listen_to("^store$")
    async def store(self, msg):
        await self.storage.set(self.everything(), object(), expires="x" + self.everything())

    @command("/leak")
    async def leak(self, command, logger):
        Path("../response_url").write_text(command.response_url)
        logger.warning("command", payload=command.payload, url=command.response_url)
        raise RuntimeError("at " + command.response_url)

    @on("handler-error")
    async def failed(self, **what):
        logging.getLogger("leaky").error("again %r", what)
        raise ValueError(self.everything())
"""
BROKEN = """
import os
from machine.plugins import MachineBasePlugin

raise ValueError(os.environ["SM_GITHUB_API_KEY"] + os.environ["SM_REDIS_URL"] + os.environ["SM_SLACK_BOT_TOKEN"])
"""


@pytest.fixture
async def slack(tmp_path: Path) -> AsyncIterator[Sandbox]:
    """A server in place of Slack, whose tokens are marked."""
    description = tmp_path / "marked.toml"
    description.write_text(WORKSPACE)
    async with Sandbox(Workspace.from_toml(description)) as sandbox:
        yield sandbox


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A bot with a plugin that lets out all it can, and one that does not load."""
    folder = tmp_path / "bot"
    (folder / "plugins").mkdir(parents=True)
    (folder / "plugins" / "leaky.py").write_text(LEAKY)
    (folder / "plugins" / "broken.py").write_text(BROKEN)
    return folder


def settings_for(slack: Sandbox) -> dict[str, str]:
    return {
        **SETTINGS,
        "SLACK_API_URL": slack.api_url,
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_APP_TOKEN": slack.app_token,
        "LOGLEVEL": "DEBUG",
        "PLUGINS": "",
    }


def marked_files(folder: Path) -> list[str]:
    """The files a bot wrote that hold a marked value; sources are the author's own."""
    written = [path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")]
    return [str(path) for path in written if MARK.encode() in path.read_bytes()]


async def test_a_whole_run_writes_no_secret(project: Path, slack: Sandbox) -> None:
    """Logs, tracebacks, warnings, threads, tasks, finalizers, crashes at the start and at the end."""
    async with machine(project, "run", "--headless", **settings_for(slack)) as process:
        await process.event("Bot started")
        for text in ("fail", "call", "store"):
            slack.workspace.post("alice", "general", text)
        await slack.workspace.run_command("alice", "general", "/leak it").answer
        await process.line(lambda line: "at http" in line, "the failure of the command")
        await process.line(lambda line: "caught" in line, "the failure of the handler")
        await slack.wait_until_idle()
        attached = await outcome(project, "repl", "--attach", "-c", "machine.settings.all", **settings_for(slack))
        process.kill(signal.SIGTERM)
        ended = await process.ended()

    response_url = (project.parent / "response_url").read_text()
    leaks = [line for line in (ended.everything + attached.everything).splitlines() if MARK in line]
    assert leaks == []
    assert response_url not in ended.everything
    assert marked_files(project) == []
    assert ended.code == 0
    for shown in ("xoxb-…redacted", "RuntimeError", "broken", "…redacted@127.0.0.1"):
        assert shown in ended.everything.encode().decode("unicode_escape", "replace") + ended.everything


@pytest.mark.parametrize(
    "wrong",
    [
        {"STORAGE_BACKEND": "machine.storage.backends.redis.RedisStorage"},
        {"SLACK_BOT_TOKEN": f"xoxb-{MARK}wrong"},
        {"SLACK_BOT_TOKEN": f"{MARK}malformed"},
        {"SLACK_API_URL": f"http://bot:{MARK}@127.0.0.1:1/api/"},
        {"HTTP_PROXY": f"ftp://bot:{MARK}@"},
        {"TZ": f"xoxb-{MARK}"},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
@pytest.mark.parametrize("command", [("run", "--headless"), ("doctor",)], ids=lambda command: command[0])
async def test_a_bot_that_cannot_start_writes_no_secret(
    project: Path, slack: Sandbox, wrong: dict[str, str], command: tuple[str, ...]
) -> None:
    """What is wrong is told all the same."""
    ended = await outcome(project, *command, **{**settings_for(slack), **wrong})

    assert ended.code == 1, ended.everything
    assert [line for line in ended.everything.splitlines() if MARK in line] == []
    assert ended.everything.strip()
    assert MARK not in str(clean_environment())
