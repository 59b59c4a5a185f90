"""Roles: granting, revoking, listing, and being refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from machine.errors import PluginError
from machine.plugins import MachineBasePlugin, Message
from machine.plugins.builtin.admin import RBACPlugin
from machine.plugins.decorators import require_any_role, respond_to
from machine.sandbox import Workspace
from machine.testing import Bot, Clock
from machine.trace import InvocationRefused


class Launcher(MachineBasePlugin):
    """Rockets"""

    @respond_to(r"^launch$")
    @require_any_role(["pilot"])
    async def launch(self, msg: Message) -> None:
        await msg.say("launched")


@pytest.fixture
def machine_workspace(machine_clock: Clock) -> Workspace:
    """The default workspace, made early: the settings name one of its people."""
    return Workspace.default(clock=machine_clock)


@pytest.fixture
def machine_plugins() -> list[type[MachineBasePlugin]]:
    """With a handler for pilots only."""
    return [RBACPlugin, Launcher]


@pytest.fixture
def machine_settings(machine_workspace: Workspace) -> Mapping[str, Any]:
    """Alice is root."""
    return {"ROOT_USER": machine_workspace.find_person("alice").id}


async def test_a_role_that_was_granted_lets_in_and_one_that_was_revoked_does_not(bot: Bot) -> None:
    """The whole life of a role."""
    alice, bob = bot.user("alice"), bot.user("bob")
    await alice.says("@machine grant role pilot to @bob", channel="#general")
    assert (await bob.asks("@machine launch", channel="#general")).text == "launched"

    await alice.says("@machine revoke role pilot from @bob", channel="#general")
    refusal = await bob.asks("@machine launch", channel="#general")

    assert refusal.only_for == "bob"
    assert len(bot.traced(InvocationRefused)) == 1


async def test_who_has_a_role_is_listed(bot: Bot) -> None:
    """Also when nobody has it."""
    alice = bot.user("alice")
    assert (await alice.asks("@machine who has role pilot", channel="#general")).text == "Nobody has the role `pilot`"

    await alice.says("@machine grant role pilot to @carol", channel="#general")

    assert "@carol" in (await alice.asks("@machine who has role pilot", channel="#general")).text


async def test_only_administrators_may_grant(bot: Bot) -> None:
    """Or roles would mean nothing."""
    await bot.user("bob").says("@machine grant role pilot to @bob", channel="#general")

    assert len(bot.traced(InvocationRefused)) == 1
    assert await bot.storage(RBACPlugin).get("rbac:role:pilot", shared=True) is None


async def test_root_is_given_by_the_setting_alone(bot: Bot) -> None:
    """Nobody can make themselves root in chat."""
    answer = await bot.user("alice").asks("@machine grant role root to @bob", channel="#general")

    assert "ROOT_USER" in answer.text
    assert await bot.storage(RBACPlugin).get("rbac:role:root", shared=True) is None


async def test_administrators_are_told_of_refusals(bot: Bot) -> None:
    """They may want to grant the role."""
    await bot.user("bob").says("@machine launch", channel="#general")

    notice = next(message for message in bot.messages() if "was refused" in message.text)
    assert "@bob" in notice.text
    assert "launch" in notice.text


async def test_the_plugin_needs_a_root(machine_clock: Clock, tmp_path: Path) -> None:
    """Without one, nobody could ever grant anything."""
    with pytest.raises(PluginError, match="ROOT_USER") as failure:
        async with Bot(
            plugins=[RBACPlugin],
            workspace=Workspace.default(clock=machine_clock),
            clock=machine_clock,
            project=tmp_path,
        ):
            pass

    assert failure.value.phase == "settings"
