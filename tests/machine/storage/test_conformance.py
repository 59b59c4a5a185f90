"""What every backend does, the same way (PITFALLS 27)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from machine.errors import StorageError
from machine.storage.backends.base import MachineBaseStorage
from tests.machine.storage.stores import Store, gather_all

ODD_KEYS = ["", "a b", "plugins.todo.Todo:items", "ключ", "🎉", "a*b?[c]\\d", "%_'\"", "a\nb", "x" * 500]
VALUES = [b"", b"\x00\xff" * 100, b"text"]


async def test_what_was_set_is_got(storage_backend: MachineBaseStorage) -> None:
    """Any key, any bytes."""
    for value in VALUES:
        for key in ODD_KEYS:
            await storage_backend.set(key, value)

        assert [await storage_backend.get(key) for key in ODD_KEYS] == [value] * len(ODD_KEYS)


async def test_an_unknown_key_is_no_error(storage_backend: MachineBaseStorage) -> None:
    """`delete` of an unknown key is silent (PITFALLS 27)."""
    await storage_backend.delete("unknown")

    assert await storage_backend.get("unknown") is None
    assert await storage_backend.has("unknown") is False
    assert await storage_backend.expiry("unknown") is None


async def test_a_deleted_key_is_gone(storage_backend: MachineBaseStorage) -> None:
    """And its neighbours are not."""
    await storage_backend.set("a", b"1")
    await storage_backend.set("ab", b"2")

    await storage_backend.delete("a")

    assert await storage_backend.get("a") is None
    assert await storage_backend.get("ab") == b"2"


async def test_empty_data_is_data(storage_backend: MachineBaseStorage) -> None:
    """`has` is about the key, not about what is under it."""
    await storage_backend.set("empty", b"")

    assert await storage_backend.has("empty") is True
    assert await storage_backend.get("empty") == b""


async def test_data_expires(storage_backend: MachineBaseStorage, store: Store) -> None:
    """After its lifetime data is neither returned nor counted nor listed (PITFALLS 27)."""
    await storage_backend.set("short", b"1", expires=1_000)
    await storage_backend.set("long", b"22", expires=100_000)
    await storage_backend.set("kept", b"333")

    await store.advance(500)
    assert await storage_backend.get("short") == b"1"
    await store.advance(2_000)

    assert await storage_backend.get("short") is None
    assert await storage_backend.has("short") is False
    assert await storage_backend.keys() == ["kept", "long"]
    assert await storage_backend.size() == 5


async def test_setting_again_replaces_the_lifetime(storage_backend: MachineBaseStorage, store: Store) -> None:
    """A value stored for good stays, though the one before it had a lifetime; and the other way round."""
    await storage_backend.set("stays", b"1", expires=10)
    await storage_backend.set("stays", b"2")
    await storage_backend.set("goes", b"1")
    await storage_backend.set("goes", b"2", expires=10)

    await store.advance(20)

    assert await storage_backend.get("stays") == b"2"
    assert await storage_backend.get("goes") is None


@pytest.mark.parametrize("expires", [0, -1, -(10**30), 10**30])
async def test_impossible_lifetimes_are_refused(storage_backend: MachineBaseStorage, expires: int) -> None:
    """Instead of storing for good, or not at all, depending on the backend (PITFALLS 27)."""
    with pytest.raises(StorageError, match="cannot expire"):
        await storage_backend.set("key", b"1", expires=expires)

    assert await storage_backend.has("key") is False


async def test_the_end_of_a_lifetime_can_be_told(storage_backend: MachineBaseStorage, store: Store) -> None:
    """The console shows it."""
    now = datetime.now(UTC) if store.name == "redis" else datetime.fromtimestamp(1_700_000_000, UTC)
    await storage_backend.set("goes", b"1", expires=3600)
    await storage_backend.set("stays", b"1")

    expiry = await storage_backend.expiry("goes")

    assert expiry is not None
    assert abs((expiry - now).total_seconds() - 3600) < 120
    assert await storage_backend.expiry("stays") is None


async def test_keys_are_listed_by_prefix(storage_backend: MachineBaseStorage) -> None:
    """The prefix is text, not a pattern."""
    for key in ["a*b:1", "a*b:2", "axb:1", "a*c:1", *ODD_KEYS]:
        await storage_backend.set(key, b"1")

    assert await storage_backend.keys("a*b:") == ["a*b:1", "a*b:2"]
    assert await storage_backend.keys("a*b?") == ["a*b?[c]\\d"]
    assert await storage_backend.keys("none") == []
    assert await storage_backend.keys() == sorted({"a*b:1", "a*b:2", "axb:1", "a*c:1", *ODD_KEYS})


async def test_the_size_counts_the_data(storage_backend: MachineBaseStorage) -> None:
    """Bytes of the values, replaced ones counted once."""
    assert await storage_backend.size() == 0

    await storage_backend.set("a", b"x" * 1000)
    await storage_backend.set("a", b"x" * 10)
    await storage_backend.set("b", b"x" * 300)

    assert await storage_backend.size() == 310


async def test_fifty_operations_at_once_do_not_mix_keys(storage_backend: MachineBaseStorage) -> None:
    """The peer's SQLite backend returned another key's value (PITFALLS 27)."""
    keys = [f"key{number}" for number in range(50)]

    for round_ in (b"first ", b"second "):
        await gather_all(*(storage_backend.set(key, round_ + key.encode()) for key in keys))
        found = await gather_all(*(storage_backend.get(key) for key in keys))

        assert found == [round_ + key.encode() for key in keys]


async def test_reads_among_writes_see_whole_values(storage_backend: MachineBaseStorage) -> None:
    """Either the old value or the new one, and nothing of another key."""
    keys = [f"key{number}" for number in range(25)]
    await gather_all(*(storage_backend.set(key, b"old " + key.encode()) for key in keys))

    results = await gather_all(
        *(storage_backend.set(key, b"new " + key.encode()) for key in keys),
        *(storage_backend.get(key) for key in keys),
    )

    for key, found in zip(keys, results[25:], strict=True):
        assert found in (b"old " + key.encode(), b"new " + key.encode())


async def test_data_survives_closing(store: Store) -> None:
    """Storage is persistent, memory excepted."""
    backend = store.new()
    await backend.init()
    await backend.set("key", b"value")
    await backend.close()

    again = store.new()
    await again.init()

    assert await again.get("key") == (b"value" if store.is_persistent else None)
    await again.close()
