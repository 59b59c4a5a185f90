"""Modals and home tabs: what a person has on screen, and who may still open something there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from machine.sandbox.refusal import SlackRefusal
from machine.sandbox.state.changes import Announce, HomePublished, ViewClosed, ViewOpened, ViewUpdated
from machine.sandbox.state.clock import Timeline
from machine.sandbox.state.objects import View
from machine.slack.block_kit.elements import initial_values, with_ids

TRIGGER_LIFETIME_S = 3.0
_MAX_OPEN_VIEWS = 3
_MAX_TRIGGERS = 1_000


@dataclass(slots=True)
class _Trigger:
    user: str
    expires_at: float
    is_used: bool = False


class Triggers:
    """Trigger ids: leave to open a view for a person, for 3 seconds and once."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._triggers: dict[str, _Trigger] = {}

    def issue(self, user: str) -> str:
        """A new trigger id for something `user` just did."""
        trigger_id = f"{self._timeline.next_id('')}.{user.lower()}"
        self._triggers[trigger_id] = _Trigger(user, self._timeline.now + TRIGGER_LIFETIME_S)
        if len(self._triggers) > _MAX_TRIGGERS:
            del self._triggers[next(iter(self._triggers))]
        return trigger_id

    def redeem(self, trigger_id: str) -> str:
        """The person whose trigger this is, which is used up by this.

        Raises:
            SlackRefusal: `invalid_trigger_id`, `expired_trigger_id`, `exchanged_trigger_id`.
        """
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            raise SlackRefusal("invalid_trigger_id")
        if trigger.is_used:
            raise SlackRefusal("exchanged_trigger_id")
        if self._timeline.now > trigger.expires_at:
            raise SlackRefusal("expired_trigger_id")
        trigger.is_used = True
        return trigger.user


