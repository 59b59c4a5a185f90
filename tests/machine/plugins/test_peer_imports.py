"""What plugins written for slack-machine import beyond its documented API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import machine.plugins.base
from machine.clients.slack import SlackClient
from machine.models import User
from machine.models.user import Profile, UserProfile
from machine.plugins import Command
from machine.plugins.admin_utils import RoleCombinator, matching_roles_by_user_id, role_assignments_by_role
from machine.plugins.base import MachineBasePlugin
from machine.plugins.decorators import DecoratedPluginFunc, listen_to
from machine.plugins.message import Message
from machine.storage import PluginStorage
from machine.trace import PluginFailed
from machine.utils import sizeof_fmt
from machine.utils.collections import CaseInsensitiveDict
from machine.utils.datetime import calculate_epoch
from machine.utils.module_loading import import_string
from tests.conftest import BotUnderTest
from tests.machine.plugins.catching import catcher, caught


class Counting(MachineBasePlugin):
    """With an `__init__()` of its own, whose annotations name the framework's classes."""

    def __init__(self, client: SlackClient, settings: CaseInsensitiveDict, storage: PluginStorage) -> None:
        super().__init__(client, settings, storage)
        self.types = (type(client), type(settings), type(storage))
        self.step = int(settings["step"])

    @listen_to("^count$")
    async def count(self, msg: Message) -> None:
        await self.storage.set("count", (await self.storage.get("count") or 0) + self.step)
        await msg.say(f"{await self.storage.get('count')}")


async def test_a_constructor_that_names_the_frameworks_classes(bot: BotUnderTest) -> None:
    """The documented names alone would not import."""
    await bot.start(Counting, STEP=2)

    bot.workspace.post("alice", "general", "count")

    assert (await bot.answer()).text == "2"
    [plugin] = bot.machine.plugins.values()
    assert isinstance(plugin.instance, Counting)
    assert plugin.instance.types == (SlackClient, CaseInsensitiveDict, PluginStorage)


async def test_private_names_that_plugins_read(bot: BotUnderTest) -> None:
    """B7: `_cmd_payload`, `_msg_event`, `_client`, `_fq_name` and the storage's backend."""
    plugin = await catcher(bot)
    bot.workspace.post("alice", "general", "@machine deploy api")
    bot.workspace.run_command("alice", "general", "/catch me")

    message, command = await caught(bot, Message), await caught(bot, Command)

    assert (message._msg_event["text"], message._msg_event["user"]) == ("deploy api", message.sender.id)
    assert message.event["text"] != "deploy api"
    assert command._cmd_payload["text"] == "me"
    assert plugin._fq_name == "tests.machine.plugins.catching.Catcher"
    assert plugin._client.web_client is plugin.web_client
    assert plugin.storage._storage is bot.machine.storage
    alice = message.sender
    assert plugin._client.get_user_by_id(alice.id) == alice
    assert plugin._client.get_user_by_id("U0") is None
    assert plugin._client.get_user_by_email((alice.email or "").upper()) == alice
    assert plugin._client.users_by_email[alice.email or ""] == alice


async def test_the_clients_send_and_send_scheduled(bot: BotUnderTest) -> None:
    """B7: with the keyword arguments that slack-machine's client passes on."""
    client = (await catcher(bot))._client
    general, alice = bot.workspace.find_channel("general"), bot.workspace.find_person("alice")

    await client.send(general.id, "hello", thread_ts=None, attachments=None)
    await client.send(general.id, "psst", ephemeral_user=alice.id)
    when = datetime.now(UTC) + timedelta(days=1)
    scheduled = await client.send_scheduled(when, general.id, "later", blocks=None)

    assert [(said.text, said.ephemeral_to) for said in bot.said()] == [("hello", None), ("psst", alice.id)]
    assert scheduled["post_at"] == int(when.timestamp())


