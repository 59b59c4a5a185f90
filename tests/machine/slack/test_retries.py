"""What becomes of a call when Slack limits it, or the network breaks it."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.client_reqrep import ConnectionKey
from slack_sdk.errors import SlackApiError
from structlog.testing import capture_logs

from machine.errors import MachineError
from machine.metrics import Metrics
from machine.plugins import Command
from machine.slack.retries import CONNECTION_RETRIES, RATE_LIMIT_RETRIES, network_remedy, only_reads
from machine.trace import CallGivenUp
from tests.conftest import BotUnderTest
from tests.machine.plugins.catching import Catcher, catcher, caught
from tests.machine.slack.gateway import Fault, Gateway, drop, silence, status

AT_ONCE = status(429, Retry_After="0")


@pytest.fixture
async def gateway(bot: BotUnderTest) -> AsyncIterator[Gateway]:
    """What stands between bot and sandbox."""
    async with bot.sandbox, Gateway(bot.sandbox.api_url) as gateway:
        yield gateway
        await bot.stop()


@pytest.fixture
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slack may be silent for a second; to be asked for before `plugin`."""
    monkeypatch.setattr("machine.slack.web.TIMEOUT_S", 1.0)


@pytest.fixture
async def plugin(bot: BotUnderTest, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Catcher:
    """A plugin of a bot that talks to Slack through the gateway."""
    monkeypatch.setattr("machine.slack.retries.random.random", float)  # no jitter: waits are exact
    monkeypatch.setattr(type(bot.sandbox), "__aenter__", _as_it_is)  # it is running already
    monkeypatch.setattr(type(bot.sandbox), "__aexit__", _as_it_is)
    return await catcher(bot, SLACK_API_URL=gateway.api_url)


def answering(body: bytes, content_type: str, **headers: str) -> Fault:
    """Answer with something else than Slack would."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, content_type=content_type, headers=headers)

    return answer


STRANGE = {
    "HTML": answering(b"<html>Please log in</html>", "text/html"),
    "HTML called JSON": answering(b"<html>Please log in</html>", "application/json"),
    "a list": answering(b"[1, 2]", "application/json"),
    "null": answering(b"null", "application/json"),
    "nothing": answering(b"", "application/json"),
    "nested": answering(b"[" * 200_000, "application/json"),
}


@pytest.mark.parametrize("method", ["auth.test", "apps.connections.open"])
@pytest.mark.parametrize("strange", STRANGE)
async def test_a10_a_start_without_slack_at_the_other_end_is_one_line(
    bot: BotUnderTest, gateway: Gateway, monkeypatch: pytest.MonkeyPatch, method: str, strange: str
) -> None:
    """A10: it says what came instead, and where to look."""
    monkeypatch.setattr(type(bot.sandbox), "__aenter__", _as_it_is)
    monkeypatch.setattr(type(bot.sandbox), "__aexit__", _as_it_is)
    gateway.faults[method] = [STRANGE[strange]] * 3

    with pytest.raises(MachineError, match="Check SLACK_API_URL and HTTP_PROXY") as refused:
        await bot.start(SLACK_API_URL=gateway.api_url)

    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize("strange", STRANGE)
async def test_a10_a_call_without_slack_at_the_other_end_is_refused(
    plugin: Catcher, gateway: Gateway, strange: str
) -> None:
    """A10: as whatever Slack refuses, which plugins catch already."""
    for method in ("chat.postMessage", "conversations.history"):
        gateway.faults[method] = [STRANGE[strange]]

    with pytest.raises(SlackApiError, match="answer is not"):
        await plugin.say("general", "hello")
    with pytest.raises(SlackApiError, match="answer is not"):
        await plugin.web_client.conversations_history(channel="C1")


async def test_a10_an_answer_without_end_is_cut_off(
    plugin: Catcher, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A10: packed a thousand times smaller; no more of it is unpacked than any answer of Slack needs."""
    monkeypatch.setattr("machine.slack.answers.MAX_ANSWER", 1_000_000)
    bomb = answering(gzip.compress(b" " * 50_000_000), "application/json", **{"Content-Encoding": "gzip"})
    gateway.faults["chat.postMessage"] = [bomb] * 3

    with pytest.raises(aiohttp.ClientPayloadError, match="more than 1,000,000 bytes"):
        await plugin.say("general", "hello")


async def _as_it_is(*_: object) -> None:
    """Neither start nor stop."""


async def test_a_rate_limited_post_is_posted_once_slack_allows_it(
    bot: BotUnderTest, plugin: Catcher, gateway: Gateway
) -> None:
    """Pitfall 29: 429 is retried for every method; the message arrives once."""
    gateway.faults["chat.postMessage"] = [AT_ONCE, AT_ONCE]

    response = await plugin.say("general", "patience")

    assert gateway.received["chat.postMessage"] == 3
    assert [said.text for said in bot.said()] == ["patience"]
    assert response["ok"]
    assert len(bot.calls("chat.postMessage")) == 1


@pytest.mark.parametrize(
    ("header", "seconds"), [("30", 30.0), ("120", 120.0), ("1.5", 1.5), ("soon", 1.0), ("-3", 0.0)]
)
async def test_retry_after_is_kept_to(
    plugin: Catcher, gateway: Gateway, waits: list[float], header: str, seconds: float
) -> None:
    """Pitfall 29: all of its digits; slack_sdk's own handler reads just the first."""
    gateway.faults["chat.postMessage"] = [status(429, Retry_After=header)]

    await plugin.say("general", "patience")

    assert seconds in waits


async def test_waiting_holds_up_nobody_else(bot: BotUnderTest, plugin: Catcher, gateway: Gateway) -> None:
    """Pitfall 29: only the caller waits, other channels go on."""
    gateway.faults["chat.postMessage"] = [status(429, Retry_After="60")]

    waiting = asyncio.create_task(plugin.say("general", "late"))
    while gateway.received["chat.postMessage"] < 1:
        gateway.happened.clear()
        await gateway.happened.wait()
    await plugin.say("random", "on time")
    waiting.cancel()

    assert [said.text for said in bot.said("random")] == ["on time"]
    assert not bot.said("general")


async def test_a_limit_without_end_is_slacks_error(plugin: Catcher, gateway: Gateway) -> None:
    """Pitfall 29: after some attempts the plugin hears of it."""
    gateway.faults["chat.postMessage"] = [AT_ONCE] * (RATE_LIMIT_RETRIES + 2)

    with pytest.raises(SlackApiError, match="ratelimited"):
        await plugin.say("general", "never")

    assert gateway.received["chat.postMessage"] == RATE_LIMIT_RETRIES + 1


@pytest.mark.parametrize("fault", [drop, status(503)], ids=["broken connection", "503"])
async def test_reading_is_tried_again(plugin: Catcher, gateway: Gateway, waits: list[float], fault: Fault) -> None:
    """Pitfall 29: twice does no harm."""
    gateway.faults["conversations.list"] = [fault] * CONNECTION_RETRIES
    before = gateway.received["conversations.list"]

    response = await plugin.web_client.conversations_list()

    assert response["ok"]
    assert gateway.received["conversations.list"] - before == CONNECTION_RETRIES + 1
    assert any(wait > 0 for wait in waits)


async def test_a_silent_slack_is_given_up(impatience: None, plugin: Catcher, gateway: Gateway) -> None:
    """A handler that waits for an answer that never comes would hold its place for ever."""
    gateway.faults["chat.postMessage"] = [silence]
    gateway.faults["pins.add"] = [silence]

    with pytest.raises(TimeoutError):
        await plugin.say("general", "hello?")
    with pytest.raises(TimeoutError):
        await plugin.web_client.pins_add(channel="C0GENERAL", timestamp="1.1")  # a form, sent by slack_sdk itself

    assert [gateway.received[method] for method in ("chat.postMessage", "pins.add")] == [1, 1]


@pytest.mark.parametrize("fault", [drop, status(503)], ids=["broken connection", "503"])
async def test_a_message_is_never_posted_twice(
    bot: BotUnderTest, plugin: Catcher, gateway: Gateway, fault: Fault
) -> None:
    """Pitfall 29: it may have been posted although no answer came back."""
    gateway.faults["chat.postMessage"] = [fault]

    with pytest.raises((SlackApiError, aiohttp.ClientError)):
        await plugin.say("general", "once")

    assert gateway.received["chat.postMessage"] == 1
    [call] = bot.calls("chat.postMessage")
    assert (call.is_ok, bool(call.error)) == (False, True)


NOT_TAKEN = [
    status(503, Retry_After="2"),
    status(503, "service_unavailable"),
    status(200, "service_unavailable"),
    status(500, "service_unavailable", Retry_After="3"),
]


@pytest.mark.parametrize("form", [False, True], ids=["JSON", "form"])
@pytest.mark.parametrize("fault", NOT_TAKEN, ids=["503 with Retry-After", "503", "200", "500"])
async def test_what_slack_has_not_taken_is_sent_again_b18(
    bot: BotUnderTest, plugin: Catcher, gateway: Gateway, waits: list[float], fault: Fault, form: bool
) -> None:
    """B18: the message arrives, and once; nothing is given up."""
    gateway.faults["chat.postMessage"] = [fault, fault]
    where = {"channel": bot.workspace.find_channel("general").id, "text": "once"}

    if form:
        if fault is NOT_TAKEN[2]:
            pytest.skip("slack_sdk takes 200 for an answer; no method of ours that writes is called so")
        await plugin.web_client.api_call("chat.postMessage", data=where)
    else:
        await plugin.web_client.api_call("chat.postMessage", json=where)

    assert gateway.received["chat.postMessage"] == 3
    assert [said.text for said in bot.said()] == ["once"]
    assert bot.traced(CallGivenUp) == []
    if fault is NOT_TAKEN[0]:
        assert waits.count(2.0) == 2


async def test_a_refused_connection_is_tried_again_b18(bot: BotUnderTest, plugin: Catcher, waits: list[float]) -> None:
    """B18: not a byte was sent; where nobody comes, it is told in trace, log and metrics."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        plugin.web_client.base_url = f"http://127.0.0.1:{nobody.getsockname()[1]}/api/"
        metrics = Metrics(lambda: 0)
        bot.machine.trace.subscribe(metrics.record)

        with capture_logs() as logs, pytest.raises(aiohttp.ClientConnectorError):
            await plugin.web_client.chat_postMessage(channel="C1", text="hello")

    assert len([wait for wait in waits if wait > 0]) >= CONNECTION_RETRIES
    [given_up] = bot.traced(CallGivenUp)
    assert (given_up.method, given_up.is_uncertain) == ("chat.postMessage", False)
    [line] = [log for log in logs if log["event"] == "A call to Slack was given up"]
    assert (line["method"], line["is_uncertain"], line["log_level"]) == ("chat.postMessage", False, "warning")
    page = metrics.page("")[0].decode()
    assert 'machine_api_given_up_total{method="chat.postMessage",uncertain="false"} 1.0' in page


@pytest.mark.parametrize("fault", [drop, status(503), status(500)], ids=["broken connection", "503", "500"])
async def test_what_slack_may_have_taken_is_given_up_in_sight_b18(
    bot: BotUnderTest, plugin: Catcher, gateway: Gateway, fault: Fault
) -> None:
    """B18: somebody may have to look whether the message is there."""
    gateway.faults["chat.postMessage"] = [fault]

    with capture_logs() as logs, pytest.raises((SlackApiError, aiohttp.ClientError)):
        await plugin.say("general", "once")

    [given_up] = bot.traced(CallGivenUp)
    assert (given_up.method, given_up.is_uncertain, bool(given_up.error)) == ("chat.postMessage", True, True)
    assert [log["is_uncertain"] for log in logs if "given up" in log["event"]] == [True]


@pytest.mark.parametrize("fault", [drop, status(503), status(500)], ids=["broken connection", "503", "500"])
async def test_retry_uncertain_sends_it_again_b18(
    bot: BotUnderTest, gateway: Gateway, waits: list[float], monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    """B18: a policy for those to whom a message too many is better than none."""
    monkeypatch.setattr(type(bot.sandbox), "__aenter__", _as_it_is)
    monkeypatch.setattr(type(bot.sandbox), "__aexit__", _as_it_is)
    plugin = await catcher(bot, SLACK_API_URL=gateway.api_url, RETRY_UNCERTAIN="true")
    gateway.faults["chat.postMessage"] = [fault, fault]

    await plugin.say("general", "at last")

    assert gateway.received["chat.postMessage"] == 3
    assert [said.text for said in bot.said()] == ["at last"]
    assert bot.traced(CallGivenUp) == []


async def test_refusals_are_not_given_up(bot: BotUnderTest, plugin: Catcher) -> None:
    """Slack's answer is an answer."""
    with pytest.raises(SlackApiError, match="channel_not_found"):
        await plugin.web_client.chat_postMessage(channel="C0NOWHERE", text="hello")

    assert bot.traced(CallGivenUp) == []


def test_certificate_errors_name_the_variable_b17() -> None:
    """B17: of all that can be wrong, the one that nobody finds by reading the error."""
    key = ConnectionKey("slack.com", 443, True, True, None, None, None)
    untrusted = aiohttp.ClientConnectorCertificateError(key, ssl.SSLCertVerificationError("unable to get local issuer"))

    assert "SSL_CERT_FILE" in network_remedy(untrusted)
    assert "SSL_CERT_FILE" not in network_remedy(aiohttp.ServerDisconnectedError())


@pytest.mark.parametrize(
    ("method", "reads"),
    [
        ("users.list", True),
        ("users.info", True),
        ("users.conversations", True),
        ("users.lookupByEmail", True),
        ("users.profile.get", True),
        ("conversations.history", True),
        ("conversations.replies", True),
        ("conversations.open", True),
        ("apps.connections.open", True),
        ("auth.test", True),
        ("chat.getPermalink", True),
        ("chat.scheduledMessages.list", True),
        ("admin.users.list", True),
        ("chat.postMessage", False),
        ("chat.postEphemeral", False),
        ("chat.scheduleMessage", False),
        ("chat.update", False),
        ("chat.delete", False),
        ("conversations.create", False),
        ("conversations.join", False),
        ("reactions.add", False),
        ("pins.add", False),
        ("views.open", False),
        ("views.push", False),
        ("views.publish", False),
        ("dialog.open", False),
        ("files.upload", False),
        ("files.getUploadURLExternal", False),
        ("files.completeUploadExternal", False),
        ("users.profile.set", False),
        ("auth.revoke", False),
        ("a.method.of.tomorrow", False),
    ],
)
def test_what_counts_as_reading(method: str, reads: bool) -> None:
    """Pitfall 29: when in doubt, it does not."""
    assert only_reads(method) is reads


async def test_a_response_url_is_used_once(bot: BotUnderTest, plugin: Catcher) -> None:
    """Pitfall 29: also there, a broken connection is not tried again, and a limit is."""
    bot.workspace.run_command("alice", "general", "/catch")
    command = await caught(bot, Command)
    attempts = 0

    async def limit_first(_request: web.Request) -> web.StreamResponse:
        nonlocal attempts
        attempts += 1
        return web.Response(status=429, headers={"Retry-After": "0"}) if attempts == 1 else web.Response(text="ok")

    async def break_off(request: web.Request) -> web.StreamResponse:
        nonlocal attempts
        attempts += 1
        return await drop(request)

    app = web.Application()
    app.router.add_post("/limited", limit_first)
    app.router.add_post("/broken", break_off)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        limited = Command(plugin._client, {**command.payload, "response_url": f"{base}/limited"})
        assert (await limited.say("hello")).status_code == 200
        assert attempts == 2
        broken = Command(plugin._client, {**command.payload, "response_url": f"{base}/broken"})
        with pytest.raises(aiohttp.ClientError):
            await broken.say("hello")
        assert attempts == 3
    finally:
        await runner.cleanup()
    assert [call.is_ok for call in bot.calls("response_url")] == [True, False]
