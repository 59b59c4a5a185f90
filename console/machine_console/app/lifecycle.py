"""The bot's life behind the window: started once the window is there, stopped before the window goes."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from rich.text import Text
from textual.worker import Worker, WorkerError

from machine.errors import MachineError
from machine_console.app import gc_tuning
from machine_console.app.preferences import preferences_of, write_preferences
from machine_console.session.bot_session import BotSession
from machine_console.text.styled_text import clean

if TYPE_CHECKING:
    from machine_console.app.application import MachineApp


class Lifecycle:
    """Starts and stops the bot of a window.

    Args:
        app: The window.
        session: The bot.
    """

    def __init__(self, app: MachineApp, session: BotSession) -> None:
        self._app = app
        self._session = session
        self._starting: Worker[None] | None = None
        self._is_stopping = False
        self.has_stopped = False

    def begin(self, started: Callable[[], Awaitable[None]]) -> None:
        """Start the bot, then call `started`; one that cannot start ends the application with the reason.

        SIGTERM and SIGHUP quit, as the key does.
        """
        with contextlib.suppress(NotImplementedError, RuntimeError):  # not the main thread, as in some tests
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.quit_soon)
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self.quit_unhurried)
        self._starting = self._app.run_worker(self._start(started), name="start the bot")

    async def _start(self, started: Callable[[], Awaitable[None]]) -> None:
        try:
            await self._session.start()
        except (MachineError, OSError) as error:
            self.has_stopped = True
            message = Text("\n".join(map(clean, str(error).splitlines())))
            self._app.exit(1, return_code=1, message=message)
        else:
            await started()

    def quit_soon(self) -> None:
        """Quit as if a person had pressed the key."""
        self._app.call_next(self.quit)

    def quit_unhurried(self) -> None:
        """Quit, if not on the way already: the signal and the end of the terminal may both tell of it."""
        if not self._is_stopping:
            self.quit_soon()

    def quit(self) -> None:
        """Stop the bot, then leave; a second time leaves at once."""
        if self._is_stopping:
            self._app.exit(0)
            return
        self._is_stopping = True
        self._app.run_worker(self._stop_and_leave(), exit_on_error=False)

    async def _stop_and_leave(self) -> None:
        try:
            await self.stop()
        finally:
            self._app.exit(0)

    async def stop(self) -> None:
        """Remember how the window was left, and stop the bot; its handlers finish first."""
        if self.has_stopped:
            return
        self.has_stopped = True
        write_preferences(self._session.project, preferences_of(self._app))
        gc_tuning.release()
        if self._starting is not None and not self._starting.is_finished:
            self._starting.cancel()
            with contextlib.suppress(WorkerError):
                await self._starting.wait()
        await self._session.stop()
