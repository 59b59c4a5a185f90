from __future__ import annotations

import asyncio
import queue
from typing import Any

import aiohttp
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.builtin.client import SocketModeClient as BuiltinClient
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from machine.sandbox import Sandbox, SlackRefusal, Workspace
from machine.sandbox.delivery.socket_mode import MAX_CONNECTIONS
from tests.machine.sandbox.listening import App
from tests.waiting import NET_S


async def test_message_reaches_the_app_and_its_answer_the_channel(workspace: Workspace, app: App) -> None:
    """The whole loop that every bot is made of."""
    workspace.post("alice", "#general", "ping")
    event = await app.event("message")

    await app.web.chat_postMessage(channel=event["channel"], text="pong", thread_ts=event["ts"])

    ping, pong = workspace.history("#general", event["ts"])
    assert (ping.text, pong.text, pong.user) == ("ping", "pong", workspace.bot.id)
    assert pong.is_by_bot


async def test_thousand_messages_are_delivered_once_each_and_in_order(
    workspace: Workspace, sandbox: Sandbox, app: App
) -> None:
    """Nothing is lost, doubled or swapped under load."""
    texts = [f"message {number}" for number in range(1000)]

    for text in texts:
        workspace.post("alice", "#general", text)
    await sandbox.wait_until_idle()
    await app.received(lambda request: request.payload["event"]["text"] == texts[-1])

    assert [event["text"] for event in app.events] == texts
    assert len({request.payload["event_id"] for request in app.requests}) == 1000


async def test_blocking_client_of_slack_sdk_works_too(workspace: Workspace, sandbox: Sandbox) -> None:
    """The client that needs no library but the standard one, on threads of its own."""
    texts: queue.Queue[str] = queue.Queue()

    def receive(client: BaseSocketModeClient, request: SocketModeRequest) -> None:
        client.send_socket_mode_response(SocketModeResponse(request.envelope_id))
        texts.put(request.payload["event"]["text"])

    web = WebClient(token=sandbox.bot_token, base_url=sandbox.api_url)
    client = BuiltinClient(app_token=sandbox.app_token, web_client=web)
    client.socket_mode_request_listeners.append(receive)
    await asyncio.to_thread(client.connect)
    await sandbox.wait_for_connection()

    workspace.post("alice", "#general", "ping")
    await sandbox.wait_until_idle()
    text = await asyncio.to_thread(texts.get, timeout=NET_S)
    await asyncio.to_thread(client.close)

    assert text == "ping"


async def test_silent_app_does_not_hold_up_the_end(workspace: Workspace) -> None:
    """A stopped process never answers the closing of its connection."""
    async with aiohttp.ClientSession() as session:
        async with Sandbox(workspace, time_scale=0.01) as sandbox:
            socket = await _connect(session, sandbox)
            await socket.receive_json()

        end = await socket.receive()

    assert end.type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED}


async def test_hello_tells_app_and_number_of_connections(sandbox: Sandbox) -> None:
    """Clients warn by `num_connections` when another process shares the events."""
    async with aiohttp.ClientSession() as session:
        first = await _connect(session, sandbox)
        second = await _connect(session, sandbox)
        hellos = [await first.receive_json(), await second.receive_json()]
        await first.close()
        await second.close()

    assert [hello["num_connections"] for hello in hellos] == [1, 2]
    assert all(hello["connection_info"]["app_id"] == sandbox.workspace.app.id for hello in hellos)
    assert all(hello["type"] == "hello" and hello["debug_info"]["host"] for hello in hellos)


async def test_event_without_acknowledgement_is_sent_three_more_times(workspace: Workspace) -> None:
    """Slack retries at once, after one and after five minutes, with the same event id in a new envelope."""
    async with Sandbox(workspace, time_scale=0.001) as sandbox, App(sandbox) as app:
        app.acknowledges = lambda request: False

        workspace.post("alice", "#general", "anybody there?")
        await sandbox.wait_until_idle()

    assert [request.retry_attempt for request in app.requests] == [0, 1, 2, 3]
    assert [request.retry_reason for request in app.requests] == ["", "timeout", "timeout", "timeout"]
    assert len({request.envelope_id for request in app.requests}) == 4
    assert len({request.payload["event_id"] for request in app.requests}) == 1


