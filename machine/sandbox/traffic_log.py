"""What happened at the sandbox, as JSON lines: calls, deliveries, acknowledgements; for looking at later.

Each line has `at` (UTC) and `what`: `connected`, `disconnected`, `call`, `delivery`, `ack`, `response` (over a response
URL) or `upload`. Tokens, response URLs and other secrets are left out.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias

from machine.errors import WorkspaceError
from machine.redaction import REDACTED, redact_value

_logger = logging.getLogger(__name__)

Witness: TypeAlias = Callable[[str, dict[str, Any]], None]
"""Is told what happened, and the facts; it must return at once."""


def nobody(what: str, facts: dict[str, Any]) -> None:
    """Does not care."""


class Recording:
    """A file that lines are added to while it is entered.

    Raises:
        WorkspaceError: The file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = path.open("a", encoding="utf-8", buffering=1)
        except OSError as error:
            raise WorkspaceError(
                f"{path} cannot be written: {error.strerror or error}. Choose another --record."
            ) from error

    def __call__(self, what: str, facts: dict[str, Any]) -> None:
        """Add a line."""
        line = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "what": what, **_safe(facts)}
        try:
            self._file.write(json.dumps(line, separators=(",", ":"), default=str) + "\n")
        except OSError as error:  # a full disk must not take the workspace down
            _logger.warning("A line was not recorded: %s", error)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.close()


def _safe(facts: dict[str, Any]) -> dict[str, Any]:
    """The facts without secrets: also without the address that lets an app in over Socket Mode."""
    safe: dict[str, Any] = redact_value(facts)
    if facts.get("method") == "apps.connections.open" and "url" in safe.get("answer", {}):
        safe["answer"]["url"] = REDACTED
    return safe
