"""Two versions of the same modules side by side, of which Python sees one at a time.

While a new version of a plugin gets ready, the old one goes on handling events. Whatever either of them looks up by
name (an import within a function, the class of a stored object) must be of its own version. Both run on one event loop,
so it is enough to exchange the modules whenever code of the new version begins and ends to run.
"""

from __future__ import annotations

import linecache
import sys
from collections.abc import Callable, Coroutine, Generator, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from types import ModuleType
from typing import Any, Generic, TypeVar

from machine.errors import PluginError
from machine.loading.importing import Project, has_line

_RAN_BEFORE = (
    "The live version has this line, and it ran then. If it registers something outside of the module, such as a metric"
    " of prometheus_client, that is still there: see docs/reloading.md#what-outlives-a-module."
)

T = TypeVar("T")


class ModuleSwap:
    """The way from one version of some modules to the next; the old one stays in force until `finish()`.

    Args:
        project: The modules are the project's.
        names: The modules that are imported anew.
    """

    def __init__(self, project: Project, names: Iterable[str] = ()) -> None:
        self._project = project
        self._names = frozenset(names)
        self._before = project.modules()
        self._old = {name: module for name, module in self._before.items() if name in self._names}
        self._new: dict[str, ModuleType] = {}
        project.forget(self._names)
        self._put(self._old)

    @contextmanager
    def new_version(self) -> Iterator[None]:
        """Within this context the modules are those of the new version, imported as they are asked for."""
        self._put(self._new)
        try:
            yield
        finally:
            self._new = {name: sys.modules[name] for name in self._names if name in sys.modules}
            self._put(self._old)

    async def running(self, work: Coroutine[Any, Any, T]) -> T:
        """Await what the new version does; whenever it waits, the old version is in force."""
        return await _InSteps(work, self.new_version)

    def hint(self, error: PluginError) -> PluginError:
        """The same failure; where it is in a line that the old version has as well, with what may be the reason."""
        cause = error.__cause__
        if cause is None or isinstance(cause, ImportError | SyntaxError) or error.file is None or error.line is None:
            return error
        text = linecache.getline(error.file, error.line).strip()
        old = [module for module in self._old.values() if module.__file__ == error.file]
        if text and any(has_line(module, text) for module in old):
            error.args = (f"{error}. {_RAN_BEFORE}",)
        return error

    def finish(self) -> None:
        """Put the new version in force for good."""
        self._put(self._new)

    def abandon(self) -> None:
        """Forget the new version, and whatever was imported on the way."""
        self._project.restore(self._before)

    def _put(self, modules: Mapping[str, ModuleType]) -> None:
        for name in self._names:
            module = modules.get(name)
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module
            self._bind(name, module)

    def _bind(self, name: str, module: ModuleType | None) -> None:
        """Make a module known in its package too, or else `from . import child` would find the other version there."""
        parent, _, child = name.rpartition(".")
        package = sys.modules.get(parent)
        if package is None or parent in self._names:  # each version of a package has its own children
            return
        known = vars(package).get(child)
        if known is not None and known not in (self._old.get(name), self._new.get(name)):
            return  # something else of the same name
        if module is not None:
            setattr(package, child, module)
        elif known is not None:
            delattr(package, child)


class _InSteps(Generic[T]):
    """Awaits a coroutine, each of whose steps runs within a context."""

    def __init__(self, work: Coroutine[Any, Any, T], context: Callable[[], AbstractContextManager[None]]) -> None:
        self._work = work
        self._context = context

    def __await__(self) -> Generator[Any, Any, T]:
        resume: Callable[[], Any] = partial(self._work.send, None)
        while True:
            with self._context():
                try:
                    awaited = resume()
                except StopIteration as end:
                    return end.value  # type: ignore[no-any-return]  # what a coroutine returns
            try:
                resume = partial(self._work.send, (yield awaited))
            except GeneratorExit:
                with self._context():
                    self._work.close()
                raise
            except BaseException as error:  # noqa: BLE001 - above all the end of the task, which is the coroutine's affair
                resume = partial(self._work.throw, error)
