"""The guide tells every name there is, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

from machine_console.repl.verbs.namespace import NOUNS, VERBS
from tests.console.repl.conftest import PromptUnderTest

GUIDE = Path(__file__).parents[4] / "docs" / "repl.md"


def test_every_name_is_in_the_guide() -> None:
    """A verb nobody knows of is of no use."""
    tables = re.findall(r"^\| (`.*?) \|", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    told = {name for cell in tables for name in re.findall(r"`(\w+)", cell) if not name.isupper()}

    assert {*VERBS, *NOUNS, "help", "__"} == told


async def test_the_recipes_of_the_guide_run(prompt: PromptUnderTest) -> None:
    """What is printed in the guide can be typed."""
    recipes = GUIDE.read_text(encoding="utf-8").partition("## Recipes")[2]
    prompt.session.namespace["storage"] = {"Todo": prompt.bot.machine.plugin_storage("todo.Todo")}
    await prompt('storage["Todo"].set("todos", [])')
    for number in range(3):
        await prompt(f'say("#ops", "message {number}")')
    await prompt('simulate("break")')

    for code in re.findall(r"```python\n(.*?)```", recipes, re.DOTALL):
        await prompt(code)
        assert prompt.outcome.error == "", code
    await prompt("task.cancel();")

    assert await prompt('storage["Todo"].get("todos")') == "['water the plants']"
