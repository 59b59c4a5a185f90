"""Objects to bytes and back, with dill: whatever plugins store that is not plain data.

Classes and functions of modules are stored by name. dill alone would store one by value when the name now leads to
another object, as it does after a reload, and would hand out a stranger to `isinstance` ever after. What is read back
is always an instance of the class that is live now, also where an object of its predecessor was stored.
"""

from __future__ import annotations

import sys
from operator import attrgetter
from types import FunctionType
from typing import Any

import dill

from machine.errors import StorageError

_DEFINE = "Define it in a plugin's file, or store plain data."


class ObjectPickler(dill.Pickler):  # type: ignore[misc]  # dill is not typed
    """dill's, with the live class in the place of one that a reload has replaced; such functions are refused."""

    def save(self, obj: Any, save_persistent_id: bool = True) -> None:
        """Called for each object on the way."""
        if isinstance(obj, type):
            obj = _live_class(obj)
        elif isinstance(obj, FunctionType):
            _refuse_replaced_function(obj)
        super().save(obj, save_persistent_id)


class ObjectUnpickler(dill.Unpickler):  # type: ignore[misc]  # dill is not typed
    """dill's, remembering the class or function it looked up last."""

    last_name: str | None = None

    def find_class(self, module: str, name: str) -> Any:
        """Called for each class and function."""
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
        raise StorageError(f"its class {cls.__qualname__} is from {name}, which is not a loaded module. {_DEFINE}")
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
