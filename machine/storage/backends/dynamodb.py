"""Storage in an AWS DynamoDB table."""

from __future__ import annotations

import math
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any

from machine.errors import StorageError
from machine.storage.backends.base import MachineBaseStorage
from machine.storage.expiry import Clock, whole_seconds

try:
    import aioboto3
    from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]  # has no types
except ImportError as error:
    raise StorageError(
        "DynamoDBStorage needs the package aioboto3. Install it: pip install 'machine-console[dynamodb]'"
    ) from error

DEFAULT_KEY_PREFIX = "SM:"
DEFAULT_TABLE_NAME = "slack-machine-state"

# The names of the attributes, as in tables that slack-machine has made.
_KEY = "sm-key"
_VALUE = "sm-value"
_EXPIRES_AT = "sm-expire"
_YES = {"1", "true", "yes", "on"}  # the setting may come from the environment
_NAMES = {"#key": _KEY, "#value": _VALUE, "#expires_at": _EXPIRES_AT}


class DynamoDBStorage(MachineBaseStorage):
    """Keeps data in a DynamoDB table, one item for each key; an item holds up to 400 kB.

    DynamoDB removes expired items within days; until then they are left out on reading. Credentials and region are
    found as boto3 finds them: environment, shared configuration, instance role.

    Args:
        settings: `DYNAMODB_TABLE_NAME` (`slack-machine-state`); `DYNAMODB_KEY_PREFIX`, put before each key (`SM:`);
            `DYNAMODB_ENDPOINT_URL`, another endpoint than AWS's; `DYNAMODB_CREATE_TABLE`, to create the table where
            there is none.
        clock: Tells the time, for expiry.
    """

    def __init__(self, settings: Mapping[str, Any], *, clock: Clock = time.time) -> None:
        super().__init__(settings)
        self._table = str(settings.get("DYNAMODB_TABLE_NAME") or DEFAULT_TABLE_NAME)
        self._prefix = str(settings.get("DYNAMODB_KEY_PREFIX") or DEFAULT_KEY_PREFIX)
        self._endpoint_url = settings.get("DYNAMODB_ENDPOINT_URL") or None
        self._may_create_table = str(settings.get("DYNAMODB_CREATE_TABLE")).lower() in _YES
        self._clock = clock
        self._open = AsyncExitStack()
        self._connection: Any = None

    async def init(self) -> None:
        """Connect, and create the table where there is none and the settings say so.

        Raises:
            StorageError: No region or credentials, no access, or no table.
        """
        with self._our_errors():
            client = aioboto3.Session().client("dynamodb", endpoint_url=self._endpoint_url)
            self._connection = await self._open.enter_async_context(client)
            try:
                await self._client.describe_table(TableName=self._table)
            except self._client.exceptions.ResourceNotFoundException:
                if not self._may_create_table:
                    raise
                await self._create_table()

    async def get(self, key: str) -> bytes | None:
        """The data under `key`; `None` where there is none or it has expired."""
        item = await self._live_item(key, "#value, #expires_at")
        return bytes(item[_VALUE]["B"]) if item else None

    async def set(self, key: str, value: bytes, expires: int | None = None) -> None:
        """Store data for `expires` seconds, or for good; at most 400 kB."""
        seconds = whole_seconds(expires)
        item: dict[str, Any] = {**self._name(key), _VALUE: {"B": value}}
        if seconds is not None:
            item[_EXPIRES_AT] = {"N": str(math.ceil(self._clock()) + seconds)}
        with self._our_errors():
            await self._client.put_item(TableName=self._table, Item=item)

    async def delete(self, key: str) -> None:
        """Remove the data under `key`; an unknown key is fine."""
        with self._our_errors():
            await self._client.delete_item(TableName=self._table, Key=self._name(key))

    async def has(self, key: str) -> bool:
        """Whether there is data under `key` that has not expired."""
        return await self._live_item(key, "#key, #expires_at") is not None

    async def size(self) -> int:
        """The bytes of all data under our prefix; reads the whole table, which AWS charges for."""
        return sum([len(item[_VALUE]["B"]) async for item in self._scan("", "#key, #value, #expires_at")])

    async def close(self) -> None:
        """Close the connections."""
        await self._open.aclose()
        self._connection = None

    async def keys(self, prefix: str = "") -> list[str]:
        """The keys that begin with `prefix` and have not expired, sorted; reads the whole table."""
        items = self._scan(prefix, "#key, #expires_at")
        return sorted([item[_KEY]["S"].removeprefix(self._prefix) async for item in items])

    async def expiry(self, key: str) -> datetime | None:
        """When the data under `key` expires; `None` where it stays or is unknown."""
        item = await self._live_item(key, "#key, #expires_at")
        return datetime.fromtimestamp(_expires_at(item), UTC) if item and _EXPIRES_AT in item else None

    @property
    def _client(self) -> Any:
        if self._connection is None:
            raise StorageError(f"The DynamoDB table {self._table} is not open. Call init() first, and close() last.")
        return self._connection

    async def _live_item(self, key: str, attributes: str) -> dict[str, Any] | None:
        with self._our_errors():
            answer = await self._client.get_item(
                TableName=self._table,
                Key=self._name(key),
                ProjectionExpression=attributes,
                ExpressionAttributeNames=_names_in(attributes),
                ConsistentRead=True,  # what a plugin has set, it finds
            )
        item = answer.get("Item")
        return item if item and self._is_live(item) else None

    async def _scan(self, prefix: str, attributes: str) -> AsyncIterator[dict[str, Any]]:
        with self._our_errors():
            pages = self._client.get_paginator("scan").paginate(
                TableName=self._table,
                FilterExpression="begins_with(#key, :prefix)",
                ExpressionAttributeValues={":prefix": {"S": self._prefix + prefix}},
                ProjectionExpression=attributes,
                ExpressionAttributeNames=_names_in(attributes),
                ConsistentRead=True,
            )
            async for page in pages:
                for item in filter(self._is_live, page["Items"]):
                    yield item

    async def _create_table(self) -> None:
        await self._client.create_table(
            TableName=self._table,
            AttributeDefinitions=[{"AttributeName": _KEY, "AttributeType": "S"}],
            KeySchema=[{"AttributeName": _KEY, "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        await self._client.get_waiter("table_exists").wait(TableName=self._table)
        await self._client.update_time_to_live(
            TableName=self._table, TimeToLiveSpecification={"Enabled": True, "AttributeName": _EXPIRES_AT}
        )

    def _name(self, key: str) -> dict[str, Any]:
        return {_KEY: {"S": self._prefix + key}}

    def _is_live(self, item: Mapping[str, Any]) -> bool:
        return _EXPIRES_AT not in item or _expires_at(item) > self._clock()

    @contextmanager
    def _our_errors(self) -> Iterator[None]:
        try:
            yield
        except (ClientError, BotoCoreError, ValueError) as error:
            raise StorageError(
                f"The DynamoDB table {self._table} cannot be used: {error}. Check the AWS region and credentials "
                "and the DYNAMODB_* settings; DYNAMODB_CREATE_TABLE creates a missing table."
            ) from error


def _expires_at(item: Mapping[str, Any]) -> int:
    return int(item[_EXPIRES_AT]["N"])


def _names_in(attributes: str) -> dict[str, str]:
    """DynamoDB refuses names that the expressions do not use."""
    return {name: _NAMES[name] for name in attributes.split(", ")}
