"""One person at a terminal elsewhere, talking to a bot that runs without one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from prompt_toolkit.application import create_app_session, run_in_terminal
from rich.console import RenderableType
from rich.text import Text

from machine.read_only import is_read_only
from machine_console.repl.prompt.completion import ReplCompleter, warm_up
from machine_console.repl.prompt.magics import Edit
from machine_console.repl.prompt.plain_output import PlainOutput
from machine_console.repl.prompt.prompt import Prompt
from machine_console.repl.prompt.session import Session, converse
from machine_console.repl.remote.protocol import Hello
from machine_console.repl.remote.stream_terminal import StreamTerminal

_INTERRUPT = b"\x03"
_CHUNK = 8_192
"""Bytes of input that are read at a time; between them, the bot has its turn."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a session is given by the bot.

    Attributes:
        number: Of the session.
        namespace: Names known at the prompt.
        label: In front of `>>>`.
        is_live: The workspace is a real one.
        history_path: Where inputs are kept.
        mode: The keys are those of `vi` or of `emacs`.
        greeting: The first line.
        log: Called with each input before it runs.
    """

    number: int
    namespace: Mapping[str, object]
    label: str
    is_live: bool
    history_path: Path | None
    mode: str
    greeting: str
    log: Callable[[str], None]


class RemoteSession:
    """A prompt, or a single piece of code, for a terminal elsewhere.

    Args:
        hello: What the terminal said of itself.
        given: What the bot provides.
        send: Carries output to the terminal.
        send_error: Carries what belongs on standard error.
        edit: Lets the person change a text in their editor.
    """

    def __init__(
        self,
        hello: Hello,
        given: Circumstances,
        send: Callable[[bytes], None],
        send_error: Callable[[bytes], None],
        edit: Edit,
    ) -> None:
        self._hello = hello
        self._given = given
        self._send_bytes, self._send_error = send, send_error
        self._edit = edit
        self._thread = threading.get_ident()
        self._loop = asyncio.get_running_loop()
        self._terminal = StreamTerminal(
            send, hello.size, term=hello.term, colours=hello.colours, tells_position=hello.tells_position
        )
        self._session: Session | None = None
        self._prompt: Prompt | None = None
        self._typed: asyncio.Queue[bytes] = asyncio.Queue()

    async def run(self) -> int:
        """Talk until the person leaves; returns the exit code."""
        if self._hello.is_read_only:
            is_read_only.set(True)
        if self._hello.code is not None:
            return await self._run_code(self._hello.code)
        # prompt-toolkit asks for "the" application; several at once need a session each, to be told apart
        with create_app_session(self._terminal.input, self._terminal.output):
            reading = asyncio.create_task(self._read_keys(), name="repl-keys")
            try:
                return await self._talk()
            finally:
                reading.cancel()

    def feed(self, data: bytes) -> None:
        """Take in what was typed."""
        self._typed.put_nowait(data)

    def resize(self, columns: int, rows: int) -> None:
        """The terminal has another size now."""
        self._terminal.columns, self._terminal.rows = max(columns, 1), max(rows, 1)
        prompt = self._prompt
        if prompt is not None and prompt.app.is_running and prompt.app.context is not None:
            prompt.app.context.copy().run(prompt.app._on_resize)  # noqa: SLF001 - what its own signal handler calls

    def close(self) -> None:
        """Stop what runs: nobody is there any more to see it."""
        if self._session is not None:
            self._session.cancel()

    async def _run_code(self, code: str) -> int:
        output = PlainOutput(_Sender(self._send_bytes), _Sender(self._send_error), as_json=self._hello.as_json)
        session = self._session = Session(
            self._given.namespace,
            output.write,
            lambda: output.width,
            write_error=output.write_error,
            number=self._given.number,
            display=output.display,
        )
        self._given.log(code)
        return (await session.run(code)).status

    async def _talk(self) -> int:
        warm_up()
        given = self._given
        session = self._session = Session(
            given.namespace,
            self._write,
            lambda: self._terminal.columns,
            number=given.number,
            ask=self._ask,
            edit=self._edit,
        )
        prompt = self._prompt = Prompt(
            ReplCompleter(session.namespace),
            given.history_path,
            label=given.label,
            is_live=given.is_live,
            terminal_input=self._terminal.input,
            terminal_output=self._terminal.output,
            mode=given.mode,
            names=session.namespace,
        )
        self._write(Text(given.greeting, style="bold red" if given.is_live else "bold"))
        return await converse(prompt, session, given.log)

    async def _ask(self, question: str) -> bool:
        assert self._prompt is not None  # who asks was typed at it
        return await self._prompt.confirm(question)

    async def _read_keys(self) -> None:
        while True:
            data = await self._typed.get()
            if _INTERRUPT in data and self._cancels():
                data = data.rpartition(_INTERRUPT)[2]
            for start in range(0, len(data), _CHUNK):
                self._terminal.input.feed(data[start : start + _CHUNK])
                await asyncio.sleep(0)  # the bot's turn

    def _cancels(self) -> bool:
        """Whether Ctrl-C was for what runs, and not for the prompt."""
        is_asking = self._prompt is not None and self._prompt.app.is_running
        return not is_asking and self._session is not None and self._session.cancel()

    def _write(self, output: RenderableType) -> None:
        if threading.get_ident() != self._thread:
            self._loop.call_soon_threadsafe(self._write, output)
            return
        drawn = self._terminal.draw(output)
        app = self._prompt.app if self._prompt is not None else None
        if app is None or not app.is_running or app.is_done or app.context is None:
            self._terminal.write(drawn)
            return
        # the prompt makes room, and comes back below
        app.context.copy().run(run_in_terminal, lambda: self._terminal.write(drawn))


class _Sender:
    """A text stream to the other side."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send

    def write(self, text: str) -> int:
        """Send it."""
        self._send(text.encode(errors="replace"))
        return len(text)

    def flush(self) -> None:
        """Nothing waits."""
