"""The terminal driver: a terminal that stops reading costs frames, and never holds up the bot.

Textual hands its output to a thread through a queue of 30 writes, and waits when that is full. Bot and application
share one event loop, so a terminal that reads nothing (Ctrl-S, a hung ssh) would stop the bot after a few repaints.
Here nothing waits: what does not fit is left out, and once the terminal reads again everything is drawn afresh.

A terminal that is gone ends the application. Textual's input thread would read its end again and again, at the cost of
a whole processor, while the bot goes on unseen.
"""

from __future__ import annotations

import contextlib
import select
import threading
from queue import Empty, Full

from textual.drivers.linux_driver import LinuxDriver
from textual.events import Key
from textual.message import Message

from machine_console.repl.language.interrupt import interrupt_blocking_code

_GOODBYE_S = 1.0
"""Seconds the terminal is given to take the last output when the application ends."""
_RETRY_S = 0.05
"""Seconds between two looks at whether the terminal reads again."""
_END_MS = 500
"""Milliseconds that the thread that watches for the terminal's end outlives the one that reads."""


class SafeDriver(LinuxDriver):
    """A driver for Linux and macOS that never waits for the terminal.

    Attributes:
        frames_dropped: How many writes were left out so far.
    """

    class TerminalGone(Message):
        """The terminal was closed; nobody can see or say anything any more."""

    frames_dropped = 0
    _is_stalled = False

    def write(self, data: str) -> None:
        """Queue output, or leave it out where that would mean waiting."""
        writer = self._writer_thread
        if writer is None:
            return
        if not self._is_stalled:
            try:
                writer._queue.put_nowait(data)  # noqa: SLF001 - its write() waits for room
                return
            except Full:
                self._is_stalled = True
                self._loop.call_soon_threadsafe(self._look_again)
        self.frames_dropped += 1

    def process_message(self, message: Message) -> None:
        """Pass on what the terminal sent; Ctrl-C also stops code at the prompt that has frozen the application.

        This runs in the thread that reads the keyboard, so it works when nothing else does.
        """
        if isinstance(message, Key) and message.key == "ctrl+c" and interrupt_blocking_code():
            return
        super().process_message(message)

    def run_input_thread(self) -> None:
        """Read the keyboard, until the application wants no more of it or the terminal is gone."""
        has_ended = threading.Event()
        threading.Thread(target=self._watch_terminal, args=(has_ended,), name="terminal", daemon=True).start()
        try:
            super().run_input_thread()
        except OSError:
            if not self._is_gone():
                raise
        finally:
            has_ended.set()

    def _watch_terminal(self, has_ended: threading.Event) -> None:
        while not has_ended.is_set():
            if self._is_gone(_END_MS):
                self.exit_event.set()  # ends the thread that reads
                self._app.post_message(self.TerminalGone())
                return

    def _is_gone(self, within_ms: int = 0) -> bool:
        look = select.poll()
        look.register(self.fileno, 0)  # asked for nothing, it tells of the end only
        return any(state & select.POLLHUP for _, state in look.poll(within_ms))

    def _look_again(self) -> None:
        """Repaint once the terminal has taken all that was queued, else wait a little more."""
        if not self._is_stalled or self._writer_thread is None:
            return
        if self._writer_thread._queue.empty():  # noqa: SLF001 - the thread has no public way to ask
            self._is_stalled = False
            self._app.refresh(layout=True)
        else:
            self._loop.call_later(_RETRY_S, self._look_again)

    def stop_application_mode(self) -> None:
        """Give the terminal back; frames it has not taken are no longer wanted."""
        if self._is_stalled and self._writer_thread is not None:
            with contextlib.suppress(Empty):
                while True:
                    self._writer_thread._queue.get_nowait()  # noqa: SLF001 - no public way to discard
            self._is_stalled = False
        super().stop_application_mode()

    def close(self) -> None:
        """End the writing thread; a terminal that does not read is left alone after a moment."""
        writer = self._writer_thread
        if writer is None:
            return
        with contextlib.suppress(Full):
            writer._queue.put(None, timeout=_GOODBYE_S)  # noqa: SLF001 - its stop() waits for ever
        writer.join(timeout=_GOODBYE_S)
