"""What only the Redis backend has: an address, a login, connections."""

from __future__ import annotations

import subprocess
import sys
from typing import Any
from urllib.parse import quote

import pytest

from machine.errors import StorageError
from tests.machine.storage.stores import gather_all, optional_module

MISSING_EXTRA = """
import sys
sys.modules["redis"] = sys.modules["aioboto3"] = None
from machine.errors import StorageError
for name in ("redis", "dynamodb"):
    try:
        __import__(f"machine.storage.backends.{name}")
    except StorageError as error:
        print(error)
"""


def make(**settings: Any) -> Any:
    return optional_module("machine.storage.backends.redis").RedisStorage(settings)


async def use(url: str) -> None:
    """Set and get something over a connection to `url`."""
    storage = make(REDIS_URL=url, REDIS_KEY_PREFIX="test-redis")
    await storage.init()
    await storage.set("key", url.encode())
    assert await storage.get("key") == url.encode()
    await storage.close()


async def test_every_form_of_address_is_understood(redis_server: dict[str, Any]) -> None:
    """User names, percent-encoding, database numbers and unix sockets (PITFALLS 28)."""
    address = f"127.0.0.1:{redis_server['port']}"

    await use(f"redis://{address}")
    await use(f"redis://{address}/3")
    await use(f"redis://ada:{quote('p@ss/word', safe='')}@{address}/0")
    await use(f"unix://{redis_server['socket']}?db=1")


def test_an_address_without_a_port_means_the_default_one() -> None:
    """And `rediss://` means TLS (PITFALLS 28)."""
    plain, secure = make(REDIS_URL="redis://redis.example"), make(REDIS_URL="rediss://redis.example:6380/2")

    assert str(plain._pool.make_connection().port) == "6379"
    assert "SSL" in type(secure._pool.make_connection()).__name__


@pytest.mark.parametrize(
    "url", ["", "http://secret@x", "localhost:6379", "redis://x:secret/0", "redis://u:secret@h:port"]
)
def test_a_wrong_address_is_refused_without_repeating_it(url: str) -> None:
    """There may be a password in it (PITFALLS 42)."""
    with pytest.raises(StorageError, match="REDIS_URL") as refused:
        make(REDIS_URL=url)

    assert "secret" not in str(refused.value)
    assert refused.value.__cause__ is None


async def test_a_wrong_password_shows_at_the_start(redis_server: dict[str, Any]) -> None:
    """With the address and without the password."""
    storage = make(REDIS_URL=f"redis://ada:s3cret@127.0.0.1:{redis_server['port']}")

    with pytest.raises(StorageError, match=f"Redis at 127.0.0.1:{redis_server['port']} cannot be used") as refused:
        await storage.init()

    assert "s3cret" not in str(refused.value)
    await storage.close()


async def test_a_server_that_is_not_there_shows_at_the_start() -> None:
    """Port 1 answers nobody."""
    storage = make(REDIS_URL="redis://127.0.0.1:1")

    with pytest.raises(StorageError, match=r"127\.0\.0\.1:1 cannot be used.*Check REDIS_URL"):
        await storage.init()
    await storage.close()


async def test_more_operations_than_connections_wait_for_their_turn(redis_server: dict[str, Any]) -> None:
    """A burst must not fail because the connections are bounded."""
    settings = {"REDIS_URL": f"redis://127.0.0.1:{redis_server['port']}", "REDIS_MAX_CONNECTIONS": "2"}
    storage = make(**settings, REDIS_KEY_PREFIX="test-burst")
    await storage.init()

    await gather_all(*(storage.set(f"key{number}", b"%d" % number) for number in range(100)))

    assert await gather_all(*(storage.get(f"key{number}") for number in range(100))) == [b"%d" % n for n in range(100)]
    await storage.close()


async def test_bots_with_different_prefixes_do_not_meet(redis_server: dict[str, Any]) -> None:
    """Several bots may share a Redis; a prefix is no pattern."""
    url = f"redis://127.0.0.1:{redis_server['port']}"
    one, other = make(REDIS_URL=url, REDIS_KEY_PREFIX="bot*"), make(REDIS_URL=url, REDIS_KEY_PREFIX="bot-two")

    await one.set("key", b"1")
    await other.set("key", b"22")

    assert await one.get("key") == b"1"
    assert await one.keys() == ["key"]
    assert (await one.size(), await other.size()) == (1, 2)
    await one.close()
    await other.close()


def test_a_missing_extra_is_named() -> None:
    """Someone who sets STORAGE_BACKEND reads what to install."""
    shown = subprocess.run([sys.executable, "-c", MISSING_EXTRA], capture_output=True, text=True, check=True).stdout

    assert "pip install 'machine-console[redis]'" in shown
    assert "pip install 'machine-console[dynamodb]'" in shown
