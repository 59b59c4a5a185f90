"""HTTP: what Slack signs is taken and answered, all else is refused; plugins have routes of their own."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import re
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.signature import SignatureVerifier
from structlog.testing import capture_logs

from machine.errors import PluginError, SettingsError
from machine.plugins import Command, MachineBasePlugin, Message, ModalSubmission, WebhookRequest, WebhookResponse
from machine.plugins.decorators import command, listen_to, modal, require_any_role, webhook
from machine.receiving.http import MAX_BODY_BYTES, SLACK_PATH
from machine.receiving.signature import is_genuine, sign
from machine.trace import ConnectionChanged, EnvelopeDropped, EnvelopeReceived, InvocationFailed
from tests.conftest import BotUnderTest

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
ON_HTTP: dict[str, Any] = {"HTTP": "127.0.0.1:0", "SLACK_SIGNING_SECRET": SECRET, "SLACK_APP_TOKEN": None}


class Numbers(MachineBasePlugin):
    """Answers numbers."""

    @listen_to(r"^number (?P<number>\d+)$")
    async def tell(self, msg: Message, number: str) -> None:
        await msg.say(f"answer {number}")

    @command("/square")
    async def square(self, cmd: Command) -> AsyncIterator[str]:
        yield str(int(cmd.text or "0") ** 2)


class Routes(MachineBasePlugin):
    """Routes of its own."""

    @webhook("/text")
    async def text(self, request: WebhookRequest) -> str:
        return f"{request.headers['x-from']} {request.query['n']} {request.text}"

    @webhook("/json", methods=["POST", "PUT"])
    async def json(self, request: WebhookRequest) -> dict[str, Any]:
        await self.say("#general", f"pushed {request.json()['name']}")
        return {"done": True}

    @webhook("/teapot")
    async def teapot(self, request: WebhookRequest) -> WebhookResponse:
        return WebhookResponse(418, b"short and stout", {"X-Kind": "tea"})

    @webhook("/nothing")
    async def nothing(self, request: WebhookRequest) -> None:
        """Answers nothing."""

    @webhook("/fails")
    async def fails(self, request: WebhookRequest) -> None:
        raise ValueError("not today")

    @webhook("/odd")
    async def odd(self, request: WebhookRequest) -> object:
        return object()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """A client."""
    async with aiohttp.ClientSession() as session:
        yield session


def base(bot: BotUnderTest) -> str:
    return f"http://{bot.machine.http_address}"


def url(bot: BotUnderTest) -> str:
    return base(bot) + SLACK_PATH


def signed(body: bytes, secret: str = SECRET, age_s: float = 0, kind: str = "application/json") -> dict[str, str]:
    """The headers with which Slack sends a body."""
    timestamp = str(int(time.time() - age_s))
    signature = sign(secret, timestamp, body)
    return {"Content-Type": kind, "X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature}


def event(text: str, event_id: str = "Ev1") -> bytes:
    inner = {"type": "message", "channel": "C0", "user": "U0", "text": text, "ts": "1.0", "channel_type": "channel"}
    return json.dumps({"type": "event_callback", "event_id": event_id, "event": inner}).encode()


async def test_events_commands_and_interactions_come_over_http(bot: BotUnderTest) -> None:
    """The same dispatcher as over Socket Mode, and no Socket Mode beside it: nothing is heard twice."""
    await bot.start(Numbers, **ON_HTTP)
    bot.sandbox.deliver_to(url(bot), SECRET)

    for number in range(50):
        bot.workspace.post("alice", "general", f"number {number}")
    run = bot.workspace.run_command("alice", "general", "/square 12")
    answer = await run.answer
    await bot.answer(51)
    await bot.settled()

    assert sorted(message.text for message in bot.said()) == sorted(["144", *(f"answer {n}" for n in range(50))])
    assert answer is not None
    assert answer["text"] == "144"
    assert bot.sandbox.socket_mode.connection_count == 0
    assert {record.envelope.kind for record in bot.traced(EnvelopeReceived)} == {"events_api", "slash_commands"}


async def test_a_modal_is_answered_in_the_response(bot: BotUnderTest) -> None:
    """What a handler yields goes back with the response, as over Socket Mode with the acknowledgement."""

    class Form(MachineBasePlugin):
        @modal("form")
        async def submitted(self, submission: ModalSubmission) -> AsyncIterator[dict[str, Any]]:
            yield {"response_action": "errors", "errors": {"name": "is taken"}}

    await bot.start(Form, **ON_HTTP)
    view = {"id": "V1", "type": "modal", "callback_id": "form", "state": {"values": {}}, "blocks": []}
    user = {"id": bot.workspace.find_person("alice").id, "username": "alice", "team_id": "T0"}
    payload = {"type": "view_submission", "user": user, "view": view, "team": {"id": "T0", "domain": "x"}}
    form = aiohttp.FormData({"payload": json.dumps(payload)})()
    body = form.decode().encode() if isinstance(form, str) else bytes(form._value)

    async with aiohttp.ClientSession() as http:
        headers = signed(body, kind="application/x-www-form-urlencoded")
        async with http.post(url(bot), data=body, headers=headers) as response:
            answer = await response.json()

    assert answer == {"response_action": "errors", "errors": {"name": "is taken"}}


async def test_only_what_slack_signed_is_taken(bot: BotUnderTest, http: aiohttp.ClientSession) -> None:
    """Neither what others sign, nor what was changed on the way, nor what somebody recorded and sends again."""
    await bot.start(Numbers, **ON_HTTP)
    body = event("number 1")
    forged = [
        {},
        signed(body, secret="another"),
        signed(body + b" "),
        signed(body, age_s=301),
        signed(body, age_s=-400),  # gets nearer until it is read
        signed(body) | {"X-Slack-Signature": "v0=äöü"},
        signed(body) | {"X-Slack-Request-Timestamp": "now"},
        signed(body) | {"X-Slack-Request-Timestamp": "9" * 5000},
    ]

    statuses = []
    for headers in forged:
        async with http.post(url(bot), data=body, headers=headers) as response:
            statuses.append(response.status)
    async with http.post(url(bot), data=body, headers=signed(body, age_s=200)) as response:
        taken = response.status

    assert (statuses, taken) == ([401] * len(forged), 200)
    assert len(bot.traced(EnvelopeReceived)) == 1


async def test_slack_makes_sure_of_address_and_certificate(bot: BotUnderTest, http: aiohttp.ClientSession) -> None:
    """`url_verification` is answered with its challenge when it is signed, `ssl_check` with nothing but 200."""
    await bot.start(**ON_HTTP)
    body = json.dumps({"type": "url_verification", "token": "t", "challenge": "3eZbrw1a"}).encode()

    async with http.post(url(bot), data=body, headers=signed(body)) as response:
        challenge = await response.json()
    async with http.post(url(bot), data=body) as response:
        unsigned = response.status
    async with http.post(url(bot), data={"ssl_check": "1", "token": "t"}) as response:
        checked = (response.status, await response.text())

    assert challenge == {"challenge": "3eZbrw1a"}
    assert unsigned == 401
    assert checked == (200, "")
    assert bot.traced(EnvelopeReceived) == []


async def test_a_body_above_one_megabyte_is_refused(bot: BotUnderTest, http: aiohttp.ClientSession) -> None:
    """Before it fills the memory: nobody has proved anything yet."""
    await bot.start(**ON_HTTP)
    body = b" " * (MAX_BODY_BYTES + 1)

    async with http.post(url(bot), data=io.BytesIO(body), headers=signed(body)) as response:
        assert response.status == 413


async def test_a_body_that_takes_for_ever_is_given_up(bot: BotUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sender that stops in the middle must not keep a connection."""
    monkeypatch.setattr("machine.receiving.http.BODY_WITHIN_S", 0.05)
    await bot.start(**ON_HTTP)
    address = bot.machine.http_address
    assert address is not None
    reader, writer = await asyncio.open_connection(address.host, address.port)
    headers = {"Host": "x", "Content-Length": "100", **signed(b"{")}  # it may be Slack's until the body says otherwise
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"POST {SLACK_PATH} HTTP/1.1\r\n{head}\r\n{{".encode())
    await writer.drain()

    status = await reader.readline()

    assert b"408" in status
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize("body", [b"", b"null", b"[1]", b"{", b"\xff\xfe", b"[" * 100_000])
async def test_what_is_no_object_is_a_bad_request(bot: BotUnderTest, http: aiohttp.ClientSession, body: bytes) -> None:
    """Signed, but nothing that could be an event."""
    await bot.start(**ON_HTTP)

    async with http.post(url(bot), data=body, headers=signed(body)) as response:
        assert response.status == 400


