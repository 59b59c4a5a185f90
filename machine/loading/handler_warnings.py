"""What is wrong with a plugin although it can be loaded: handlers that never run, or do not what they seem to."""

from __future__ import annotations

import ast
import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from machine.dispatch.kinds import RULES, Answering
from machine.dispatch.registry import Handler
from machine.loading.handler_discovery import hidden_method, plugin_name
from machine.logger import get_logger
from machine.manifest_rules import COMMAND
from machine.near_names import did_you_mean
from machine.plugins.base import MachineBasePlugin
from machine.plugins.declarations import declared
from machine.plugins.triggers import ModalSubmitted, Options, Process, SlashCommand, Trigger, Webhook
from machine.slack.facts.events import EVENT_SCOPES, FOR_PEOPLE_ONLY, MESSAGE_EVENTS, UNASKED

_KNOWN_EVENTS = frozenset({"message", *EVENT_SCOPES, *UNASKED, *FOR_PEOPLE_ONLY})
_ANSWERED_ONCE = (SlashCommand, ModalSubmitted, Options)
_LITERALS = (ast.JoinedStr, ast.Dict, ast.List, ast.Tuple)
_DEPTH = 3  # decorators around a handler that are looked through

_logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Something that is probably a mistake.

    Attributes:
        problem: What is wrong, and what to do.
        handler: The method, with module and class.
        at: File and line.
    """

    problem: str
    handler: str
    at: str


def warn_of(plugin: MachineBasePlugin, handlers: Iterable[Handler], others: Iterable[Handler]) -> None:
    """Log what looks like a mistake in a plugin, next to the handlers of the plugins before it."""
    handlers = tuple(handlers)
    found = [*_in_handlers(handlers), *_answered_twice(handlers, others), *_covered_handlers(type(plugin))]
    if not handlers and not found and type(plugin).init is MachineBasePlugin.init:
        problem = "The plugin has no handlers. Decorate its methods, with @listen_to or another one as the outermost"
        found.append(Suspicion(problem, plugin_name(type(plugin)), _place(type(plugin))))
    for suspicion in dict.fromkeys(found):
        _logger.warning(suspicion.problem, handler=suspicion.handler, at=suspicion.at)


def _in_handlers(handlers: Iterable[Handler]) -> Iterator[Suspicion]:
    by_method: dict[str, list[Handler]] = {}
    for handler in handlers:
        by_method.setdefault(handler.name, []).append(handler)
        if problem := _never_comes(handler.trigger):
            yield _suspicion(handler, problem)
    returned = functools.cache(_returned_values)
    for same in by_method.values():
        handler = same[0]
        if hidden := hidden_method(handler):
            yield _suspicion(
                handler, f"A handler takes the place of a method of the base class, {hidden}: give it another name"
            )
        if (unheard := _unheard_answer(same, returned)) is not None:
            yield _suspicion(handler, unheard)


def _unheard_answer(same: Sequence[Handler], returned: Callable[[str], Mapping[int, list[ast.expr]]]) -> str | None:
    """What is wrong with the values that a method yields or returns; `same` are the handlers that it makes."""
    handler, answering = same[0], {_answering(one.trigger) for one in same}
    decorator, sending = f"@{handler.trigger.describe().partition('(')[0]}", "for example with `await ….say()`"
    if handler.is_generator:
        unheard = answering == {Answering.AT_ONCE}
        return f"What a handler with {decorator} yields goes nowhere. Send it, {sending}" if unheard else None
    if Answering.RESULT in answering:
        return None
    values, answers = returned(handler.source_file).get(handler.source_line, ()), Answering.FIRST_YIELD in answering
    if not any(answers or _is_literal(value) for value in values):
        return None
    remedy = "`yield` it, or send it" if answers else "Send it"
    return f"What a handler with {decorator} returns goes nowhere. {remedy}, {sending}"


def _answering(trigger: Trigger) -> Answering:
    if isinstance(trigger, Webhook):
        return Answering.RESULT
    rule = RULES.get(type(trigger))
    return rule.answering if rule is not None else Answering.AT_ONCE


def _never_comes(trigger: Trigger) -> str:
    """Why Slack will never send what a trigger waits for; empty where it may."""
    if isinstance(trigger, SlashCommand) and not COMMAND.fullmatch(trigger.command):
        return f"Slack has no command {trigger.command}: small letters, digits, -, _ and . only"
    if not isinstance(trigger, Process) or trigger.event_type in _KNOWN_EVENTS - set(MESSAGE_EVENTS):
        return ""
    if trigger.event_type.startswith("message."):
        return f'The event {trigger.event_type} arrives as "message". Write @process("message")'
    # Slack adds events without notice, so only what looks like another one is doubted.
    meant = did_you_mean(trigger.event_type, sorted(_KNOWN_EVENTS), cutoff=0.85)
    return f"Slack has no event {trigger.event_type}.{meant}" if meant else ""


def _answered_twice(handlers: Iterable[Handler], others: Iterable[Handler]) -> Iterator[Suspicion]:
    taken: dict[str, Handler] = {}
    for one in others:
        if isinstance(one.trigger, _ANSWERED_ONCE):
            taken.setdefault(one.trigger.describe(), one)
    for handler in handlers:
        if isinstance(handler.trigger, _ANSWERED_ONCE):
            what = handler.trigger.describe()
            other = taken.setdefault(what, handler)
            if other is not handler:
                yield _suspicion(
                    handler,
                    f"@{what} is on {other.name} ({other.source_file}:{other.source_line}) as well: both run, and the "
                    "first to answer is heard. Give one of them another name",
                )


def _covered_handlers(cls: type[MachineBasePlugin]) -> Iterator[Suspicion]:
    """Handlers that are not found, because a decorator that lacks `functools.wraps` lies above ours."""
    for name in dict.fromkeys(name for base in reversed(cls.__mro__) for name in vars(base)):
        member = inspect.getattr_static(cls, name)
        if isinstance(member, type | property) or (inspect.isfunction(member) and declared(member) is not None):
            continue
        if (covered := _declared_inside(member, _DEPTH)) is not None:
            code = inspect.unwrap(covered).__code__
            yield Suspicion(
                f"{cls.__name__}.{name} is not a handler: a decorator above hides its trigger. "
                "Make @listen_to (or whichever it is) the outermost, or have the other one use functools.wraps",
                f"{plugin_name(cls)}.{name}",
                f"{code.co_filename}:{code.co_firstlineno}",
            )


def _declared_inside(member: object, depth: int) -> Any:
    """The function with declarations that another one, or an object, is wrapped around."""
    if depth == 0:
        return None
    if inspect.isfunction(member):
        inner = []
        for cell in member.__closure__ or ():
            try:
                inner.append(cell.cell_contents)
            except ValueError:  # it is empty
                continue
    elif isinstance(member, functools.partial | functools.partialmethod | staticmethod | classmethod):
        inner = [getattr(member, "func", None) or getattr(member, "__func__", None)]
    else:
        inner = list(getattr(member, "__dict__", {}).values()) if callable(member) else []
    for one in inner:
        if inspect.isfunction(one) and (found := declared(one)) is not None and found.triggers:
            return one
        if callable(one) and (deeper := _declared_inside(one, depth - 1)) is not None:
            return deeper
    return None


def _returned_values(file: str) -> dict[int, list[ast.expr]]:
    """What the functions of a file return besides nothing and what they await, by their first lines."""
    try:
        tree = ast.parse(Path(file).read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return {}
    return {
        min(node.lineno, *(decorator.lineno for decorator in node.decorator_list)): list(_returned(node))
        for node in ast.walk(tree)
        if isinstance(node, ast.AsyncFunctionDef) and node.decorator_list
    }


def _returned(node: ast.AST) -> Iterator[ast.expr]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            continue
        value = child.value if isinstance(child, ast.Return) else None
        if value is not None and not isinstance(value, ast.Await) and getattr(value, "value", value) is not None:
            yield value
        yield from _returned(child)


def _is_literal(value: ast.expr) -> bool:
    return isinstance(value, _LITERALS) or (isinstance(value, ast.Constant) and isinstance(value.value, str))


def _suspicion(handler: Handler, problem: str) -> Suspicion:
    return Suspicion(problem, handler.name, f"{handler.source_file}:{handler.source_line}")


def _place(cls: type) -> str:
    try:
        return f"{inspect.getfile(cls)}:{inspect.getsourcelines(cls)[1]}"
    except (OSError, TypeError):
        return cls.__module__
