"""The connection to Slack: acknowledged at once, replaced when Slack asks, given up when Slack refuses."""

from __future__ import annotations

from typing import Any

import pytest

from machine.bot import Machine
from machine.errors import SettingsError, SlackRefusedError
from machine.plugins import MachineBasePlugin, Message
from machine.plugins.decorators import listen_to
from machine.receiving import socket_mode
from machine.settings import Settings
from machine.trace import (
    ConnectionChanged,
    EnvelopeAcknowledged,
    EnvelopeDropped,
    EnvelopeReceived,
    LogWritten,
)
from tests.conftest import BotUnderTest
from tests.machine.receiving.relay import relay_to


class Numbers(MachineBasePlugin):
    """Answers numbers."""

    @listen_to(r"^number (?P<number>\d+)$")
    async def tell(self, msg: Message, number: str) -> None:
        await msg.say(f"answer {number}")


def _is_about_another_process(line: LogWritten) -> bool:
    return line.message.startswith("Another process is connected for this app")


def answers(bot: BotUnderTest) -> list[str]:
    return sorted(message.text for message in bot.said())


def states(bot: BotUnderTest) -> list[str]:
    return [record.state for record in bot.traced(ConnectionChanged)]


def post_numbers(bot: BotUnderTest, *numbers: int) -> None:
    for number in numbers:
        bot.workspace.post("alice", "general", f"number {number}")


async def test_every_envelope_is_acknowledged_once(bot: BotUnderTest) -> None:
    """Pitfalls 13 and 16: also where nobody listens; Slack delivers nothing again."""
    await bot.start(Numbers)

    post_numbers(bot, 1, 2)
    bot.workspace.post("alice", "general", "nobody listens")
    await bot.settled()

    received = [record.envelope_id for record in bot.traced(EnvelopeReceived)]
    attempts = {record.envelope.retry_attempt for record in bot.traced(EnvelopeReceived)}
    acknowledged = [record.envelope_id for record in bot.traced(EnvelopeAcknowledged)]
    assert sorted(map(str, acknowledged)) == sorted(map(str, received))
    assert len(received) >= 3  # the bot's answers are events, too
    assert attempts == {0}


async def test_states_are_traced(bot: BotUnderTest) -> None:
    """Pitfall 36: what the console shows, and in which workspace."""
    await bot.start()
    await bot.record(ConnectionChanged, 2)
    await bot.machine.stop()

    assert states(bot) == ["connecting", "connected", "disconnected"]
    assert bot.traced(ConnectionChanged)[1].detail == bot.workspace.team.name


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
async def test_nothing_is_lost_or_doubled_when_slack_asks_for_a_new_connection(bot: BotUnderTest, reason: str) -> None:
    """Pitfall 35: it is open before the old one goes."""
    await bot.start(Numbers)
    await bot.sandbox.wait_for_connection()

    post_numbers(bot, *range(10))
    bot.sandbox.disconnect(reason)  # type: ignore[arg-type]  # a parameter is a plain text
    post_numbers(bot, *range(10, 20))
    await bot.record(ConnectionChanged, 2, where=lambda record: record.state == "connected")
    post_numbers(bot, *range(20, 30))
    await bot.answer(30)
    await bot.settled()

    assert answers(bot) == sorted(f"answer {number}" for number in range(30))
    assert "reconnecting" in states(bot)


