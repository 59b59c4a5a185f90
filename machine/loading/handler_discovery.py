"""Reads the handlers off a plugin, and refuses what could not be called."""

from __future__ import annotations

import dataclasses
import inspect
import typing
from collections.abc import Callable, Iterator
from typing import Any

from pydantic import BaseModel

from machine.dispatch.registry import Handler
from machine.errors import PluginError
from machine.loading.peer_hints import BEFORE_030
from machine.plugins.base import MachineBasePlugin
from machine.plugins.declarations import Declarations, declared
from machine.plugins.triggers import On, Process, Schedule, TextTrigger, Trigger, Webhook


def plugin_name(cls: type) -> str:
    """The name of a plugin: module and class, joined by a dot. Its storage is kept under this name."""
    return f"{cls.__module__}.{cls.__qualname__}"


def handlers_of(plugin: MachineBasePlugin) -> tuple[Handler, ...]:
    """The handlers of a plugin, checked: each is async and takes the arguments it will be called with.

    Raises:
        PluginError: Naming the method, with file and line, and what to change.
    """
    return tuple(_handlers(plugin))


def hidden_method(handler: Handler) -> str | None:
    """The method of `MachineBasePlugin` that a handler takes the place of by its name, if there is one."""
    method = handler.name.rpartition(".")[2]
    return f"MachineBasePlugin.{method}" if hasattr(MachineBasePlugin, method) else None


def check_lifecycle(cls: type[MachineBasePlugin]) -> None:
    """Make sure that what the framework awaits can be awaited.

    Raises:
        PluginError: Naming the method, with file and line.
    """
    for method, function in _functions(cls):
        if method in ("init", "on_reload", "shutdown"):
            original = inspect.unwrap(function)
            file, line = original.__code__.co_filename, original.__code__.co_firstlineno
            _check_is_async(original, _Where(plugin_name(cls), f"{cls.__name__}.{method}", file, line))


def _handlers(plugin: MachineBasePlugin) -> Iterator[Handler]:
    cls = type(plugin)
    for method, function in _functions(cls):
        declarations = declared(function)
        if declarations is None or not declarations.triggers:
            continue
        original = inspect.unwrap(function)
        file, line = original.__code__.co_filename, original.__code__.co_firstlineno
        where = _Where(plugin_name(cls), f"{cls.__name__}.{method}", file, line)
        _check_is_async(original, where)
        parameters = _parameters(function)
        for trigger in declarations.triggers:
            _check_arguments(trigger, parameters, where)
            if declarations.required_roles and all(isinstance(one, Schedule | On) for one in declarations.triggers):
                raise where.problem(
                    f"asks for roles, but nobody runs what is decorated with @{trigger.describe()}. Take them off."
                )
            if isinstance(trigger, Webhook):
                _check_webhook(original, declarations, where)
            if isinstance(trigger, Process):
                trigger = dataclasses.replace(trigger, model=_wanted_model(original, parameters))  # noqa: PLW2901
            yield _handler(plugin, method, function, trigger, declarations, where)


def _handler(
    plugin: MachineBasePlugin,
    method: str,
    function: Callable[..., Any],
    trigger: Trigger,
    declarations: Declarations,
    where: _Where,
) -> Handler:
    return Handler(
        name=f"{where.plugin}.{method}",
        plugin=where.plugin,
        instance=plugin,
        function=function.__get__(plugin),
        trigger=trigger,
        wants_logger="logger" in _parameters(function),
        is_generator=inspect.isasyncgenfunction(inspect.unwrap(function)),
        required_roles=tuple(declarations.required_roles),
        timeout=declarations.timeout,
        source_file=where.file,
        source_line=where.line,
        doc=inspect.cleandoc(function.__doc__ or ""),  # not getdoc: it takes that of an overridden method
    )


class _Where:
    def __init__(self, plugin: str, method: str, file: str, line: int) -> None:
        self.plugin, self.method, self.file, self.line = plugin, method, file, line

    def problem(self, problem: str) -> PluginError:
        return PluginError(self.plugin, f"{self.method} {problem}", phase="register", file=self.file, line=self.line)


def _functions(cls: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    """The functions of a class, base classes first; looked up without evaluating properties."""
    names = dict.fromkeys(name for base in reversed(cls.__mro__) for name in vars(base))
    for name in names:
        member = inspect.getattr_static(cls, name)
        if inspect.isfunction(member):
            yield name, member


def _check_is_async(function: Callable[..., Any], where: _Where) -> None:
    if not (inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)):
        raise where.problem(f"is not async. {BEFORE_030}")


def _check_webhook(function: Callable[..., Any], declarations: Declarations, where: _Where) -> None:
    if inspect.isasyncgenfunction(function):
        raise where.problem("yields, but a webhook is answered once. Return the answer instead.")
    if declarations.required_roles:
        raise where.problem("asks for roles, but nobody knows who sends a webhook. Check a signature instead.")


def _parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    parameters = list(inspect.signature(function).parameters.items())
    takes_self = bool(parameters) and parameters[0][1].kind is not inspect.Parameter.VAR_POSITIONAL
    return dict(parameters[1:] if takes_self else parameters)


def _wanted_model(function: Callable[..., Any], parameters: dict[str, inspect.Parameter]) -> type[BaseModel] | None:
    """The pydantic model that annotates the first argument, if one does."""
    try:
        hints = typing.get_type_hints(function)
    except (NameError, TypeError):  # names that exist for type checkers only
        return None
    wanted = hints.get(next(iter(parameters), ""))
    return wanted if isinstance(wanted, type) and issubclass(wanted, BaseModel) else None


def _check_arguments(trigger: Trigger, parameters: dict[str, inspect.Parameter], where: _Where) -> None:
    if isinstance(trigger, On):
        return  # called with whatever is emitted
    kinds = {parameter.kind for parameter in parameters.values()}
    takes_any_name = inspect.Parameter.VAR_KEYWORD in kinds
    groups = set(trigger.pattern.groupindex) if isinstance(trigger, TextTrigger) else set()
    positional = [
        parameter
        for parameter in parameters.values()
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    wants_argument = not isinstance(trigger, Schedule)
    if wants_argument and not positional and inspect.Parameter.VAR_POSITIONAL not in kinds:
        raise where.problem(f"takes no argument for what triggers it, @{trigger.describe()}. Add one after self.")
    received = {positional[0].name} if wants_argument and positional else set()
    if not takes_any_name and (unknown := groups - (set(parameters) - received)):
        names = ", ".join(sorted(unknown))
        raise where.problem(f"takes no argument {names}, which is a named group of @{trigger.describe()}. Add it.")
    required = {
        name
        for name, parameter in parameters.items()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    }
    if missing := required - received - groups - {"logger"}:
        names = ", ".join(sorted(missing))
        if isinstance(trigger, Schedule):
            raise where.problem(
                f"takes {names}, but no message causes a scheduled method to run. "
                "Remove it, and write to a channel with self.say()."
            )
        raise where.problem(
            f"needs an argument {names}, which @{trigger.describe()} does not give it. "
            "Remove it, give it a default, or name a group of the pattern so."
        )
