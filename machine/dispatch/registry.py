"""Who listens: every handler of every live plugin, in one immutable value that is swapped whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from typing import Any, Generic, Protocol, TypeVar

from machine.dispatch.kinds import RULES
from machine.dispatch.mentions import APP_MENTION
from machine.dispatch.prefilter import Prefilter
from machine.envelope import Envelope
from machine.plugins.base import MachineBasePlugin
from machine.plugins.declarations import RequiredRoles
from machine.plugins.triggers import HomeOpened, On, Process, RespondTo, Schedule, TextTrigger, Trigger


@dataclass(frozen=True, slots=True)
class Handler:
    """A plugin's method together with one thing it waits for.

    A method with two decorators makes two handlers.

    Attributes:
        name: Module, class and method, joined by dots.
        plugin: Name of the plugin: module and class.
        instance: The plugin the method belongs to.
        function: The bound method.
        trigger: What it waits for.
        wants_logger: Whether it takes a `logger` argument.
        is_generator: Whether it yields; the first value may answer the request.
        required_roles: Who may run it; all of these must hold.
        timeout: How long it may take.
        source_file: Where the method stands.
        source_line: The line of the method in `source_file`, counted from 1.
        doc: The method's docstring, or empty.
    """

    name: str
    plugin: str
    instance: MachineBasePlugin = field(repr=False)
    function: Callable[..., Any] = field(repr=False)
    trigger: Trigger
    wants_logger: bool = False
    is_generator: bool = False
    required_roles: tuple[RequiredRoles, ...] = ()
    timeout: timedelta | None = None
    source_file: str = ""
    source_line: int = 0
    doc: str = ""


class Listener(Protocol):
    """What can be asked whether an envelope is for it."""

    @property
    def name(self) -> str:
        """Whose trigger it is."""

    @property
    def trigger(self) -> Trigger:
        """What it waits for."""


@dataclass(frozen=True, slots=True)
class Outline:
    """A handler without its plugin, so that whoever keeps it keeps no unloaded plugin alive."""

    name: str
    trigger: Trigger


_FEW = 8  # patterns that are searched for sooner than it is found out which of them are worth it

_ListenerT = TypeVar("_ListenerT", bound=Listener)


class Registry(Generic[_ListenerT]):
    """The handlers of all plugins, indexed once for the questions asked per event.

    Attributes:
        handlers: Every handler, in the order in which plugins were loaded and methods defined.
    """

    def __init__(self, handlers: Iterable[_ListenerT] = ()) -> None:
        self.handlers = tuple(handlers)
        by_trigger: defaultdict[type[Trigger], list[_ListenerT]] = defaultdict(list)
        by_name: defaultdict[tuple[type[Trigger], str], list[_ListenerT]] = defaultdict(list)
        for handler in self.handlers:
            trigger = handler.trigger
            by_trigger[type(trigger)].append(handler)
            if isinstance(trigger, Process):
                by_name[Process, trigger.event_type].append(handler)
            elif isinstance(trigger, On):
                by_name[On, trigger.event].append(handler)
        self._by_trigger: Mapping[type[Trigger], tuple[_ListenerT, ...]] = _frozen(by_trigger)
        self._prefilters: dict[type[TextTrigger], Prefilter] = {}
        self._by_name: Mapping[tuple[type[Trigger], str], tuple[_ListenerT, ...]] = _frozen(by_name)
        self._answered_kinds = frozenset(
            rule.kind
            for handler in self.handlers
            if isinstance(handler, Handler)
            and (rule := RULES.get(type(handler.trigger))) is not None
            and rule.may_answer(is_generator=handler.is_generator)
        )

    def may_answer(self, kind: str) -> bool:
        """Whether a handler may decide what Slack is answered with; asked on the thread that receives."""
        return kind in self._answered_kinds

    def waiting_for(self, trigger: type[Trigger]) -> tuple[_ListenerT, ...]:
        """The handlers with a trigger of this type."""
        return self._by_trigger.get(trigger, ())

    def named(self, trigger: type[Trigger], name: str) -> tuple[_ListenerT, ...]:
        """The handlers of an event type or of an emitted event."""
        return self._by_name.get((trigger, name), ())

    def candidates(self, trigger: type[Trigger], envelope: Envelope) -> tuple[_ListenerT, ...]:
        """The handlers with a trigger of this type that an envelope is worth holding against."""
        handlers = self._by_trigger.get(trigger, ())
        if not handlers:
            return ()
        if trigger is Process:
            return self.named(Process, envelope.type)
        if issubclass(trigger, TextTrigger) and envelope.type != "message":
            return handlers if trigger is RespondTo and envelope.type == APP_MENTION else ()
        if trigger is HomeOpened and envelope.type != "app_home_opened":
            return ()
        return handlers

    def worth_searching(self, trigger: type[TextTrigger], text: str) -> Sequence[_ListenerT]:
        """Those of the handlers with a text trigger of this type whose patterns `text` may match."""
        handlers = self.waiting_for(trigger)
        if len(handlers) <= _FEW:
            return handlers
        prefilter = self._prefilters.get(trigger)
        if prefilter is None:  # made for the first message: while plugins load, registries follow each other quickly
            patterns = [one.trigger.pattern for one in handlers if isinstance(one.trigger, TextTrigger)]
            prefilter = self._prefilters[trigger] = Prefilter(patterns)
        return [handlers[position] for position in prefilter.candidates(text)]

    @cached_property
    def outline(self) -> Registry[Outline]:
        """The same handlers without their plugins, for explanations that are kept."""
        return Registry(Outline(handler.name, _without_model(handler.trigger)) for handler in self.handlers)

    @property
    def scheduled(self) -> tuple[_ListenerT, ...]:
        """The handlers that run at set times."""
        return self.waiting_for(Schedule)


def _without_model(trigger: Trigger) -> Trigger:
    """A model belongs to the plugin's module, and decides nothing."""
    return replace(trigger, model=None) if isinstance(trigger, Process) else trigger


def _frozen(index: Mapping[Any, list[_ListenerT]]) -> dict[Any, tuple[_ListenerT, ...]]:
    return {key: tuple(handlers) for key, handlers in index.items()}
