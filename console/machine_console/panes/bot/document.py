"""How the bot stands, as a document: connection, Slack's patience, the process, and where its files are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, tzinfo

from machine_console.status.bot_status import BotFacts
from machine_console.status.rate_limit_usage import TIGHT
from machine_console.text.document_tree import BLANK, Node
from machine_console.text.formatting import clock, counted
from machine_console.text.styled_text import Part, line

_NAME_WIDTH = 16
_METHOD_WIDTH = 30
_GAUGE_CELLS = 20


def bot_nodes(facts: BotFacts, timezone: tzinfo = UTC) -> list[Node]:
    """The facts as a document."""
    return [
        _section("connection", "Connection", _connection(facts, timezone)),
        BLANK,
        _section("budget", "Calls to Slack in the last minute", _budget(facts)),
        BLANK,
        _section("process", "Process", (_fact(*fact) for fact in facts.process)),
        BLANK,
        _section("places", "Files", (_fact(*fact) for fact in facts.places)),
    ]


def _section(key: str, title: str, children: Iterator[Node]) -> Node:
    return Node((Part(title, "heading"),), key, list(children))


def _fact(name: str, value: str, style: str = "") -> Node:
    return Node(line(Part(name.ljust(_NAME_WIDTH), "dim"), Part(value, style)), name)


def _connection(facts: BotFacts, timezone: tzinfo) -> Iterator[Node]:
    where = "a real workspace" if facts.is_live else "the sandbox on this machine"
    yield _fact("now", facts.connection, "good" if facts.connection == "connected" else "warn")
    yield _fact("workspace", f"{facts.workspace or '…'}, {where}")
    for number, change in enumerate(facts.changes):
        how_many = f", {counted(change.connections, 'connection')} open" if change.connections else ""
        text = f"{change.state}{f': {change.detail}' if change.detail else ''}{how_many}"
        yield Node(line(Part(clock(change.at, timezone).ljust(_NAME_WIDTH), "dim"), text), f"change{number}")


def _budget(facts: BotFacts) -> Iterator[Node]:
    if facts.waiting:
        yield Node((Part(facts.waiting, "warn"),), "waiting")
    if not facts.uses:
        yield Node((Part("None.", "dim"),), "none")
    for use in facts.uses:
        style = "warn" if use.share >= TIGHT else "good"
        filled = min(round(use.share * _GAUGE_CELLS), _GAUGE_CELLS)
        gauge = (Part("━" * filled, style), Part("─" * (_GAUGE_CELLS - filled), "dim"))
        allowed = f"{use.calls} of {use.allowed}" if use.allowed else f"{use.calls}, not limited"
        yield Node((Part(use.method.ljust(_METHOD_WIDTH)), *gauge, Part(f"  {allowed}", style)), use.method)
    if facts.uses:
        said = "What Slack allows at least; for messages, in the busiest channel."
        yield Node((Part(said, "dim"),), "said")
