"""`machine sign-storage`, and a bot whose values are signed."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from machine.errors import StorageError
from machine.plugins import MachineBasePlugin
from machine.storage import PluginStorage
from machine.storage.backends.memory import MemoryStorage
from machine.storage.backends.sqlite import SQLiteStorage
from machine_console.session.stored_values import StorageChanges, read_storage
from tests.conftest import BotUnderTest
from tests.console.processes import outcome

pytestmark = pytest.mark.slow

SECRET = "a secret of some length"
NAME = "plugins.todo.Todo"


class Keeper(MachineBasePlugin):
    """Keeps something."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder of a bot, with nothing in it."""
    return tmp_path


async def opened(project: Path) -> SQLiteStorage:
    """The store of the bot in that folder."""
    storage = SQLiteStorage({"SQLITE_PATH": project / ".machine" / "storage.db"})
    await storage.init()
    return storage


async def stored(project: Path, secret: str | None) -> dict[str, Any]:
    """What a bot with this secret reads: values, or the text of the error."""
    storage = await opened(project)
    values = await read_storage(storage, [NAME], SecretStr(secret) if secret else None)
    await storage.close()
    return {value.key: value.error or value.value for value in values}


async def test_values_from_before_are_signed_and_may_lose_it_again(project: Path) -> None:
    """Nothing else about them changes: neither what they are nor when they go."""
    storage = await opened(project)
    before = PluginStorage(NAME, storage)
    await before.set("items", ["milk"])
    await before.set("on call", "ada", expires=3600)
    goes_at = await storage.expiry(f"{NAME}:on call")
    await storage.close()
    assert "is not signed" in (await stored(project, SECRET))["items"]

    signed = await outcome(project, "sign-storage", STORAGE_SECRET=SECRET)
    again = await outcome(project, "sign-storage", STORAGE_SECRET=SECRET)

    assert (signed.code, signed.out, signed.err) == (0, "2 of 2 values signed.\n", "")
    assert again.out == "0 of 2 values signed.\n"
    assert await stored(project, SECRET) == {"items": ["milk"], "on call": "ada"}
    storage = await opened(project)
    goes_now = await storage.expiry(f"{NAME}:on call")
    await storage.close()
    assert goes_at is not None
    assert goes_now is not None
    assert abs((goes_now - goes_at).total_seconds()) < 120  # of an hour; signing takes a moment

    removed = await outcome(project, "sign-storage", "--remove", STORAGE_SECRET=SECRET)

    assert removed.out == "2 of 2 values lost their signature.\n"
    assert await stored(project, None) == {"items": ["milk"], "on call": "ada"}


async def test_a_wrong_signature_is_named_and_left_alone(project: Path) -> None:
    """Signing it would let in what somebody has changed."""
    storage = await opened(project)
    await PluginStorage(NAME, storage, secret=SecretStr("the secret of another")).set("items", 1)
    data = await storage.get(f"{NAME}:items")
    await storage.close()

    ended = await outcome(project, "sign-storage", STORAGE_SECRET=SECRET)

    assert ended.code == 1
    assert f"machine: The signature of the value of '{NAME}:items' is wrong" in ended.err
    storage = await opened(project)
    assert await storage.get(f"{NAME}:items") == data
    await storage.close()


async def test_what_is_missing_is_said(project: Path) -> None:
    """In one line each."""
    empty = await outcome(project, "sign-storage", STORAGE_SECRET=SECRET)
    none = await outcome(project, "sign-storage")
    short = await outcome(project, "sign-storage", STORAGE_SECRET="short")

    assert none.err == (
        "machine: STORAGE_SECRET is not set. Export SM_STORAGE_SECRET; `openssl rand -hex 32` makes a good one.\n"
    )
    assert (empty.code, empty.out) == (0, "Nothing is stored.\n")
    assert (none.code, short.code) == (1, 1)
    assert "STORAGE_SECRET is …redacted. Expected: at least 16 characters" in short.err


async def test_a_bot_with_a_secret_signs_and_refuses(bot: BotUnderTest) -> None:
    """Through the plugins' own storage."""
    await bot.start(Keeper, STORAGE_SECRET=SECRET)
    name = f"{Keeper.__module__}.Keeper"
    storage, backend = bot.machine.plugin_storage(name), bot.machine.storage

    await storage.set("k", [1])
    await backend.set(f"{name}:foreign", pickle.dumps([1]))

    assert await storage.get("k") == [1]
    assert (await backend.get(f"{name}:k") or b"").startswith(b"hmac-sha256:")
    with pytest.raises(StorageError, match="is not signed"):
        await storage.get("foreign")


async def test_what_a_person_changes_in_the_console_is_signed() -> None:
    """And taking it back brings the old signature along."""
    backend, secret = MemoryStorage({}), SecretStr(SECRET)
    storage = PluginStorage(NAME, backend, secret=secret)
    await storage.set("k", 1)
    changes = StorageChanges(backend, secret)

    await changes.set(f"{NAME}:k", 2)
    assert await storage.get("k") == 2
    await changes.undo()
    assert await storage.get("k") == 1
