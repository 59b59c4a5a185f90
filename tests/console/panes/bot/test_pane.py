"""The pane on the bot itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from machine.trace import ConnectionChanged
from machine_console.panes.bot.pane import BotPane
from machine_console.status.bot_status import BotFacts
from machine_console.status.rate_limit_usage import MethodUsage
from tests.console.story import THEMES, PaneHost, ToldSession, at

pytestmark = pytest.mark.slow

FACTS = BotFacts(
    connection="connected",
    workspace="Sandbox",
    is_live=False,
    changes=(
        ConnectionChanged(at=at(0), state="connecting", detail="Sandbox", connections=0),
        ConnectionChanged(at=at(120), state="connected", detail="Sandbox", connections=2),
    ),
    waiting="chat.postMessage waits 3 s",
    uses=(
        MethodUsage("chat.postMessage", 55, 60),
        MethodUsage("reactions.add", 3, 50),
        MethodUsage("custom.method", 1, None),
    ),
    process=(("memory", "152 MB"), ("loop lag", "2 ms")),
    places=(("storage", ".machine/storage.db"),),
)


@THEMES
@pytest.mark.parametrize("size", [(80, 24), (160, 45)], ids=["80x24", "160x45"])
def test_looks_right(snap_compare: Callable[..., bool], theme: str, size: tuple[int, int]) -> None:
    """The picture was looked at."""
    pane = BotPane(ToldSession(facts_told=FACTS))
    assert snap_compare(PaneHost(pane, theme), terminal_size=size)


async def test_what_slack_allows_stands_beside_what_was_used() -> None:
    """And why a call waits."""
    pane = BotPane(ToldSession(facts_told=FACTS))
    async with PaneHost(pane).run_test(size=(100, 40)) as pilot:
        await pilot.pause()
        text = pane.main().text()

    for expected in (
        "the sandbox on this machine",
        "2 connections open",
        "55",
        "60",
        "waits 3 s",
        "152 MB",
        "storage.db",
    ):
        assert expected in text
