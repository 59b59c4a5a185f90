"""Mappings of ids to people or channels that look like dicts and cost little: models are made when they are read."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from weakref import WeakValueDictionary

from machine.models.slack_object import SlackObject
from machine.slack.directory_cache import DirectoryCache, packed, unpacked

MAX_HELD = 500  # models at hand, some 9 kB each
MAX_MET = 10_000  # ids that are known to be there, some 100 bytes each
_READ_AT_ONCE = 500

# An update keeps the place that the record has in the order.
_PUT = """
INSERT INTO {table} (id, name, display_name, real_name, email, label, about, is_joined, listing, data)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET name = excluded.name, display_name = excluded.display_name,
    real_name = excluded.real_name, email = excluded.email, label = excluded.label,
    about = excluded.about, is_joined = excluded.is_joined, listing = excluded.listing, data = excluded.data
"""

Model = TypeVar("Model", bound=SlackObject)


@dataclass(frozen=True, slots=True)
class Names:
    """What a person or channel is found by and shown as, without making the model.

    Attributes:
        label: What lists show; empty for those that no list should offer.
        about: What explains the label.
        is_joined: Whether the bot takes part.
    """

    name: str | None = None
    display_name: str | None = None
    real_name: str | None = None
    email: str | None = None
    label: str = ""
    about: str = ""
    is_joined: bool = False


class Records(MutableMapping[str, Model], Generic[Model]):
    """People or channels by id, in the order in which they were met.

    Reading one twice gives the same object for as long as anybody holds it.

    Args:
        cache: Keeps them.
        table: Which of its tables.
        model: What is made of a record.
        names: What a model is found by.
    """

    def __init__(
        self,
        cache: DirectoryCache,
        table: str,
        model: type[Model],
        names: Callable[[Model], Names],
    ) -> None:
        self._cache = cache
        self._model = model
        self._names = names
        self._held: OrderedDict[str, Model] = OrderedDict()  # the last that were read
        self._alive: WeakValueDictionary[str, Model] = WeakValueDictionary()  # and all that somebody holds
        self._met: set[str] = set()  # are there, or were before the cache was begun anew
        self._met_in = cache.beginning
        self._table = table
        self._lock = threading.RLock()  # a handler may read in a thread what an event is about to change
        self._listing = time.time_ns()  # marks what this run has met

    def __getitem__(self, key: object) -> Model:
        if not isinstance(key, str):
            raise KeyError(key)
        with self._lock:
            model = self._held.get(key)
            if model is not None:
                self._held.move_to_end(key)
                return model
            model = self._alive.get(key)
            if model is None:
                known = self.raw(key)
                if not known:
                    raise KeyError(key)
                model = self._model.model_validate(known)
            return self._hold(key, model)

    def __setitem__(self, key: str, model: Model) -> None:
        self.take({**model.model_dump(mode="json"), "id": key})

    def __delitem__(self, key: str) -> None:
        if key not in self:
            raise KeyError(key)
        with self._lock:
            self._query("DELETE FROM {table} WHERE id = ?", key)
            self._let_go(key)

    def __contains__(self, key: object) -> bool:
        # Asked twice for each event; asking the database each time was 7 % of what a message takes.
        if key in self._held or (key in self._met and self._met_in == self._cache.beginning):
            return True
        with self._lock:
            if not isinstance(key, str) or not self._query("SELECT 1 FROM {table} WHERE id = ?", key):
                return False
            if len(self._met) >= MAX_MET or self._met_in != self._cache.beginning:
                self._met.clear()
                self._met_in = self._cache.beginning
            self._met.add(key)
        return True

    def __iter__(self) -> Iterator[str]:
        place = 0
        while rows := self._query(
            "SELECT place, id FROM {table} WHERE place > ? ORDER BY place LIMIT ?", place, _READ_AT_ONCE
        ):
            yield from (row[1] for row in rows)
            place = rows[-1][0]

    def __len__(self) -> int:
        return int(self._query("SELECT count(*) FROM {table}")[0][0])

    def __repr__(self) -> str:
        return f"<{len(self)} {self._table}>"

    def copy(self) -> dict[str, Model]:
        """All of them as a dict; in a large workspace it takes seconds, and some 9 kB each."""
        return dict(self)

    def clear(self) -> None:
        """Forget them all."""
        self._query("DELETE FROM {table}")
        self._held.clear()
        self._alive.clear()
        self._met.clear()

    def raw(self, key: str) -> dict[str, Any]:
        """What Slack told of one; empty where nothing is known."""
        rows = self._query("SELECT data FROM {table} WHERE id = ?", key)
        return unpacked(rows[0][0]) if rows else {}

    def take(self, data: Mapping[str, Any]) -> Model:
        """Take over an object of Slack, in place of what is known of it.

        Raises:
            ValidationError: It cannot be read.
        """
        model = self._model.model_validate(data)
        key = model.id  # type: ignore[attr-defined]  # all models that are kept have one
        names = self._names(model)
        name, display_name, real_name, email = map(
            _folded, (names.name, names.display_name, names.real_name, names.email)
        )
        shown = (names.label, names.about, names.is_joined)
        with self._lock:
            # `!= ''` is what the partial indexes are used for
            if email:  # an address that moved is no longer the one's who had it
                self._query("UPDATE {table} SET email = '' WHERE email = ? AND email != '' AND id != ?", email, key)
            self._query(_PUT, key, name, display_name, real_name, email, *shown, self._listing, packed(data))
            self._let_go(key)
        return model

    def drop_unlisted(self) -> None:
        """Forget what is from an earlier run, and that this one has not met."""
        with self._lock:
            gone = self._query("SELECT id FROM {table} WHERE listing < ?", self._listing)
            self._query("DELETE FROM {table} WHERE listing < ?", self._listing)
            for (key,) in gone:
                self._let_go(key)

    def called(self, name: str, by: str) -> list[str]:
        """The ids of those that have this `name`, `display_name`, `real_name` or `email`, in any case of letters."""
        folded = name.casefold()
        if not folded:
            return []  # or whoever has no display name would be found
        query = f"SELECT id FROM {{table}} WHERE {by} = ? AND {by} != '' ORDER BY place"  # noqa: S608 - a column of ours
        return [row[0] for row in self._query(query, folded)]

    def having(self, field: str) -> dict[str, str]:
        """Ids by `name`, `email` and so on, in small letters; those that have none are left out."""
        query = f"SELECT {field}, id FROM {{table}} WHERE {field} != '' ORDER BY place"  # noqa: S608 - a column of ours
        return dict(self._query(query))

    def labels(self) -> Iterator[tuple[str, str]]:
        """What lists offer, and what explains it: all of a large workspace in some 0.1 s."""
        place = 0
        query = "SELECT place, label, about FROM {table} WHERE label != '' AND place > ? ORDER BY place LIMIT ?"
        while rows := self._query(query, place, _READ_AT_ONCE):
            yield from (row[1:] for row in rows)
            place = rows[-1][0]

    def joined(self) -> list[Model]:
        """Those that the bot takes part in."""
        ids = self._query("SELECT id FROM {table} WHERE is_joined ORDER BY place")
        return [self[row[0]] for row in ids]

    def _hold(self, key: str, model: Model) -> Model:
        self._held.pop(key, None)  # it becomes the last
        self._alive[key] = self._held[key] = model
        if len(self._held) > MAX_HELD:
            self._held.popitem(last=False)
        return model

    def _let_go(self, key: str) -> None:
        self._held.pop(key, None)
        self._alive.pop(key, None)
        self._met.discard(key)

    def _query(self, query: str, *values: Any) -> list[Any]:
        return self._cache.rows(query.replace("{table}", self._table), values)


class ByEmail(Mapping[str, Model], Generic[Model]):
    """People by e-mail address, in small letters."""

    def __init__(self, people: Records[Model]) -> None:
        self._people = people

    def __getitem__(self, key: str) -> Model:
        ids = self._people.called(key, "email") if key == key.lower() else []
        if not ids:
            raise KeyError(key)
        return self._people[ids[0]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._people.having("email"))

    def __len__(self) -> int:
        return len(self._people.having("email"))


def _folded(name: str | None) -> str:
    return (name or "").casefold()
