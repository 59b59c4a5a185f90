"""Operations a second on a plugin's storage, by backend, with and without signing, against the store itself.

    uv run python benchmarks/storage.py [--json FILE]

A small dict is set, asked for, read and deleted through `PluginStorage`, one operation after another and 20 at once.
The floor is the same without the framework: a dict and dill, sqlite3 on the event loop, redis-py, aioboto3. Redis and
DynamoDB (moto) are started here; where one is not installed, its rows are left out, which is said. Half a minute.
"""

from __future__ import annotations

import asyncio
import logging
import os
import pickle
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import dill
from pydantic import SecretStr
from result_files import parser, ratio, spread, write

from machine.storage.backends.base import MachineBaseStorage
from machine.storage.backends.memory import MemoryStorage
from machine.storage.backends.sqlite import SQLiteStorage
from machine.storage.plugin_storage import PluginStorage

VALUE = {"by": "alice", "version": "1.4.2", "count": 42, "tags": ["a", "b"]}
ROUNDS, AT_ONCE = 5, 20
KEYS = {"memory": 1_000, "SQLite": 400, "Redis": 300, "DynamoDB": 20}
SECRET = SecretStr("a secret of a benchmark, which is long enough")
TABLE = "benchmark"


class Store(Protocol):
    """What is measured."""

    async def set(self, key: str, value: Any) -> None:
        """Store a value."""

    async def get(self, key: str) -> Any:
        """The value."""

    async def has(self, key: str) -> bool:
        """Whether there is one."""

    async def delete(self, key: str) -> None:
        """Remove it."""


@dataclass
class Floor:
    """A store without the framework, made of what its client does with bytes."""

    write: Callable[[str, bytes], Any]
    read: Callable[[str], Any]
    find: Callable[[str], Any]
    remove: Callable[[str], Any]
    dumps: Callable[[Any], bytes] = pickle.dumps
    loads: Callable[[bytes], Any] = pickle.loads

    async def set(self, key: str, value: Any) -> None:
        """Store a value."""
        await _result(self.write(key, self.dumps(value)))

    async def get(self, key: str) -> Any:
        """The value."""
        return self.loads(await _result(self.read(key)))

    async def has(self, key: str) -> bool:
        """Whether there is one."""
        return bool(await _result(self.find(key)))

    async def delete(self, key: str) -> None:
        """Remove it."""
        await _result(self.remove(key))


async def _result(value: Any) -> Any:
    return await value if hasattr(value, "__await__") else value


def dict_floor() -> Floor:
    """A dict, and dill, as plugins for slack-machine have it."""
    kept: dict[str, bytes] = {}
    return Floor(kept.__setitem__, kept.get, kept.__contains__, kept.pop, dill.dumps, dill.loads)


