"""`machine run --headless` and `machine sandbox` as processes of their own."""

from __future__ import annotations

import json
import signal
import textwrap
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pexpect
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from machine.sandbox import Sandbox, Workspace
from tests.console.processes import clean_environment, machine, outcome, save
from tests.console.starting import MACHINE
from tests.console.terminal import Dialogue
from tests.waiting import NET_S, Waiter

pytestmark = pytest.mark.slow

HEADER = """
from machine.plugins import MachineBasePlugin
from machine.plugins.decorators import *
"""
NUMBERS = (
    HEADER
    + """
class Numbers(MachineBasePlugin):
    @listen_to(r"^number (?P<number>[0-9]+)$")
    async def tell(self, msg, number, logger):
        await msg.say(f"answer {number}")
        logger.info("answered")
"""
)
# Waits until the workspace says "go": what a signal finds under way.
SLOW = (
    HEADER
    + """
import asyncio

class Slow(MachineBasePlugin):
    async def init(self):
        self.gate = asyncio.Event()

    @listen_to("^slow$")
    async def slow(self, msg, logger):
        await msg.say("begun")
        logger.info("begun")
        await self.gate.wait()
        await msg.say("ended")

    @listen_to("^go$")
    async def go(self, msg, logger):
        await msg.say("going")
        asyncio.get_running_loop().call_later(0.2, self.gate.set)
        logger.info("going")

    async def shutdown(self):
        await self.say("#general", "shut down")
"""
)


class Served:
    """A workspace in this process, for a bot in another one."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.workspace = sandbox.workspace
        self.waiter = Waiter()
        self.workspace.subscribe(self.waiter.notify)

    @property
    def settings(self) -> dict[str, str]:
        return {
            "SLACK_API_URL": self.sandbox.api_url,
            "SLACK_BOT_TOKEN": self.sandbox.bot_token,
            "SLACK_APP_TOKEN": self.sandbox.app_token,
        }

    def said(self) -> list[str]:
        return [message.text for message in self.workspace.history("general") if message.is_by_bot]

    async def until_said(self, *texts: str, count: int = 1) -> None:
        wanted = set(texts)
        await self.waiter.until(lambda: wanted <= set(said := self.said()) and len(said) >= count, f"{texts}, {count}")


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    """A workspace without a bot."""
    async with Sandbox(Workspace.default()) as sandbox:
        yield Served(sandbox)


class Elsewhere:
    """A workspace in a process of its own, and people who use Slack's own SDK there."""

    def __init__(self, facts: Mapping[str, Any], session: aiohttp.ClientSession) -> None:
        self.settings = settings_from(facts)
        self._tokens = facts["user_tokens"]
        self._web = AsyncWebClient(base_url=facts["api_url"], session=session)

    async def says(self, name: str, *texts: str) -> None:
        """Somebody writes to #general, one message after the other."""
        for text in texts:
            await self._web.chat_postMessage(channel="#general", text=text, token=self._tokens[name])

    async def said(self) -> list[str]:
        """What the bot has said in #general, as alice reads it there, oldest first."""
        token = self._tokens["alice"]
        channels = await self._web.conversations_list(token=token)
        general = next(channel["id"] for channel in channels["channels"] if channel["name"] == "general")
        pages = await self._web.conversations_history(channel=general, limit=999, token=token)
        texts = [message["text"] async for page in pages for message in page["messages"] if message.get("bot_id")]
        return texts[::-1]


@pytest.fixture
async def elsewhere(tmp_path: Path) -> AsyncIterator[Elsewhere]:
    """A workspace in a process of its own, without a bot."""
    async with machine(tmp_path, "sandbox", "--json") as sandbox, aiohttp.ClientSession() as session:
        yield Elsewhere(json.loads(await sandbox.line(lambda line: True, "a line")), session)
        sandbox.kill(signal.SIGTERM)
        assert (await sandbox.ended()).code == 0


