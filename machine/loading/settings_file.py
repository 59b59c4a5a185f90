"""The settings file of a running bot, read again when it is saved."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from machine.errors import PluginError, SettingsError
from machine.loading.importing import fingerprint
from machine.loading.reports import Reports
from machine.logger import get_logger
from machine.settings import Settings

_logger = get_logger(__name__)


class SettingsFile:
    """Reads the settings again.

    Args:
        path: The file.
        read: Reads it, and the environment; `None` where the settings do not come from it.
        reports: Told of mistakes in it.

    Attributes:
        path: By the name that the watcher gives it, which may be a link's.
    """

    def __init__(self, path: Path, read: Callable[[], Settings] | None, reports: Reports) -> None:
        self.path = path.parent.resolve() / path.name
        self._read = read
        self._reports = reports
        self._content = fingerprint(self.path)

    def changes(self, current: Settings) -> Settings | None:
        """The settings as they are to be from now on; `None` where nothing changes, or a mistake is in it.

        What needs a start stays as it is, and the log says so.
        """
        content = fingerprint(self.path)
        if self._read is None or content == self._content:
            return None
        self._content = content
        try:
            wanted = self._read()
        except SettingsError as error:
            failure = PluginError(self.path.name, str(error), phase="settings", file=str(self.path))
            self._reports.failed(self.path.name, failure, is_live=True)
            return None
        settings, later = current.changed_to(wanted)
        if later:
            _logger.warning("These settings take effect at the next start", settings=", ".join(later))
        return None if settings == current else settings
