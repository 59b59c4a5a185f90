"""Values come back as they were stored, as instances of the classes that are live."""

from __future__ import annotations

import sys
from collections import OrderedDict, namedtuple
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from machine.errors import StorageError
from machine.models import User
from machine.storage.codec import decode, encode

PLUGIN = """
import dataclasses, enum
from collections import namedtuple

class Plain:
    def __init__(self):
        self.version = {version}

class Bare:
    pass

@dataclasses.dataclass(frozen=True, slots=True)
class Item:
    text: str = "milk"

class Colour(enum.Enum):
    RED = 1

Pair = namedtuple("Pair", "left right")

class Outer:
    class Inner:
        pass

class Mistake(Exception):
    pass

def function():
    return {version}

def make_local():
    class Local:
        def method(self):
            return {version}
    return Local()
"""

Loader = Callable[[int], ModuleType]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loader]:
    """Imports a version of a plugin's module afresh, under the same name, as a reload does."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def load_version(version: int) -> ModuleType:
        (tmp_path / "reloaded_plugin.py").write_text(PLUGIN.format(version=version))
        sys.modules.pop("reloaded_plugin", None)
        return import_module("reloaded_plugin")

    yield load_version
    sys.modules.pop("reloaded_plugin", None)


def values_of(module: Any) -> dict[str, Any]:
    return {
        "instance": module.Plain(),
        "instance of a class without methods": module.Bare(),
        "dataclass": module.Item(),
        "enum member": module.Colour.RED,
        "named tuple": module.Pair(1, 2),
        "nested class": module.Outer.Inner(),
        "exception": module.Mistake("no"),
        "class": module.Plain,
        "function": module.function,
        "instance of a local class": module.make_local(),
        "in a container": {"items": [module.Item()]},
    }


@dataclass
class Todo:
    text: str
    is_done: bool = False


class Colour(Enum):
    RED = 1


Point = namedtuple("Point", "x y")  # noqa: PYI024  # what plugins do

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary() | st.dates(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=10,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(PLAIN)
def test_data_survives_a_round_trip(value: Any) -> None:
    """Whatever a plugin stores it gets back."""
    assert decode(encode(value, key="k"), key="k") == value


@pytest.mark.parametrize(
    "value",
    [
        Todo("milk"),
        Colour.RED,
        Point(1, 2),
        User(id="U1", name="ada"),
        OrderedDict(a=1),
        {"when": datetime(2024, 1, 2, tzinfo=UTC), "day": date(2024, 1, 2), "for": timedelta(hours=1)},
        {1, 2, 3},
        frozenset({Colour.RED}),
        [Todo("a"), Todo("b", is_done=True)],
        Todo,
        len,
    ],
    ids=repr,
)
def test_objects_survive_a_round_trip(value: Any) -> None:
    """The contract promises that nearly any Python object can be stored."""
    again = decode(encode(value, key="k"), key="k")

    assert again == value
    assert type(again) is type(value)


def test_lambdas_and_local_classes_can_be_stored() -> None:
    """They have no name to be found by, so dill stores them whole."""

    class Local:
        answer = 42

    assert decode(encode(lambda x: x + 1, key="k"), key="k")(1) == 2
    assert decode(encode(Local(), key="k"), key="k").answer == 42


def test_what_an_old_version_stores_is_read_as_the_class_that_is_live(load: Loader) -> None:
    """A handler that was running when its plugin was reloaded finishes on the old code, and may store its objects."""
    values = {what: value for what, value in values_of(load(1)).items() if "local" not in what}
    function = values.pop("function")
    new = load(2)

    now = {what: decode(encode(value, key=what), key=what) for what, value in values.items()}

    assert type(now["instance"]) is new.Plain
    assert now["dataclass"] == new.Item()
    assert now["enum member"] is new.Colour.RED
    assert type(now["nested class"]) is new.Outer.Inner
    with pytest.raises(StorageError, match=r"'todo:items' cannot be stored.*reloaded_plugin.*reloaded"):
        encode(function, key="todo:items")


def test_what_a_removed_plugin_made_is_refused(load: Loader) -> None:
    """Nothing could read it back."""
    value = load(1).Plain()
    del sys.modules["reloaded_plugin"]

    with pytest.raises(StorageError, match="from reloaded_plugin, which is not a loaded module"):
        encode(value, key="k")


def test_what_was_defined_in_a_repl_is_refused() -> None:
    """Dill would store a function with its namespace, where the running bot and its tokens are."""
    namespace: dict[str, Any] = {"__name__": "__console__", "machine": "all of the bot"}
    exec("class Note:\n    def text(self): return machine\nshout = lambda: machine", namespace)

    with pytest.raises(StorageError, match="Note is from __console__, which is not a loaded module"):
        encode(namespace["Note"](), key="k")
    with pytest.raises(StorageError, match="<lambda> in it is from __console__"):
        encode(namespace["shout"], key="k")


def test_stored_values_come_back_as_instances_of_the_reloaded_class(load: Loader) -> None:
    """So that `isinstance`, `==` and `except` hold after a plugin was edited."""
    old = load(1)
    stored = {what: encode(value, key=what) for what, value in values_of(old).items() if "local" not in what}

    new = load(2)
    now = {what: decode(data, key=what) for what, data in stored.items()}

    assert type(now["instance"]) is new.Plain
    assert now["instance"].version == 1
    assert now["dataclass"] == new.Item()
    assert now["enum member"] is new.Colour.RED
    assert type(now["named tuple"]) is new.Pair
    assert type(now["nested class"]) is new.Outer.Inner
    assert type(now["exception"]) is new.Mistake
    assert now["class"] is new.Plain
    assert now["function"]() == 2


def test_a_class_that_is_gone_is_named(load: Loader, tmp_path: Path) -> None:
    """The error says which key and which class, so that one of them can be put right."""
    data = encode(load(1).Plain(), key="todo:items")
    sys.modules["reloaded_plugin"] = ModuleType("reloaded_plugin")

    with pytest.raises(StorageError, match=r"'todo:items' cannot be read.*Bring back reloaded_plugin\.Plain"):
        decode(data, key="todo:items")


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 200))
def test_damaged_data_is_a_storage_error(length: int) -> None:
    """Cut anywhere, it must not look like a fault of the plugin."""
    data = encode([Todo("milk"), {"a": [1, 2, 3]}], key="k")

    with pytest.raises(StorageError, match="'k' cannot be read"):
        decode(data[: min(length, len(data) - 1)], key="k")


def test_what_cannot_be_pickled_is_a_storage_error() -> None:
    """Named by key and type, with what to do."""
    with pytest.raises(StorageError, match=r"'k' cannot be stored: it is a generator.*Store plain data"):
        encode((number for number in range(3)), key="k")


def test_an_endless_nesting_is_a_storage_error() -> None:
    """And not a crash of the bot."""
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]

    with pytest.raises(StorageError, match="RecursionError"):
        encode(value, key="k")
