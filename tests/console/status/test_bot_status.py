"""How the bot stands."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

from machine.trace import ConnectionChanged, RateLimited
from machine_console.app.status_bar import StatusBar
from machine_console.status.bot_status import BotStatus
from tests.console.app.test_application import project, running, type_in_chat, until
from tests.console.status.test_rate_limit_usage import Clock, call
from tests.console.story import told_history

__all__ = ["project"]


def test_what_waits_counts_down_and_ends() -> None:
    """The longest wait is told, as long as it lasts."""
    clock = Clock()
    status = BotStatus(clock)
    status.limited(RateLimited(method="users.list", wait=timedelta(seconds=30)))
    status.limited(RateLimited(method="chat.postMessage", wait=timedelta(seconds=1)))
    assert status.now().limited == "users.list waits 30 s"

    clock.now += 12.5
    assert status.now().limited == "users.list waits 18 s"

    clock.now += 17.5
    assert status.now().limited == ""


def test_the_status_has_the_method_that_is_nearest_to_its_limit() -> None:
    """One number is enough for the top line."""
    status = BotStatus(Clock())
    for _ in range(15):
        status.budget.record(call("users.list"))
    for _ in range(20):
        status.budget.record(call("users.info"))

    status.sample()

    assert (status.now().calls, status.now().calls_allowed) == (15, 20)


def test_the_newest_changes_of_the_connection_are_kept() -> None:
    """A connection that flaps all night fills no memory."""
    status = BotStatus(Clock())
    for number in range(100):
        status.changed(ConnectionChanged(state="reconnecting", detail=str(number)))

    facts = status.facts(told_history(), ())

    assert [change.detail for change in facts.changes] == [str(number) for number in range(80, 100)]


async def test_the_top_line_and_the_bot_pane_tell_it(project: Path) -> None:
    """With a real bot."""
    async with running(project) as (app, pilot):
        await type_in_chat(app, pilot, "hello world")
        app.go_to(app.chat_pane)
        await pilot.press("escape", "8")
        pane = app.bot_pane.main()
        await until(pilot, lambda: "chat.postMessage" in pane.text() and "connected" in pane.text())

        assert "1 of 60" in pane.text()
        assert "apps.connections.open" not in pane.text()  # that is the connection's own affair
        bar = app.query_one(StatusBar)
        await until(pilot, lambda: re.search(r"calls \d+/\d+ a minute", bar.render().plain) is not None)
