"""Values to bytes and back, with dill, so that a plugin can store nearly any Python object.

Reading runs code that the bytes name, as every pickle does: a store is as trusted as the plugins themselves, unless
values are signed (`STORAGE_SECRET`). Then, what this bot did not write is refused before any of it is looked at.

Plain data (text, numbers and containers) takes a way of its own, on which dill is not needed: that is thirty times as
fast, because dill is written in Python and holds up the event loop with large values, and dill takes 35 ms to import.
"""

from __future__ import annotations

import io
import pickle
from typing import Any, NoReturn

from pydantic import SecretStr

from machine.errors import StorageError
from machine.storage.signing import sign, verified


def encode(value: Any, *, key: str, secret: SecretStr | None = None) -> bytes:
    """The bytes that stand for `value`.

    Args:
        value: Anything dill can pickle.
        key: Where it will be stored, for the signature and the error's text.
        secret: Signs the bytes.

    Raises:
        StorageError: The value cannot be pickled (a generator, a running task), or an object in it belongs to a
            version of a module that has been replaced.
    """
    try:
        data = _pickle(value)
    except StorageError as error:
        raise StorageError(f"The value for {key!r} cannot be stored: {error}") from None
    except Exception as error:  # of any kind: pickling runs code of the value's own classes
        raise StorageError(
            f"The value for {key!r} cannot be stored: it is a {type(value).__qualname__} that cannot be pickled "
            f"({_text(error)}). Store plain data instead."
        ) from error
    return data if secret is None else sign(data, key=key, secret=secret)


def decode(data: bytes, *, key: str, secret: SecretStr | None = None) -> Any:
    """The value that `data` stands for.

    Args:
        data: What `encode()` made.
        key: Where it was stored.
        secret: The one that signed the data; data without its signature is not unpickled.

    Raises:
        StorageError: The data is damaged or was not written by `encode()` with this secret, or its class is gone or
            cannot be made.
    """
    if not isinstance(data, bytes | bytearray | memoryview):  # a backend of somebody's own may give anything
        raise StorageError(
            f"The value of {key!r} is {type(data).__name__}, not bytes: something else wrote it. Delete the key."
        )
    pickled = verified(bytes(data), key=key, secret=secret)
    try:
        return _PlainUnpickler(io.BytesIO(pickled)).load()
    except _NotPlainError:
        return _decode_object(pickled, key)
    except Exception as error:  # of any kind, as above
        raise _unreadable(key, error) from error


def _decode_object(pickled: bytes, key: str) -> Any:
    from machine.storage.dill_codec import ObjectUnpickler  # noqa: PLC0415 - imports dill, see above

    unpickler = ObjectUnpickler(io.BytesIO(pickled))
    try:
        return unpickler.load()
    except Exception as error:  # of any kind, as above
        raise _unreadable(key, error, unpickler.last_name) from error


def _unreadable(key: str, error: Exception, class_name: str | None = None) -> StorageError:
    remedy = (
        f"Bring back {class_name} as it was, or delete the key."
        if class_name
        else "It is damaged, or something else wrote it: delete the key."
    )
    return StorageError(f"The value of {key!r} cannot be read ({_text(error)}). {remedy}")


def _pickle(value: Any) -> bytes:
    buffer = io.BytesIO()
    try:
        _PlainPickler(buffer).dump(value)
    except _NotPlainError:
        from machine.storage.dill_codec import ObjectPickler  # noqa: PLC0415 - imports dill, see above

        buffer = io.BytesIO()
        ObjectPickler(buffer).dump(value)
    return buffer.getvalue()


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(".")


class _NotPlainError(Exception):
    """The value holds something beside text, numbers and containers."""


class _PlainPickler(pickle.Pickler):
    def reducer_override(self, _: object) -> NoReturn:
        """Called for all that is not of a built-in type."""
        raise _NotPlainError


class _PlainUnpickler(pickle.Unpickler):
    def find_class(self, _module: str, _name: str) -> NoReturn:
        """Called for all that is not of a built-in type."""
        raise _NotPlainError
