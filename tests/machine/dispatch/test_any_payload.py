"""Whatever Slack sends, it is acknowledged, and the bot lives."""

from __future__ import annotations

import itertools
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from machine.plugins import MachineBasePlugin, Message
from machine.plugins.decorators import (
    action,
    command,
    home_opened,
    listen_to,
    message_shortcut,
    modal,
    modal_closed,
    options,
    process,
    respond_to,
    shortcut,
)
from machine.receiving import intake
from machine.trace import EnvelopeAcknowledged, HandlersConsidered, InvocationFailed, LogWritten
from tests.conftest import BotUnderTest
from tests.payloads import envelope, load_sample, sample_files
from tests.waiting import NET_S

SAMPLES = sample_files()
PAYLOADS = [load_sample(path) for path in SAMPLES]
EVENT_TYPES = sorted({payload["event"]["type"] for _, payload in PAYLOADS if "event" in payload} | {"app_rate_limited"})
ANYTHING = re.compile("")


class Everything(MachineBasePlugin):
    """Listens to whatever there is, and looks at it."""

    pings = 0

    @listen_to("", handle_message_changed=True)
    async def hear(self, msg: Message) -> None:
        self.pings += msg.text == "ping"
        self._look(msg)

    @respond_to("", handle_message_changed=True)
    async def answer(self, msg: Message) -> None:
        self._look(msg)

    @command("/deploy")
    async def run(self, run: Any) -> AsyncIterator[str]:
        self._look(run)
        yield "running"

    @action(ANYTHING)
    @modal(ANYTHING)
    @modal_closed(ANYTHING)
    @shortcut(ANYTHING)
    @message_shortcut(ANYTHING)
    @options(ANYTHING)
    @home_opened(None)
    async def use(self, thing: Any) -> None:
        self._look(thing)

    async def event(self, event: dict[str, Any]) -> None:
        assert isinstance(event, dict)

    for _event_type in EVENT_TYPES:
        event = process(_event_type)(event)

    def _look(self, thing: Any) -> None:
        """Read every property: none may raise."""
        for name in dir(type(thing)):
            if isinstance(getattr(type(thing), name), property):
                getattr(thing, name)
        repr(thing)


MESSAGE_FIELDS = (
    *("type", "subtype", "user", "channel", "channel_type", "text", "ts", "thread_ts", "bot_id", "files", "edited"),
    *("message", "previous_message", "item", "tab", "view", "blocks", "event_ts"),
)


@pytest.fixture
async def everything(bot: BotUnderTest, production_logging: None, monkeypatch: pytest.MonkeyPatch) -> BotUnderTest:
    """A bot that listens to everything there is, and warns of no answer that a busy machine made late."""
    monkeypatch.setattr(intake, "ANSWER_WITHIN_S", NET_S)
    await bot.start(Everything)
    return bot


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
async def test_every_payload_that_slack_documents_is_handled(everything: BotUnderTest, path: Path) -> None:
    """Pitfall 13: acknowledged once, without a failing handler or a warning."""
    kind, payload = load_sample(path)

    answer = await everything.machine.handle(envelope(kind, payload, 1))

    assert answer == ({"text": "running"} if kind == "slash_commands" else None)
    assert [record.answer for record in everything.traced(EnvelopeAcknowledged)] == [answer]
    assert everything.traced(InvocationFailed) == []
    assert [record for record in everything.traced(LogWritten) if record.level in ("warning", "error")] == []


ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, -1, 1.5, "", "x", [], {}, [None], [[]], {"id": None}, {"type": []}, "😀", 10**30]
)
MESSAGES = [(kind, payload) for kind, payload in PAYLOADS if payload.get("event", {}).get("type") == "message"]
NUMBERS = itertools.count(1)