async def test_a_broken_connection_is_replaced(bot: BotUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pitfall 36: what was sent meanwhile arrives, once."""
    monkeypatch.setattr(socket_mode, "PING_INTERVAL_S", 0.05)
    await bot.start(Numbers)
    await bot.sandbox.wait_for_connection()

    bot.sandbox.socket_mode.drop_connections()
    post_numbers(bot, 1, 2, 3)
    await bot.answer(3)
    await bot.settled()

    assert answers(bot) == ["answer 1", "answer 2", "answer 3"]
    assert states(bot).count("connected") >= 2


async def test_a_second_delivery_runs_no_handler(bot: BotUnderTest) -> None:
    """Pitfall 18: the same event under a new envelope, as Slack sends it when it saw no acknowledgement."""
    await bot.start(Numbers)
    bot.sandbox.faults.duplicate_deliveries("message", times=1)

    post_numbers(bot, 1)
    await bot.record(EnvelopeDropped)
    await bot.settled()

    first, second, *_ = bot.traced(EnvelopeReceived)
    assert first.envelope.delivery_key == second.envelope.delivery_key
    assert first.envelope_id != second.envelope_id
    assert [record.envelope_id for record in bot.traced(EnvelopeDropped)] == [second.envelope_id]
    assert answers(bot) == ["answer 1"]


async def test_switching_socket_mode_off_stops_the_bot(bot: BotUnderTest) -> None:
    """Pitfall 35: `link_disabled` is no reason to try for ever; the error says where it is switched on again."""
    await bot.start(Numbers)
    await bot.sandbox.wait_for_connection()

    bot.sandbox.disconnect("link_disabled")

    with pytest.raises(SlackRefusedError, match="link_disabled") as raised:
        await bot.machine.wait_until_stopped()
    assert "Switch Socket Mode on" in str(raised.value)
    assert states(bot)[-1] == "failed"


async def test_too_many_connections_are_no_reason_to_hurry(bot: BotUnderTest) -> None:
    """Pitfall 35: asking again at once would be answered the same; a moment later all is well."""
    await bot.start(Numbers)
    await bot.sandbox.wait_for_connection()

    bot.sandbox.disconnect("too_many_websockets")
    post_numbers(bot, 1)
    await bot.answer()

    assert answers(bot) == ["answer 1"]
    assert states(bot).count("connected") == 2


async def test_a_revoked_token_stops_the_bot(bot: BotUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pitfall 35: noticed when the connection is to be opened again."""
    monkeypatch.setattr(socket_mode, "PING_INTERVAL_S", 0.05)
    await bot.start(Numbers)
    await bot.sandbox.wait_for_connection()
    bot.sandbox.faults.fail("apps.connections.open", error="invalid_auth")

    bot.sandbox.disconnect("refresh_requested")

    with pytest.raises(SlackRefusedError, match="invalid_auth") as raised:
        await bot.machine.wait_until_stopped()
    assert "SLACK_APP_TOKEN" in str(raised.value)


@pytest.mark.usefixtures("production_logging")
async def test_another_process_on_the_same_app_is_told_of(
    bot: BotUnderTest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Pitfall 34: Slack sends each event to one of them, which looks like losing half of the messages."""
    await bot.start()

    async with Machine(bot.machine.settings, project=tmp_path_factory.mktemp("other")):
        await bot.record(LogWritten, where=_is_about_another_process)


@pytest.mark.usefixtures("production_logging")
async def test_several_connections_share_the_events(bot: BotUnderTest) -> None:
    """Pitfall 34: Slack sends each to any one of them; the bot's own are no other process."""
    await bot.start(Numbers, SOCKET_MODE_CONNECTIONS=3)
    await bot.sandbox.wait_for_connection(3)
    await bot.record(ConnectionChanged, where=lambda record: record.connections == 3)

    post_numbers(bot, *range(30))
    await bot.answer(30)
    await bot.settled()

    assert answers(bot) == sorted(f"answer {number}" for number in range(30))
    assert bot.sandbox.socket_mode.connection_count == 3
    assert not any(_is_about_another_process(line) for line in bot.traced(LogWritten))


@pytest.mark.parametrize("connections", [1, 2])
async def test_the_next_connection_is_open_before_the_old_one_goes(bot: BotUnderTest, connections: int) -> None:
    """Pitfall 35: at no moment is there none, so that a command typed just then is answered, too."""
    open_ones: list[int] = []

    def witness(kind: str, facts: Any) -> None:
        if kind in ("connected", "disconnected"):
            open_ones.append(facts["connections"])
            bot.life.settling.notice(kind)

    bot.sandbox._witness = witness
    bot.sandbox._time_scale = 0.05
    await bot.start(Numbers, SOCKET_MODE_CONNECTIONS=connections)
    await bot.sandbox.wait_for_connection(connections)

    bot.sandbox.disconnect("refresh_requested")
    await bot.until(lambda: len(open_ones) >= 3 * connections, "the old connections gone")

    assert min(open_ones) == 1  # the first one, when it was alone
    assert open_ones[-1] == connections


async def test_a_connection_that_dies_silently_is_noticed(bot: BotUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pitfall 36: a network that swallows everything closes nothing; only unanswered pings tell."""
    monkeypatch.setattr(socket_mode, "PING_INTERVAL_S", 0.2)
    await bot.start(Numbers)
    await bot.sandbox.wait_for_connection()
    direct = bot.sandbox.socket_mode._socket_url
    async with relay_to(bot.sandbox.port) as relay:
        bot.sandbox.socket_mode._socket_url = f"ws://127.0.0.1:{relay.port}/link/"
        bot.sandbox.disconnect("refresh_requested")
        await bot.record(ConnectionChanged, 2, where=lambda record: record.state == "connected")
        bot.sandbox.socket_mode._socket_url = direct

        relay.is_frozen = True
        post_numbers(bot, 1)
        await bot.answer()

    assert answers(bot) == ["answer 1"]
    assert "the connection was closed" in [record.detail for record in bot.traced(ConnectionChanged)]


async def test_nothing_is_lost_or_doubled_on_a_bad_day(bot: BotUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pitfall 18 across connections: sockets break, acknowledgements get lost, deliveries come twice; all run once."""
    monkeypatch.setattr(socket_mode, "FIRST_WAIT_S", 0.02)
    bot.sandbox._time_scale = 0.02
    await bot.start(Numbers, SOCKET_MODE_CONNECTIONS=3)
    await bot.sandbox.wait_for_connection(3)
    bot.sandbox.faults.lose_acks("message", probability=0.2, seed=1)
    bot.sandbox.faults.duplicate_deliveries("message", probability=0.2, seed=2)
    bot.sandbox.faults.break_deliveries("message", times=5)

    for batch in range(5):
        post_numbers(bot, *range(batch * 40, batch * 40 + 40))
        bot.sandbox.faults.kill_sockets()
        await bot.answer(batch * 40 + 20)
    await bot.answer(200)
    bot.sandbox.faults.clear()
    await bot.settled()

    assert answers(bot) == sorted(f"answer {number}" for number in range(200))
    assert bot.traced(EnvelopeDropped)


@pytest.mark.parametrize("connections", [0, 11, "many"])
def test_slack_allows_one_to_ten_connections(connections: object) -> None:
    """Pitfall 34: more would be refused by Slack, later."""
    with pytest.raises(SettingsError, match="SOCKET_MODE_CONNECTIONS"):
        Settings.check({"SOCKET_MODE_CONNECTIONS": connections})


def test_waits_grow_and_differ() -> None:
    """A thousand bots that lost Slack at the same moment must not all come back at the same moment."""
    waits = [[socket_mode._wait_s(failures) for _ in range(20)] for failures in range(12)]

    assert all(len(set(some)) > 1 for some in waits)
    assert max(waits[0]) <= socket_mode.FIRST_WAIT_S
    assert socket_mode.LONGEST_WAIT_S / 2 <= min(waits[-1]) <= max(waits[-1]) <= socket_mode.LONGEST_WAIT_S
