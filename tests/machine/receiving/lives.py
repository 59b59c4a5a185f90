"""A bot that is begun again and again: for each line on standard input a new process, forked from this one.

So a life takes no time to import anything, and many can be ended at random points. Run as `lives.py FOLDER SETTINGS`,
with the settings as JSON; prints the number of each process, and notes in FOLDER/notes what became of messages.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

from machine.bot import Machine
from machine.logs import configure_logging
from machine.plugins import MachineBasePlugin, Message
from machine.plugins.decorators import listen_to
from machine.trace import EnvelopeUnfinished, Record, Trace

NOTE_BYTES = 64
"""The length of a note: the system writes page by page, and a kill between two would leave the half of a line."""
PAUSES_S = (0.0, 0.001, 0.005, 0.02)


class Recorder(MachineBasePlugin):
    """Notes each number that it has heard, some of them later than others."""

    @listen_to(r"^number (?P<number>\d+)$")
    async def hear(self, message: Message, number: str) -> None:
        await asyncio.sleep(PAUSES_S[int(number) % len(PAUSES_S)])
        note(f"handled {message.text}")


def note(line: str) -> None:
    """One call of the system for each line, within one page, so that none is half there."""
    note = f"{line:<{NOTE_BYTES - 1}}\n".encode()
    assert len(note) == NOTE_BYTES
    os.write(_notes, note)


def note_reported(record: Record) -> None:
    """Note what an earlier life left."""
    if isinstance(record, EnvelopeUnfinished):
        note(f"{'rerun' if record.is_rerun else 'reported'} {record.envelope.text}")


async def live(folder: Path, settings: dict[str, Any]) -> None:
    """Run until SIGTERM, or whatever else ends it."""
    trace = Trace()
    trace.subscribe(note_reported)
    machine = Machine(settings, trace=trace, project=folder, plugins=[Recorder])
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, machine.request_stop)
    async with machine:
        await machine.wait_until_stopped()


if __name__ == "__main__":
    _folder, _settings = Path(sys.argv[1]), json.loads(sys.argv[2])
    _notes = os.open(_folder / "notes", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    configure_logging(logging.CRITICAL, sys.stderr)  # standard output is for the numbers
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # none is waited for
    for _line in sys.stdin:
        _process = os.fork()
        if _process == 0:
            asyncio.run(live(_folder, _settings))
            os._exit(0)
        print(_process, flush=True)
