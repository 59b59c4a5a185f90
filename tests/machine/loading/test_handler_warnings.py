"""What is said of plugins that load, and hold a mistake all the same."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.conftest import BotUnderTest

HEAD = """
import functools
from machine.plugins import MachineBasePlugin
from machine.plugins.decorators import *

def bare(function):
    async def wrapper(*args, **kwargs):
        return await function(*args, **kwargs)
    return wrapper

def polite(function):
    @functools.wraps(function)
    async def wrapper(*args, **kwargs):
        return await function(*args, **kwargs)
    return wrapper

class Odd(MachineBasePlugin):
"""
FIRST = HEAD.count("\n") + 1  # the line of what comes after it

WRONG = {
    "@listen_to('x')\nasync def f(self, msg): yield 'y'": "What a handler with @listen_to yields goes nowhere",
    "@schedule(hour=1)\nasync def f(self): yield 'y'": "What a handler with @schedule yields goes nowhere",
    "@action('x')\nasync def f(self, click): yield {}": "What a handler with @action yields goes nowhere",
    "@command('/x')\nasync def f(self, run): return 'text'": "@command returns goes nowhere. `yield` it, or send it",
    "@command('/x')\nasync def f(self, run):\n    text = 'y'\n    return text": "@command returns goes nowhere",
    "@modal('x')\nasync def f(self, sent): return {'response_action': 'clear'}": "@modal returns goes nowhere",
    "@respond_to('x')\nasync def f(self, msg): return f'hello {msg.text}'": "@respond_to returns goes nowhere",
    "@process('reaction_aded')\nasync def f(self, event): pass": (
        "Slack has no event reaction_aded. Did you mean reaction_added"
    ),
    "@process('message.channels')\nasync def f(self, event): pass": 'Write @process("message")',
    "@command('/Deploy')\nasync def f(self, run): pass": "Slack has no command /Deploy: small letters",
    "@bare\n@listen_to('x')\nasync def f(self, msg): pass": "Odd.f is not a handler: a decorator above hides",
    "@bare\n@polite\n@command('/x')\nasync def f(self, run): pass": "Odd.f is not a handler",
    "f = functools.partialmethod(listen_to('x')(lambda self, msg: None))": "Odd.f is not a handler",
    "async def f(self, msg): pass": "The plugin has no handlers",
}

RIGHT = [
    "@command('/x')\nasync def f(self, run): yield 'y'",
    "@command('/x')\n@listen_to('x')\nasync def f(self, thing): yield 'y'",
    "@command('/x')\nasync def f(self, run): return await run.say('y')",
    "@command('/x')\nasync def f(self, run): return None",
    "@command('/x')\nasync def f(self, run):\n    def inner(): return 'y'\n    await run.say(inner())",
    "@listen_to('x')\nasync def f(self, msg): return await msg.say('y')",
    "@options('x')\nasync def f(self, request): return ['y']",
    "@webhook('/x')\nasync def f(self, request): return 'y'",
    "@process('reaction_added')\nasync def f(self, event): pass",
    "@process('message')\nasync def f(self, event): pass",
    "@process('workflow_published')\nasync def f(self, event): pass",
    "@process('an_event_of_next_year')\nasync def f(self, event): pass",
    "@polite\n@listen_to('x')\nasync def f(self, msg): pass",
    "@listen_to('x')\n@bare\nasync def f(self, msg): pass",
    "async def init(self): pass",
]


async def told(bot: BotUnderTest, **sources: str) -> list[dict[str, Any]]:
    """The warnings of a start with these plugins, none of which is refused."""
    for name, source in sources.items():
        bot.write_plugin(name, HEAD + "\n".join(f"    {line}" for line in source.split("\n")) + "\n")
    with capture_logs() as lines:
        await bot.start()
    assert not bot.machine.failures
    return [dict(line) for line in lines if line["log_level"] == "warning"]


@pytest.mark.parametrize("source", WRONG)
async def test_a_probable_mistake_is_told(bot: BotUnderTest, source: str) -> None:
    """B10, B12: with the handler, and the file and line where it is."""
    [warning] = await told(bot, odd=source)

    assert WRONG[source] in warning["event"]
    assert warning["handler"].startswith("plugins.odd.Odd")
    file, _, line = warning["at"].rpartition(":")
    assert file == str(bot.project / "plugins" / "odd.py")
    assert int(line) in {FIRST - 1, FIRST, FIRST + 1, FIRST + 2}


@pytest.mark.parametrize("source", RIGHT)
async def test_what_is_meant_is_not_warned_of(bot: BotUnderTest, source: str) -> None:
    """B10, B12: the siblings that are as they should be."""
    assert await told(bot, odd=source) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("@command('/x')\nasync def f(self, run): pass", "@command('x')\nasync def g(self, run): pass"),
        ("@modal('x')\nasync def f(self, sent): pass", "@modal('x')\nasync def g(self, sent): pass"),
        ("@options('x')\nasync def f(self, asked): return []", "@options('x')\nasync def g(self, asked): return []"),
    ],
)
async def test_what_two_plugins_answer_is_told(bot: BotUnderTest, one: str, other: str) -> None:
    """B10: both are named, with file and line; within one plugin likewise."""
    [warning] = await told(bot, one=one, other=other)

    assert "plugins.one.Odd.f" in warning["event"]
    assert f"{bot.project / 'plugins' / 'one.py'}:{FIRST}" in warning["event"]
    assert warning["handler"] == "plugins.other.Odd.g"


async def test_what_one_plugin_answers_twice_is_told(bot: BotUnderTest) -> None:
    """B10: copied, and the name not changed."""
    [warning] = await told(
        bot, odd="@command('/x')\nasync def f(self, run): pass\n@command('/x')\nasync def g(self, run): pass"
    )

    assert "plugins.odd.Odd.f" in warning["event"]
