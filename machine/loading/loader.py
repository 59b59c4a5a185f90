"""Loads plugins: finds their classes, checks settings, constructs, reads handlers, initialises."""

from __future__ import annotations

import asyncio
import inspect
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import TypeGuard

from machine.dispatch.registry import Handler
from machine.dispatch.slow_patterns import is_slow
from machine.errors import PluginError
from machine.exception_policy import concerns_others
from machine.loading.handler_discovery import check_lifecycle, handlers_of, plugin_name
from machine.loading.importing import Project
from machine.logger import get_logger
from machine.near_names import did_you_mean
from machine.plugins.base import Host, MachineBasePlugin
from machine.plugins.declarations import required_settings_of
from machine.settings import ENVIRONMENT_PREFIX, CaseInsensitiveDict
from machine.slack.client import SlackClient
from machine.storage import PluginStorage
from machine.tracebacks import one_line, own_traceback

INIT_TIMEOUT = timedelta(seconds=30)
_SET_BY_BASE = frozenset({"_client", "settings", "storage"})
_CONSTRUCTOR = (
    "Write `def __init__(self, client, settings, storage)`, and in it `super().__init__(client, settings, storage)` "
    "first; or use `async def init(self)` in its place."
)
INIT_IS_SLOW = timedelta(seconds=3)  # people wonder by then what they wait for

_logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LoadedPlugin:
    """A plugin that is live.

    Attributes:
        name: Module and class, joined by a dot.
        instance: The plugin itself.
        handlers: What it listens for.
        source: Its file; `None` where it has none.
        loaded_at: When it went live (aware, UTC).
        duration: How long constructing and initialising took.
    """

    name: str
    instance: MachineBasePlugin = field(repr=False)
    handlers: tuple[Handler, ...]
    source: Path | None
    loaded_at: datetime
    duration: timedelta

    @property
    def module(self) -> str:
        """The module that defines it."""
        return type(self.instance).__module__

    @property
    def title(self) -> str:
        """The name of its class."""
        return type(self.instance).__name__


class Loader:
    """Turns plugin classes into live plugins.

    Args:
        project: Imports modules.
        client: Given to each plugin.
        settings: Given to each plugin.
        storage_for: Makes the storage of the plugin with a name.
        host: Made known to each plugin.
        init_timeout: How long an `init()` may take.
        init_is_slow: When it is told that one still runs.
    """

    def __init__(
        self,
        project: Project,
        client: SlackClient,
        settings: CaseInsensitiveDict,
        storage_for: Callable[[str], PluginStorage],
        host: Host,
        init_timeout: timedelta = INIT_TIMEOUT,
        init_is_slow: timedelta = INIT_IS_SLOW,
    ) -> None:
        self._project = project
        self._client = client
        self._settings = settings
        self._storage_for = storage_for
        self._host = host
        self._init_timeout = init_timeout
        self._init_is_slow = init_is_slow

    def classes(self, name: str) -> list[type[MachineBasePlugin]]:
        """The plugin classes that a dotted name stands for: one class, or all that a module defines.

        Raises:
            PluginError: When there is no such module or class, or it cannot be imported.
        """
        try:
            module = self._project.load(name)
        except PluginError:
            parent, _, attribute = name.rpartition(".")
            if not parent or not attribute[:1].isupper():
                raise
            return [self._class(self._project.load(parent), attribute)]
        return list(_plugin_classes(module))

    async def load(
        self,
        cls: type[MachineBasePlugin],
        previous: MachineBasePlugin | None = None,
        check: Callable[[MachineBasePlugin, Sequence[Handler]], None] = lambda _plugin, _handlers: None,
    ) -> LoadedPlugin:
        """Make a plugin ready to go live: settings checked, constructed, handlers read and checked, `init()` done.

        Args:
            cls: The plugin.
            previous: The version that is live, if any; `on_reload()` may take over from it.
            check: Raises `PluginError` for handlers that could not be run.

        Raises:
            PluginError: Saying which step failed, where and why.
        """
        name, started = plugin_name(cls), time.perf_counter()
        if missing := [setting for setting in required_settings_of(cls) if self._settings.get(setting) is None]:
            raise _wrong(cls, " ".join(map(self._missing, missing)), "settings")
        check_lifecycle(cls)
        instance = self._construct(cls, name)
        handlers = handlers_of(instance)
        _warn_of_slow_patterns(handlers)
        check(instance, handlers)
        await self._in_time(instance, name, "init", instance.init())
        if previous is not None:
            await self._in_time(instance, name, "on_reload", instance.on_reload(previous))
        return LoadedPlugin(
            name=name,
            instance=instance,
            handlers=handlers,
            source=_source_of(cls),
            loaded_at=datetime.now(UTC),
            duration=timedelta(seconds=time.perf_counter() - started),
        )

    def _class(self, module: ModuleType, attribute: str) -> type[MachineBasePlugin]:
        cls = vars(module).get(attribute)
        if _is_plugin_class(cls):
            return cls
        known = ", ".join(other.__name__ for other in _plugin_classes(module)) or "none"
        raise PluginError(
            f"{module.__name__}.{attribute}",
            f"There is no plugin class {attribute} in {module.__name__}; its plugin classes: {known}.",
            phase="import",
            file=module.__file__,
        )

    def _missing(self, setting: str) -> str:
        return (
            f"The setting {setting}, which the plugin requires, is not set."
            f"{did_you_mean(setting, self._settings, cutoff=0.8)} "
            f"Write {setting} = ... into local_settings.py, or export {ENVIRONMENT_PREFIX}{setting}."
        )

    def _construct(self, cls: type[MachineBasePlugin], name: str) -> MachineBasePlugin:
        try:
            instance = cls(self._client, self._settings, self._storage_for(name))
        except BaseException as error:
            if concerns_others(error):
                raise
            failed = _failed(cls, name, "construct", error)
            if not _takes_three(cls) or (isinstance(error, AttributeError) and error.name in _SET_BY_BASE):
                failed.args = (f"{failed} {_CONSTRUCTOR}",)
            raise failed from error
        if not vars(instance).keys() >= _SET_BY_BASE:
            raise _wrong(
                cls, f"{cls.__name__}.__init__() does not call that of its base class. {_CONSTRUCTOR}", "construct"
            )
        instance.connect_host(self._host)
        return instance

    async def _in_time(self, instance: MachineBasePlugin, name: str, phase: str, step: Awaitable[None]) -> None:
        limit = f"{self._init_timeout.total_seconds():g} s"
        warning = asyncio.get_running_loop().call_later(
            self._init_is_slow.total_seconds(),
            lambda: _logger.warning("A plugin takes long to get ready", plugin=name, step=f"{phase}()", limit=limit),
        )
        try:
            async with asyncio.timeout(self._init_timeout.total_seconds()) as timer:
                await step
        except BaseException as error:
            if concerns_others(error):
                raise
            if not timer.expired():
                raise _failed(type(instance), name, phase, error) from error
            raise PluginError(
                name, f"{phase}() did not end within {limit}.", phase=phase, file=_file_of(type(instance))
            ) from error
        finally:
            warning.cancel()