def settings_from(facts: Mapping[str, Any]) -> dict[str, str]:
    """The settings of a bot for what `machine sandbox --json` prints."""
    return {f"SLACK_{name.upper()}": facts[name] for name in ("api_url", "bot_token", "app_token")}


def write_plugin(folder: Path, name: str, source: str) -> Path:
    path = folder / "plugins" / f"{name}.py"
    path.parent.mkdir(exist_ok=True)
    save(path, textwrap.dedent(source))
    return path


async def test_a_thousand_messages_get_a_thousand_answers(elsewhere: Elsewhere, tmp_path: Path) -> None:
    """None is lost and none doubled on the way through Socket Mode and back, between two processes."""
    write_plugin(tmp_path, "numbers", NUMBERS)

    async with machine(tmp_path, "run", "--headless", **elsewhere.settings) as bot:
        await bot.line(lambda line: '"connected"' in line, "connected")
        await elsewhere.says("alice", *(f"number {number}" for number in range(1000)))
        await bot.waiter.until(lambda: sum('"answered"' in line for line in bot.lines) == 1000, "1000 answers")
        bot.kill(signal.SIGTERM)
        ended = await bot.ended()

    assert (ended.code, ended.err) == (0, "")
    assert sorted(await elsewhere.said()) == sorted(f"answer {number}" for number in range(1000))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_lets_running_handlers_finish(
    elsewhere: Elsewhere, tmp_path: Path, number: signal.Signals
) -> None:
    """Pitfall 38: no answer that was begun is lost, plugins are shut down afterwards, and the exit code is 0."""
    write_plugin(tmp_path, "slow", SLOW)

    async with machine(tmp_path, "run", "--headless", **elsewhere.settings) as bot:
        await bot.line(lambda line: '"connected"' in line, "connected")
        await elsewhere.says("alice", "slow")
        await bot.event("begun")
        await elsewhere.says("bob", "go")
        await bot.event("going")
        bot.kill(number)
        ended = await bot.ended()

    assert (ended.code, ended.err) == (0, "")
    assert await elsewhere.said() == ["begun", "going", "ended", "shut down"]


async def test_a_signal_while_starting_ends_the_bot(served: Served, tmp_path: Path) -> None:
    """A plugin whose `init()` takes its time does not keep the process from ending."""
    write_plugin(
        tmp_path,
        "waiting",
        HEADER
        + """
import asyncio

class Waiting(MachineBasePlugin):
    async def init(self):
        await self.say("#general", "starting")
        await asyncio.Event().wait()
""",
    )

    async with machine(tmp_path, "run", "--headless", **served.settings) as bot:
        await served.until_said("starting")
        bot.kill(signal.SIGTERM)
        ended = await bot.ended()

    assert (ended.code, ended.err) == (0, "")


async def test_lines_are_json_where_nobody_looks(served: Served, tmp_path: Path) -> None:
    """One object a line, tracebacks within it; warnings of Python and lines of other libraries as well."""
    write_plugin(
        tmp_path,
        "talkative",
        HEADER
        + """
import logging, warnings

class Talkative(MachineBasePlugin):
    @listen_to("^talk$")
    async def talk(self, msg, logger):
        logger.info("through the argument", number=1)
        logging.getLogger("library").warning("through %s", "logging")
        warnings.warn("through warnings")
        raise ValueError("at the end")
""",
    )

    async with machine(tmp_path, "run", "--headless", **served.settings) as bot:
        await served.sandbox.wait_for_connection()
        served.workspace.post("alice", "general", "talk")
        failed = await bot.event("Handler failed")
        bot.kill(signal.SIGTERM)
        ended = await bot.ended()

    lines = [json.loads(line) for line in ended.out.splitlines()]
    assert all({"event", "level", "timestamp", "logger"} <= line.keys() for line in lines)
    assert {"through the argument", "through logging", "Bot started", "Handler failed"} <= {
        line["event"] for line in lines
    }
    assert any("through warnings" in line["event"] for line in lines)
    assert failed["handler"] == "plugins.talkative.Talkative.talk"
    assert "ValueError: at the end" in failed["exception"]
    assert ended.err == ""


