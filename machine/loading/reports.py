"""Says what loading and reloading did: to the log, and to whoever follows the trace."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from types import CodeType, MethodType
from typing import Any

from machine.dispatch.registry import Handler
from machine.errors import PluginError
from machine.loading.loader import LoadedPlugin
from machine.logger import get_logger
from machine.redaction import redact
from machine.trace import PluginFailed, PluginLoaded, PluginsReloaded, PluginUnloaded, Trace

MAX_LISTED = 20
"""Names of files, modules and handlers in a line of the log."""

_logger = get_logger(__name__)


class Stopwatch:
    """Times the steps of something that is done once."""

    def __init__(self) -> None:
        self._started = self._last = time.perf_counter()
        self.steps: dict[str, timedelta] = {}

    def step(self, name: str) -> None:
        """The step that has just ended was called `name`; one that comes again is added up."""
        now = time.perf_counter()
        self.steps[name] = self.steps.get(name, timedelta()) + timedelta(seconds=now - self._last)
        self._last = now

    @property
    def total(self) -> timedelta:
        """Since the beginning."""
        return timedelta(seconds=time.perf_counter() - self._started)


class Reports:
    """Reports what becomes of plugins."""

    def __init__(self, trace: Trace, root: Path) -> None:
        self._trace = trace
        self._root = root

    def loaded(self, plugin: LoadedPlugin) -> None:
        """A plugin went live."""
        _logger.info("Plugin loaded", plugin=plugin.name, handlers=len(plugin.handlers))
        if self._trace:
            names = tuple(handler.name for handler in plugin.handlers)
            self._trace.emit(PluginLoaded(plugin=plugin.name, handlers=names, duration=plugin.duration))

    def unloaded(self, name: str) -> None:
        """A plugin is gone."""
        _logger.info("Plugin unloaded", plugin=name)
        if self._trace:
            self._trace.emit(PluginUnloaded(plugin=name))

    def passed_over(self, paths: Iterable[Path]) -> None:
        """These hold no plugins, whatever their author thinks."""
        for path in paths:
            _logger.warning(
                "No plugin is loaded from here: Python cannot import this name; use letters, digits and _",
                file=self._relative(path),
            )

    def failed(self, name: str, error: PluginError, *, is_live: bool) -> None:
        """A module or a class could not be loaded; an old version of it may be live."""
        where = f"{error.file}:{error.line}" if error.file and error.line else error.file
        _logger.error(
            "Plugin failed to load, the old version stays live" if is_live else "Plugin failed to load",
            plugin=name,
            phase=error.phase,
            problem=redact(str(error)),
            at=where,
            **({"traceback": f"\n{error.traceback}"} if error.traceback else {}),
        )
        if self._trace:
            self._trace.emit(
                PluginFailed(
                    plugin=name,
                    phase=error.phase,
                    error=redact(str(error)),
                    traceback=error.traceback,
                    file=error.file,
                    line=error.line,
                    is_old_version_live=is_live,
                )
            )

    def reloaded(
        self,
        files: Iterable[Path],
        modules: Iterable[str],
        before: Mapping[str, LoadedPlugin],
        after: Mapping[str, LoadedPlugin],
        stopwatch: Stopwatch,
    ) -> None:
        """Changed files were reloaded; `before` and `after` are the live plugins."""
        old, new = _by_identity(before.values()), _by_identity(after.values())
        record = PluginsReloaded(
            files=tuple(sorted(self._relative(path) for path in files)),
            modules=tuple(sorted(modules)),
            added=tuple(sorted(new.keys() - old.keys())),
            removed=tuple(sorted(old.keys() - new.keys())),
            changed=tuple(sorted(name for name in old.keys() & new.keys() if _differs(old[name], new[name]))),
            steps=stopwatch.steps,
            duration=stopwatch.total,
        )
        _logger.info(
            "Plugins reloaded",
            files=_bounded(record.files),
            modules=_bounded(record.modules),
            added=_bounded(record.added),
            removed=_bounded(record.removed),
            changed=_bounded(record.changed),
            duration_ms=_ms(record.duration),
            steps_ms={name: _ms(duration) for name, duration in record.steps.items()},
        )
        if self._trace:
            self._trace.emit(record)

    def _relative(self, path: Path) -> str:
        return str(path.relative_to(self._root)) if path.is_relative_to(self._root) else str(path)


def _bounded(names: Sequence[str]) -> list[str]:
    """For a log line; a `git checkout` may change hundreds. The trace record has all of them."""
    left_out = len(names) - MAX_LISTED
    return [*names[:MAX_LISTED], *([f"and {left_out} more"] if left_out > 0 else [])]


def _by_identity(plugins: Iterable[LoadedPlugin]) -> dict[str, Handler]:
    return {
        f"{handler.name} {handler.trigger.describe()}": handler for plugin in plugins for handler in plugin.handlers
    }


def _differs(old: Handler, new: Handler) -> bool:
    return old is not new and _behaviour(_code(old)) != _behaviour(_code(new))


def _code(handler: Handler) -> CodeType | None:
    function = handler.function
    return getattr(function.__func__, "__code__", None) if isinstance(function, MethodType) else None


def _behaviour(code: Any) -> Any:
    """What a function does, leaving out where it stands: a line inserted above it changes nothing."""
    if not isinstance(code, CodeType):
        return code
    return (code.co_code, code.co_names, code.co_varnames, tuple(_behaviour(constant) for constant in code.co_consts))


def _ms(duration: timedelta) -> float:
    return round(duration.total_seconds() * 1000, 1)
