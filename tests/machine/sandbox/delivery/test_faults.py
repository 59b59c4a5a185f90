from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from machine.errors import WorkspaceError
from machine.sandbox import Sandbox, SlackRefusal, Workspace
from machine.sandbox.delivery.faults import Faults, Plan
from machine.sandbox.state.objects import Draft
from tests.machine.sandbox.listening import App, ManualClock
from tests.waiting import Waiter


@pytest.fixture
def client(sandbox: Sandbox) -> AsyncWebClient:
    return AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url, retry_handlers=[])


async def _error_of(client: AsyncWebClient, method: str = "chat.postMessage") -> SlackApiError:
    with pytest.raises(SlackApiError) as caught:
        await client.api_call(method, json={"channel": "#general", "text": "hi"})
    return caught.value


async def test_call_fails_as_often_as_asked_for(sandbox: Sandbox, client: AsyncWebClient) -> None:
    """The way to test what a bot does about an error of Slack."""
    fault = sandbox.faults.fail("chat.postMessage", error="restricted_action", times=2)

    errors = [(await _error_of(client)).response["error"] for _ in range(2)]

    assert errors == ["restricted_action"] * 2
    assert (await client.chat_postMessage(channel="#general", text="hi"))["ok"]
    assert (fault.hits, fault.is_over, sandbox.faults.active) == (2, True, [])


async def test_other_methods_are_left_alone(sandbox: Sandbox, client: AsyncWebClient) -> None:
    """A fault can be for one method or one family."""
    sandbox.faults.fail("chat.*", error="fatal_error")

    assert (await client.auth_test())["ok"]
    assert (await _error_of(client, "chat.meMessage")).response["error"] == "fatal_error"


async def test_failed_call_does_nothing_unless_it_takes_effect(
    workspace: Workspace, sandbox: Sandbox, client: AsyncWebClient
) -> None:
    """Slack may have posted although the answer was an error; a bot that retries posts twice."""
    sandbox.faults.fail("chat.postMessage", status=503, times=1)
    sandbox.faults.fail("chat.postMessage", status=503, times=1, takes_effect=True)

    await _error_of(client)
    assert workspace.history("#general") == []
    await _error_of(client)
    assert [message.text for message in workspace.history("#general")] == ["hi"]


async def test_ratelimited_is_answered_with_the_time_to_wait(sandbox: Sandbox, client: AsyncWebClient) -> None:
    """SDKs go by status 429 and the header, not by the error name."""
    sandbox.faults.fail("chat.postMessage", error="ratelimited", retry_after=7, times=1)

    response = (await _error_of(client)).response

    assert (response.status_code, response.headers["Retry-After"], response["error"]) == (429, "7", "ratelimited")


async def test_broken_connection_is_seen_as_one(workspace: Workspace, sandbox: Sandbox, client: AsyncWebClient) -> None:
    """Not as an answer."""
    sandbox.faults.drop_connection("chat.postMessage", times=1, takes_effect=True)

    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel="#general", text="hi")

    assert len(workspace.history("#general")) == 1
    assert (await client.auth_test())["ok"]


async def test_delayed_answer_outlasts_the_patience_of_a_client(
    workspace: Workspace, sandbox: Sandbox, client: AsyncWebClient
) -> None:
    """Only the method that was asked for is slow, and what the client gave up on has been done."""
    sandbox.faults.delay("chat.postMessage", seconds=60)

    waiter = Waiter()
    workspace.subscribe(waiter.notify)
    call = asyncio.ensure_future(client.chat_postMessage(channel="#general", text="hi"))
    await waiter.until(lambda: workspace.history("#general"), "the message")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await call

    assert (await client.auth_test())["ok"]
    assert len(workspace.history("#general")) == 1


def test_chance_is_the_same_in_each_run(workspace: Workspace) -> None:
    """A failing test must fail again."""

    def throws(seed: int) -> list[bool]:
        faults = Faults(workspace.timeline)
        faults.fail(probability=0.5, seed=seed)
        return [faults.fate_of_call("auth.test", None).failure is not None for _ in range(50)]

    assert throws(1) == throws(1) != throws(2)
    assert {True, False} == set(throws(1))


async def test_rates_are_limited_by_tier_and_by_the_clock_of_the_workspace(
    sandbox: Sandbox, client: AsyncWebClient, clock: ManualClock
) -> None:
    """Tier 2 allows 20 calls a minute; nothing has to wait for the minute to pass."""
    sandbox.faults.limit_rates()
    for _ in range(20):
        await client.users_list()
    clock.advance(20)

    response = (await _error_of(client, "users.list")).response
    assert (response.status_code, response.headers["Retry-After"]) == (429, "40")
    assert (await client.team_info())["ok"]
    clock.advance(40)
    assert (await client.users_list())["ok"]


async def test_posting_is_limited_by_channel(sandbox: Sandbox, client: AsyncWebClient) -> None:
    """A flood in one channel leaves the others usable."""
    sandbox.faults.limit_rates({"posting": 1})
    await client.chat_postMessage(channel="#general", text="hi")

    assert (await _error_of(client)).response["error"] == "ratelimited"
    assert (await client.chat_postMessage(channel="#ops", text="hi"))["ok"]
    sandbox.faults.limit_rates({})
    assert (await client.chat_postMessage(channel="#general", text="hi"))["ok"]


