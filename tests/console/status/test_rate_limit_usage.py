"""How much of Slack's patience is used."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from machine.trace import ApiCalled, ConnectionChanged
from machine_console.panes.bot.document import bot_nodes
from machine_console.status.bot_status import BotFacts
from machine_console.status.rate_limit_usage import MethodUsage, RateLimitUsage
from machine_console.text.styled_text import plain


class Clock:
    """Seconds that a test moves."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def call(method: str, channel: str = "C1", *, is_captured: bool = False) -> ApiCalled:
    return ApiCalled(
        method=method,
        arguments={"channel": channel},
        is_ok=True,
        error=None,
        response={},
        duration=timedelta(milliseconds=5),
        is_captured=is_captured,
    )


def test_the_method_nearest_to_its_limit_comes_first() -> None:
    """20 calls of one that allows 50 a minute are more than 30 of one that allows 100."""
    budget = RateLimitUsage(Clock())
    for method, times in (("users.info", 30), ("reactions.add", 20), ("something.unknown", 99)):
        for _ in range(times):
            budget.record(call(method))

    assert budget.uses() == [
        MethodUsage("reactions.add", 20, 50),
        MethodUsage("users.info", 30, 100),
        MethodUsage("something.unknown", 99, None),
    ]


def test_messages_count_per_channel() -> None:
    """Slack limits them so: the busiest channel is what matters."""
    budget = RateLimitUsage(Clock())
    for channel, times in (("C1", 3), ("C2", 5)):
        for _ in range(times):
            budget.record(call("chat.postMessage", channel))

    assert budget.uses() == [MethodUsage("chat.postMessage", 5, 60)]


def test_a_call_counts_for_a_minute() -> None:
    """And nothing is kept of it afterwards."""
    clock = Clock()
    budget = RateLimitUsage(clock)
    budget.record(call("users.info"))
    clock.now += 59
    budget.record(call("users.info"))
    assert [use.calls for use in budget.uses()] == [2]

    clock.now += 1
    assert [use.calls for use in budget.uses()] == [1]
    clock.now += 60
    assert budget.uses() == []
    assert not budget._calls


def test_what_is_not_sent_does_not_count() -> None:
    """A replay in live mode calls nobody."""
    budget = RateLimitUsage(Clock())

    budget.record(call("chat.postMessage", is_captured=True))

    assert budget.uses() == []


def test_a_bot_that_posts_everywhere_takes_no_more_memory() -> None:
    """Channels that are counted apart are bounded."""
    budget = RateLimitUsage(Clock())
    for number in range(3_000):
        budget.record(call("chat.postMessage", f"C{number}"))

    assert len(budget._calls) == 2_000


def test_the_document_tells_all_of_it() -> None:
    """Connection, patience, process, files."""
    change = ConnectionChanged(
        state="reconnecting", detail="Slack asked to", connections=1, at=datetime(2026, 3, 4, 9, 30, tzinfo=UTC)
    )
    facts = BotFacts(
        "connected",
        "Acme",
        is_live=True,
        changes=(change,),
        waiting="users.list waits 12 s",
        uses=(MethodUsage("users.info", 90, 100), MethodUsage("auth.test", 2, None)),
        process=(("memory", "80 MB"),),
        places=(("project", "/srv/bot"),),
    )

    text = "\n".join(plain(child.line) for node in bot_nodes(facts) for child in (node, *node.unfold()))

    for said in (
        "Acme, a real workspace",
        "reconnecting: Slack asked to, 1 connection open",
        "users.list waits 12 s",
        "90 of 100",
        "2, not limited",
        "80 MB",
        "/srv/bot",
    ):
        assert said in text