async def test_acknowledged_retry_is_the_last_one(workspace: Workspace) -> None:
    """One acknowledgement ends the retries."""
    async with Sandbox(workspace, time_scale=0.01) as sandbox, App(sandbox) as app:
        app.acknowledges = lambda request: request.retry_attempt == 1

        workspace.post("alice", "#general", "anybody there?")
        await sandbox.wait_until_idle()

        assert [request.retry_attempt for request in app.requests] == [0, 1]


async def test_events_from_before_the_connection_are_delivered_on_connect(
    workspace: Workspace, sandbox: Sandbox
) -> None:
    """A bot that starts late misses nothing, as with Slack's retries."""
    workspace.post("alice", "#general", "early")

    async with App(sandbox) as app:
        event = await app.event("message")

    assert event["text"] == "early"


async def test_events_from_before_the_server_are_delivered_too(workspace: Workspace) -> None:
    """A workspace may be filled before it is served."""
    workspace.post("alice", "#general", "earlier")

    async with Sandbox(workspace) as sandbox, App(sandbox) as app:
        event = await app.event("message")

    assert event["text"] == "earlier"


async def test_several_connections_share_the_events(workspace: Workspace, sandbox: Sandbox) -> None:
    """Slack sends each event to one of the connections, any of them."""
    async with App(sandbox) as one, App(sandbox) as other:
        for number in range(10):
            workspace.post("alice", "#general", f"message {number}")
        await sandbox.wait_until_idle()

        assert len(one.requests) == len(other.requests) == 5
        assert len({event["text"] for event in one.events + other.events}) == 10


async def test_lost_connection_has_its_events_sent_elsewhere(workspace: Workspace, sandbox: Sandbox) -> None:
    """What one process did not acknowledge before it died reaches another."""
    async with App(sandbox) as dying:
        dying.acknowledges = lambda request: False
        dying.client.auto_reconnect_enabled = False
        workspace.post("alice", "#general", "important")
        await dying.event("message")
        async with App(sandbox) as survivor:
            await dying.client.close()
            request = await survivor.received(lambda request: request.type == "events_api")

    assert request.payload["event"]["text"] == "important"
    assert request.retry_attempt


async def test_client_reconnects_after_refresh_requested_without_losing_events(
    workspace: Workspace, sandbox: Sandbox, app: App
) -> None:
    """`disconnect` with `refresh_requested` is routine: Slack does it every few hours."""
    sandbox.disconnect("refresh_requested")
    await sandbox.wait_for_connection(1)

    workspace.post("alice", "#general", "still there?")
    event = await app.event("message")

    assert event["text"] == "still there?"


async def test_event_waits_while_a_broken_connection_is_replaced(
    workspace: Workspace, sandbox: Sandbox, app: App
) -> None:
    """A bad network: the connection goes without a word, and what happens meanwhile comes over the next one."""
    sandbox.socket_mode.drop_connections()
    workspace.post("alice", "#general", "hello again")

    await app.client.connect_to_new_endpoint(force=True)
    event = await app.event("message")

    assert event["text"] == "hello again"


@pytest.mark.parametrize("reason", ["warning", "refresh_requested", "link_disabled", "too_many_websockets"])
async def test_disconnect_carries_its_reason_and_closes(workspace: Workspace, reason: Any) -> None:
    """Clients treat each reason differently; all end with the connection closed."""
    async with Sandbox(workspace, time_scale=0.001) as sandbox, aiohttp.ClientSession() as session:
        socket = await _connect(session, sandbox)
        await socket.receive_json()

        sandbox.disconnect(reason)
        message = await socket.receive_json()
        end = await socket.receive()

    assert (message["type"], message["reason"]) == ("disconnect", reason)
    assert end.type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED}


async def test_no_connection_is_granted_while_the_link_is_disabled(sandbox: Sandbox) -> None:
    """After `link_disabled` an app must stop, not loop."""
    client = AsyncWebClient(base_url=sandbox.api_url)
    sandbox.disconnect("link_disabled")

    with pytest.raises(SlackApiError) as caught:
        await client.apps_connections_open(app_token=sandbox.app_token)
    sandbox.socket_mode.enable_link()
    answer = await client.apps_connections_open(app_token=sandbox.app_token)

    assert caught.value.response["error"] == "access_denied"
    assert answer["url"].startswith("ws://127.0.0.1:")