@pytest.mark.parametrize("path", [SLACK_PATH, "/text", "/nowhere"])
@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "identity, GZIP", "x"])
async def test_nothing_is_unpacked_a3(bot: BotUnderTest, http: aiohttp.ClientSession, encoding: str, path: str) -> None:
    """A3: 415 before a byte of the body is looked at, also for a signature over the plain text and for broken gzip."""
    await bot.start(Numbers, Routes, **ON_HTTP)
    body = event("number 1")

    for sent in (gzip.compress(body), b"not gzip", b""):
        headers = signed(body) | {"Content-Encoding": encoding}
        async with http.post(base(bot) + path, data=sent, headers=headers) as response:
            assert (response.status, response.headers["Accept-Encoding"]) == (415, "identity")

    headers = signed(body) | {"Content-Encoding": "identity"}
    async with http.post(url(bot), data=body, headers=headers) as response:
        assert response.status == 200
    assert len(bot.traced(EnvelopeReceived)) == 1


@pytest.mark.parametrize("headers", [{}, {"X-Slack-Signature": f"v0={'0' * 64}"}, signed(b"", age_s=301)])
async def test_an_unsigned_body_is_not_read_a3(bot: BotUnderTest, headers: dict[str, str]) -> None:
    """A3: the answer comes before the body, which may be a form of a megabyte that takes long to parse."""
    await bot.start(**ON_HTTP)
    address = bot.machine.http_address
    assert address is not None
    reader, writer = await asyncio.open_connection(address.host, address.port)
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    lines = {"Host": "x", "Content-Length": "1000000", **headers, **kind}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    writer.write(f"POST {SLACK_PATH} HTTP/1.1\r\n{head}\r\n".encode())
    await writer.drain()

    status = await reader.readline()

    assert b"401" in status
    writer.close()
    await writer.wait_closed()


