"""The prompt: a prompt-toolkit application that reads one input after another.

The same application runs on a plain terminal and inside the console's pane. In the pane it draws on the whole pane:
the rows above the prompt are left to the output shown there, so that the completion menu can open over it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path

from prompt_toolkit.application import Application, get_app
from prompt_toolkit.application import application as application_module
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import Completer, DynamicCompleter, ThreadedCompleter
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.filters import Condition, has_completions, has_focus, is_done
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import History, InMemoryHistory
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import ConditionalKeyBindings, merge_key_bindings
from prompt_toolkit.key_binding.vi_state import InputMode
from prompt_toolkit.layout import (
    AnyContainer,
    ConditionalContainer,
    Dimension,
    Float,
    FloatContainer,
    FormattedTextControl,
    HSplit,
    Layout,
    Window,
)
from prompt_toolkit.layout.controls import BufferControl
from prompt_toolkit.layout.menus import CompletionsMenu
from prompt_toolkit.layout.processors import (
    AppendAutoSuggestion,
    ConditionalProcessor,
    HighlightIncrementalSearchProcessor,
    HighlightMatchingBracketProcessor,
    HighlightSelectionProcessor,
)
from prompt_toolkit.lexers import PygmentsLexer
from prompt_toolkit.output import Output
from prompt_toolkit.styles import BaseStyle, Style
from prompt_toolkit.widgets import SearchToolbar
from pygments.lexers.python import PythonLexer

from machine_console.repl.prompt.history_file import HistoryFile
from machine_console.repl.prompt.keys import prompt_bindings, question_bindings
from machine_console.repl.prompt.signature import signature_at

MENU_ROWS = 8

CODE_STYLE: dict[str, str] = {
    "pygments.keyword": "ansimagenta",
    "pygments.operator.word": "ansimagenta",
    "pygments.literal.string": "ansigreen",
    "pygments.literal.number": "ansicyan",
    "pygments.comment": "ansibrightblack italic",
    "pygments.name.builtin": "ansicyan",
    "pygments.name.function": "ansiblue",
    "pygments.name.class": "ansiblue bold",
    "pygments.name.decorator": "ansiyellow",
    "pygments.error": "ansired",
    "matching-bracket": "underline",
}
"""Colours of the terminal's own palette, so that they suit its background."""

PROMPT_STYLE: dict[str, str] = {
    **CODE_STYLE,
    "prompt": "ansigreen bold",
    "prompt.live": "ansired bold",
    "continuation": "ansibrightblack",
    "auto-suggestion": "ansibrightblack",
    "notice": "ansiyellow",
    "signature": "ansibrightblack",
    "signature.current": "ansiyellow bold",
    "signature.doc": "ansibrightblack italic",
}


