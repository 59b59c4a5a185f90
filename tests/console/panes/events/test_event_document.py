"""The account of an event says who ran, why, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from machine.trace import Considered, HandlersConsidered, LogWritten
from machine_console.history.history import History
from machine_console.panes.events.event_document import account_of, log_parts
from machine_console.text.document_tree import Node, json_node
from machine_console.text.styled_text import plain
from tests.console.story import Names, at, message, received, told_history


def lines(nodes: Sequence[Node], depth: int = 0) -> Iterator[str]:
    """Every line of a document, unfolded."""
    for node in nodes:
        yield "  " * depth + plain(node.line)
        yield from lines(node.unfold(), depth + 1)


def account(number: int) -> str:
    return "\n".join(lines(account_of(told_history().events[number], Names())))


def test_a_handled_event_tells_everything_in_order() -> None:
    """What a plugin author looks for first: trigger, groups, calls, storage, logs."""
    text = account(0)

    for expected in (
        "✓ message by alice in #general",
        "acknowledged after 2.0 ms",
        "1 handler ran",
        "✓ PingPongPlugin.listen_to_ping  13 ms",
        'listen_to(r"^(?P<word>ping)")  the pattern matches',
        'word = "ping"',
        "info  Pinged  channel=general",
        "store get  count  not there  0.3 ms",
        "store set  count  18 B  0.6 ms",
        'call  chat.postMessage  ok  7.4 ms  channel=#general text="pong"',
        "emit  pinged  → Stats.count",
        "1 handler did not match",
        "the message is not addressed to the bot",
        "Payload",
    ):
        assert expected in text
    assert text.index("Pinged") < text.index("store get") < text.index("call  chat") < text.index("emit")


def test_the_matched_part_stands_out() -> None:
    """One sees at once what a pattern took."""
    nodes = account_of(told_history().events[0], Names())
    parts = [part for node in nodes for child in node.unfold() for part in child.line]

    assert [part.text for part in parts if part.style == "match"] == ["ping"]


def test_a_failure_shows_error_and_traceback() -> None:
    """The place to go to is in the traceback."""
    text = account(3)

    assert "✗ Deploys.deploy  117 ms" in text
    assert "channel_not_found" in text
    assert "KeyError: 'api'" in text
    assert 'File "plugins/deploys.py", line 21, in deploy' in text


def test_a_traceback_in_a_log_line_is_told_by_its_end() -> None:
    """The whole of it would hide the fields beside it, and stands below as the exception."""
    traceback = "Traceback (most recent call last):\n  File \"a.py\", line 1, in b\nKeyError: 'api'\n"
    fields = {"exception": traceback, "handler": "a.B.c"}

    shown = plain(log_parts(LogWritten(level="error", logger="machine", message="Handler failed", fields=fields)))

    assert shown == "error Handler failed  exception=KeyError: 'api' handler=a.B.c"


def test_a_secret_cut_by_the_highlight_stays_hidden() -> None:
    """Parts are redacted one by one; a pattern that takes half a token must not give away the other half."""
    token = "xoxb-123-456-abcdef"
    history = History()
    for record in received(message("s", token), 0, Considered("a.B.c", "x", True, "matches", span=(0, 6), text=token)):
        history.record(record)

    text = "\n".join(lines(account_of(history.events[0], Names())))

    assert "abcdef" not in text


def test_a_matched_handler_that_has_not_begun_is_named() -> None:
    """Full concurrency must not look like no handler."""
    history = History()
    for record in received(message("w", "hi"), 0):
        history.record(record)
    waiting = Considered("a.B.c", 'listen_to(r"hi")', True, "matches")
    history.record(HandlersConsidered(at=at(1), envelope_id="w", matched=(waiting,), explain=lambda: (waiting,)))

    assert "B.c  not started" in "\n".join(lines(account_of(history.events[0], Names())))


def test_json_is_looked_into_only_when_unfolded() -> None:
    """A payload of ten megabytes opens at once, and a list of many says how many more there are."""
    node = json_node("payload", {"items": list(range(2_000)), "token": "secret", "text": "a" * 30_000})

    items, token, text = node.unfold()
    assert plain(items.line) == "items  [2000]"
    assert plain(items.unfold()[-1].line) == "… 1,500 more"
    assert plain(token.line) == 'token  "…redacted"'
    assert plain(text.line).endswith('30,000 characters in all"')


def test_a_payload_of_ten_megabytes_is_shown_in_part() -> None:
    """It must neither fill the memory nor hold up the bot."""
    history = History()
    text = "ping xoxb-1-2-abc " * 600_000
    for record in received(message("big", text), 0, Considered("a.B.c", "x", True, "matches", span=(0, 4), text=text)):
        history.record(record)

    shown = list(lines(account_of(history.events[0], Names())))

    assert sum(map(len, shown)) < 200_000
    assert not [row for row in shown if "1-2-abc" in row]