def sqlite_floor(folder: Path) -> Floor:
    """sqlite3, set up as the backend sets it up, but on the event loop, which it then holds up."""
    connection = sqlite3.connect(folder / "floor.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("CREATE TABLE storage (key TEXT PRIMARY KEY, value BLOB NOT NULL)")

    def run(statement: str) -> Callable[..., Any]:
        return lambda *values: connection.execute(statement, values).fetchone()

    read = run("SELECT value FROM storage WHERE key = ?")
    return Floor(
        run("INSERT OR REPLACE INTO storage VALUES (?, ?)"),
        lambda key: read(key)[0],
        run("SELECT 1 FROM storage WHERE key = ?"),
        run("DELETE FROM storage WHERE key = ?"),
    )


async def add_redis(stores: dict[str, dict[str, Store]], folder: Path, resources: AsyncExitStack) -> None:
    """A redis-server of our own."""
    try:
        from redis.asyncio import Redis  # noqa: PLC0415 - an extra

        from machine.storage.backends.redis import RedisStorage  # noqa: PLC0415
    except ImportError as error:
        raise LookupError(str(error)) from error
    url = resources.enter_context(running_redis(folder))
    client = await resources.enter_async_context(Redis.from_url(url))
    floor = Floor(client.set, client.get, client.exists, client.delete)
    stores["Redis"] = {"floor": floor, **await through(RedisStorage({"REDIS_URL": url}), resources)}


@contextmanager
def running_redis(folder: Path) -> Iterator[str]:
    """The URL of a redis-server that listens on a socket in the folder and writes nothing to the disk."""
    program = shutil.which("redis-server")
    if program is None:
        raise LookupError("redis-server is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder), "--save", "", "--appendonly", "no"]
    with subprocess.Popen([program, *options], stdout=subprocess.PIPE, text=True) as server, ExitStack() as ending:
        ending.callback(server.terminate)
        assert server.stdout is not None
        if not any("eady to accept connections" in line for line in server.stdout):
            raise LookupError("redis-server did not start")
        yield f"redis://127.0.0.1:{port}/0"


async def add_dynamodb(stores: dict[str, dict[str, Store]], _folder: Path, resources: AsyncExitStack) -> None:
    """Moto's DynamoDB, which is much slower than what it stands for: compare with the floor only."""
    try:
        import aioboto3  # noqa: PLC0415 - an extra
        from moto.server import ThreadedMotoServer  # noqa: PLC0415 - for tests

        from machine.storage.backends.dynamodb import DynamoDBStorage  # noqa: PLC0415
    except ImportError as error:
        raise LookupError(str(error)) from error
    os.environ |= {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "eu-west-1"}
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line for each request
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    resources.callback(server.stop)
    url = "http://{}:{}".format(*server.get_host_and_port())
    settings = {"DYNAMODB_ENDPOINT_URL": url, "DYNAMODB_TABLE_NAME": TABLE, "DYNAMODB_CREATE_TABLE": True}
    ours = await through(DynamoDBStorage(settings), resources)
    client: Any = await resources.enter_async_context(aioboto3.Session().client("dynamodb", endpoint_url=url))

    def item(key: str) -> dict[str, Any]:
        return {"TableName": TABLE, "Key": {"sm-key": {"S": key}}}

    async def read(key: str) -> Any:
        found = (await client.get_item(**item(key))).get("Item")
        return found["sm-value"]["B"] if found else None

    def store(key: str, value: bytes) -> Any:
        return client.put_item(TableName=TABLE, Item={"sm-key": {"S": key}, "sm-value": {"B": value}})

    stores["DynamoDB"] = {"floor": Floor(store, read, read, lambda key: client.delete_item(**item(key))), **ours}


async def through(backend: MachineBaseStorage, resources: AsyncExitStack) -> dict[str, Store]:
    """A backend as plugins see it."""
    await backend.init()
    resources.push_async_callback(backend.close)
    return {
        "plugin": PluginStorage("plugins.benchmark", backend),
        "plugin, signed": PluginStorage("plugins.signed", backend, secret=SECRET),
    }


async def measure(store: Store, keys: int) -> dict[str, float]:
    """Operations a second, by kind; `at once` is all kinds, 20 at a time."""
    names = [f"key {number}" for number in range(keys)]
    found = {}
    for kind in ("set", "has", "get", "delete"):
        act = {"set": lambda key: store.set(key, VALUE)}.get(kind) or getattr(store, kind)
        began = time.perf_counter()
        for name in names:
            await act(name)
        found[kind] = keys / (time.perf_counter() - began)
    began = time.perf_counter()
    await asyncio.gather(*(use(store, names[first::AT_ONCE]) for first in range(AT_ONCE)))
    return found | {"at once": keys * 4 / (time.perf_counter() - began)}


async def use(store: Store, names: list[str]) -> None:
    """One of those at once."""
    for name in names:
        await store.set(name, VALUE)
        assert await store.has(name)
        assert await store.get(name) == VALUE
        await store.delete(name)


def summary(rounds: list[dict[str, float]], floor: list[dict[str, float]]) -> dict[str, Any]:
    """Operations a second, and how many times as long as the floor they take."""
    return {
        kind: {
            "per_s": spread([one[kind] for one in rounds]),
            "to_floor": ratio([one[kind] for one in floor], [one[kind] for one in rounds]),
        }
        for kind in rounds[0]
    }


async def main(file: Path | None) -> None:
    """Measure, print, and write the figures to a file."""
    rows: dict[str, dict[str, Any]] = {}
    left_out: dict[str, str] = {}
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:  # as in memory SQLite would cost less
        folder = Path(name)
        async with AsyncExitStack() as resources:
            sqlite = SQLiteStorage({"SQLITE_PATH": str(folder / "storage.db")})
            stores: dict[str, dict[str, Store]] = {
                "memory": {"floor": dict_floor(), **await through(MemoryStorage({}), resources)},
                "SQLite": {"floor": sqlite_floor(folder), **await through(sqlite, resources)},
            }
            for kind, add in {"Redis": add_redis, "DynamoDB": add_dynamodb}.items():
                try:
                    await add(stores, folder, resources)
                except LookupError as error:
                    left_out[kind] = str(error)
            for kind, ways in stores.items():
                rounds: dict[str, list[dict[str, float]]] = {way: [] for way in ways}
                for number in range(ROUNDS + 1):
                    for way, store in ways.items():
                        found = await measure(store, KEYS[kind])
                        if number:  # the first opens and compiles what is used later
                            rounds[way].append(found)
                rows[kind] = {way: summary(found, rounds["floor"]) for way, found in rounds.items()}
                show(kind, rows[kind])
    for kind, reason in left_out.items():
        print(f"{kind} is left out: {reason}")
    write("storage", {"rows": rows, "left_out": left_out, "rounds": ROUNDS}, to=file)


def show(kind: str, ways: dict[str, Any]) -> None:
    """Print the rows of a backend."""
    for way, found in ways.items():
        print(f"{kind:<9}{way:<15}", end="")
        for name, one in found.items():
            print(f"  {name}{one['per_s']['median']:>10,.0f} ({one['to_floor']['median']:.2f})", end="")
        print(flush=True)


if __name__ == "__main__":
    asyncio.run(main(parser(__doc__).parse_args().json))