async def test_a_slash_at_the_end_is_served_b17(bot: BotUnderTest, http: aiohttp.ClientSession) -> None:
    """B17: people type it into the app's settings, and Slack sends there."""
    await bot.start(Numbers, **ON_HTTP)
    body = event("number 1")

    async with http.post(f"{url(bot)}/", data=body, headers=signed(body)) as response:
        taken = response.status
    async with http.post(f"{url(bot)}/", data=body) as response:
        unsigned = response.status

    assert (taken, unsigned) == (200, 401)
    with pytest.raises(PluginError, match="needs a path"):
        webhook(f"{SLACK_PATH}/")


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [(ON_HTTP, "Set the request URLs"), ({"HTTP": "127.0.0.1:0"}, "Set SLACK_SIGNING_SECRET")],
)
async def test_slack_at_a_wrong_path_is_told_in_the_log_b17(
    bot: BotUnderTest, http: aiohttp.ClientSession, settings: dict[str, Any], remedy: str
) -> None:
    """B17: Slack's settings only say that the address did not answer with 200."""
    await bot.start(**settings)
    body = event("number 1")

    with capture_logs() as logs:
        async with http.post(f"{base(bot)}/slack/event", data=body, headers=signed(body)) as response:
            assert response.status == 404
        async with http.get(f"{base(bot)}/favicon.ico") as response:
            assert response.status == 404

    [line] = [log for log in logs if "404" in log["event"]]
    assert (line["method"], line["path"]) == ("POST", "/slack/event")
    assert line["remedy"].startswith(remedy)


async def test_a_second_delivery_runs_no_handler(bot: BotUnderTest) -> None:
    """Pitfall 18: Slack did not see the first answer, and sends the event again with `X-Slack-Retry-Num`."""
    bot.sandbox._time_scale = 0.05
    await bot.start(Numbers, **ON_HTTP)
    bot.sandbox.deliver_to(url(bot), SECRET)
    bot.sandbox.faults.lose_acks("message", times=1)
    bot.sandbox.faults.duplicate_deliveries("message", times=1)

    bot.workspace.post("alice", "general", "number 1")
    await bot.answer()
    await bot.settled()

    assert [message.text for message in bot.said()] == ["answer 1"]
    assert len(bot.traced(EnvelopeDropped)) == 2
    assert 1 in [record.envelope.retry_attempt for record in bot.traced(EnvelopeReceived)]


async def test_a_bot_that_stops_answers_what_it_has_and_takes_no_more(
    bot: BotUnderTest, http: aiohttp.ClientSession
) -> None:
    """Pitfall 38: 503 has Slack try again, at the process that comes next."""

    class Slow(MachineBasePlugin):
        gate = asyncio.Event()
        begun = asyncio.Event()

        @command("/slow")
        async def slow(self, cmd: Command) -> AsyncIterator[str]:
            self.begun.set()
            await self.gate.wait()
            yield "done"

    await bot.start(Slow, **ON_HTTP)
    bot.sandbox.deliver_to(url(bot), SECRET)
    target, body = url(bot), event("hello")
    run = bot.workspace.run_command("alice", "general", "/slow")
    await Slow.begun.wait()

    stopping = asyncio.create_task(bot.machine.stop())
    status = 0
    while status != 503:
        async with http.post(target, data=body, headers=signed(body)) as response:
            status = response.status
    Slow.gate.set()
    answer = await run.answer
    await stopping

    assert answer is not None
    assert answer["text"] == "done"
    assert [record.state for record in bot.traced(ConnectionChanged)] == ["connected", "disconnected"]


