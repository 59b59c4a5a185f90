"""The example plugins, tested with the kit, and loaded from files as `machine dev` loads them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from machine.testing import Bot

EXAMPLES = Path(__file__).parents[2] / "plugins"


@pytest.fixture
def machine_plugins() -> list[str]:
    """Beside the examples, which are in the plugin folder."""
    return ["machine.plugins.builtin.help.HelpPlugin"]


@pytest.fixture
def machine_settings(tmp_path: Path) -> Mapping[str, Any]:
    """A copy of the examples is the plugin folder of the bot, whose own folder is `tmp_path`."""
    shutil.copytree(EXAMPLES, tmp_path / "plugins", ignore=shutil.ignore_patterns("__pycache__"))
    return {"PLUGIN_DIR": "plugins"}


@pytest.fixture
def bot(machine_bot: Bot) -> Bot:
    """The kit's bot, in the place of the fixture by which the framework tests itself."""
    return machine_bot