async def test_a_broken_plugin_at_start_is_told_and_the_bot_runs(served: Served, tmp_path: Path) -> None:
    """Issue: with file and line, and the other plugins answer."""
    write_plugin(tmp_path, "numbers", NUMBERS)
    broken = write_plugin(tmp_path, "broken", "x = 1\ndef broken(:\n")

    async with machine(tmp_path, "run", "--headless", **served.settings) as bot:
        failed = await bot.event("Plugin failed to load")
        await served.sandbox.wait_for_connection()
        served.workspace.post("alice", "general", "number 7")
        await served.until_said("answer 7")
        bot.kill(signal.SIGTERM)
        ended = await bot.ended()

    assert failed["at"] == f"{broken}:2"
    assert "SyntaxError" in failed["problem"]
    assert ended.code == 0


async def test_no_secret_is_written(served: Served, tmp_path: Path) -> None:
    """Pitfall 42: at any level, also where plugins log tokens, raise them, or leave them in local variables."""
    write_plugin(
        tmp_path,
        "careless",
        HEADER
        + """
class Careless(MachineBasePlugin):
    async def init(self):
        self.seen = [self.settings["SLACK_BOT_TOKEN"], self.web_client.token]

    @command("/leak")
    async def leak(self, command, logger):
        token, url = self.settings["slack_app_token"], command.response_url
        logger.info(f"the token is {token}", token=token, url=url, nested={"a": [token, url]})
        print_me = logger.bind(seen=self.seen)
        print_me.warning("settings", settings=self.settings, payload=str(command.payload))
        await command.say("leaked")
        raise ValueError(f"{token} {url} {self.seen} {self.settings['MY_PASSWORD']!r:.3}")
""",
    )

    async with machine(tmp_path, "run", "--headless", LOGLEVEL="debug", MY_PASSWORD="marked", **served.settings) as bot:
        await served.sandbox.wait_for_connection()
        served.workspace.run_command("alice", "general", "/leak")
        await bot.event("Handler failed")
        served.sandbox.disconnect("refresh_requested")
        await served.sandbox.wait_for_connection()
        bot.kill(signal.SIGTERM)
        ended = await bot.ended()

    assert "the token is" in ended.out
    for secret in (served.sandbox.bot_token, served.sandbox.app_token, "marked", "ticket="):
        assert secret not in ended.everything
    response_urls = [word for word in ended.everything.split('"') if "/commands/" in word]
    assert all("/commands/…redacted" in word or "/commands/\\u2026redacted" in word for word in response_urls)


async def test_the_sandbox_serves_a_bot_in_another_process(tmp_path: Path) -> None:
    """Both as their users run them; whoever has URL and tokens can take part, with any Slack SDK."""
    write_plugin(
        tmp_path,
        "watching",
        HEADER
        + """
class Watching(MachineBasePlugin):
    @process("reaction_added")
    async def see(self, event, logger):
        await self.say(event["item"]["channel"], f"seen {event['reaction']}")
        logger.info("Reaction seen")
""",
    )

    async with machine(tmp_path, "sandbox", "--json") as sandbox:
        facts = json.loads(await sandbox.line(lambda line: True, "a line"))
        settings = settings_from(facts)
        async with machine(tmp_path, "run", "--headless", **settings) as bot:
            await bot.line(lambda line: '"connected"' in line, "connected")
            web = AsyncWebClient(token=facts["bot_token"], base_url=facts["api_url"])
            posted = await web.chat_postMessage(channel="#general", text="look")
            await web.reactions_add(channel=posted["channel"], timestamp=posted["ts"], name="eyes")
            await bot.event("Reaction seen")
            bot.kill(signal.SIGTERM)
            ended = await bot.ended()
        history = await web.conversations_history(channel=posted["channel"])
        sandbox.kill(signal.SIGINT)
        sandbox_ended = await sandbox.ended()

    assert sorted(facts) == ["api_url", "app_token", "bot_token", "control_token", "control_url", "user_tokens"]
    assert "seen eyes" in [message["text"] for message in history["messages"]]
    assert (ended.code, sandbox_ended.code) == (0, 0)
    assert ended.err == sandbox_ended.err == ""