def unique(classes: Iterable[type[MachineBasePlugin]]) -> list[type[MachineBasePlugin]]:
    """Each plugin once, however many names led to it."""
    return list({plugin_name(cls): cls for cls in classes}.values())


def _plugin_classes(module: ModuleType) -> Iterator[type[MachineBasePlugin]]:
    """The plugin classes a module defines (a package: that it offers), not those it imports from elsewhere."""
    is_package = hasattr(module, "__path__")
    for value in tuple(vars(module).values()):
        if _is_plugin_class(value) and not inspect.isabstract(value):
            origin = value.__module__
            if origin == module.__name__ or (is_package and origin.startswith(f"{module.__name__}.")):
                yield value


def _is_plugin_class(value: object) -> TypeGuard[type[MachineBasePlugin]]:
    return isinstance(value, type) and issubclass(value, MachineBasePlugin) and value is not MachineBasePlugin


def _takes_three(cls: type) -> bool:
    try:
        inspect.signature(cls).bind(None, None, None)
    except TypeError:
        return False
    return True


def _warn_of_slow_patterns(handlers: Iterable[Handler]) -> None:
    for handler in handlers:
        for field_ in fields(handler.trigger):
            pattern = getattr(handler.trigger, field_.name)
            if isinstance(pattern, re.Pattern) and is_slow(pattern):
                _logger.warning(
                    "A pattern may block the bot for a long time: it repeats what is itself repeated; "
                    "let something stand between the repetitions that they cannot match",
                    handler=handler.name,
                    plugin=handler.plugin,
                    pattern=pattern.pattern,
                    at=f"{handler.source_file}:{handler.source_line}",
                )


def _wrong(cls: type, problem: str, phase: str) -> PluginError:
    file = _file_of(cls)
    try:
        line = inspect.getsourcelines(cls)[1]
    except (OSError, TypeError):
        line = None
    return PluginError(plugin_name(cls), problem, phase=phase, file=file, line=line)


def _failed(cls: type, name: str, phase: str, error: BaseException) -> PluginError:
    file = _file_of(cls)
    frames = (
        [frame for frame in inspect.getinnerframes(error.__traceback__) if frame.filename == file]
        if (error.__traceback__)
        else []
    )
    return PluginError(
        name,
        one_line(error),
        phase=phase,
        file=file,
        line=frames[-1].lineno if frames else None,
        traceback=own_traceback(error, file or ""),
    )


def _file_of(cls: type) -> str | None:
    try:
        return inspect.getfile(cls)
    except (OSError, TypeError):
        return None


def _source_of(cls: type) -> Path | None:
    file = _file_of(cls)
    return Path(file) if file else None
