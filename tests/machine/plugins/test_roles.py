"""Handlers that only some people may run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from machine.envelope import Envelope
from machine.plugins import BlockAction, Command, MachineBasePlugin, Message, ModalSubmission
from machine.plugins.decorators import (
    action,
    command,
    listen_to,
    modal,
    on,
    require_all_roles,
    require_any_role,
    respond_to,
)
from machine.plugins.roles import role_key
from machine.trace import InvocationFailed, InvocationRefused
from tests.conftest import BotUnderTest

BUTTON: dict[str, Any] = {
    "type": "actions",
    "elements": [{"type": "button", "action_id": "yes", "text": {"type": "plain_text", "text": "Yes"}}],
}
MODAL: dict[str, Any] = {
    "type": "modal",
    "callback_id": "m",
    "title": {"type": "plain_text", "text": "Hi"},
    "submit": {"type": "plain_text", "text": "Go"},
    "blocks": [BUTTON],
}


class Guarded(MachineBasePlugin):
    """Everything it does needs a role."""

    ran: list[str]
    refused: list[Any]

    async def init(self) -> None:
        self.ran, self.refused = [], []

    @listen_to("^any$")
    @require_any_role(["pilot", "root"])
    async def any_role(self, msg: Message) -> None:
        self.ran.append("any")

    @require_all_roles(["pilot", "captain"])
    @respond_to("^all$")
    async def all_roles(self, msg: Message) -> None:
        self.ran.append("all")

    @listen_to("^both$")
    @require_any_role(["pilot", "captain"])
    @require_any_role(["sober"])
    async def two_requirements(self, msg: Message) -> None:
        self.ran.append("both")

    @command("/fly")
    @require_any_role(["pilot"])
    async def fly(self, run: Command) -> AsyncIterator[str]:
        self.ran.append("command")
        yield "flying"

    @action("yes")
    @require_any_role(["pilot"])
    async def click(self, click: BlockAction) -> None:
        self.ran.append("action")

    @modal("m")
    @require_all_roles(["pilot"])
    async def submit(self, submission: ModalSubmission) -> AsyncIterator[dict[str, Any]]:
        self.ran.append("modal")
        yield {"response_action": "clear"}

    @on("unauthorized-access")
    async def hear(self, message: Any) -> None:
        self.refused.append(message)


async def guarded(bot: BotUnderTest, **roles: str) -> Guarded:
    """A bot whose root is alice, and in which these people have these roles."""
    await bot.start(Guarded, ROOT_USER=bot.workspace.find_person("alice").id)
    [plugin] = [loaded.instance for loaded in bot.machine.plugins.values()]
    assert isinstance(plugin, Guarded)
    for role, name in roles.items():
        people = {bot.workspace.find_person(name).id: 1}
        await plugin.storage.set(role_key(role), people, shared=True)
    return plugin


def test_roles_are_kept_under_the_keys_slack_machine_uses() -> None:
    """So that what was granted there still holds."""
    assert role_key("pilot") == "rbac:role:pilot"


@pytest.mark.parametrize(
    ("who", "text", "roles", "runs"),
    [
        ("bob", "any", {"pilot": "bob"}, True),
        ("bob", "any", {"captain": "bob"}, False),
        ("bob", "any", {"pilot": "carol"}, False),
        ("bob", "any", {}, False),
        ("alice", "any", {}, True),  # root
        ("bob", "all", {"pilot": "bob", "captain": "bob"}, True),
        ("bob", "all", {"pilot": "bob"}, False),
        ("alice", "all", {}, False),  # root is one role among others
        ("bob", "both", {"pilot": "bob", "sober": "bob"}, True),
        ("bob", "both", {"pilot": "bob"}, False),
        ("bob", "both", {"sober": "bob"}, False),
    ],
)
async def test_who_may_run_a_handler(bot: BotUnderTest, who: str, text: str, roles: dict[str, str], runs: bool) -> None:
    """`require_any_role` and `require_all_roles`, above and below the other decorators, and together."""
    plugin = await guarded(bot, **roles)

    bot.workspace.post(who, "general", f"@machine {text}")
    await bot.settled()

    assert plugin.ran == ([text] if runs else [])
    assert len(bot.traced(InvocationRefused)) == (not runs)


@pytest.mark.parametrize(
    ("who", "roles", "is_match"),
    [("bob", {"pilot": "bob"}, True), ("bob", {}, False), ("alice", {}, True)],  # alice is root
)
async def test_who_would_be_refused_is_told_before(
    bot: BotUnderTest, who: str, roles: dict[str, str], is_match: bool
) -> None:
    """Without running anything; `explain` alone knows patterns only."""
    plugin = await guarded(bot, **roles)
    person = bot.workspace.find_person(who).id
    payload = {"event": {"type": "message", "user": person, "channel": "C1", "ts": "1.1", "text": "any"}}
    envelope = Envelope("e1", "events_api", payload)

    (asked,) = [one for one in await bot.machine.explain_with_roles(envelope) if one.handler.endswith(".any_role")]
    assert asked.is_match is is_match
    assert is_match == ("needs any of the roles pilot, root" not in asked.reason)
    assert plugin.ran == []


async def test_root_comes_from_the_setting_alone(bot: BotUnderTest) -> None:
    """Nobody becomes root by what is stored."""
    plugin = await guarded(bot, root="bob")

    bot.workspace.post("bob", "general", "any")
    await bot.settled()

    assert plugin.ran == []


async def test_somebody_refused_is_told_so_alone(bot: BotUnderTest) -> None:
    """And plugins hear of it: `unauthorized-access` with the message."""
    plugin = await guarded(bot)

    posted = bot.workspace.post("bob", "general", "any")
    await bot.settled()

    [refusal] = bot.said()
    assert refusal.ephemeral_to == bot.workspace.find_person("bob").id
    assert [message.ts for message in plugin.refused] == [posted.ts]
    assert bot.traced(InvocationFailed) == []


@pytest.mark.parametrize("may", [True, False])
async def test_roles_hold_for_commands_actions_and_modals(bot: BotUnderTest, may: bool) -> None:
    """Pitfall 22: also for generators; a refused request is still acknowledged, and its person told."""
    plugin = await guarded(bot, pilot="bob" if may else "carol")
    bob = bot.workspace.find_person("bob")
    await plugin.say("general", "sure?", blocks=[BUTTON])
    await plugin.open_modal(bot.workspace.triggers.issue(bob.id), MODAL)

    answer = await bot.workspace.run_command("bob", "general", "/fly").answer
    await bot.workspace.click("bob", bot.said()[0], "yes").answer
    closing = await bot.workspace.submit_view("bob").answer
    await bot.settled()

    if may:
        assert plugin.ran == ["command", "action", "modal"]
        assert (answer, closing, plugin.refused) == ({"text": "flying"}, {"response_action": "clear"}, [])
    else:
        assert plugin.ran == []
        assert (answer, closing) == (None, None)
        assert sorted(type(thing).__name__ for thing in plugin.refused) == ["BlockAction", "Command", "ModalSubmission"]
        told = [message for message in bot.said() if message.ephemeral_to == bob.id]
        assert len(told) == 2
        assert len(bot.workspace.history(bot.workspace.open_dm("bob"))) == 1


async def test_a_refusal_stays_in_the_thread(bot: BotUnderTest) -> None:
    """B8: whoever wrote in a thread is refused there, and not at the root of the channel."""
    await guarded(bot)
    question = bot.workspace.post("alice", "general", "why?")

    bot.workspace.post("bob", "general", "any", thread_ts=question.ts)
    await bot.settled()

    [call] = bot.calls("chat.postEphemeral")
    assert call.arguments["thread_ts"] == question.ts
