"""Roles: granting, revoking, listing, and being refused."""

from __future__ import annotations

import pytest

from machine.plugins import MachineBasePlugin, Message
from machine.plugins.builtin.admin import RBACPlugin
from machine.plugins.decorators import require_any_role, respond_to
from machine.trace import InvocationRefused, PluginFailed
from tests.conftest import BotUnderTest


class Launcher(MachineBasePlugin):
    """Rockets"""

    @respond_to(r"^launch$")
    @require_any_role(["pilot"])
    async def launch(self, msg: Message) -> None:
        await msg.say("launched")


@pytest.fixture
async def guarded(bot: BotUnderTest) -> BotUnderTest:
    """A bot whose root is alice, with a handler for pilots only."""
    await bot.start(RBACPlugin, Launcher, ROOT_USER=bot.workspace.find_person("alice").id)
    return bot


async def test_a_role_that_was_granted_lets_in_and_one_that_was_revoked_does_not(guarded: BotUnderTest) -> None:
    """The whole life of a role."""
    workspace = guarded.workspace
    workspace.post("alice", "general", "@machine grant role pilot to @bob")
    await guarded.answer(1)
    workspace.post("bob", "general", "@machine launch")
    assert (await guarded.answer(2)).text == "launched"

    workspace.post("alice", "general", "@machine revoke role pilot from @bob")
    await guarded.answer(3)
    workspace.post("bob", "general", "@machine launch")
    await guarded.record(InvocationRefused)

    refusal = await guarded.answer(4)
    assert refusal.ephemeral_to == workspace.find_person("bob").id


async def test_who_has_a_role_is_listed(guarded: BotUnderTest) -> None:
    """Also when nobody has it."""
    workspace = guarded.workspace
    workspace.post("alice", "general", "@machine who has role pilot")
    assert (await guarded.answer(1)).text == "Nobody has the role `pilot`"

    workspace.post("alice", "general", "@machine grant role pilot to @carol")
    await guarded.answer(2)
    workspace.post("alice", "general", "@machine who has role pilot")
    assert workspace.find_person("carol").id in (await guarded.answer(3)).text


async def test_only_administrators_may_grant(guarded: BotUnderTest) -> None:
    """Or roles would mean nothing."""
    guarded.workspace.post("bob", "general", "@machine grant role pilot to @bob")
    await guarded.record(InvocationRefused)
    await guarded.settled()

    assert await guarded.machine.storage.get("rbac:role:pilot") is None


async def test_root_is_given_by_the_setting_alone(guarded: BotUnderTest) -> None:
    """Nobody can make themselves root in chat."""
    guarded.workspace.post("alice", "general", "@machine grant role root to @bob")

    assert "ROOT_USER" in (await guarded.answer()).text
    assert await guarded.machine.storage.get("rbac:role:root") is None


async def test_administrators_are_told_of_refusals(guarded: BotUnderTest) -> None:
    """They may want to grant the role."""
    guarded.workspace.post("bob", "general", "@machine launch")

    dm = guarded.workspace.open_dm("alice").id
    notice = await guarded.answer(channel=dm)
    assert guarded.workspace.find_person("bob").id in notice.text
    assert "launch" in notice.text


async def test_the_plugin_needs_a_root(bot: BotUnderTest) -> None:
    """Without one, nobody could ever grant anything."""
    await bot.start(RBACPlugin)

    failure = await bot.record(PluginFailed)
    assert (failure.phase, "ROOT_USER" in failure.error) == ("settings", True)
