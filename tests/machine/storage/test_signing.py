"""With `STORAGE_SECRET`, what the bot did not write is refused before any of it is unpickled."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from machine.errors import StorageError
from machine.storage import PluginStorage
from machine.storage.backends.base import MachineBaseStorage
from machine.storage.codec import decode, encode

SECRET = SecretStr("of a bot, and long enough")
OTHER = SecretStr("of another bot, long too")


class Intruder:
    """Runs code when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return logging.getLogger().setLevel, (logging.CRITICAL + 7,)


@pytest.mark.parametrize("value", [None, "milk", {"a": [1, 2]}, SecretStr("an object")])
def test_a_signed_value_comes_back(value: Any) -> None:
    """As without a secret."""
    assert decode(encode(value, key="k", secret=SECRET), key="k", secret=SECRET) == value


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (pickle.dumps(Intruder()), r"'todo:items' is not signed.*`machine sign-storage`.*delete the key"),
        (encode(Intruder(), key="todo:items", secret=OTHER), r"'todo:items' is wrong.*STORAGE_SECRET.*delete the key"),
        (encode(Intruder(), key="other", secret=SECRET), r"'todo:items' is wrong"),
        (b"hmac-sha256:", r"'todo:items' is wrong"),
        (b"", r"'todo:items' is not signed"),
    ],
    ids=["unsigned", "another secret", "another key", "cut off", "empty"],
)
def test_foreign_bytes_are_refused_before_they_are_unpickled(data: bytes, problem: str) -> None:
    """Unpickling them would run their code."""
    level = logging.getLogger().level

    with pytest.raises(StorageError, match=problem):
        decode(data, key="todo:items", secret=SECRET)

    assert logging.getLogger().level == level


def test_the_intruder_does_harm_where_there_is_no_secret() -> None:
    """So that the test above can fail."""
    level = logging.getLogger().level
    try:
        decode(pickle.dumps(Intruder()), key="k")
        assert logging.getLogger().level == logging.CRITICAL + 7
    finally:
        logging.getLogger().setLevel(level)


@given(st.data())
def test_no_bit_can_be_changed(data: st.DataObject) -> None:
    """Neither of the value nor of its signature."""
    signed = bytearray(encode({"is_admin": False}, key="k", secret=SECRET))
    position = data.draw(st.integers(0, len(signed) - 1))
    signed[position] ^= 1 << data.draw(st.integers(0, 7))

    with pytest.raises(StorageError, match="'k'"):
        decode(bytes(signed), key="k", secret=SECRET)


@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")), st.binary(max_size=40))
def test_a_signature_holds_for_one_key_only(key: str, other: str, value: bytes) -> None:
    """Whatever the keys, also where one ends in what the value begins with."""
    signed = encode(value, key=key, secret=SECRET)

    if key == other:
        assert decode(signed, key=other, secret=SECRET) == value
    else:
        with pytest.raises(StorageError, match="is wrong"):
            decode(signed, key=other, secret=SECRET)


def test_a_signed_value_needs_the_secret() -> None:
    """Whoever has taken the setting out is told, and not that the value is damaged."""
    with pytest.raises(StorageError, match=r"'k' is signed, and STORAGE_SECRET is not set\. Set it to what it was"):
        decode(encode("milk", key="k", secret=SECRET), key="k")


async def test_without_a_secret_nothing_changes(storage_backend: MachineBaseStorage) -> None:
    """Values stay what dill makes of them, and what was stored before is read."""
    await PluginStorage("p", storage_backend).set("k", {"a": 1})

    assert pickle.loads(await storage_backend.get("p:k") or b"") == {"a": 1}


async def test_every_backend_keeps_signed_values(storage_backend: MachineBaseStorage) -> None:
    """And one that was written past the bot is refused."""
    storage = PluginStorage("p", storage_backend, secret=SECRET)
    await storage.set("k", {"a": 1}, expires=60)
    await storage.set("k", 2, shared=True)
    await storage_backend.set("p:foreign", pickle.dumps({"a": 1}))

    assert await storage.get("k") == {"a": 1}
    assert await storage.get("k", shared=True) == 2
    with pytest.raises(StorageError, match="'p:foreign' is not signed"):
        await storage.get("foreign")
