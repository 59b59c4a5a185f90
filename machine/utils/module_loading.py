"""Importing by name as slack-machine's plugins do it."""

from __future__ import annotations

from importlib import import_module
from inspect import isclass

__all__ = ["import_string"]


def import_string(dotted_path: str) -> list[tuple[str, type]]:
    """The classes that a dotted name stands for, each with its dotted name: those of a module, or one class.

    Raises:
        ImportError: There is neither.
    """
    try:
        module = import_module(dotted_path)
    except ModuleNotFoundError:
        parent, _, name = dotted_path.rpartition(".")
        found = getattr(import_module(parent), name, None) if parent else None
        if not isclass(found):
            raise
        return [(dotted_path, found)]
    return [(f"{dotted_path}.{name}", cls) for name, cls in sorted(vars(module).items()) if isclass(cls)]
