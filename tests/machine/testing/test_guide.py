"""The guide: its examples are a project whose tests pass, and what it leaves out is found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import pytest_asyncio.plugin

import machine.testing.pytest_plugin
from machine.sandbox.delivery.faults import Faults
from machine.testing import Bot, Person
from tests.transcripts import examples_on

pytest_plugins = "pytester"

PAGE = Path(__file__).parents[3] / "docs/testing.md"


def test_the_examples_of_the_guide_pass(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers copy them."""
    [example] = examples_on(PAGE)
    for name, text in example.files.items():
        path = pytester.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    pytester.makeini("[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    result = pytester.runpytest_inprocess(plugins=[pytest_asyncio.plugin, machine.testing.pytest_plugin])

    result.assert_outcomes(passed=sum(text.count("async def test_") for text in example.files.values()))


@pytest.mark.parametrize("cls", [Bot, Person])
def test_the_guide_names_what_one_can_do(cls: type) -> None:
    """Apart from what the kit's own parts need of each other."""
    page = PAGE.read_text(encoding="utf-8")
    internal = {"mark", "posted_since", "find_channel", "start", "stop", "check", "settled", "sees"}
    names = {name for name in vars(cls) if not name.startswith("_")} - internal

    assert (
        sorted(name for name in names if not any(shown in page for shown in (f"{name}(", f".{name}", f"`{name}`")))
        == []
    )


def test_the_faults_of_the_guide_are_there() -> None:
    """They are the sandbox's, which has a guide of its own."""
    table = PAGE.read_text(encoding="utf-8").partition("| method of `bot.faults`")[2].partition("\n\n")[0]
    named = re.findall(r"`(\w+)\(", table)

    assert len(named) == 8
    assert [name for name in named if not hasattr(Faults, name)] == []
