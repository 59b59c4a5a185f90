"""Storage in Redis, for bots whose data shall live on a server or be shared by several processes."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from machine.errors import StorageError
from machine.storage.backends.base import MachineBaseStorage
from machine.storage.expiry import whole_seconds

try:
    from redis.asyncio import BlockingConnectionPool, Redis
    from redis.exceptions import RedisError
except ImportError as error:
    raise StorageError(
        "RedisStorage needs the package redis. Install it: pip install 'machine-console[redis]'"
    ) from error

DEFAULT_KEY_PREFIX = "SM"
DEFAULT_MAX_CONNECTIONS = 10

_WAIT_FOR_CONNECTION_S = 20  # with all connections busy, an operation waits this long for its turn
_BATCH = 500  # keys to ask about in one round trip


class RedisStorage(MachineBaseStorage):
    """Keeps data in Redis, each key as a string of its own with Redis's own expiry.

    Args:
        settings: `REDIS_URL` says where, in the form of redis-py: `redis://[[user]:[password]@]host[:6379][/0]`,
            `rediss://` for TLS, `unix://[user:password@]/path?db=0`; special characters are percent-encoded.
            `REDIS_KEY_PREFIX` is put before each key with a colon (`SM`). `REDIS_MAX_CONNECTIONS` bounds the
            connections (10); operations beyond it wait for their turn.

    Raises:
        StorageError: `REDIS_URL` is missing or cannot be read.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(settings)
        self._prefix = f"{settings.get('REDIS_KEY_PREFIX') or DEFAULT_KEY_PREFIX}:"
        self._claimed_prefix = f"{settings.get('REDIS_KEY_PREFIX') or DEFAULT_KEY_PREFIX}-claimed:"
        self._pool = _make_pool(settings)
        self._redis: Any = Redis(connection_pool=self._pool)  # its types do not tell bytes from text
        # Of their own, so that plugins which use every connection hold up no event.
        self._claims_pool = _make_pool(settings, connections=1)
        self._claims: Any = Redis(connection_pool=self._claims_pool)

    async def init(self) -> None:
        """Connect once, so that a wrong address shows when the bot starts.

        Raises:
            StorageError: Redis cannot be reached or refuses the login.
        """
        with self._our_errors():
            await self._redis.ping()

    async def get(self, key: str) -> bytes | None:
        """The data under `key`; `None` where there is none or it has expired."""
        with self._our_errors():
            value: bytes | None = await self._redis.get(self._prefix + key)
        return value

    async def set(self, key: str, value: bytes, expires: int | None = None) -> None:
        """Store data for `expires` seconds, or for good."""
        seconds = whole_seconds(expires)
        with self._our_errors():
            await self._redis.set(self._prefix + key, value, ex=seconds)

    async def delete(self, key: str) -> None:
        """Remove the data under `key`; an unknown key is fine."""
        with self._our_errors():
            await self._redis.delete(self._prefix + key)

    async def has(self, key: str) -> bool:
        """Whether there is data under `key` that has not expired."""
        with self._our_errors():
            return bool(await self._redis.exists(self._prefix + key))

    async def size(self) -> int:
        """The bytes of all data under our prefix; asks for every key, so it takes its time in a large store."""
        size = 0
        with self._our_errors():
            async for keys in self._scan(""):
                pipeline = self._redis.pipeline(transaction=False)
                for key in keys:
                    pipeline.strlen(key)
                size += sum(await pipeline.execute())
        return size

    async def close(self) -> None:
        """Close the connections."""
        with self._our_errors():
            await self._redis.aclose()
            await self._pool.disconnect()
            await self._claims.aclose()
            await self._claims_pool.disconnect()

    async def keys(self, prefix: str = "") -> list[str]:
        """The keys that begin with `prefix`, sorted; walks over all keys of the Redis database."""
        found: list[str] = []
        with self._our_errors():
            async for keys in self._scan(prefix):
                found += (key.decode().removeprefix(self._prefix) for key in keys)
        return sorted(found)

    async def expiry(self, key: str) -> datetime | None:
        """When the data under `key` expires; `None` where it stays or is unknown."""
        with self._our_errors():
            left_ms: int = await self._redis.pttl(self._prefix + key)
        return datetime.now(UTC) + timedelta(milliseconds=left_ms) if left_ms >= 0 else None  # -1: stays, -2: unknown

    async def claim(self, names: Sequence[str], lasting: timedelta) -> list[bool]:
        """Claim names for some time, of each process that uses this Redis under this prefix.

        Returns:
            Of each name, whether nobody had claimed it.
        """
        # Not under the prefix of stored data, so that it is neither listed nor counted as such.
        with self._our_errors():
            pipeline = self._claims.pipeline(transaction=False)
            for name in names:
                pipeline.set(f"{self._claimed_prefix}{name}", b"", nx=True, ex=int(lasting.total_seconds()))
            return [bool(reply) for reply in await pipeline.execute()]

    async def _scan(self, prefix: str) -> AsyncIterator[list[bytes]]:
        """Keys with all prefixes on, in batches; SCAN may say a key twice, here each comes once."""
        pattern = re.sub(r"([*?\[\]\\])", r"\\\1", self._prefix + prefix) + "*"
        seen: set[bytes] = set()
        cursor = 0
        while True:
            cursor, keys = await self._redis.scan(cursor, match=pattern, count=_BATCH)
            new = [key for key in dict.fromkeys(keys) if key not in seen]
            seen.update(new)
            yield new
            if not cursor:
                return

    @contextmanager
    def _our_errors(self) -> Iterator[None]:
        try:
            yield
        except (RedisError, OSError) as error:
            raise StorageError(
                f"Redis at {_address(self._pool)} cannot be used: {error}. Check REDIS_URL, and that the server runs."
            ) from error


def _make_pool(settings: Mapping[str, Any], connections: int | None = None) -> BlockingConnectionPool:
    url = settings.get("REDIS_URL")
    if not url:
        raise StorageError("REDIS_URL is not set. Set it, for example to redis://localhost:6379/0")
    try:
        return BlockingConnectionPool.from_url(
            str(url),
            max_connections=connections or int(settings.get("REDIS_MAX_CONNECTIONS") or DEFAULT_MAX_CONNECTIONS),
            timeout=_WAIT_FOR_CONNECTION_S,
        )
    except ValueError as error:
        # without the address and without a cause: a password may be in both
        problem = "is not a redis://, rediss:// or unix:// address" if "scheme" in str(error) else "cannot be read"
        raise StorageError(f"REDIS_URL {problem}. Expected is redis://[user:password@]host[:port][/database]") from None


def _address(pool: BlockingConnectionPool) -> str:
    """Where the server is, without user and password."""
    where = pool.connection_kwargs
    return str(where.get("path") or f"{where.get('host', 'localhost')}:{where.get('port', 6379)}")