class Prompt:
    """Asks for inputs.

    Args:
        completer: Asked in a thread of its own, while the person types.
        history_path: Where inputs are kept from session to session; nowhere by default.
        label: In front of `>>> `, such as the workspace's name.
        is_live: The workspace is a real one; the prompt looks different then.
        style: Added to `PROMPT_STYLE`.
        rows_above: In a pane, how many rows of output stand above the prompt; `None` on a plain terminal.
        terminal_input: Where keys come from; the terminal by default.
        terminal_output: Where the prompt is drawn; the terminal by default.
        mode: The keys are those of `emacs` or of `vi`.
        names: Known at the prompt, for signatures.

    Attributes:
        app: The prompt-toolkit application.
        buffer: What is being typed.
        notice: A line shown below the input until the next one.
    """

    def __init__(
        self,
        completer: Completer,
        history_path: Path | None = None,
        *,
        label: str = "",
        is_live: bool = False,
        style: Callable[[], BaseStyle] | None = None,
        rows_above: Callable[[], int] | None = None,
        terminal_input: Input | None = None,
        terminal_output: Output | None = None,
        mode: str = "emacs",
        names: Mapping[str, object] | None = None,
    ) -> None:
        self.label = label
        self.is_live = is_live
        self.notice = ""
        self.question = ""
        self.completer = completer
        history: History = HistoryFile(history_path) if history_path is not None else InMemoryHistory()
        threaded = DynamicCompleter(lambda: ThreadedCompleter(self.completer))
        self.buffer = Buffer(
            name="input",
            completer=threaded,
            complete_while_typing=True,
            history=history,
            auto_suggest=AutoSuggestFromHistory(),
            multiline=True,
            tempfile_suffix=".py",
            accept_handler=_accept,
        )
        self._rows_above = rows_above
        self._names = names or {}
        self._signature_for: tuple[str, StyleAndTextTuples] = ("", [])
        self._is_asking = Condition(lambda: bool(self.question))
        self.window = self._window()
        self.app: Application[str] = Application(
            layout=self._layout(),
            key_bindings=merge_key_bindings(
                [
                    ConditionalKeyBindings(prompt_bindings(self.buffer, self._set_notice), ~self._is_asking),
                    ConditionalKeyBindings(question_bindings(), self._is_asking),
                ]
            ),
            editing_mode=EditingMode.VI if mode == "vi" else EditingMode.EMACS,
            style=style() if style is not None else Style.from_dict(PROMPT_STYLE),
            include_default_pygments_style=False,
            full_screen=rows_above is not None,
            terminal_size_polling_interval=None if rows_above is not None or terminal_output is not None else 0.5,
            input=terminal_input,
            output=terminal_output,
        )
        # Keys come as keys and not as bytes, so that a lone Escape is never ambiguous for longer than this.
        self.app.ttimeoutlen = 0.05
        self.app.timeoutlen = 0.5

    async def ask(self, *, handle_sigint: bool = False) -> str:
        """Let the person type one input and return it.

        Raises:
            EOFError: They pressed Ctrl-D on an empty line.
        """
        self.buffer.reset(append_to_history=False)
        self.notice = ""
        # prompt-toolkit's own exception handler would stop the prompt for an error anywhere in the bot
        return await self.app.run_async(set_exception_handler=False, handle_sigint=handle_sigint)

    async def confirm(self, question: str) -> bool:
        """Ask something that is answered with a single key; only `y` means yes."""
        self.buffer.reset(append_to_history=False)
        self.notice, self.question = "", question
        try:
            return await self.app.run_async(set_exception_handler=False, handle_sigint=False) == "y"
        finally:
            self.question = ""

    def _set_notice(self, text: str) -> None:
        self.notice = text

    def _window(self) -> Window:
        self._search = SearchToolbar()
        control = BufferControl(
            buffer=self.buffer,
            lexer=PygmentsLexer(PythonLexer),
            search_buffer_control=self._search.control,
            preview_search=True,
            include_default_input_processors=False,
            input_processors=[
                HighlightIncrementalSearchProcessor(),
                HighlightSelectionProcessor(),
                ConditionalProcessor(HighlightMatchingBracketProcessor(), ~is_done),
                ConditionalProcessor(AppendAutoSuggestion(), has_focus(self.buffer) & ~is_done),
            ],
        )
        return Window(
            control,
            get_line_prefix=self._line_prefix,
            wrap_lines=True,
            dont_extend_height=True,
            height=self._input_height if self._rows_above is None else None,
        )

    def _input_height(self) -> Dimension:
        """On a plain terminal, rows for the menu are kept free: at its bottom there are none below the prompt."""
        if get_app().is_done:
            return Dimension()
        is_completing = self.buffer.complete_state is not None or bool(self.buffer.text)
        return Dimension(min=MENU_ROWS) if is_completing else Dimension()

    def _layout(self) -> Layout:
        notice = ConditionalContainer(
            Window(FormattedTextControl(lambda: [("class:notice", self.notice)]), height=1, dont_extend_height=True),
            Condition(lambda: bool(self.notice)) & ~is_done,
        )
        signature = ConditionalContainer(
            Window(FormattedTextControl(self._signature), height=1, dont_extend_height=True),
            Condition(lambda: bool(self._signature())) & has_focus(self.buffer) & ~has_completions & ~is_done,
        )
        rows: list[AnyContainer] = [self.window, self._search, signature, notice]
        above = self._rows_above
        if above is not None:

            def above_height() -> Dimension:
                return Dimension(min=0, preferred=above(), max=above())

            rows = [Window(height=above_height), *rows, Window()]
        menu = CompletionsMenu(max_height=MENU_ROWS, scroll_offset=1, extra_filter=has_focus(self.buffer))
        content = FloatContainer(HSplit(rows), [Float(menu, xcursor=True, ycursor=True, transparent=True)])
        return Layout(content, focused_element=self.window)

    def _signature(self) -> StyleAndTextTuples:
        """The call that is being typed; worked out once per text."""
        text = self.buffer.document.text_before_cursor
        if text != self._signature_for[0]:
            self._signature_for = text, signature_at(text, self._names)
        return self._signature_for[1]

    @property
    def _vi_mode(self) -> str:
        """Where the same key means different things, which of them; always as wide, so that nothing moves."""
        if self.app.editing_mode is not EditingMode.VI:
            return ""
        return "[nav] " if self.app.vi_state.input_mode is InputMode.NAVIGATION else "[ins] "

    def _line_prefix(self, line: int, wraps: int) -> StyleAndTextTuples:
        if self.question:
            return [("class:notice", f"{self.question} [y/N] ")]
        prompt = f"{self._vi_mode}{self.label} >>> " if self.label else f"{self._vi_mode}>>> "
        if line == 0 and wraps == 0:
            return [("class:prompt.live" if self.is_live else "class:prompt", prompt)]
        dots = "..." if wraps == 0 else ""
        return [("class:continuation", f"{dots:>{len(prompt) - 1}} ")]


def _accept(buffer: Buffer) -> bool:
    get_app().exit(result=buffer.text)
    return True  # the text stays for the last drawing; `ask` begins with an empty buffer


@contextmanager
def no_winch_handler() -> Iterator[None]:
    """Keep prompt-toolkit from taking the window-change signal of a terminal that is not the prompt's.

    prompt-toolkit installs its handler when an application starts and removes it, and with it Textual's, when it ends;
    afterwards Textual would never notice a resize again. There is no option for it, so the function is replaced while
    an application runs here. A test holds the name.
    """
    original = application_module.attach_winch_signal_handler
    application_module.attach_winch_signal_handler = lambda _handler: nullcontext()  # type: ignore[assignment,return-value]
    try:
        yield
    finally:
        application_module.attach_winch_signal_handler = original