async def test_a_bot_without_tokens_runs_in_its_own_sandbox(tmp_path: Path) -> None:
    """And says so plainly."""
    async with machine(tmp_path, "run", "--headless") as bot:
        started = await bot.event("Bot started")
        bot.kill(signal.SIGTERM)
        ended = await bot.ended()

    assert started["where"] == "sandbox"
    assert "the bot runs in the embedded workspace" in ended.out
    assert (ended.code, ended.err) == (0, "")


@pytest.mark.parametrize("command", ["dev", "run"])
async def test_a_signal_ends_the_bot_quietly(tmp_path: Path, command: str) -> None:
    """B14: no thread is left over (that of the files' watcher was), and nothing is held up by waiting for one."""
    write_plugin(tmp_path, "numbers", NUMBERS)

    async with machine(tmp_path, command, "--headless") as bot:
        await bot.event("Bot started")
        bot.kill(signal.SIGTERM)
        ended = await bot.ended()

    lines = [json.loads(line) for line in ended.out.splitlines()]
    assert [line for line in lines if "Thread" in line["event"] or "Thread" in str(line.get("function"))] == []
    assert [line for line in lines if line["level"] == "error"] == []
    assert (ended.code, ended.err) == (0, "")


@pytest.mark.parametrize("command", ["dev", "run"])
async def test_changed_files_are_taken_over_without_a_screen(served: Served, tmp_path: Path, command: str) -> None:
    """`dev` watches the files, `run` looks at them when it is sent SIGHUP."""
    path = write_plugin(tmp_path, "numbers", NUMBERS)

    async with machine(tmp_path, command, "--headless", **served.settings) as bot:
        await served.sandbox.wait_for_connection()
        save(path, NUMBERS.replace("answer", "new answer"))
        if command == "run":
            bot.kill(signal.SIGHUP)
        await bot.event("Plugins reloaded")
        served.workspace.post("alice", "general", "number 1")
        await served.until_said("new answer 1")
        bot.kill(signal.SIGTERM)
        ended = await bot.ended()

    assert (ended.code, ended.err) == (0, "")


def test_a_bot_in_a_terminal_ends_with_it(tmp_path: Path) -> None:
    """Closing the window must leave nobody behind who takes events from the next."""
    child = Dialogue(str(MACHINE), ["run", "--headless"], cwd=str(tmp_path), encoding="utf-8", timeout=NET_S)
    child.expect("Bot started")
    child.kill(signal.SIGHUP)
    child.expect(pexpect.EOF)
    child.close()

    assert child.exitstatus == 0


async def test_a_token_that_slack_does_not_know_ends_the_process(served: Served, tmp_path: Path) -> None:
    """One line on standard error, exit code 1, no traceback and no token; see test_cli.py for other mistakes."""
    settings = {**served.settings, "SLACK_APP_TOKEN": "xapp-1-marked"}

    ended = await outcome(tmp_path, "run", "--headless", **settings)

    assert ended.code == 1
    assert [line.partition(".")[0] for line in ended.err.splitlines()] == [
        "machine: Slack refused the connection: invalid_auth"
    ]
    assert "SLACK_APP_TOKEN" in ended.err
    assert "marked" not in ended.everything
    assert "Traceback" not in ended.everything


