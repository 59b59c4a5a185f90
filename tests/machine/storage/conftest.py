"""One set of data in each kind of backend, for the tests that hold for all of them."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from machine.storage.backends.base import MachineBaseStorage
from machine.storage.backends.memory import MemoryStorage
from machine.storage.backends.sqlite import SQLiteStorage
from tests.machine.storage.stores import FakeClock, Store, optional_module, running_redis, shorten_lifetimes

_numbers = itertools.count()


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A real redis-server."""
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="session")
def dynamodb_url() -> Iterator[str]:
    """Moto's DynamoDB server."""
    server = optional_module("moto.server").ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["memory", "sqlite", "redis", "dynamodb"])
def store(request: pytest.FixtureRequest) -> Store:
    """A store with nothing in it."""
    store: Store = request.getfixturevalue(f"{request.param}_store")
    return store


@pytest.fixture
def memory_store() -> Store:
    """The memory backend."""
    clock = FakeClock()
    return Store("memory", lambda: MemoryStorage({}, clock=clock), clock.advance, is_persistent=False)


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Store:
    """The SQLite backend, on a file that does not exist yet."""
    clock = FakeClock()
    settings = {"SQLITE_PATH": str(tmp_path / f"folder{next(_numbers)}" / "storage.db")}
    return Store("sqlite", lambda: SQLiteStorage(settings, clock=clock), clock.advance)


@pytest.fixture
def redis_store(redis_server: dict[str, Any]) -> Store:
    """The Redis backend, under a prefix of its own."""
    backend = optional_module("machine.storage.backends.redis").RedisStorage
    url, prefix = f"redis://127.0.0.1:{redis_server['port']}/0", f"T{next(_numbers)}"
    settings = {"REDIS_URL": url, "REDIS_KEY_PREFIX": prefix}
    return Store("redis", lambda: backend(settings), lambda seconds: shorten_lifetimes(url, prefix, seconds))


@pytest.fixture
def dynamodb_store(dynamodb_url: str, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The DynamoDB backend, in a table of its own."""
    backend = optional_module("machine.storage.backends.dynamodb").DynamoDBStorage
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    clock = FakeClock()
    settings = {
        "DYNAMODB_ENDPOINT_URL": dynamodb_url,
        "DYNAMODB_TABLE_NAME": f"table-{next(_numbers)}",
        "DYNAMODB_CREATE_TABLE": True,
    }
    return Store("dynamodb", lambda: backend(settings, clock=clock), clock.advance)


@pytest.fixture
async def storage_backend(store: Store) -> AsyncIterator[MachineBaseStorage]:
    """Each backend, opened."""
    backend = store.new()
    await backend.init()
    yield backend
    await backend.close()
