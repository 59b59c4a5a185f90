"""What a plugin has as `self.storage`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from machine.errors import StorageError
from machine.storage import PluginStorage
from machine.storage.backends.base import MachineBaseStorage
from machine.storage.backends.memory import MemoryStorage
from machine.storage.codec import encode
from machine.storage.plugin_storage import human_size
from machine.trace import Invocation, Record, StorageAccessed, Trace, current_invocation
from tests.machine.storage.stores import FakeClock


class SevenMethods(MachineBaseStorage):
    """A backend as somebody else writes it: the methods of the contract and no more."""

    def __init__(self, settings: dict[str, Any]) -> None:
        super().__init__(settings)
        self.data: dict[str, bytes] = {}
        self.lifetimes: dict[str, int | None] = {}

    async def init(self) -> None:
        self.data["init"] = b""

    async def get(self, key: str) -> bytes | None:
        return self.data.get(key)

    async def set(self, key: str, value: bytes, expires: int | None = None) -> None:
        self.data[key] = value
        self.lifetimes[key] = expires

    async def delete(self, key: str) -> None:
        self.data.pop(key, None)

    async def has(self, key: str) -> bool:
        return key in self.data

    async def size(self) -> int:
        return sum(map(len, self.data.values()))

    async def close(self) -> None:
        self.data.clear()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def backend(clock: FakeClock) -> MemoryStorage:
    return MemoryStorage({}, clock=clock)


@pytest.fixture
def storage(backend: MemoryStorage) -> PluginStorage:
    return PluginStorage("plugins.todo.Todo", backend)


async def test_values_are_kept(storage: PluginStorage, storage_backend: MachineBaseStorage) -> None:
    """Through any backend."""
    plugin_storage = PluginStorage("plugins.todo.Todo", storage_backend)

    await plugin_storage.set("items", [{"text": "milk", "due": timedelta(days=1)}])

    assert await plugin_storage.get("items") == [{"text": "milk", "due": timedelta(days=1)}]
    assert await plugin_storage.has("items")
    await plugin_storage.delete("items")
    assert await plugin_storage.get("items") is None
    assert not await plugin_storage.has("items")


async def test_plugins_do_not_see_each_others_keys(storage: PluginStorage, backend: MemoryStorage) -> None:
    """The plugin's name is its namespace."""
    other = PluginStorage("plugins.other.Other", backend)
    await storage.set("key", 1)

    assert await other.get("key") is None
    assert await backend.keys() == ["plugins.todo.Todo:key"]
    assert await storage.keys() == ["key"]
    assert await other.keys() == []


async def test_shared_keys_are_for_all_plugins(storage: PluginStorage, backend: MemoryStorage) -> None:
    """They are stored as given."""
    other = PluginStorage("plugins.other.Other", backend)
    await storage.set("key", 1, shared=True)

    assert await other.get("key", shared=True) == 1
    assert await other.has("key", shared=True)
    assert await storage.get("key") is None
    assert await backend.keys() == ["key"]
    await other.delete("key", shared=True)
    assert not await storage.has("key", shared=True)


async def test_none_is_a_value(storage: PluginStorage) -> None:
    """`get` cannot tell it from nothing, `has` can."""
    await storage.set("key", None)

    assert await storage.get("key") is None
    assert await storage.has("key")


@pytest.mark.parametrize(
    ("expires", "seconds"),
    [(5, 5), (timedelta(minutes=2), 120), (timedelta(milliseconds=1), 1), (timedelta(seconds=2.1), 3)],
)
async def test_lifetimes_are_whole_seconds_rounded_up(expires: int | timedelta, seconds: int) -> None:
    """Data must not go before its time, and no backend counts less than a second (PITFALLS 27)."""
    backend = SevenMethods({})

    await PluginStorage("p", backend).set("key", 1, expires=expires)

    assert backend.lifetimes == {"p:key": seconds}