class Views:
    """The open modals of each person, at most three on top of each other, and the home tabs."""

    def __init__(self, timeline: Timeline, announce: Announce) -> None:
        self._timeline = timeline
        self._announce = announce
        self._stacks: dict[str, list[View]] = {}
        self._homes: dict[str, View] = {}

    def homes(self) -> list[View]:
        """The home tabs that the app has published."""
        return list(self._homes.values())

    def restore(self, homes: Iterable[View]) -> None:
        """Take home tabs in as they were, without announcing them."""
        self._homes |= {view.user: view for view in homes}

    def shown_to(self, user: str) -> View | None:
        """The modal on top for a person, or `None`."""
        stack = self._stacks.get(user)
        return stack[-1] if stack else None

    def stack_of(self, user: str) -> list[View]:
        """All open modals of a person, the one on top last."""
        return list(self._stacks.get(user, ()))

    def home_of(self, user: str) -> View | None:
        """The home tab that the app published for a person, or `None`."""
        return self._homes.get(user)

    def find(self, view_id: str | None, external_id: str | None = None) -> View:
        """An open view by its id, or by the id that the app gave it.

        Raises:
            SlackRefusal: `not_found`.
        """
        for view in self._all():
            if view.id == view_id or (external_id and view.content.get("external_id") == external_id):
                return view
        raise SlackRefusal("not_found")

    def open(self, user: str, content: Mapping[str, Any]) -> View:
        """Show a modal, on top of those already open.

        Raises:
            SlackRefusal: `push_limit_reached`, `duplicate_external_id`.
        """
        stack = self._stacks.setdefault(user, [])
        if len(stack) >= _MAX_OPEN_VIEWS:
            raise SlackRefusal("push_limit_reached")
        self._check_external_id(content, None)
        view = self._new(user, content, stack[-1] if stack else None)
        stack.append(view)
        self._announce(ViewOpened(view))
        return view

    def push(self, user: str, content: Mapping[str, Any]) -> View:
        """Show a modal on top of one that is open.

        Raises:
            SlackRefusal: `not_found` with nothing open, `push_limit_reached`, `duplicate_external_id`.
        """
        if not self._stacks.get(user):
            raise SlackRefusal("not_found")
        return self.open(user, content)

    def update(self, view: View, content: Mapping[str, Any], expected_hash: str | None = None) -> View:
        """Show something else in an open view; what was entered stays where block and action ids are the same.

        Raises:
            SlackRefusal: `hash_conflict` if the view changed since the app saw it, `duplicate_external_id`.
        """
        if expected_hash and expected_hash != view.hash:
            raise SlackRefusal("hash_conflict")
        self._check_external_id(content, view.id)
        blocks = with_ids(content.get("blocks") or (), self._timeline.short_id)
        fresh = initial_values(blocks)
        values = {
            block_id: {name: view.values.get(block_id, {}).get(name, value) for name, value in actions.items()}
            for block_id, actions in fresh.items()
        }
        return self._replace(view, content=content, blocks=blocks, values=values, hash=self._hash(), errors={})

    def enter(self, view: View, block_id: str, action_id: str, value: dict[str, Any]) -> View:
        """Note what a person entered; the app is not told, and the hash stays."""
        values = {**view.values, block_id: {**view.values.get(block_id, {}), action_id: value}}
        return self._store(replace(view, values=values))

    def refuse(self, view: View, errors: Mapping[str, str]) -> View:
        """Show what is wrong with a submission, by block id."""
        return self._replace(view, errors=dict(errors))

    def close(self, view: View) -> None:
        """Close one modal, if it is still open; the one below shows again."""
        stack = self._stacks.get(view.user, [])
        left = [other for other in stack if other.id != view.id]
        self._stacks[view.user] = left
        if len(left) < len(stack):
            self._announce(ViewClosed(view))

    def clear(self, user: str) -> list[View]:
        """Close every modal of a person; returns them, the top one first."""
        closed = list(reversed(self._stacks.pop(user, [])))
        for view in closed:
            self._announce(ViewClosed(view))
        return closed

    def publish(self, user: str, content: Mapping[str, Any], expected_hash: str | None = None) -> View:
        """Set the home tab of a person.

        Raises:
            SlackRefusal: `hash_conflict`, `duplicate_external_id`.
        """
        old = self._homes.get(user)
        if expected_hash and (old is None or old.hash != expected_hash):
            raise SlackRefusal("hash_conflict")
        self._check_external_id(content, old.id if old else None)
        view = self._new(user, content, None)
        self._homes[user] = replace(view, id=old.id, root_id=old.id) if old else view
        self._announce(HomePublished(self._homes[user]))
        return self._homes[user]

    def _new(self, user: str, content: Mapping[str, Any], below: View | None) -> View:
        blocks = with_ids(content.get("blocks") or (), self._timeline.short_id)
        view_id = self._timeline.next_id("V")
        return View(
            id=view_id,
            user=user,
            type=str(content.get("type")),
            content=content,
            blocks=blocks,
            values=initial_values(blocks),
            hash=self._hash(),
            root_id=below.root_id if below else view_id,
            previous_id=below.id if below else None,
        )

    def _replace(self, view: View, **fields: Any) -> View:
        changed = self._store(replace(view, **fields))
        self._announce(ViewUpdated(changed, view))
        return changed

    def _store(self, view: View) -> View:
        if view.type == "home":
            self._homes[view.user] = view
        else:
            stack = self._stacks.get(view.user, [])
            self._stacks[view.user] = [view if other.id == view.id else other for other in stack]
        return view

    def _check_external_id(self, content: Mapping[str, Any], own_id: str | None) -> None:
        wanted = content.get("external_id")
        if wanted and any(view.content.get("external_id") == wanted and view.id != own_id for view in self._all()):
            raise SlackRefusal("duplicate_external_id")

    def _all(self) -> list[View]:
        return [view for stack in self._stacks.values() for view in stack] + list(self._homes.values())

    def _hash(self) -> str:
        return f"{int(self._timeline.now)}.{self._timeline.next_id('').lower()}"
