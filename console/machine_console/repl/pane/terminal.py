"""The REPL as a pane of the console: a real prompt-toolkit prompt below its output, on the bot's event loop.

The widget draws two things: the output, and over it the screen that prompt-toolkit rendered for the same rows and
columns. Where that screen is blank above the prompt, the output shows through; so the completion menu lies over the
output and nothing jumps when it opens.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from contextvars import Context
from pathlib import Path
from typing import ClassVar

from prompt_toolkit.completion import DummyCompleter
from prompt_toolkit.data_structures import Point
from prompt_toolkit.input.typeahead import clear_typeahead, store_typeahead
from prompt_toolkit.key_binding.key_processor import KeyPress
from prompt_toolkit.keys import Keys
from prompt_toolkit.mouse_events import MouseButton, MouseEvent, MouseEventType
from rich.console import RenderableType
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.app import SuspendNotSupported
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget

from machine_console.repl.language.errors import describe
from machine_console.repl.language.output import routed_output
from machine_console.repl.pane.output_view import OutputView
from machine_console.repl.pane.ptk_bridge import FedInput, ScreenOutput, key_presses
from machine_console.repl.pane.strips import DrawnPrompt
from machine_console.repl.pane.theme import themed_style
from machine_console.repl.prompt.completion import ReplCompleter, warm_up
from machine_console.repl.prompt.echo import echo
from machine_console.repl.prompt.prompt import Prompt, no_winch_handler
from machine_console.repl.prompt.rendering import render_error, safe_text
from machine_console.repl.prompt.session import Session
from machine_console.runtime.editor import EditorError, edit_text, lent_terminal

_SCROLL_LINES = 3
_SHOW_RUNNING_AFTER_S = 0.3
_MAX_FAILURES = 3
"""Failures of the prompt one after another that end it, so that it cannot fail for ever and hold up the bot."""


class ReplTerminal(Widget, can_focus=True):
    """The REPL pane.

    It can be shown before the bot runs: what is typed until `attach` is kept and handled then. Keys that mean nothing
    to a prompt (function keys), and the application's priority bindings, go to the application.

    Args:
        history_path: Where inputs are kept from session to session, `.machine/repl_history` in a project.
    """

    DEFAULT_CSS = """
    ReplTerminal {
        width: 1fr;
        height: 1fr;
        min-height: 3;
        padding: 0 1;
    }
    """

    # The keys themselves go to the prompt; this is for the footer and the palette, which name and press them.
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "press('tab')", "Complete"),
        Binding("ctrl+r", "press('ctrl+r')", "Search"),
        Binding("ctrl+c", "press('ctrl+c')", "Cancel"),
        Binding("ctrl+l", "press('ctrl+l')", "Clear"),
        Binding("ctrl+d", "press('ctrl+d')", "Leave"),
    ]

    class Left(Message):
        """The person asked to leave the REPL (Ctrl-D on an empty line, `exit()`); the bot runs on."""

        def __init__(self, terminal: ReplTerminal) -> None:
            super().__init__()
            self.terminal = terminal

        @property
        def control(self) -> ReplTerminal:
            """The terminal that was left."""
            return self.terminal

    def __init__(
        self,
        history_path: Path | None = None,
        *,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._history_path = history_path
        self._ready = asyncio.Event()
        self._session: Session | None = None
        self._prompt: Prompt | None = None
        self._namespace: Mapping[str, object] = {}
        self._label, self._is_live, self._mode = "", False, "emacs"
        self._host: asyncio.Task[None] | None = None
        self._resources = ExitStack()
        self._drawn: DrawnPrompt | None = None
        self._keys = FedInput()
        self._shows_running = False
        self._thread = threading.get_ident()

    @property
    def is_running(self) -> bool:
        """Whether an input is being evaluated."""
        return self._session is not None and self._session.is_running

    @property
    def _is_asking(self) -> bool:
        return self._prompt is not None and bool(self._prompt.question)

    @property
    def prompt_text(self) -> str:
        """What has been typed at the prompt so far."""
        return self._prompt.buffer.text if self._prompt is not None else ""

    @property
    def output_text(self) -> str:
        """Everything that has been shown above the prompt and is still kept, without its colours."""
        return self._output.text

    def attach(
        self, namespace: Mapping[str, object], *, label: str = "", is_live: bool = False, mode: str = "emacs"
    ) -> None:
        """Begin to talk: from now on the prompt is there and what is typed is run.

        Args:
            namespace: Names known at the prompt; see `machine_console.repl.verbs.namespace.build_namespace`.
            label: In front of `>>>`; with a live workspace, its name.
            is_live: The workspace is a real one; the prompt looks different then.
            mode: The keys are those of `emacs` or of `vi`.
        """
        self._namespace, self._label, self._is_live, self._mode = namespace, label, is_live, mode
        self._ready.set()

    def write(self, output: RenderableType) -> None:
        """Show something above the prompt. Safe from any thread; what is shown must have been cleaned."""
        if threading.get_ident() == self._thread:
            self._append(output)
        else:
            self._loop.call_soon_threadsafe(self._append, output)

    def on_mount(self) -> None:
        """Start the prompt."""
        self._thread = threading.get_ident()
        self._loop = asyncio.get_running_loop()
        self._output = OutputView(self.app.console)
        self._resources.enter_context(routed_output())
        self._host = asyncio.create_task(self._converse(), name="repl-terminal")
        self.watch(self.app, "theme", self._take_theme, init=False)

    def _take_theme(self, _theme: str) -> None:
        if self._prompt is not None:
            self._prompt.app.style = themed_style(self.app.theme_variables)
            self._redraw()

    async def on_unmount(self) -> None:
        """End the prompt and what it runs."""
        if self._host is not None:
            self._host.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._host
        clear_typeahead(self._keys)
        self._resources.close()

    async def _converse(self) -> None:
        await self._ready.wait()
        warm_up()
        session = self._session = Session(
            self._namespace,
            self.write,
            lambda: self._columns,
            ask=self._ask,
            edit=self._edit,
        )
        prompt = self._prompt = self._make_prompt(session)
        try:
            await self._exchange_inputs(prompt, session)
        finally:
            session.cancel()
            prompt.completer = DummyCompleter()

    def _make_prompt(self, session: Session) -> Prompt:
        prompt = Prompt(
            ReplCompleter(session.namespace),
            self._history_path,
            label=self._label,
            is_live=self._is_live,
            style=lambda: themed_style(self.app.theme_variables),
            rows_above=lambda: len(self._output),
            terminal_input=self._keys,
            terminal_output=ScreenOutput(lambda: (self._columns, self.content_size.height)),
            mode=self._mode,
            names=session.namespace,
        )
        prompt.app.after_render += lambda _app: self._take_drawing(prompt)
        return prompt

    async def _exchange_inputs(self, prompt: Prompt, session: Session) -> None:
        """Read and run inputs until cancelled, or until the prompt itself fails again and again."""
        failures = 0
        while failures < _MAX_FAILURES:
            try:
                await self._exchange(prompt, session)
                failures = 0
            except Exception as error:  # noqa: BLE001 - the prompt must survive what goes wrong in drawing it
                failures += 1
                self.write(render_error(f"The prompt failed: {describe(error)}"))

    async def _exchange(self, prompt: Prompt, session: Session) -> None:
        """One input and what becomes of it."""
        try:
            with no_winch_handler():
                source = await prompt.ask()
        except EOFError:
            self.post_message(self.Left(self))
            return
        finally:
            self._forget_drawing()
        if not source.strip():
            return
        self._output.follow()
        self.write(echo(source, prompt.label))
        reminder = asyncio.get_running_loop().call_later(_SHOW_RUNNING_AFTER_S, self._show_running, True)
        try:
            outcome = await session.run(source)
        finally:
            reminder.cancel()
            self._show_running(False)
        if outcome.exit_code is not None:
            self.write(Text("The REPL stays with the console.", style="dim"))
            self.post_message(self.Left(self))

    async def _ask(self, question: str) -> bool:
        assert self._prompt is not None  # who asks was typed at it
        try:
            with no_winch_handler():
                is_yes = await self._prompt.confirm(question)
        finally:
            self._forget_drawing()
        self.write(safe_text(f"{question} {'yes' if is_yes else 'no'}", "yellow"))
        return is_yes

    async def _edit(self, text: str) -> str:
        try:
            return await edit_text(text, terminal=lent_terminal(self.app))
        except SuspendNotSupported:
            raise EditorError("An editor needs a terminal of its own, and a browser has none.") from None

    def _forget_drawing(self) -> None:
        self._drawn = None

    def _show_running(self, is_running: bool) -> None:
        self._shows_running = is_running
        self.refresh()

    def _append(self, output: RenderableType) -> None:
        self._output.append(output)
        if self._prompt is not None:
            self._prompt.app.invalidate()
        self.refresh()

    async def _on_key(self, event: events.Key) -> None:
        if self._press(event.key, event.character):
            event.stop()
            event.prevent_default()

    def action_press(self, key: str) -> None:
        """Do what a key does."""
        self._press(key, None)

    def _press(self, key: str, character: str | None) -> bool:
        """Do what a key does; whether it means anything here."""
        if key in {"shift+pageup", "ctrl+pageup", "pageup"}:
            self._scroll(self.content_size.height - 2)
        elif key in {"shift+pagedown", "ctrl+pagedown", "pagedown"}:
            self._scroll(2 - self.content_size.height)
        elif key == "ctrl+c" and self.is_running and not self._is_asking:
            if self._session is not None:
                self._session.cancel()
        elif key == "ctrl+l":
            self._output.clear()
            self._redraw()
        else:
            presses = key_presses(key, character)
            if not presses:
                return False
            self._output.follow()
            self._feed(presses)
        return True

    def _on_paste(self, event: events.Paste) -> None:
        self._feed([KeyPress(Keys.BracketedPaste, event.text)])
        event.stop()

    def _feed(self, presses: list[KeyPress]) -> None:
        """Give keys to the prompt; between two prompts, keep them for the next."""
        app = self._prompt.app if self._prompt is not None else None
        if app is None or not app.is_running or app.is_done or app.context is None:
            store_typeahead(self._keys, presses)
            return

        def press() -> None:
            app.key_processor.feed_multiple(presses)
            app.key_processor.process_keys()

        self._in_prompt(app.context, press)

    def _in_prompt(self, context: Context, do: Callable[[], object]) -> None:
        """Do something in the context of the prompt; if it fails, the application goes on."""
        try:
            context.copy().run(do)
        except Exception as error:  # noqa: BLE001 - a key must not be able to end the console, and the bot with it
            self.write(render_error(f"That key failed: {describe(error)}"))

    def _on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._scroll(_SCROLL_LINES)
        event.stop()

    def _on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._scroll(-_SCROLL_LINES)
        event.stop()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """A click into the prompt moves the cursor, one into the menu chooses; others select text."""
        offset = event.get_content_offset(self)
        drawn = self._drawn
        if offset is not None and drawn is not None and drawn.is_at(offset.x, offset.y):
            self._click(offset.x, offset.y, MouseEventType.MOUSE_DOWN)
            self._click(offset.x, offset.y, MouseEventType.MOUSE_UP)
            self.focus()
            event.stop()

    def _click(self, x: int, y: int, kind: MouseEventType) -> None:
        app = self._prompt.app if self._prompt is not None else None
        if app is None or not app.is_running or app.context is None:
            return
        handler = app.renderer.mouse_handlers.mouse_handlers[y][x]
        event = MouseEvent(Point(x, y), kind, MouseButton.LEFT, frozenset())
        self._in_prompt(app.context, lambda: handler(event))
        app.invalidate()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected part of the output, for the clipboard."""
        return selection.extract(self._output.text), "\n"

    def selection_updated(self, selection: Selection | None) -> None:  # noqa: ARG002 - Textual's interface
        """Show what is selected."""
        self.refresh()

    def _scroll(self, lines: int) -> None:
        self._output.scroll(lines, self._rows_for_output)
        self.refresh()

    @property
    def _columns(self) -> int:
        return self.content_size.width

    @property
    def _rows_for_output(self) -> int:
        if self._drawn is not None:
            return self._drawn.top
        return min(len(self._output), max(self.content_size.height - 1, 0))

    def _take_drawing(self, prompt: Prompt) -> None:
        """Keep what prompt-toolkit has just drawn."""
        drawn = DrawnPrompt.of(prompt)
        if drawn is not None:
            self._drawn = drawn
            self.refresh()

    def _redraw(self) -> None:
        if self._prompt is not None:
            self._prompt.app.invalidate()
        self.refresh()

    def on_resize(self) -> None:
        """Fit output and prompt into the new size."""
        self._output.resize(self._columns)
        self._scroll(0)
        self._redraw()

    def on_focus(self) -> None:
        """Show the cursor."""
        self.refresh()

    def on_blur(self) -> None:
        """Hide the cursor."""
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """The output, and over it the prompt."""
        style = self.rich_style
        width = self._columns
        drawn = self._drawn
        base = self._output_line(y) if drawn is None or y < drawn.top else Strip.blank(width, style)
        base = base.adjust_cell_length(width, style).apply_style(style)
        if drawn is not None and not (self._output.is_scrolled_up and y < drawn.top):
            cursor = Style(reverse=True) if self.has_focus else Style(underline=True)
            base = drawn.lay_over(base, y, style, cursor)
        return base

    def _output_line(self, y: int) -> Strip:
        rows = self._rows_for_output
        line = None
        if y < rows:
            selected = self.screen.get_component_rich_style("screen--selection")
            line = self._output.line(y, rows, self.text_selection, selected)
        elif y == rows and self._shows_running:
            line = Strip([Segment("running, Ctrl-C cancels", Style(dim=True))])
        elif y == rows and not self._ready.is_set():
            line = Strip([Segment("The prompt is there as soon as the bot runs.", Style(dim=True))])
        return line if line is not None else Strip.blank(self._columns)