@pytest.mark.parametrize("subtype", [None, "message_changed"])
async def test_a_message_with_odd_fields_harms_nobody(everything: BotUnderTest, subtype: str | None) -> None:
    """Pitfall 9: any of them may be null, or something that Slack does not document."""
    inner: dict[str, Any] = {"type": "message", "user": "U0123ABCD", "text": "old", "ts": "1.2"}
    event: dict[str, Any] = {**inner, "channel": "C0123ABCD", "text": "new"}
    if subtype:
        event = {**event, "subtype": subtype, "previous_message": inner, "message": {**inner, "text": "new"}}

    values: tuple[Any, ...] = (None, 1, "", "x", [], {}, [{}], {"id": []})
    for number, (field, odd) in enumerate(itertools.product(MESSAGE_FIELDS, values)):
        inside = {"message": {**inner, field: odd}} if subtype and field not in ("message", "channel") else {}
        payload = {"event": {**event, **inside, field: event.get(field, odd) if inside else odd}}
        await everything.machine.handle(envelope("events_api", payload, number))

    assert everything.traced(InvocationFailed) == []


@dataclass(frozen=True)
class Request:
    """What Slack sends."""

    kind: str
    payload: dict[str, Any]

    def __repr__(self) -> str:
        return f"Request({self.kind!r}, {str(self.payload)[:2000]})"  # hypothesis refuses to show very large ones


@st.composite
def damaged(draw: st.DrawFn) -> Request:
    """A documented payload in which values are replaced, missing, or cut off from some place on."""
    kind, payload = draw(st.sampled_from(MESSAGES) | st.sampled_from(PAYLOADS))
    subject = payload.get("event")
    changed: Any = dict(subject) if isinstance(subject, dict) else dict(payload)
    for _ in range(draw(st.integers(1, 5))):
        changed = _damage(draw, changed)
    if isinstance(subject, dict):
        changed = {**payload, "event": changed if draw(st.integers(0, 9)) else draw(ODD)}
    return Request(kind, changed if isinstance(changed, dict) else {})  # as the transport does


def _damage(draw: st.DrawFn, value: Any) -> Any:
    """A copy with one change, at the top or deeper."""
    if not isinstance(value, dict | list) or not value:
        return draw(ODD)
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    place = draw(st.integers(0, len(keys) - 1))
    what = draw(st.sampled_from(["replace", "replace", "replace", "deeper", "drop", "cut"]))
    kept = keys[:place] if what == "cut" else [key for key in keys if what != "drop" or key != keys[place]]
    copied = {key: value[key] for key in kept}
    if what in ("deeper", "replace"):
        copied[keys[place]] = _damage(draw, value[keys[place]]) if what == "deeper" else draw(ODD)
    return copied if isinstance(value, dict) else list(copied.values())


@settings(
    max_examples=max(200, settings().max_examples),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(damage=damaged())
async def test_a_damaged_payload_harms_nobody(everything: BotUnderTest, damage: Request) -> None:
    """Pitfall 13: acknowledged once, at most one warning, and the next message is answered as ever.

    Run it with `--hypothesis-profile=thorough` for ten thousand of them.
    """
    kind, payload = damage.kind, damage.payload
    bot, before = everything, len(everything.records)
    explained = bot.machine.explain(envelope(kind, payload, 0))

    await bot.machine.handle(envelope(kind, payload, next(NUMBERS)))

    assert sum(isinstance(record, EnvelopeAcknowledged) for record in bot.records[before:]) == 1
    for record in bot.records[before:]:
        if isinstance(record, HandlersConsidered):
            assert record.matched == tuple(one for one in explained if one.is_match)
            assert record.explain() == explained
    warnings = [
        record.message
        for record in bot.records[before:]
        if isinstance(record, LogWritten) and record.level in ("warning", "error", "critical")
    ]
    assert len(warnings) <= 1, warnings
    await _still_listens(bot)


async def _still_listens(bot: BotUnderTest) -> None:
    [plugin] = [loaded.instance for loaded in bot.machine.plugins.values()]
    assert isinstance(plugin, Everything)
    before = plugin.pings
    event = {"type": "message", "user": "U0123ABCD", "channel": "C0123ABCD", "text": "ping", "ts": "1.2"}
    await bot.machine.handle(envelope("events_api", {"event": event}, next(NUMBERS)))
    assert plugin.pings == before + 1