@pytest.mark.parametrize("expires", [0, -1, timedelta(0), timedelta(seconds=-0.1), float("nan"), float("inf")])
async def test_impossible_lifetimes_are_refused(storage: PluginStorage, expires: Any) -> None:
    """With a remedy, whatever the backend would do (PITFALLS 27)."""
    with pytest.raises(StorageError, match="cannot expire"):
        await storage.set("key", 1, expires=expires)

    assert not await storage.has("key")


async def test_expired_values_are_gone(storage: PluginStorage, clock: FakeClock) -> None:
    """As if they had never been stored."""
    await storage.set("key", 1, expires=timedelta(seconds=10))

    await clock.advance(10)

    assert await storage.get("key") is None
    assert not await storage.has("key")


def test_asking_with_in_says_what_to_write_instead(storage: PluginStorage) -> None:
    """`in` cannot be awaited; a truthy coroutine would be worse than an error (PITFALLS 27)."""
    with pytest.raises(StorageError, match=r"await storage\.has\('key'\)"):
        "key" in storage  # noqa: B015  # the question is the point


async def test_half_a_surrogate_pair_is_refused_as_key(storage: PluginStorage) -> None:
    """Some stores would take it and others not."""
    with pytest.raises(StorageError, match="not valid text"):
        await storage.set("\ud83d", 1)


async def test_a_backend_of_seven_methods_is_enough() -> None:
    """Backends written for the peer know nothing of keys() and expiry()."""
    backend = SevenMethods({"SOME_SETTING": 1})
    await backend.init()
    storage = PluginStorage("p", backend)

    await storage.set("key", {"a": 1})

    assert await storage.get("key") == {"a": 1}
    assert backend.settings["SOME_SETTING"] == 1
    assert await backend.expiry("p:key") is None
    with pytest.raises(StorageError, match="SevenMethods cannot list its keys"):
        await storage.keys()


async def test_every_operation_is_traced(backend: MemoryStorage) -> None:
    """The console shows under each event what its handlers stored."""
    records: list[Record] = []
    trace = Trace()
    trace.subscribe(records.append)
    storage = PluginStorage("plugins.todo.Todo", backend, trace=trace)
    token = current_invocation.set(Invocation(id="i1", handler="h", envelope_id="e1"))

    await storage.set("key", b"x" * 100)
    await storage.get("key")
    await storage.get("none", shared=True)
    await storage.has("key")
    await storage.delete("key")
    current_invocation.reset(token)

    seen = [record for record in records if isinstance(record, StorageAccessed)]
    assert len(seen) == len(records)
    assert [(record.plugin, record.operation, record.key, record.is_found) for record in seen] == [
        ("plugins.todo.Todo", "set", "key", None),
        ("plugins.todo.Todo", "get", "key", True),
        ("shared", "get", "none", False),
        ("plugins.todo.Todo", "has", "key", True),
        ("plugins.todo.Todo", "delete", "key", None),
    ]
    assert seen[0].size == seen[1].size == await size_of(b"x" * 100)
    assert seen[2].size is None
    assert {(record.envelope_id, record.invocation_id) for record in seen} == {("e1", "i1")}


async def size_of(value: bytes) -> int:
    """What a store that holds nothing but this value says of its size."""
    backend = MemoryStorage({})
    await PluginStorage("p", backend).set("k", value)
    return await backend.size()


async def test_the_size_is_told_for_people(storage: PluginStorage) -> None:
    """Of everything that is stored."""
    await storage.set("key", b"x" * 2000)

    assert await storage.get_storage_size() > 2000
    assert await storage.get_storage_size_human() == "2.0 KiB"


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (1024**2 - 1, "1.0 MiB"),
        (1024**2, "1.0 MiB"),
        (20 * 1024**3, "20.0 GiB"),
        (5000 * 1024**4, "5000.0 TiB"),
    ],
)
def test_sizes_are_in_the_unit_that_suits_them(size: int, text: str) -> None:
    """Never 1024.0 of anything but the last unit."""
    assert human_size(size) == text


