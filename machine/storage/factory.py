"""Makes the storage backend that the settings name."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from pathlib import Path

from machine.errors import MachineError, Mistake, SettingsError, StorageError
from machine.redaction import redact
from machine.settings import Settings
from machine.storage.backends.base import MachineBaseStorage
from machine.tracebacks import one_line


def open_storage(settings: Settings, root: Path, clock: Callable[[], float] | None = None) -> MachineBaseStorage:
    """The backend of `STORAGE_BACKEND`, not yet initialised.

    Args:
        settings: Given to the backend, with `SQLITE_PATH` made absolute.
        root: What a relative `SQLITE_PATH` is relative to.
        clock: Given to a backend that takes one, in place of the system's.

    Raises:
        SettingsError: When the setting does not name a backend class.
        StorageError: When the backend cannot be made from its settings.
    """
    name = settings.storage_backend
    backend = _backend_class(name)
    values = settings.all
    values["SQLITE_PATH"] = str(root / Path(settings.sqlite_path).expanduser())
    try:
        if clock is not None and "clock" in inspect.signature(backend).parameters:
            return backend(values, clock=clock)  # type: ignore[call-arg]  # just looked
        return backend(values)
    except MachineError:
        raise
    except Exception as error:
        raise StorageError(f"{name} cannot be used: {redact(str(error))}. Check its settings.") from error


def _backend_class(name: str) -> type[MachineBaseStorage]:
    module, _, attribute = name.rpartition(".")
    try:
        backend = getattr(importlib.import_module(module), attribute)
    except StorageError:
        raise  # an extra is not installed; the message names it
    except Exception as error:  # noqa: BLE001 - a backend of one's own may raise anything
        raise _mistake(f"is {name!r}, which cannot be imported: {redact(one_line(error))}") from None
    if not (isinstance(backend, type) and issubclass(backend, MachineBaseStorage)):
        raise _mistake(f"is {name!r}, which is not a storage backend")
    return backend


def _mistake(problem: str) -> SettingsError:
    return SettingsError([Mistake("STORAGE_BACKEND", problem, "Name a backend class.")])
