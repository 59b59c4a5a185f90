"""The plugin API is what `contract.json` says: plugins that were written for slack-machine find what they use.

Each row names something public: it must exist as the same kind of thing, with the same parameters in the same order and
the same defaults. More optional parameters, and more names, are welcome. Where code and this file disagree, the code is
wrong: plugins of other people depend on it.
"""

from __future__ import annotations

import importlib
import inspect
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

CONTRACT: Mapping[str, Mapping[str, Any]] = json.loads(
    Path(__file__).with_name("contract.json").read_text(encoding="utf-8")
)
ROWS = [(owner, name) for owner, rows in CONTRACT.items() for name in rows]
_DEFAULTS = {"re.IGNORECASE": re.IGNORECASE, "None": None, "True": True, "False": False}


def _found(path: str) -> Any:
    """The module, class or function with this dotted name."""
    try:
        return importlib.import_module(path)
    except ImportError:
        module, _, name = path.rpartition(".")
        return getattr(importlib.import_module(module), name)


def _default(written: str | None) -> Any:
    if written is None:
        return inspect.Parameter.empty
    return _DEFAULTS[written] if written in _DEFAULTS else json.loads(written.replace("'", '"'))


def _parameter_faults(function: Any, wanted: list[tuple[str, str | None]]) -> Iterator[str]:
    have = {name: one for name, one in inspect.signature(function).parameters.items() if name != "self"}
    catches_all = any(one.kind is one.VAR_KEYWORD for one in have.values())
    order = [name for name, one in have.items() if one.kind is not one.VAR_KEYWORD]
    named = [name for name, _ in wanted if not name.startswith("**")]
    if order[: len(named)] != named:
        yield f"its parameters are {order}, the contract has {named}"
        return
    for name, default in wanted:
        if name.startswith("**"):
            if not catches_all:
                yield f"it takes no {name}"
        elif have[name].default != _default(default):
            yield f"{name} defaults to {have[name].default!r}, the contract has {default}"
    for name in order[len(named) :]:
        if have[name].default is inspect.Parameter.empty:
            yield f"{name} is not in the contract and has no default"


def _faults(owner: Any, name: str, row: Mapping[str, Any]) -> Iterator[str]:
    member = inspect.getattr_static(owner, name, None)
    if row["kind"] == "instance-attribute":
        known = {*getattr(owner, "__annotations__", {}), *getattr(owner, "__slots__", ())}
        if name not in known and f"self.{name}" not in inspect.getsource(owner):
            yield "it is missing"
    elif member is None:
        yield "it is missing"
    elif row["kind"] == "property":
        if inspect.isfunction(member) or not hasattr(member, "__get__"):
            yield f"it is a {type(member).__name__}, not a property"
    elif not inspect.isfunction(member):
        yield f"it is a {type(member).__name__}, not a function"
    else:
        if row["async"] and not inspect.iscoroutinefunction(member):
            yield "it is not async"
        if row["abstract"] and not getattr(member, "__isabstractmethod__", False):
            yield "it is not abstract"
        yield from _parameter_faults(member, row["params"])


@pytest.mark.parametrize("path", CONTRACT)
def test_every_module_and_class_can_be_imported(path: str) -> None:
    """From where plugins import it."""
    assert _found(path) is not None


@pytest.mark.parametrize(("path", "name"), ROWS)
def test_every_name_is_as_the_contract_says(path: str, name: str) -> None:
    """Kind, parameters and defaults."""
    assert list(_faults(_found(path), name, CONTRACT[path][name])) == []