async def test_eleventh_connection_is_told_there_are_too_many(sandbox: Sandbox) -> None:
    """Slack allows ten."""
    async with aiohttp.ClientSession() as session:
        sockets = [await _connect(session, sandbox) for _ in range(MAX_CONNECTIONS)]
        one_more = await _connect(session, sandbox)

        message = await one_more.receive_json()

        assert message["reason"] == "too_many_websockets"
        for socket in [*sockets, one_more]:
            await socket.close()


async def test_ticket_works_once(sandbox: Sandbox) -> None:
    """Each connection asks for an address of its own."""
    url = sandbox.socket_mode.open_link()
    async with aiohttp.ClientSession() as session:
        socket = await session.ws_connect(url)
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url)
        await socket.close()


async def test_debug_reconnects_asks_for_a_reconnect_after_six_minutes(workspace: Workspace) -> None:
    """`debug_reconnects` lets an app try its reconnecting without waiting for hours."""
    async with Sandbox(workspace, time_scale=0.0001) as sandbox, aiohttp.ClientSession() as session:
        socket = await session.ws_connect(sandbox.socket_mode.open_link(is_debugging=True))
        hello = await socket.receive_json()
        message = await socket.receive_json()
        await socket.close()

    assert hello["debug_info"]["approximate_connection_time"] == 360
    assert message["reason"] == "refresh_requested"


async def test_nonsense_from_the_app_is_survived(workspace: Workspace, sandbox: Sandbox) -> None:
    """The server is for trying things out, so it must not fall over them."""
    async with aiohttp.ClientSession() as session:
        socket = await _connect(session, sandbox)
        await socket.receive_json()
        for nonsense in ("no json", "[]", "{}", '{"envelope_id": "unknown"}', '{"envelope_id": 7}'):
            await socket.send_str(nonsense)

        workspace.post("alice", "#general", "fine")
        envelope = await socket.receive_json()
        await socket.send_json({"envelope_id": envelope["envelope_id"], "payload": "nonsense"})
        await sandbox.wait_until_idle()
        await socket.close()

    assert envelope["payload"]["event"]["text"] == "fine"
    assert envelope["accepts_response_payload"] is False


async def test_interaction_fails_at_once_when_no_app_is_connected(workspace: Workspace, sandbox: Sandbox) -> None:
    """Slack tells the person `dispatch_failed`; nothing is kept for later."""
    run = workspace.run_command("alice", "#general", "/deploy")

    with pytest.raises(SlackRefusal, match="dispatch_failed"):
        await run.answer


async def test_interaction_without_acknowledgement_times_out(workspace: Workspace) -> None:
    """Slack waits three seconds and does not ask again."""
    async with Sandbox(workspace, time_scale=0.01) as sandbox, App(sandbox) as app:
        app.acknowledges = lambda request: False
        run = workspace.run_command("alice", "#general", "/deploy")

        with pytest.raises(SlackRefusal, match="operation_timeout"):
            await run.answer
        assert sandbox.socket_mode.unacknowledged_count == 0


async def test_stopping_settles_what_is_under_way(workspace: Workspace) -> None:
    """Nobody waits for ever on a sandbox that is gone."""
    async with Sandbox(workspace) as sandbox, App(sandbox) as app:
        app.acknowledges = lambda request: False
        run = workspace.run_command("alice", "#general", "/deploy")
        await app.received(lambda request: request.type == "slash_commands")
        waiting = asyncio.ensure_future(run.answer)
        app.client.auto_reconnect_enabled = False

        await sandbox.stop()

        with pytest.raises(SlackRefusal, match="dispatch_failed"):
            await waiting


async def _connect(session: aiohttp.ClientSession, sandbox: Sandbox) -> aiohttp.ClientWebSocketResponse:
    client = AsyncWebClient(base_url=sandbox.api_url)
    answer = await client.apps_connections_open(app_token=sandbox.app_token)
    return await session.ws_connect(answer["url"])