def test_models_under_their_other_names() -> None:
    """B7: `Profile`, `has_2fa`, `Message` from the module of the base class, `DecoratedPluginFunc`."""
    assert Profile is UserProfile
    assert User(id="U1").has_2fa is False
    assert User.model_validate({"id": "U1", "has_2fa": True}).has_2fa is True
    assert machine.plugins.base.Message is Message  # type: ignore[attr-defined]
    greet: DecoratedPluginFunc[[int], str] = str
    assert greet(5) == "5"


@given(st.dictionaries(st.text("abcXYZ_", min_size=1), st.integers()))
def test_settings_can_be_copied_and_compared(values: dict[str, int]) -> None:
    """B7: `settings.copy()`, `lower_items()`, and equality in any case of letters."""
    settings = CaseInsensitiveDict(values)
    copy = settings.copy()

    assert type(copy) is CaseInsensitiveDict
    assert copy == settings == CaseInsensitiveDict(values.items())
    assert dict(settings.lower_items()) == {name.lower(): value for name, value in settings.items()}
    copy["new"] = 1
    assert copy != settings
    assert "new" not in settings
    assert CaseInsensitiveDict(a=1) == {"A": 1}
    assert settings != 5


async def test_helpers_of_slack_machine(bot: BotUnderTest) -> None:
    """B7: `machine.plugins.admin_utils` and `machine.utils`."""
    plugin = await catcher(bot, ROOT_USER="U1")
    await plugin.storage.set("rbac:role:admin", {"U1": 1, "U2": 1}, shared=True)

    assert await matching_roles_by_user_id(plugin, "U1", ["root", "admin", "nobody"]) == 2
    assert await role_assignments_by_role(plugin, "admin") == {"U1": 1, "U2": 1}
    assert RoleCombinator.ANY.value == "any"
    assert sizeof_fmt(2048) == "2.0 KiB"
    noon = datetime(2026, 6, 1, 12)  # noqa: DTZ001 - that is what it is for
    assert calculate_epoch(noon, ZoneInfo("Europe/Amsterdam")) == calculate_epoch(noon.replace(tzinfo=UTC), UTC) - 7200
    name = "machine.plugins.builtin.general.PingPongPlugin"
    [(found, cls)] = import_string(name)
    assert (found, cls.__name__) == (name, "PingPongPlugin")
    assert (name, cls) in import_string("machine.plugins.builtin.general")
    with pytest.raises(ImportError, match="nowhere"):
        import_string("machine.nowhere")


OLD = {
    "from machine.plugins.base import MachineBasePlugin, Message\n"
    "from machine.plugins.decorators import listen_to\n"
    "class Old(MachineBasePlugin):\n"
    "    @listen_to('x')\n"
    "    def hear(self, msg):\n"
    "        msg.say('y')\n": "slack-machine before 0.30 were not async: write `async def`, and `await`",
    "from machine.singletons import Slack": "slack-machine before 0.30",
    "from machine.clients.singletons.slack import LowLevelSlackClient": "slack-machine before 0.30",
    "from machine.slack import MessagingClient": "slack-machine before 0.30",
    "from slackclient.user import User": "slack-machine before 0.30",
    "from machine.plugins import ee": "self.emit()",
    "from machine.plugins.metadata import Metadata": "self.host.handlers",
    "from machine.models.core import Manual": "self.host.handlers",
    "from machine.models.interactive import ButtonAction": "compare their `type`",
    "from machine import Machine": "machine run",
    "from machine.core import Machine": "machine run",
    "from machine.settings import import_settings": "Settings.load()",
    "import pyee.asyncio": "add it to your project",
}


@pytest.mark.parametrize("source", OLD)
async def test_an_import_that_is_gone_tells_what_to_do(bot: BotUnderTest, source: str) -> None:
    """B7: what is not offered says what to use in its place."""
    bot.write_plugin("old", source)

    await bot.start()

    (failed,) = bot.traced(PluginFailed)
    assert OLD[source] in failed.error
    assert "docs/coming-from-slack-machine.md" in failed.error
