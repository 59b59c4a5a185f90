"""Completion offers what fits, runs no code of the objects it looks at, and never raises."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from machine_console.repl.prompt.completion import ReplCompleter
from machine_console.repl.prompt.cursor_context import find_place
from machine_console.repl.verbs.candidates import CANDIDATES, INDEX, Candidate
from tests.waiting import NET_S

fired: list[str] = []


class Thing:
    """Has an attribute of every kind."""

    slow = 1

    def __init__(self) -> None:
        self.value = "text"

    @property
    def danger(self) -> str:
        fired.append("danger")
        return "text"

    def method(self, first: int, second: int) -> None: ...


class Hostile:
    def __dir__(self) -> list[str]:
        raise RuntimeError

    def __getattr__(self, name: str) -> object:
        raise RuntimeError(name)


async def say(channel: str, text: str, *, thread_ts: str | None = None) -> None: ...


CHANNELS = [Candidate("#general", "4 members"), Candidate("#ops", "on call")]
NAMESPACE: dict[str, object] = {
    "say": say,
    "storage": {},
    "thing": Thing(),
    "hostile": Hostile(),
    CANDIDATES: {
        "say": {"channel": lambda: CHANNELS},
        "storage": {INDEX: lambda: [Candidate("todo.Todo", "3 keys")]},
        "storage[].get": {"key": lambda plugin: [Candidate(f"{plugin}-key", "key of Todo")]},
        "@": {"": lambda: [Candidate("@alice", "Alice Andersson")]},
        ":": {"": lambda: [Candidate(":tada:", "🎉")]},
    },
}


def offered(text: str) -> dict[str, str]:
    completer = ReplCompleter(NAMESPACE)
    completions = completer.get_completions(Document(text), CompleteEvent(text_inserted=True))
    return {completion.text: completion.display_meta_text for completion in completions}


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("sa", "say"),
        ("awai", "await"),
        ("len([1]) + sor", "sorted"),
        ("thing.val", "value"),
        ("thing.value.upp", "upper"),
        ("thing.dan", "danger"),
        ("say(thr", "thread_ts="),
        ('say("', "#general"),
        ('say("#o', "#ops"),
        ('say("gen', "#general"),
        ('say("call', "#ops"),
        ("say(text='x', channel='", "#ops"),
        ('storage["', "todo.Todo"),
        ('await storage["todo.Todo"].get("', "todo.Todo-key"),
        ("storage['Todo'].get('TODO", "Todo-key"),
        ('print(storage["Todo"].get(key="', "Todo-key"),
        ('say("#ops", "hello @al', "@alice"),
        ('say("#ops", "great :ta', ":tada:"),
        ("import o", "os"),
        ("from os import pat", "path"),
        ('"x".uppe', "upper"),
        ("def f(parameter):\n    par", "parameter"),
    ],
)
def test_what_fits_is_offered(typed: str, expected: str) -> None:
    """Names, attributes, keywords, and the workspace inside strings."""
    assert expected in offered(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "1",
        "1.",
        "# sa",
        '"plain tex',
        'say("#ops", "',
        'say("#ops", "a:',
        'storage["Todo"].get("x", "',
        'storage["Todo"].other("',
        'x["Todo"].get("',
    ],
)
def test_nothing_is_offered_where_nothing_is_meant(typed: str) -> None:
    """A menu that opens without being asked for is in the way."""
    assert offered(typed) == {}


def test_the_menu_tells_what_things_are() -> None:
    """A name alone is often not enough to choose."""
    assert offered("sa")["say"] == "(channel, text, *, thread_ts=None)"
    assert offered('say("#g')["#general"] == "4 members"


@pytest.mark.parametrize("typed", ["thing.danger.upp", "thing.dan", "(thing).danger.up", "[thing][0].danger.up"])
def test_properties_do_not_fire(typed: str) -> None:
    """A property of a plugin may do anything, and typing must not do it."""
    offered(typed)

    assert fired == []


def test_hostile_objects_are_survived() -> None:
    """Completion never raises."""
    offered("hostile.x")
    offered("hostile.x.y")


@given(st.text(alphabet=st.sampled_from("say(thing.\"'#@:,=[]{}\\\n ab1é\x00"), max_size=30))
def test_any_text_can_be_completed(text: str) -> None:
    """The cursor is in half-typed code most of the time."""
    place = find_place(text)

    assert place.string is None or not place.is_comment
    offered(text.replace(".", "_").replace("\n", " "))


def test_the_place_of_the_cursor_is_found() -> None:
    """The argument counts within its own call."""
    place = find_place("f(1, g(2, [3, 4]), x=h('a, b', ")

    assert [(call.callee, call.argument, call.keyword) for call in place.calls] == [("f", 2, "x"), ("h", 1, "")]


def test_a_damaged_cache_of_jedi_prints_nothing_across_the_prompt(tmp_path: Path) -> None:
    """Another prompt that starts at the same time may have written only half of it."""

    def warm_up_elsewhere() -> str:
        code = "from machine_console.repl.prompt.completion import warm_up; warm_up().join()"
        environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "LOCALAPPDATA": str(tmp_path)}
        return subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=NET_S, check=True
        ).stderr

    assert warm_up_elsewhere() == ""
    cached = list(tmp_path.rglob("*.pkl"))
    assert cached
    for file in cached:
        file.write_bytes(b"")
    assert warm_up_elsewhere() == ""
