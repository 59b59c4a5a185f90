"""Notes each event before Slack is told that it arrived, and removes it when its handlers are done.

After a crash it says which events those handlers never finished, and has them run again where that is wanted.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from machine.envelope import Envelope
from machine.logger import get_logger
from machine.receiving.journal import AbandonedJournal, Entry, Journal, received
from machine.redaction import redact
from machine.settings import InboxPolicy
from machine.trace import EnvelopeUnfinished, Trace

FOLDER = ".machine/inbox"
"""Where journals are kept, in the folder of a bot."""
MAX_ATTEMPTS = 3
"""An event that was being handled at so many crashes may well cause them, so it is run no more."""
_SHOWN_TEXT = 80
_MAX_LEFT = 5_000

_logger = get_logger(__name__)


class Inbox:
    """The events on their way through this process. `keep` may be called on any thread, the rest on the bot's loop.

    Without a folder that can be written the bot runs all the same, and the log says that it has no inbox.

    Args:
        folder: Where the journals are.
        policy: What becomes of what is found there.
        trace: Told of each event that was not finished.
    """

    def __init__(self, folder: Path, policy: InboxPolicy, trace: Trace) -> None:
        self._folder = folder
        self._policy = policy
        self._trace = trace
        self._journal: Journal | None = None
        self._is_failing = False
        self._finished: list[str] = []
        self._left: list[str] = []  # finished as well, and could not be removed yet

    async def recover(self) -> list[Envelope]:
        """Report what ended processes did not finish.

        Returns:
            What is to be run again. It is noted anew, so another crash does not lose it.
        """
        if self._policy is InboxPolicy.OFF or not await asyncio.to_thread(self._folder.is_dir):
            return []
        again: list[Envelope] = []
        for journal, entries in await asyncio.to_thread(self._find_unfinished):
            rerun = [replace(entry, attempts=entry.attempts + 1) for entry in entries if self._may_rerun(entry)]
            if rerun and not self._note(rerun):
                journal.release()
                continue
            self._report(entries)
            again += [entry.envelope for entry in rerun]
            await asyncio.to_thread(journal.delete)
        return again

    def keep(self, envelopes: Sequence[Envelope]) -> None:
        """Note what was received. Where that is impossible, the log says so, once, and the bot goes on."""
        if envelopes and self._policy is not InboxPolicy.OFF:
            self._note(received(envelopes))

    def handled(self, envelope: Envelope, tasks: Sequence[asyncio.Task[None]]) -> None:
        """Remove an event when these, its handlers, have ended; one that had to be cancelled did not finish."""
        if self._journal is None:
            return
        left = {task for task in tasks if not task.done()}
        if not left:
            self._remove(envelope.id)
            return

        def ended(task: asyncio.Task[None]) -> None:
            left.discard(task)
            if not left and not any(one.cancelled() for one in tasks):
                self._remove(envelope.id)

        for task in tuple(left):
            task.add_done_callback(ended)

    async def close(self) -> None:
        """End; what is not finished is there for the next process."""
        self._flush()
        journal, self._journal = self._journal, None
        if journal is not None:
            await asyncio.to_thread(journal.close)

    def _note(self, entries: Sequence[Entry]) -> bool:
        try:
            if self._journal is None:
                self._journal = Journal(self._folder)
            self._journal.add(entries)
        except (OSError, sqlite3.Error) as error:
            if not self._is_failing:
                _logger.error(
                    "Events cannot be noted in the inbox, so those that a crash interrupts are lost; "
                    "free the disk or let the bot write there, or set INBOX to off",
                    folder=str(self._folder),
                    problem=redact(str(error)),
                )
            self._is_failing = True
            return False
        if self._is_failing:
            self._is_failing = False
            _logger.info("Events are noted in the inbox again", folder=str(self._folder))
        return True

    def _remove(self, envelope_id: str) -> None:
        if not self._finished:  # all that finish in one turn of the loop go in one transaction
            asyncio.get_running_loop().call_soon(self._flush)
        self._finished.append(envelope_id)

    def _flush(self) -> None:
        finished, self._finished = [*self._left, *self._finished], []
        if finished and self._journal is not None:
            try:
                self._journal.remove(finished)
            except sqlite3.Error as error:
                if not self._left:
                    _logger.warning("Could not remove finished events from the inbox", problem=redact(str(error)))
                self._left = finished[:_MAX_LEFT]  # what came later could hardly be noted, so it need not be removed
            else:
                self._left = []

    def _find_unfinished(self) -> list[tuple[AbandonedJournal, list[Entry]]]:
        found = []
        for journal in AbandonedJournal.find(self._folder):
            try:
                found.append((journal, journal.entries()))
            except (sqlite3.Error, ValueError, RecursionError) as error:
                kept = journal.set_aside()
                _logger.error("A journal of the inbox is damaged", kept=str(kept), problem=redact(str(error)))
        return found

    def _may_rerun(self, entry: Entry) -> bool:
        return self._policy is InboxPolicy.RERUN and entry.attempts < MAX_ATTEMPTS

    def _report(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            envelope, is_rerun = entry.envelope, self._may_rerun(entry)
            _logger.warning(
                "An event was not finished when the bot stopped",
                is_rerun=is_rerun,
                event_id=envelope.delivery_key,
                type=envelope.type,
                user_id=envelope.user_id,
                channel_id=envelope.channel_id,
                text=redact(envelope.text[:_SHOWN_TEXT]),
                received_at=entry.received_at.isoformat(timespec="seconds"),
                attempts=entry.attempts,
            )
            if self._trace:
                self._trace.emit(
                    EnvelopeUnfinished(
                        envelope=envelope,
                        received_at=entry.received_at,
                        attempts=entry.attempts,
                        is_rerun=is_rerun,
                        envelope_id=envelope.id,
                    )
                )
