"""The example plugins, loaded from files as `machine dev` loads them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import BotUnderTest

EXAMPLES = Path(__file__).parents[2] / "plugins"


@pytest.fixture
async def examples(bot: BotUnderTest) -> BotUnderTest:
    """A bot with the example plugins."""
    shutil.copytree(EXAMPLES, bot.project / "plugins", ignore=shutil.ignore_patterns("__pycache__"))
    await bot.start(PLUGINS=["machine.plugins.builtin.help.HelpPlugin"])
    assert bot.machine.failures == {}
    return bot
