"""The plugins that are live, and replacing them: in one step, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from machine.dispatch.dispatcher import Dispatcher
from machine.dispatch.registry import Handler, Registry
from machine.errors import PluginError
from machine.loading.handler_discovery import plugin_name
from machine.loading.handler_warnings import warn_of
from machine.loading.importing import Project, fingerprint
from machine.loading.loader import LoadedPlugin, Loader, unique
from machine.loading.module_swap import ModuleSwap
from machine.loading.reload_attempts import ReloadAttempts
from machine.loading.reports import Reports, Stopwatch
from machine.loading.source_files import sources_in
from machine.loading.unloading import Unloading, shut_down
from machine.loading.webhook_conflicts import check_webhooks
from machine.plugins.base import MachineBasePlugin
from machine.trace import Trace


class Jobs(Protocol):
    """Runs handlers at set times."""

    def check(self, handlers: Iterable[Handler]) -> None:
        """Raise `PluginError` for a schedule that cannot be read."""

    def replace(self, handlers: Iterable[Handler]) -> None:
        """Run the schedules of these handlers, and no others."""


@dataclass(frozen=True, slots=True)
class _Change:
    """What replaces what, prepared to the point where nothing can fail any more."""

    plugins: dict[str, LoadedPlugin]
    failures: dict[str, PluginError]
    retired: list[LoadedPlugin]


class PluginManager:
    """Every plugin of a bot.

    Args:
        project: Where plugin modules are imported from.
        loader: Makes plugins ready.
        dispatcher: Gets the handlers.
        jobs: Gets the schedules.
        trace: Told of what is loaded, reloaded and fails.
        names: What PLUGINS names.
        classes: Plugin classes to load besides; they are not reloaded.

    Attributes:
        live: The plugins that run, by name.
        failures: What could not be loaded, by the name of its module or class; an older version of it may be live.
        off: Names of plugins that are switched off; they stay loaded, also over a reload, and hear nothing.
    """

    def __init__(
        self,
        project: Project,
        loader: Loader,
        dispatcher: Dispatcher,
        jobs: Jobs,
        trace: Trace,
        names: Iterable[str],
        classes: Iterable[type[MachineBasePlugin]] = (),
    ) -> None:
        self.live: dict[str, LoadedPlugin] = {}
        self.failures: dict[str, PluginError] = {}
        self.off: set[str] = set()
        self._project = project
        self._loader = loader
        self._dispatcher = dispatcher
        self._jobs = jobs
        self._reports = Reports(trace, project.root)
        self._names = tuple(names)
        self._classes = tuple(classes)
        self._fingerprints: dict[Path, str | None] = {}
        self._waiting: dict[Path, str | None] = {}  # what could not be reloaded, as it was then
        self._lock = asyncio.Lock()
        self._attempts = ReloadAttempts()
        self._unloading = Unloading(dispatcher.supervisor.ended)

    async def load_all(self) -> None:
        """Load what PLUGINS names and what lies in the plugin folder; what fails is reported and left out."""
        async with self._lock:
            names = [*self._names, *self._project.plugin_modules()]
            self._reports.passed_over(self._project.passed_over())
            # As they are imported: what is saved while an `init()` runs must count as a change.
            before = {path: fingerprint(path) for path in self.files()}
            self._publish(await self._prepare(names, {}, ModuleSwap(self._project), Stopwatch()), names)
            self._fingerprints = before | self._project.fingerprints()

    async def reload(self, changed: Iterable[Path] | None = None) -> bool:
        """Reload changed files; whatever fails leaves what ran before running.

        An attempt that is under way is given up if one of its files has been saved again. Files that could not be
        reloaded earlier are tried again with the new ones, and left alone if that is what fails.

        Args:
            changed: The files to look at; by default every file of the project's that is imported or holds plugins.

        Returns:
            Whether anything was replaced.
        """
        candidates = None if changed is None else set(changed)
        self._make_way(candidates)
        async with self._lock:
            stopwatch = Stopwatch()
            files = self._relevant(self._really_changed(candidates) | self._taken_back(candidates))
            stopwatch.step("compare")
            self._reports.passed_over(path for path in self._project.passed_over() if path in files)
            if not files or self._attempts.are_over:
                return False
            failures: Mapping[str, PluginError] = {}
            for attempt in self._attempts_at(files):
                modules = self._affected_modules(attempt)
                obstacles = await self._attempts.make(
                    attempt.keys() | self._files_of(modules),
                    self._fingerprints | attempt,
                    self._replace(attempt, modules, stopwatch),
                )
                if obstacles is None:
                    self._waiting.update(files)  # those that were not saved again are still to be reloaded
                    return False
                if not obstacles:
                    return True
                failures = obstacles
            self._waiting.update(files)
            self.failures.update(failures)
            for name, error in failures.items():
                self._reports.failed(name, error, is_live=True)
            return False

    async def rebuild(self, loader: Loader, names: Iterable[str], reason: Path) -> bool:
        """Make all plugins anew, with what another loader gives them and other PLUGINS; code is imported as it is.

        Args:
            loader: Makes the plugins from now on, if all that are live can be made.
            names: What PLUGINS names from now on.
            reason: The file whose change asks for it.

        Returns:
            Whether it was done; if not, all stays as it was and the failures are reported.
        """
        self._make_way([reason])
        async with self._lock:
            if self._attempts.are_over:
                return False
            previous, is_done = (self._loader, self._names), False
            self._loader, self._names = loader, tuple(names)
            try:
                obstacles = await self._attempts.make([reason], {reason: fingerprint(reason)}, self._make_anew(reason))
                is_done = obstacles is not None and not obstacles
            finally:
                if not is_done:
                    self._loader, self._names = previous
            for name, error in (obstacles or {}).items():
                self._reports.failed(name, error, is_live=True)
            return is_done

    def stop_reloading(self) -> None:
        """Reload nothing any more; what is under way is given up."""
        self._attempts.end()

    def disable(self, name: str) -> None:
        """Let a live plugin hear nothing from now on; handlers that run go on.

        Raises:
            KeyError: No plugin of this name is live.
        """
        self.off.add(self.live[name].name)
        self._take_over_handlers()

    def enable(self, name: str) -> None:
        """Let a plugin hear again; one that is not switched off stays as it is."""
        self.off.discard(name)
        self._take_over_handlers()

    def _take_over_handlers(self) -> None:
        handlers = [
            handler for plugin in self.live.values() if plugin.name not in self.off for handler in plugin.handlers
        ]
        self._dispatcher.registry = Registry(handlers)
        self._jobs.replace(handlers)

    async def close(self) -> None:
        """Shut all plugins down, after their handlers have ended."""
        self._unloading.unload(reversed(self.live.values()))
        self.live = {}
        await self._unloading.done()

    async def _make_anew(self, reason: Path) -> Mapping[str, PluginError]:
        """Replace every plugin, of the modules there are; returns what prevented it."""
        before, stopwatch, swap = self.live, Stopwatch(), ModuleSwap(self._project)
        tried = [*self._names, *self._project.plugin_modules()]
        change = await self._prepare(tried, {}, swap, stopwatch)
        if obstacles := await self._obstacles(change, {}, swap):
            return obstacles
        self._publish(change, tried)
        stopwatch.step("swap")
        self._reports.reloaded([reason], [], before, self.live, stopwatch)
        return {}

    async def _replace(
        self, files: Mapping[Path, str | None], modules: set[str], stopwatch: Stopwatch
    ) -> Mapping[str, PluginError]:
        """Replace the modules that `files` affect, as a whole; returns what prevented it."""
        before, swap = self.live, ModuleSwap(self._project, modules)
        names = self._names_to_load(modules)
        kept = {name: plugin for name, plugin in self.live.items() if plugin.module not in modules}
        try:
            change = await self._prepare(names, kept, swap, stopwatch)
            obstacles = await self._obstacles(change, kept, swap)
        except BaseException:
            swap.abandon()
            raise
        if obstacles:
            swap.abandon()
            return obstacles
        swap.finish()
        self._publish(change, names)
        stopwatch.step("swap")
        self._fingerprints.update(files)
        self._fingerprints.update({path: fingerprint(path) for path in self.files() - self._fingerprints.keys()})
        self._waiting = {path: content for path, content in self._waiting.items() if path not in files}
        if self.live != before or not change.failures:  # else nothing came of it, which has been told
            self._reports.reloaded(files, modules, before, self.live, stopwatch)
        return {}

    async def _obstacles(
        self, change: _Change, kept: Mapping[str, LoadedPlugin], swap: ModuleSwap
    ) -> Mapping[str, PluginError]:
        """Failures of what is live, which prevent a change; what was prepared for it is then shut down again."""
        obstacles = {name: error for name, error in change.failures.items() if self._is_live(name)}
        if obstacles:
            await _discard(change.plugins, kept, swap)
        return obstacles

    def _relevant(self, files: dict[Path, str | None]) -> dict[Path, str | None]:
        """What the bot is made of; after a failure, everything, as it may be what a plugin lacked."""
        if self.failures:
            return files
        known = self.files() | self._fingerprints.keys()
        return {path: content for path, content in files.items() if path in known}

    def _attempts_at(self, files: dict[Path, str | None]) -> list[dict[Path, str | None]]:
        """What to try one after the other: with what could not be reloaded earlier, and without."""
        everything = self._really_changed(self._waiting) | files
        fresh = {path: content for path, content in files.items() if self._waiting.get(path, "") != content}
        return [everything, fresh] if fresh and fresh != everything else [everything]

    def _affected_modules(self, files: Iterable[Path]) -> set[str]:
        changed = set(files)
        modules = self._project.modules()
        return self._project.importers_of(
            name for name, module in modules.items() if module.__file__ and Path(module.__file__) in changed
        )

    def _files_of(self, modules: Iterable[str]) -> set[Path]:
        imported = self._project.modules()
        return {Path(imported[name].__file__ or "") for name in modules if name in imported}

    def _make_way(self, candidates: Iterable[Path] | None) -> None:
        """Give up the attempt that is under way if something it consists of, or imports, has been saved since."""
        if saved := self._attempts.saved_since(candidates):
            affected = saved | self._files_of(self._affected_modules(saved))
            if not affected.isdisjoint(self._attempts.replaces):
                self._attempts.give_up(saved)

    def _names_to_load(self, modules: set[str]) -> list[str]:
        """What leads to the affected modules, and all that has no live plugin: new files, and earlier failures."""
        live = {plugin.module for plugin in self.live.values()} - modules
        named = [
            name
            for name in self._names
            if name in self.failures or any(name == module or name.startswith(f"{module}.") for module in modules)
        ]
        return [*named, *(name for name in self._project.plugin_modules() if name not in live)]

    def _is_live(self, name: str) -> bool:
        """Whether a module, or a class of one, has a live plugin."""
        return any(
            name in (plugin.name, plugin.module) or plugin.name.startswith(f"{name}.") for plugin in self.live.values()
        )

    async def _prepare(
        self, names: Iterable[str], kept: Mapping[str, LoadedPlugin], swap: ModuleSwap, stopwatch: Stopwatch
    ) -> _Change:
        failures: dict[str, PluginError] = {}
        classes = [cls for cls in self._classes if plugin_name(cls) not in kept]
        with swap.new_version():
            for name in names:
                try:
                    classes += self._loader.classes(name)
                except PluginError as error:
                    failures[name] = swap.hint(error)
        stopwatch.step("import")
        plugins = dict(kept)
        try:
            for cls in unique(classes):
                name = plugin_name(cls)
                if name in plugins:
                    continue
                previous = self.live.get(name)
                loading = self._loader.load(cls, previous.instance if previous else None, self._check_beside(plugins))
                try:
                    plugins[name] = await swap.running(loading)
                except PluginError as error:
                    failures[name] = swap.hint(error)
        except BaseException:  # it is given up
            await _discard(plugins, kept, swap)
            raise
        stopwatch.step("prepare")
        retired = [plugin for name, plugin in self.live.items() if plugins.get(name) is not plugin]
        return _Change(plugins, failures, retired)

    def _check_beside(
        self, plugins: Mapping[str, LoadedPlugin]
    ) -> Callable[[MachineBasePlugin, Sequence[Handler]], None]:
        def check(plugin: MachineBasePlugin, handlers: Sequence[Handler]) -> None:
            others = [handler for loaded in plugins.values() for handler in loaded.handlers]
            self._jobs.check(handlers)
            check_webhooks(handlers, others)
            warn_of(plugin, handlers, others)

        return check

    def _publish(self, change: _Change, names: Iterable[str]) -> None:
        """Make a change live. Nothing here awaits, so no event sees half of it."""
        before, known = self.live, {name: str(error) for name, error in self.failures.items()}
        self.live = change.plugins
        tried = tuple(names)
        possible = (*self._names, *self._project.plugin_modules())
        self.failures = {
            name: error
            for name, error in self.failures.items()
            if _is_under(name, possible) and not _is_under(name, tried)
        }
        self._take_over_handlers()
        self._unloading.unload(change.retired)
        for name, plugin in self.live.items():
            if before.get(name) is not plugin:
                self._reports.loaded(plugin)
        for name in before.keys() - self.live.keys():
            self._reports.unloaded(name)
        self.failures.update(change.failures)
        for name, error in change.failures.items():
            if known.get(name) != str(error):  # what was merely tried again is not told twice
                self._reports.failed(name, error, is_live=self._is_live(name))

    def files(self) -> set[Path]:
        """The files a bot is made of: modules that are imported, and whatever lies in the plugin folder."""
        imported = {Path(module.__file__) for module in self._project.modules().values() if module.__file__}
        folder = self._project.plugin_dir
        return imported | (set(sources_in(folder)) if folder.is_dir() else set())

    def _taken_back(self, candidates: Iterable[Path] | None) -> dict[Path, str | None]:
        """Files that could not be reloaded and are again what is live.

        Reloading them finds out that nothing is wrong any more, and says so.
        """
        if not any(map(self._is_live, self.failures)):
            return {}
        changed = self._waiting if candidates is None else self._waiting.keys() & set(candidates)
        contents = {path: fingerprint(path) for path in changed if path in self._fingerprints}
        return {path: content for path, content in contents.items() if content == self._fingerprints[path]}

    def _really_changed(self, candidates: Iterable[Path] | None) -> dict[Path, str | None]:
        """The files whose content differs from what was last loaded, with its fingerprint; a touch changes nothing.

        The fingerprint is from before the import: what is saved while it runs must count as another change.
        """
        looked_at = self.files() | self._fingerprints.keys() if candidates is None else set(candidates)
        found = {path: fingerprint(path) for path in looked_at}
        return {path: now for path, now in found.items() if now != self._fingerprints.get(path)}


def _is_under(name: str, prefixes: Iterable[str]) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


async def _discard(prepared: Mapping[str, LoadedPlugin], kept: Mapping[str, LoadedPlugin], swap: ModuleSwap) -> None:
    """Shut down what was prepared and will not go live."""
    for name, plugin in prepared.items():
        if kept.get(name) is not plugin:
            await swap.running(shut_down(plugin))