def test_a_narrow_terminal_is_told_so(tmp_path: Path) -> None:
    """40 columns are too few for panes; the message fits in."""
    environment = {name: value for name, value in clean_environment().items() if name not in ("COLUMNS", "LINES")}
    child = Dialogue(
        str(MACHINE), ["dev"], cwd=str(tmp_path), env=environment, dimensions=(24, 40), encoding="utf-8", timeout=NET_S
    )
    child.expect(pexpect.EOF)
    child.close()

    shown = child.before.replace("\r\n", " ")
    assert child.exitstatus == 1
    assert "The terminal has 40 columns and 24 lines; the console needs 60 by 15." in shown
    assert "\x1b[?1049h" not in shown


def test_lines_are_for_people_on_a_terminal(tmp_path: Path) -> None:
    """The console renderer instead of JSON; Ctrl-C ends the bot without a traceback."""
    child = Dialogue(
        str(MACHINE),
        ["run", "--headless"],
        cwd=str(tmp_path),
        env=clean_environment(),
        dimensions=(24, 200),
        encoding="utf-8",
        timeout=NET_S,
    )
    child.expect("Bot started")
    assert "{" not in child.before.replace("{}", "")
    child.sendintr()
    child.expect(pexpect.EOF)
    child.close()

    assert child.exitstatus == 0
    assert "Traceback" not in child.before


async def test_a_handler_that_refuses_to_end_does_not_keep_the_process(served: Served, tmp_path: Path) -> None:
    """It is cancelled when its time is over, given 2 s more, named, and left."""
    write_plugin(
        tmp_path,
        "stubborn",
        HEADER
        + """
import asyncio

class Stubborn(MachineBasePlugin):
    @listen_to("^stay$")
    async def stay(self, msg):
        await msg.say("staying")
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                pass
""",
    )

    async with machine(tmp_path, "run", "--headless", **served.settings, DRAIN_TIMEOUT="0.1") as bot:
        await served.sandbox.wait_for_connection()
        served.workspace.post("alice", "general", "stay")
        await served.until_said("staying")
        bot.kill(signal.SIGTERM)
        ended = await bot.ended()

    assert ended.code == 0
    assert "Handler abandoned" in ended.out


async def test_a_thread_that_does_not_end_does_not_keep_the_process(served: Served, tmp_path: Path) -> None:
    """Cancelling a handler that waits for a thread leaves the thread running; Python would wait for it at the end."""
    write_plugin(
        tmp_path,
        "threaded",
        HEADER
        + """
import asyncio, threading

class Threaded(MachineBasePlugin):
    @listen_to("^stay$")
    async def stay(self, msg):
        await msg.say("staying")
        await asyncio.to_thread(threading.Event().wait)
""",
    )

    async with machine(tmp_path, "run", "--headless", **served.settings, DRAIN_TIMEOUT="0.1") as bot:
        await served.sandbox.wait_for_connection()
        served.workspace.post("alice", "general", "stay")
        await served.until_said("staying")
        bot.kill(signal.SIGTERM)
        ended = await bot.ended()

    assert ended.code == 0
    assert "Thread abandoned" in ended.out


async def test_a_command_that_is_running_is_still_answered(served: Served, tmp_path: Path) -> None:
    """The connection stays open for the answer until the handlers have ended."""
    write_plugin(
        tmp_path,
        "late",
        HEADER
        + """
import asyncio
from machine.plugins.decorators import command

class Late(MachineBasePlugin):
    async def init(self):
        self.go = asyncio.Event()

    @command("/late")
    async def late(self, command):
        await self.say("general", "begun")
        await asyncio.sleep(0.5)
        yield "answered"
""",
    )

    async with machine(tmp_path, "run", "--headless", **served.settings) as bot:
        await served.sandbox.wait_for_connection()
        run = served.workspace.run_command("alice", "general", "/late")
        await served.until_said("begun")
        bot.kill(signal.SIGTERM)
        ended = await bot.ended()
        answer = await run.answer

    assert (ended.code, answer) == (0, {"text": "answered"})