async def test_plugins_serve_routes_of_their_own(bot: BotUnderTest, http: aiohttp.ClientSession) -> None:
    """Beside Socket Mode, too: without a signing secret the server is for plugins only."""
    await bot.start(Routes, HTTP="127.0.0.1:0")
    await bot.sandbox.wait_for_connection()

    async with http.post(f"{base(bot)}/text?n=7", data="hi", headers={"X-From": "me"}) as response:
        assert (response.status, await response.text()) == (200, "me 7 hi")
    async with http.put(f"{base(bot)}/json", data='{"name": "main"}') as response:
        assert await response.json() == {"done": True}
    async with http.post(f"{base(bot)}/teapot") as response:
        assert (response.status, response.headers["X-Kind"]) == (418, "tea")
    async with http.post(f"{base(bot)}/nothing") as response:
        assert response.status == 204

    assert (await bot.answer()).text == "pushed main"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/text", 405),
        ("POST", "/elsewhere", 404),
        ("POST", SLACK_PATH, 404),
        ("POST", "/json", 400),
        ("POST", "/fails", 500),
        ("POST", "/odd", 500),
    ],
)
async def test_requests_that_cannot_be_served(
    bot: BotUnderTest, http: aiohttp.ClientSession, method: str, path: str, status: int
) -> None:
    """The sender's mistake costs no traceback; the handler's is reported as any failure, and not to the sender."""
    await bot.start(Routes, HTTP="127.0.0.1:0")

    async with http.request(method, base(bot) + path, data="{") as response:
        text = await response.text()

    assert response.status == status
    assert "not today" not in text
    assert bool(bot.traced(InvocationFailed)) == (status == 500)


async def test_a_webhook_that_cannot_work_is_refused_when_it_loads(bot: BotUnderTest) -> None:
    """Nobody knows who sends one, so roles cannot be checked; and it is answered once."""

    class Roles(MachineBasePlugin):
        @require_any_role(["admin"])
        @webhook("/a")
        async def guarded(self, request: WebhookRequest) -> None: ...

    class Yields(MachineBasePlugin):
        @webhook("/a")
        async def several(self, request: WebhookRequest) -> AsyncIterator[str]:
            yield "one"

    await bot.start(Roles, Yields)

    problems = sorted(str(failure) for failure in bot.machine.failures.values())
    assert "asks for roles" in problems[0]
    assert "yields" in problems[1]
    for path in ("github", "/slack/events"):
        with pytest.raises(PluginError, match="needs a path"):
            webhook(path)


async def test_two_webhooks_cannot_share_a_path(bot: BotUnderTest) -> None:
    """One would never be called; the error names both. Different methods are different webhooks."""

    class First(MachineBasePlugin):
        @webhook("/github")
        async def pushed(self, request: WebhookRequest) -> None: ...

        @webhook("/github", methods=["GET"])
        async def shown(self, request: WebhookRequest) -> str:
            return "shown"

    class Second(MachineBasePlugin):
        @webhook("/github", methods=["PUT", "POST"])
        async def merged(self, request: WebhookRequest) -> None: ...

    class Twice(MachineBasePlugin):
        @webhook("/own")
        async def one(self, request: WebhookRequest) -> None: ...

        @webhook("/own")
        async def other(self, request: WebhookRequest) -> None: ...

    await bot.start(First, Second, Twice, **ON_HTTP)

    async with aiohttp.ClientSession() as http, http.get(f"{base(bot)}/github") as response:
        assert await response.text() == "shown"
    failures = {name.rpartition(".")[2]: error for name, error in bot.machine.failures.items()}
    assert failures.keys() == {"Second", "Twice"}
    assert re.search(
        r"Second\.merged and \S+First\.pushed \(\S+:\d+\) both wait for POST /github,.*another path",
        str(failures["Second"]),
    )
    assert failures["Second"].line
    assert "Twice.other and" in str(failures["Twice"])


async def test_tokens_that_http_needs(bot: BotUnderTest) -> None:
    """No app token with a signing secret; one of both there must be."""
    await bot.start(**ON_HTTP)

    with pytest.raises(SettingsError, match="SLACK_APP_TOKEN"):
        await type(bot.machine)({"SLACK_BOT_TOKEN": "xoxb-1", "HTTP": "127.0.0.1:0"}).start()


@given(st.binary(max_size=200), st.from_regex(r"[0-9a-z]{1,40}", fullmatch=True), st.integers(0, 2_000_000_000))
def test_a_signature_is_the_one_slack_makes(body: bytes, secret: str, timestamp: int) -> None:
    """Held against slack_sdk's, for whatever is signed; and no other passes."""
    text = body.decode("latin-1")
    body = text.encode()
    expected = SignatureVerifier(secret).generate_signature(timestamp=str(timestamp), body=text)

    assert sign(secret, str(timestamp), body) == expected
    assert is_genuine(secret, str(timestamp), expected or "", body, now=timestamp + 300)
    assert not is_genuine(secret, str(timestamp), expected or "", body, now=timestamp + 301)
    assert not is_genuine(secret, str(timestamp), expected or "", body + b"x", now=timestamp)
