"""What only the DynamoDB backend has: a table, that may be missing."""

from __future__ import annotations

from typing import Any

import pytest

from machine.errors import StorageError
from tests.machine.storage.stores import Store, optional_module


def make(**settings: Any) -> Any:
    return optional_module("machine.storage.backends.dynamodb").DynamoDBStorage(settings)


@pytest.mark.parametrize("setting", [None, False, "false"])
async def test_a_missing_table_is_not_created_unasked(dynamodb_store: Store, dynamodb_url: str, setting: Any) -> None:
    """A misspelt name must not leave an empty table, and the error says which setting creates it."""
    storage = make(DYNAMODB_ENDPOINT_URL=dynamodb_url, DYNAMODB_TABLE_NAME="missing", DYNAMODB_CREATE_TABLE=setting)

    with pytest.raises(StorageError, match=r"table missing cannot be used.*DYNAMODB_CREATE_TABLE"):
        await storage.init()
    await storage.close()


async def test_an_item_beyond_the_limit_is_a_storage_error(dynamodb_store: Store) -> None:
    """DynamoDB takes 400 kB at most."""
    storage = dynamodb_store.new()
    await storage.init()

    with pytest.raises(StorageError, match="cannot be used"):
        await storage.set("key", b"x" * 500_000)
    await storage.close()


async def test_a_store_that_is_not_open_says_so(dynamodb_store: Store) -> None:
    """Before `init()` and after `close()`."""
    storage = dynamodb_store.new()

    with pytest.raises(StorageError, match="is not open"):
        await storage.get("key")


async def test_a_missing_region_is_a_storage_error(dynamodb_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3 has no default region."""
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    storage = make(DYNAMODB_TABLE_NAME="t")

    with pytest.raises(StorageError, match="region"):
        await storage.init()
