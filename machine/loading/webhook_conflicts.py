"""Makes sure that no two handlers wait for the same webhook: only one can answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from machine.dispatch.registry import Handler
from machine.errors import PluginError
from machine.plugins.triggers import Webhook


def check_webhooks(handlers: Iterable[Handler], others: Iterable[Handler]) -> None:
    """Hold the webhooks of a plugin against each other and those of the plugins before it.

    Raises:
        PluginError: Two have a path and a method in common; names both, with file and line.
    """
    taken: dict[tuple[str, str], Handler] = dict(_routes(others))
    for route, handler in _routes(handlers):
        other = taken.setdefault(route, handler)
        if other is not handler:
            path, method = route
            raise PluginError(
                handler.plugin,
                f"{handler.name} and {other.name} ({other.source_file}:{other.source_line}) both wait for "
                f"{method} {path}, and only one can answer. Give one of them another path.",
                phase="register",
                file=handler.source_file,
                line=handler.source_line,
            )


def _routes(handlers: Iterable[Handler]) -> Iterator[tuple[tuple[str, str], Handler]]:
    for handler in handlers:
        if isinstance(handler.trigger, Webhook):
            for method in dict.fromkeys(handler.trigger.methods):
                yield (handler.trigger.path, method), handler
