"""What keys do at the prompt, beyond prompt-toolkit's own (Emacs) editing keys."""

from __future__ import annotations

import re
from collections.abc import Callable

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition, has_focus
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.key_binding.key_processor import KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.search import stop_search

from machine_console.repl.language.evaluator import asks_for_more

INDENT = "    "
MAX_PASTE = 100_000
"""Characters; colouring and wrapping more than this at every key would hold up the bot."""
_ENDS_BLOCK = re.compile(r"\s+(return|raise|pass|break|continue)\b")


def prompt_bindings(buffer: Buffer, notify: Callable[[str], None]) -> KeyBindings:
    """The key bindings of the prompt for `buffer`; `notify` shows a line below the input."""
    keys = _PromptKeys(buffer, notify)
    at_prompt = has_focus(buffer)
    bindings = KeyBindings()
    bindings.add("enter", filter=at_prompt)(keys.enter)
    bindings.add("escape", "enter", filter=at_prompt)(keys.new_line)
    bindings.add("tab", filter=at_prompt)(keys.complete_or_indent)
    bindings.add("s-tab", filter=at_prompt)(keys.complete_previous)
    bindings.add("backspace", filter=at_prompt & Condition(lambda: keys.is_behind_indentation))(keys.dedent)
    bindings.add("c-c", filter=at_prompt)(keys.clear)
    bindings.add("<sigint>")(keys.clear)
    bindings.add("c-d", filter=at_prompt & Condition(lambda: not buffer.text))(keys.leave)
    bindings.add(Keys.BracketedPaste)(keys.paste)
    return bindings


def question_bindings() -> KeyBindings:
    """The keys while something is asked: `y` is yes, any other is no."""
    bindings = KeyBindings()

    def answer(event: KeyPressEvent) -> None:
        event.app.exit(result="y" if event.data in {"y", "Y"} else "n")

    def take_cursor_row(event: KeyPressEvent) -> None:
        row = event.data[2:-1].partition(";")[0]  # \x1b[ROW;COLUMNR
        event.app.renderer.report_absolute_cursor_row(int(row))

    def ignore(_event: KeyPressEvent) -> None:
        pass

    for key in (Keys.Any, "enter", "escape", "c-c", "c-d", "<sigint>"):
        bindings.add(key, eager=True)(answer)
    # What terminals say by themselves comes as keys too, and answers nothing.
    bindings.add(Keys.CPRResponse, eager=True)(take_cursor_row)
    for key in (Keys.Vt100MouseEvent, Keys.Ignore):
        bindings.add(key, eager=True)(ignore)
    return bindings


class _PromptKeys:
    """What the keys do to the buffer."""

    def __init__(self, buffer: Buffer, notify: Callable[[str], None]) -> None:
        self._buffer = buffer
        self._notify = notify

    @property
    def is_behind_indentation(self) -> bool:
        """Whether there is nothing but blanks, and some, before the cursor."""
        before = self._buffer.document.current_line_before_cursor
        return bool(before) and not before.strip()

    def enter(self, event: KeyPressEvent) -> None:
        """Run the input if it is whole, else begin a new line in it."""
        buffer = self._buffer
        state = buffer.complete_state
        if state is not None and state.current_completion is not None:
            buffer.complete_state = None  # the chosen completion is in the text already
        elif buffer.document.on_last_line and not asks_for_more(_as_entered(buffer.text)):
            buffer.document = Document(buffer.text.rstrip("\n "))
            buffer.validate_and_handle()
        else:
            self.new_line(event)

    def new_line(self, _event: KeyPressEvent) -> None:
        """Begin a line, indented as the one before it, deeper after a colon and less after the end of a block."""
        line = self._buffer.document.current_line_before_cursor
        indent = line[: len(line) - len(line.lstrip())]
        if line.rstrip().endswith(":"):
            indent += INDENT
        elif _ENDS_BLOCK.match(line):
            indent = indent[: -len(INDENT)]
        self._buffer.insert_text("\n" + indent)

    def complete_or_indent(self, _event: KeyPressEvent) -> None:
        """Take the next completion; at the beginning of a line, indent it."""
        if self._buffer.complete_state is not None:
            self._buffer.complete_next()
        elif not self._buffer.document.current_line_before_cursor.strip():
            self._buffer.insert_text(INDENT)
        else:
            self._buffer.start_completion(select_first=True)

    def complete_previous(self, _event: KeyPressEvent) -> None:
        """Go back in the completions."""
        if self._buffer.complete_state is not None:
            self._buffer.complete_previous()

    def dedent(self, _event: KeyPressEvent) -> None:
        """Remove blanks up to the previous indentation."""
        blanks = len(self._buffer.document.current_line_before_cursor)
        self._buffer.delete_before_cursor(count=(blanks - 1) % len(INDENT) + 1)

    def clear(self, event: KeyPressEvent) -> None:
        """Drop what has been typed, or end a search for it."""
        if event.app.layout.is_searching:
            stop_search()
        self._buffer.reset()

    def leave(self, event: KeyPressEvent) -> None:
        """End the prompt."""
        event.app.exit(exception=EOFError)

    def paste(self, event: KeyPressEvent) -> None:
        """Insert pasted text as it is; its newlines do not run anything."""
        text = event.data.replace("\r\n", "\n").replace("\r", "\n").replace("\t", INDENT)
        if len(text) > MAX_PASTE:
            self._notify(f"{len(text):,} characters are too many to paste (at most {MAX_PASTE:,}).")
        else:
            event.current_buffer.insert_text(text)


def _as_entered(text: str) -> str:
    """The text with the line that Enter ends: a line of blanks counts as the blank line that ends a block."""
    *lines, last = text.split("\n")
    return "\n".join([*lines, last.rstrip(" ") if lines else last])
