"""The errors of the framework, one small hierarchy.

    MachineError
    ├── SettingsError       a setting is missing or cannot be used
    ├── PluginError         a plugin cannot be imported, built or registered
    ├── StorageError        a storage backend cannot do what was asked
    ├── SlackRefusedError   Slack will not let this bot connect; trying again cannot help
    └── WorkspaceError      a workspace description cannot be used

`slack_sdk.errors.SlackApiError` is passed on as it is, because plugins already catch it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class MachineError(Exception):
    """Something the person running the bot can put right; the message says how."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One wrong setting.

    Attributes:
        setting: The name of the setting, in upper case.
        problem: What is wrong with it; secret values are redacted.
        remedy: What is expected instead.
    """

    setting: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.setting} {self.problem}. {self.remedy}"


class SettingsError(MachineError):
    """One or more settings are missing or cannot be used.

    Attributes:
        mistakes: Every mistake found, so that all of them can be put right at once.
    """

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = list(mistakes)


class PluginError(MachineError):
    """A plugin cannot be imported, built or registered.

    Attributes:
        plugin: Dotted name or path of the plugin.
        phase: The step that failed: `import`, `construct`, `register`, `settings`, `init` or `on_reload`.
        file: The source file to look at, where it is known.
        line: The line in `file`, counted from 1.
        traceback: The traceback, cut down to the plugin's own frames; empty where the message says it all.
    """

    def __init__(
        self,
        plugin: str,
        problem: str,
        *,
        phase: str,
        file: str | None = None,
        line: int | None = None,
        traceback: str = "",
    ) -> None:
        super().__init__(problem)
        self.plugin = plugin
        self.phase = phase
        self.file = file
        self.line = line
        self.traceback = traceback


class StorageError(MachineError):
    """A storage backend cannot do what was asked."""


class SlackRefusedError(MachineError):
    """Slack will not let this bot connect, and trying again cannot help.

    Attributes:
        reason: Slack's own error name, for example `invalid_auth`.
    """

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"Slack refused the connection: {reason}. {remedy}")
        self.reason = reason


class WorkspaceError(MachineError):
    """A workspace description (`workspace.toml`) cannot be used."""
