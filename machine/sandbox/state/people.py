"""The people of a workspace, bots among them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from machine.errors import WorkspaceError
from machine.sandbox.refusal import SlackRefusal
from machine.sandbox.state.changes import Announce, PersonChanged, PersonJoined
from machine.sandbox.state.objects import Person

_MAX_NAMES_SHOWN = 12
_MAX_NAMES_COMPARED = 2_000  # comparing takes about 10 microseconds for each


class People(dict[str, Person]):
    """The people by id, in the order in which they joined."""

    def __init__(self, announce: Announce) -> None:
        super().__init__()
        self._announce = announce
        self._ids_by_name: dict[str, str] = {}
        self._ids_by_email: dict[str, str] = {}

    def join(self, person: Person) -> Person:
        """Let somebody join the workspace.

        Raises:
            WorkspaceError: The id or the name is taken.
        """
        if person.id in self or person.name in self._ids_by_name:
            raise WorkspaceError(f"There already is somebody called {person.name!r} ({person.id}). Names are unique.")
        self._keep(person)
        self._announce(PersonJoined(person))
        return person

    def restore(self, people: Iterable[Person]) -> None:
        """Take people in as they were, without announcing them; they replace those of the same id or name."""
        for person in people:
            for other in {person.id, self._ids_by_name.get(person.name, person.id)} & self.keys():
                self._forget(self.pop(other))
            self._keep(person)

    def change(self, user: str, **fields: Any) -> Person:
        """Change the profile of a person, field by field as in `Person`."""
        old = self.known(user)
        person = replace(old, **fields)
        self._forget(old)
        self._keep(person)
        self._announce(PersonChanged(person, old))
        return person

    def known(self, user: str, error: str = "user_not_found") -> Person:
        """The person with this id.

        Raises:
            SlackRefusal: With `error`, when there is none.
        """
        person = self.get(user)
        if person is None:
            raise SlackRefusal(error)
        return person

    def find(self, who: str) -> Person:
        """The person with this id, name (with or without `@`), mention or e-mail address.

        Raises:
            WorkspaceError: Nobody is called so; the message names who is near.
        """
        wanted = who.strip().removeprefix("<@").removesuffix(">").removeprefix("@").partition("|")[0]
        person = self.get(wanted) or self.named(wanted) or self.with_email(wanted)
        if person is None:
            names = [person.name for person in self.values()]
            raise WorkspaceError(f"There is nobody called {who!r}. {nearest(wanted, names, 'People')}")
        return person

    def named(self, name: str) -> Person | None:
        """The person with this name, in any case of letters, or `None`."""
        user = self._ids_by_name.get(name) or self._ids_by_name.get(name.lower())
        return self[user] if user else None

    def with_email(self, email: str) -> Person | None:
        """The person with this e-mail address, or `None`."""
        user = self._ids_by_email.get(email.lower())
        return self[user] if user else None

    def _keep(self, person: Person) -> None:
        self[person.id] = person
        self._ids_by_name[person.name] = person.id
        if person.email:
            self._ids_by_email.setdefault(person.email.lower(), person.id)

    def _forget(self, person: Person) -> None:
        """Take the names of a person out of the indexes, unless somebody else has them."""
        for ids, name in ((self._ids_by_name, person.name), (self._ids_by_email, (person.email or "").lower())):
            if ids.get(name) == person.id:
                del ids[name]


def nearest(wanted: str, names: Iterable[str], title: str) -> str:
    """A sentence for an error message that names what somebody may have meant, and what there is."""
    known = list(names)
    compared = known if len(known) <= _MAX_NAMES_COMPARED else [name for name in known if name[:2] == wanted[:2]]
    near = difflib.get_close_matches(wanted, compared[:_MAX_NAMES_COMPARED], n=3, cutoff=0.6)
    listed = ", ".join(known[:_MAX_NAMES_SHOWN]) + (", …" if len(known) > _MAX_NAMES_SHOWN else "")
    there_are = f"{title}: {listed or 'none'}."
    return f"Did you mean {' or '.join(near)}? {there_are}" if near else there_are