async def test_delivery_is_duplicated(workspace: Workspace, sandbox: Sandbox, app: App) -> None:
    """The same event in two envelopes: a bot must handle it once."""
    fault = sandbox.faults.duplicate_deliveries("message", times=1)
    workspace.post("alice", "#general", "one")
    workspace.post("alice", "#general", "two")
    await sandbox.wait_until_idle()

    assert [event["text"] for event in app.events] == ["one", "one", "two"]
    first, second, _ = app.requests
    assert first.payload["event_id"] == second.payload["event_id"]
    assert first.envelope_id != second.envelope_id
    assert fault.hits == 1


async def test_lost_acknowledgement_brings_the_event_again(workspace: Workspace) -> None:
    """After a while, which is a hundredth here."""
    async with Sandbox(workspace, time_scale=0.01) as sandbox, App(sandbox) as app:
        sandbox.faults.lose_acks(times=1)
        workspace.post("alice", "#general", "hello")
        again = await app.received(lambda request: bool(request.retry_attempt))
        await sandbox.wait_until_idle()

    assert (again.retry_attempt, again.retry_reason) == (1, "timeout")
    assert [event["text"] for event in app.events] == ["hello", "hello"]


async def test_lost_acknowledgement_fails_a_command(workspace: Workspace) -> None:
    """Commands do not come again."""
    async with Sandbox(workspace, time_scale=0.01) as sandbox, App(sandbox):
        sandbox.faults.lose_acks("slash_commands", times=1)
        run = workspace.run_command("alice", "#ops", "/deploy")

        with pytest.raises(SlackRefusal, match="operation_timeout"):
            await run.answer


async def test_socket_that_breaks_on_delivery_loses_no_event(workspace: Workspace, sandbox: Sandbox) -> None:
    """The client connects anew, and gets what was lost."""
    async with App(sandbox, ping_interval_s=0.2) as app:
        sandbox.faults.break_deliveries(times=1)
        workspace.post("alice", "#general", "hello")

        event = await app.event("message")

    assert event["text"] == "hello"
    assert app.requests[0].retry_attempt == 1


async def test_killed_sockets_are_replaced(workspace: Workspace, sandbox: Sandbox) -> None:
    """From a test and from the REPL alike."""
    async with App(sandbox, ping_interval_s=0.2) as app:
        workspace.faults.kill_sockets()
        workspace.post("alice", "#general", "hello")

        event = await app.event("message")

    assert event["text"] == "hello"


def test_jump_of_the_clock_posts_what_is_due(workspace: Workspace) -> None:
    """And timestamps stay unique when it jumps back."""
    ops = workspace.find_channel("ops")
    workspace.schedule.add(workspace.bot.id, ops.id, int(workspace.timeline.now) + 3600, Draft(text="later"))

    workspace.faults.jump_clock(3600)
    first = workspace.post("alice", "#ops", "after")
    workspace.faults.jump_clock(-7200)
    second = workspace.post("alice", "#ops", "after that")

    assert workspace.history("#ops")[0].text == "later"
    assert first.ts < second.ts


async def test_cleared_faults_happen_no_more(sandbox: Sandbox, client: AsyncWebClient) -> None:
    """One call puts everything right, and so does cancelling one fault."""
    sandbox.faults.fail()
    sandbox.faults.limit_rates({2: 0, None: 0})
    sandbox.faults.clear()
    cancelled = sandbox.faults.fail()
    cancelled.cancel()

    assert (await client.users_list())["ok"]
    assert cancelled.hits == 0


@pytest.mark.parametrize("plan", [Plan(effect="fail", probability=2), Plan(effect="delay", seconds=-1)])
def test_senseless_plan_is_refused(workspace: Workspace, plan: Plan) -> None:
    """Rather than never or always happening."""
    with pytest.raises(WorkspaceError):
        workspace.faults.add(plan)


_DESCRIBED = """
[[people]]
name = "ada"
[faults]
rate_limits = true
clock_ahead = 3600
[[faults.calls]]
method = "chat.*"
error = "ratelimited"
retry_after = 5
times = 2
[[faults.calls]]
method = "users.*"
delay = 0.5
[[faults.deliveries]]
fault = "duplicate"
only = "message"
probability = 0.5
"""


def test_faults_are_described_in_the_file(tmp_path: Path, clock: ManualClock) -> None:
    """They hold from the start."""
    path = tmp_path / "workspace.toml"
    path.write_text(_DESCRIBED, encoding="utf-8")

    workspace = Workspace.from_toml(path, clock=clock)

    plans = [fault.plan for fault in workspace.faults.active]
    assert [(plan.effect, plan.target) for plan in plans] == [
        ("fail", "chat.*"),
        ("delay", "users.*"),
        ("duplicate", "message"),
    ]
    assert (plans[0].status, plans[0].retry_after, plans[0].times) == (429, 5, 2)
    assert workspace.timeline.now == clock.now + 3600
    assert [workspace.faults.fate_of_call("x.y", 1).failure is None for _ in range(2)] == [True, False]


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        ('error = "ratelimited"', "drop = false", "9: faults.calls[1].drop"),
        ('error = "ratelimited"', "", "7: faults.calls[1]: expected one of error"),
        ("delay = 0.5", "delay = -1", "14: faults.calls[2].delay"),
        ('fault = "duplicate"', 'fault = "explode"', "16: faults.deliveries[1].fault"),
    ],
)
def test_mistake_in_the_faults_is_named(tmp_path: Path, old: str, new: str, mistake: str) -> None:
    """With its line."""
    path = tmp_path / "workspace.toml"
    text = _DESCRIBED.replace(old, new)
    path.write_text(text, encoding="utf-8")

    with pytest.raises(WorkspaceError) as caught:
        Workspace.from_toml(path)

    assert mistake in str(caught.value)
