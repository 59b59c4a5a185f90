"""Values to bytes and back, with dill, so that a plugin can store nearly any Python object.

Reading runs code that the bytes name, as every pickle does: a store is as trusted as the plugins themselves, unless
values are signed (`STORAGE_SECRET`). Then, what this bot did not write is refused before any of it is looked at.

Classes and functions of modules are stored by name. dill alone would store one by value when the name now leads to
another object, as it does after a reload, and would hand out a stranger to `isinstance` ever after. What is read back
is always an instance of the class that is live now, also where an object of its predecessor was stored.
"""

from __future__ import annotations

import io
import pickle
import sys
from operator import attrgetter
from types import FunctionType
from typing import Any, NoReturn

import dill
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
    unpickler = _Unpickler(io.BytesIO(verified(data, key=key, secret=secret)))
    try:
        return unpickler.load()
    except Exception as error:  # of any kind, as above
        remedy = (
            f"Bring back {unpickler.last_name} as it was, or delete the key."
            if unpickler.last_name
            else "It is damaged, or something else wrote it: delete the key."
        )
        raise StorageError(f"The value of {key!r} cannot be read ({_text(error)}). {remedy}") from error


def _pickle(value: Any) -> bytes:
    buffer = io.BytesIO()
    try:
        _PlainPickler(buffer).dump(value)
    except _NotPlainError:
        buffer = io.BytesIO()
        _Pickler(buffer).dump(value)
    return buffer.getvalue()


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(".")


_DEFINE = "Define it in a plugin's file, or store plain data."


class _NotPlainError(Exception):
    """The value holds something beside text, numbers and containers."""


class _PlainPickler(pickle.Pickler):
    """Thirty times as fast as dill's, which is written in Python and holds up the event loop with large values."""

    def reducer_override(self, _: object) -> NoReturn:
        """Called for all that is not of a built-in type."""
        raise _NotPlainError


class _Pickler(dill.Pickler):  # type: ignore[misc]  # dill is not typed
    """dill's, with the live class in the place of one that a reload has replaced; such functions are refused."""

    def save(self, obj: Any, save_persistent_id: bool = True) -> None:
        if isinstance(obj, type):
            obj = _live_class(obj)
        elif isinstance(obj, FunctionType):
            _refuse_replaced_function(obj)
        super().save(obj, save_persistent_id)


class _Unpickler(dill.Unpickler):  # type: ignore[misc]  # dill is not typed
    """dill's, remembering the class or function it looked up last."""

    last_name: str | None = None

    def find_class(self, module: str, name: str) -> Any:
        self.last_name = f"{module}.{name}"
        return super().find_class(module, name)


def _live_class(cls: type) -> type:
    """The class that is to be stored for `cls`: after a reload, the one that has taken its place.

    A handler of the old version that is still running may store its objects so; they are read as the new class, like
    all that the old version has stored before.
    """
    name = cls.__module__
    if name in ("builtins", "__main__") or not isinstance(name, str):
        return cls
    module = sys.modules.get(name)
    if module is None:
        raise StorageError(f"its class {cls.__qualname__} is from {name}, which is no loaded module. {_DEFINE}")
    if "<locals>" in cls.__qualname__:
        return cls  # has no name to find it by, so dill stores it by value; its methods are looked at on the way
    try:
        found = attrgetter(cls.__qualname__)(module)
    except AttributeError:
        return cls  # made at run time and never bound to its name: by value, as above
    return found if isinstance(found, type) else cls


def _refuse_replaced_function(function: FunctionType) -> None:
    name = function.__globals__.get("__name__")
    if not isinstance(name, str):
        return  # made by a library, in a namespace of its own
    module = sys.modules.get(name)
    if module is None:  # dill would store all that its namespace holds: in a REPL, the bot itself
        raise StorageError(f"the function {function.__qualname__} in it is from {name}, no loaded module. {_DEFINE}")
    if vars(module) is not function.__globals__:
        raise StorageError(
            f"the function {name}.{function.__qualname__} in it is from before {name} was reloaded. Store plain data."
        )
