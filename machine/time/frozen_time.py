"""The time that plugins ask for themselves: in their modules, `datetime`, `date` and `time` tell that of a clock.

Only names in the modules of the plugins' own packages are exchanged, and only until they are restored. The event loop,
the framework and all libraries keep the system's clock.
"""

from __future__ import annotations

import datetime as dt
import sys
import time as time_module
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, tzinfo
from types import ModuleType
from typing import Any

from machine.time.clock import Clock

_KEPT = frozenset({"machine", "machine_console"})


class _StandIn(type):
    """A class whose instances are those of the class it stands in for."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls.__mro__[1])

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, cls.__mro__[1])


class _StandInModule(ModuleType):
    """A module with some of its names exchanged."""

    def __init__(self, module: ModuleType, **names: object) -> None:
        super().__init__(module.__name__, module.__doc__)
        self._module = module
        vars(self).update(names)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


class PluginTime:
    """Exchanges the clocks in the modules of plugins.

    Args:
        clock: What they tell instead.
    """

    def __init__(self, clock: Clock) -> None:
        self._stand_ins = {id(real): stand_in for real, stand_in in _stand_ins(clock)}
        self._exchanged: list[tuple[dict[str, Any], str, object]] = []
        self._done = set(_KEPT)

    def exchange(self, modules: Iterable[str]) -> None:
        """Exchange them in these modules, and in all others of the same packages that are imported."""
        packages = {name.partition(".")[0] for name in modules} - self._done
        self._done |= packages
        if not packages:
            return
        for name, module in tuple(sys.modules.items()):
            if name.partition(".")[0] in packages:
                names = vars(module)
                for known, value in tuple(names.items()):
                    stand_in = self._stand_ins.get(id(value))
                    if stand_in is not None:
                        self._exchanged.append((names, known, value))
                        names[known] = stand_in

    def restore(self) -> None:
        """Put everything back."""
        for names, known, value in self._exchanged:
            names[known] = value
        self._exchanged.clear()


def _stand_ins(clock: Clock) -> Iterator[tuple[object, object]]:
    """What is exchanged for what."""

    class Date(date, metaclass=_StandIn):
        def __new__(cls, *args: Any, **kwargs: Any) -> date:  # type: ignore[misc]  # values are of the real class
            return date(*args, **kwargs)

        @classmethod
        def today(cls) -> date:  # type: ignore[override]  # see above
            return clock.now.astimezone().date()

    class Datetime(datetime, metaclass=_StandIn):
        def __new__(cls, *args: Any, **kwargs: Any) -> datetime:  # type: ignore[misc]  # see above
            return datetime(*args, **kwargs)  # noqa: DTZ001 - as the plugin asks for it

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]  # see above
            return clock.now.astimezone(tz) if tz else clock.now.astimezone().replace(tzinfo=None)

        @classmethod
        def today(cls) -> datetime:  # type: ignore[override]  # see above
            return cls.now()

        @classmethod
        def utcnow(cls) -> datetime:  # type: ignore[override]  # see above
            return clock.now.replace(tzinfo=None)

    def time_ns() -> int:
        return int(clock() * 1_000_000_000)

    told: Callable[[], float] = clock.__call__
    yield date, Date
    yield datetime, Datetime
    yield time_module.time, told
    yield time_module.time_ns, time_ns
    yield dt, _StandInModule(dt, date=Date, datetime=Datetime)
    yield time_module, _StandInModule(time_module, time=told, time_ns=time_ns)
