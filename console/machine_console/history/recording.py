"""Events on disk, with what they led to: real traffic that can be replayed later.

One line of JSON per event, in files that are bounded in size and number. Secrets are redacted before anything is
written; messages of people are not, so the folder is the user's own and says to git that it stays here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from machine.envelope import Envelope
from machine.errors import MachineError
from machine.redaction import redact_value
from machine_console.history.event_outcome import Outcome, outcome_of
from machine_console.history.history import JOB_KIND, EventTrace, History
from machine_console.history.private_files import make_ignored_folder, open_private

MAX_FILE_BYTES = 5_000_000
MAX_FILES = 5
MAX_AT_ONCE = 200
"""Events written by one look, about one a second: in a storm the newest of them stand for the rest."""
MAX_PAYLOAD = 1_000_000
"""Bytes of one line; an event that takes more is left out."""
_SETTLED_AFTER = timedelta(seconds=1)
_GIVEN_UP_AFTER = timedelta(seconds=60)


class RecordedEvent(BaseModel):
    """One event of a recording.

    Attributes:
        at: When it arrived.
        id: The envelope's id.
        kind: The envelope's kind.
        payload: As Slack sent it, redacted.
        outcome: What it led to.
    """

    model_config = ConfigDict(frozen=True)
    at: datetime
    id: str
    kind: str
    payload: dict[str, Any]
    outcome: Outcome = Outcome()

    @classmethod
    def of(cls, event: EventTrace) -> Self:
        """The event as it is recorded."""
        envelope = event.envelope
        return cls(
            at=event.received_at,
            id=envelope.id,
            kind=envelope.kind,
            payload=redact_value(envelope.payload),
            outcome=outcome_of(event),
        )

    def envelope(self) -> Envelope:
        """The event as an envelope that Slack did not send."""
        return Envelope(self.id, self.kind, self.payload, is_simulated=True)


def read_recording(path: Path) -> list[RecordedEvent]:
    """The events of a recording, in order.

    Raises:
        MachineError: The file cannot be read, or a line of it is not an event.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise MachineError(f"The recording {path} cannot be read: {error}.") from error
    events = []
    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        try:
            events.append(RecordedEvent.model_validate_json(text))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            problem = f"{where}: {first['msg']}" if where else first["msg"]
            raise MachineError(f"{path}, line {number} is not a recorded event: {problem}.") from None
    return events


class Recorder:
    """Writes events down once they are over.

    Args:
        folder: Where; made when there is something to write.
        max_file_bytes: Size at which the next file begins.
        max_files: Files kept; the oldest go.

    Attributes:
        left_out: Events that were not written, because too many came at once or they were too large.
    """

    def __init__(self, folder: Path, *, max_file_bytes: int = MAX_FILE_BYTES, max_files: int = MAX_FILES) -> None:
        self.folder = folder
        self.left_out = 0
        self._max_file_bytes = max_file_bytes
        self._max_files = max_files
        self._next = 0
        self._path: Path | None = None
        self._lock = asyncio.Lock()

    async def record(self, history: History, *, is_last: bool = False) -> None:
        """Write what is over since the last time; `is_last` takes what still runs as it is.

        Raises:
            OSError: The folder cannot be written to.
        """
        async with self._lock:
            events = list(self._settled(history, is_last))
            if len(events) > MAX_AT_ONCE:
                self.left_out += len(events) - MAX_AT_ONCE
                events = events[-MAX_AT_ONCE:]
            if events:
                await asyncio.to_thread(self._write, events)

    def _settled(self, history: History, is_last: bool) -> Iterator[EventTrace]:
        now = datetime.now(UTC)
        self._next = max(self._next, history.events.dropped)
        while (event := history.by_number(self._next)) is not None:
            age = now - event.received_at
            if not is_last and (age < _SETTLED_AFTER or (event.is_running and age < _GIVEN_UP_AFTER)):
                return
            self._next += 1
            if event.envelope.kind != JOB_KIND and not event.envelope.is_simulated and event.dropped is None:
                yield event

    def _write(self, events: Sequence[EventTrace]) -> None:
        lines = []
        for event in events:
            text = RecordedEvent.of(event).model_dump_json() + "\n"
            if len(text) > MAX_PAYLOAD:
                self.left_out += 1
            else:
                lines.append(text)
        path = self._file()
        with open_private(path) as file:
            file.writelines(lines)

    def _file(self) -> Path:
        """The file to write to, after making room."""
        if self._path is not None and self._path.exists() and self._path.stat().st_size < self._max_file_bytes:
            return self._path
        make_ignored_folder(self.folder)
        files = sorted(self.folder.glob("*.jsonl"))
        for old in files[: max(len(files) - self._max_files + 1, 0)]:
            old.unlink(missing_ok=True)
        self._path = self.folder / f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}.jsonl"
        return self._path