@pytest.mark.parametrize("key", [5, 2.5, None, ("a", 1), timedelta(seconds=1)])
@pytest.mark.parametrize("shared", [False, True])
async def test_b6_a_key_that_is_no_text_stands_for_its_text(key: Any, shared: bool, backend: MemoryStorage) -> None:
    """B6: as in slack-machine, and also while somebody watches."""
    trace = Trace()
    seen: list[Record] = []
    trace.subscribe(seen.append)
    storage = PluginStorage("plugins.a.A", backend, trace=trace)

    await storage.set(key, "v", shared=shared)

    assert await storage.get(str(key), shared=shared) == "v"
    assert await storage.get(key, shared=shared) == "v"
    assert await storage.has(key, shared=shared)
    await storage.delete(key, shared=shared)
    assert not await storage.has(key, shared=shared)
    assert {one.key for one in seen if isinstance(one, StorageAccessed)} == {str(key)}


class Awkward:
    """Fails wherever it is looked at."""

    def __repr__(self) -> str:
        raise RuntimeError("not now")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("not now")

    __hash__ = object.__hash__


async def test_b6_watching_never_fails_what_is_watched(backend: MemoryStorage) -> None:
    """B6: whatever the value does when it is shown, it is stored and read."""
    trace = Trace()
    seen: list[Record] = []
    trace.subscribe(seen.append)
    storage = PluginStorage("plugins.a.A", backend, trace=trace)

    await storage.set("password", Awkward())
    await storage.set("k", [Awkward()])

    assert isinstance(await storage.get("password"), Awkward)
    assert len(seen) == 3


async def test_shared_keys_and_plugin_keys_cannot_meet_a9() -> None:
    """A9: not even where a shared key is spelled as a plugin's own is kept."""
    backend = MemoryStorage({})
    names = {"plugins.a.A", "plugins.b.B"}
    a, b = (PluginStorage(name, backend, is_plugin=names.__contains__) for name in sorted(names))
    await a.set("x", "of a")

    for someone in (a, b):
        assert not await someone.has("plugins.a.A:x", shared=True)
        assert await someone.get("plugins.a.A:x", shared=True) is None
    await b.set("plugins.a.A:x", "shared", shared=True)
    await b.set("shared:plugins.a.A:x", "shared too", shared=True)
    await b.set("plain", 1, shared=True)

    assert await a.get("x") == "of a"
    assert await a.get("plugins.a.A:x", shared=True) == "shared"
    assert await a.get("shared:plugins.a.A:x", shared=True) == "shared too"
    assert (await a.keys(), await b.keys()) == (["x"], [])
    await b.delete("plugins.a.A:x", shared=True)
    assert await a.get("x") == "of a"
    assert not await b.has("plugins.a.A:x", shared=True)


@pytest.mark.parametrize("secret", [None, SecretStr("a secret")])
async def test_shared_keys_of_earlier_versions_are_still_read_a9(secret: SecretStr | None) -> None:
    """A9: they lie where they lay, until they are written or deleted."""
    backend = MemoryStorage({})
    for key in ("example.com:hits", "shared:x", "plain:x"):
        await backend.set(key, encode(1, key=key, secret=secret))
    storage = PluginStorage("plugins.a.A", backend, secret=secret)

    for key in ("example.com:hits", "shared:x", "plain:x"):
        assert await storage.has(key, shared=True)
        assert await storage.get(key, shared=True) == 1
        await storage.set(key, 2, shared=True)
        assert await storage.get(key, shared=True) == 2
        await storage.delete(key, shared=True)
        assert await storage.get(key, shared=True) is None
    assert await backend.keys() == []


@pytest.mark.parametrize("written", ["text", 5, 1.5, [1]])
@pytest.mark.parametrize("secret", [None, SecretStr("a secret")])
async def test_what_is_not_bytes_is_a_storage_error_a9(written: Any, secret: SecretStr | None) -> None:
    """A9: a store may hold what other programs wrote."""
    backend = SevenMethods({})
    backend.data["plugins.a.A:x"] = written
    storage = PluginStorage("plugins.a.A", backend, secret=secret)

    with pytest.raises(StorageError, match=r"'plugins.a.A:x' is .*something else wrote it"):
        await storage.get("x")
