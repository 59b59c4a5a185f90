"""A terminal at the other end of a stream, as prompt-toolkit and rich need one."""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from typing import TextIO, cast

from prompt_toolkit.data_structures import Size
from prompt_toolkit.input.base import DummyInput
from prompt_toolkit.input.vt100_parser import Vt100Parser
from prompt_toolkit.key_binding.key_processor import KeyPress
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.output.vt100 import Vt100_Output
from rich.console import Console, RenderableType
from rich.text import Text

_numbers = count()
_DEPTHS = {0: ColorDepth.DEPTH_1_BIT, 4: ColorDepth.DEPTH_4_BIT, 8: ColorDepth.DEPTH_8_BIT, 24: ColorDepth.DEPTH_24_BIT}
_SYSTEMS = {4: "standard", 8: "256", 24: "truecolor"}


class StreamInput(DummyInput):
    """Keys that arrive as a terminal's bytes."""

    def __init__(self) -> None:
        self._number = next(_numbers)
        self._keys: list[KeyPress] = []
        self._parser = Vt100Parser(self._take)
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._ready: Callable[[], None] | None = None

    def _take(self, key: KeyPress) -> None:
        self._keys.append(key)

    def feed(self, data: bytes) -> None:
        """Take in what was typed."""
        self._parser.feed(self._decoder.decode(data))
        if self._ready is not None:
            self._ready()

    def typeahead_hash(self) -> str:
        """Under what keys are kept between two prompts."""
        return f"stream-{self._number}"

    @property
    def closed(self) -> bool:
        """Never: a closed input ends the prompt."""
        return False

    def read_keys(self) -> list[KeyPress]:
        """The keys since the last time."""
        keys, self._keys = self._keys, []
        return keys

    def flush_keys(self) -> list[KeyPress]:
        """The same, when no more follow that might belong to the last of them."""
        self._parser.flush()
        return self.read_keys()

    def attach(self, input_ready_callback: Callable[[], None]) -> AbstractContextManager[None]:
        """Call back when there are keys."""
        return self._calling(input_ready_callback)

    def detach(self) -> AbstractContextManager[None]:
        """Do not."""
        return self._calling(None)

    @contextmanager
    def _calling(self, callback: Callable[[], None] | None) -> Iterator[None]:
        previous, self._ready = self._ready, callback
        if callback is not None and self._keys:
            callback()  # typed ahead
        try:
            yield
        finally:
            self._ready = previous


class _Wire(io.TextIOBase):
    """A text stream to the terminal."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send

    encoding = "utf-8"

    def write(self, text: str) -> int:
        self._send(text.encode(errors="replace"))
        return len(text)

    def isatty(self) -> bool:
        return True


class StreamTerminal:
    """What can be done with the terminal.

    Args:
        send: Carries bytes to it.
        size: Columns and rows.
        term: Its `TERM`.
        colours: How many it has, as a power of two.
        tells_position: It answers where its cursor is, when asked.

    Attributes:
        input: Its keys.
        output: For a prompt.
    """

    def __init__(
        self, send: Callable[[bytes], None], size: tuple[int, int], *, term: str, colours: int, tells_position: bool
    ) -> None:
        self._send = send
        self._colours = colours
        self.columns, self.rows = size
        self.input = StreamInput()
        self.output = Vt100_Output(
            cast("TextIO", _Wire(send)),
            lambda: Size(rows=self.rows, columns=self.columns),
            term=term,
            default_color_depth=_DEPTHS.get(colours, ColorDepth.DEPTH_8_BIT),
            enable_cpr=tells_position,
        )

    def draw(self, shown: RenderableType) -> bytes:
        """The bytes that show something below what is there."""
        file = io.StringIO()
        console = Console(
            file=file,
            force_terminal=True,
            color_system=_SYSTEMS.get(self._colours),  # type: ignore[arg-type]  # its names
            no_color=not self._colours,
            width=self.columns,
            highlight=False,
            legacy_windows=False,
        )
        console.print(shown, soft_wrap=isinstance(shown, Text))
        return file.getvalue().replace("\n", "\r\n").encode(errors="replace")

    def write(self, data: bytes) -> None:
        """Send what `draw` made."""
        self._send(data)
