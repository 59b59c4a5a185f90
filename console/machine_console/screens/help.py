"""What the keys do."""

from __future__ import annotations

from collections.abc import Iterator

from machine_console.screens.text_viewer import ReadingScreen
from machine_console.text.document_tree import BLANK, Node
from machine_console.text.styled_text import Part, line

_KEYS: dict[str, tuple[tuple[str, str], ...]] = {
    "Moving": (
        ("1 … 8", "go to a pane, when not typing"),
        ("F3, F7", "the chat, the REPL, also while typing"),
        ("F6, Shift+F6", "next, previous pane, also while typing"),
        ("Tab, Shift+Tab", "next, previous part of the window"),
        ("F4", "give the pane the whole window, and back"),
        ("Esc", "back: out of an input, from an event to the list"),
    ),
    "In lists": (
        ("↑ ↓, k j", "one row"),
        ("PgUp PgDn", "one screen"),
        ("Home, g", "to the beginning"),
        ("End, G", "to the end, and follow what comes"),
        ("Enter", "open; in a document, fold and unfold"),
        ("← →, h l, Space", "fold, unfold"),
    ),
    "In the events": (
        ("/", "text kind: user: channel: plugin: error slow:>100ms"),
        ("p", "let nothing new in, and go on"),
        ("r, e", "replay; edit the payload and send it (also in detail)"),
        ("m", "mark, to replay several"),
        ("Esc", "take filter and marks away"),
    ),
    "In the detail": (
        ("/, n N", "find, next, previous"),
        ("y", "copy the row, or all of its JSON"),
        ("o, P", "open the source in $EDITOR; show the plugin"),
    ),
    "In the chat": (
        ("Enter", "say it; /command runs a slash command"),
        ("Ctrl+T", "let the next person speak"),
        ("[ ]", "previous, next button; Enter or a click uses it"),
        ("t e d +", "on a message: answer in a thread, edit, delete, react"),
        ("H", "the app's home tab"),
        ("Ctrl+↑ Ctrl+↓", "previous, next conversation (also with Alt)"),
    ),
    "In the log": (
        ("/ w", "filter: text level: plugin:; warnings, errors, all"),
        ("m y", "mark; copy as JSON"),
    ),
    "In storage and plugins": (
        ("/ e a d u", "search, edit, add, delete, undo"),
        ("o, n", "switch a plugin off or on; run a job now"),
    ),
    "Everywhere": (
        ("F10, F12", "light or dark; the next layout"),
        ("F1, ?", "this help"),
        ("F2", "command palette: every action by name"),
        ("F8", "try which handlers a text would run"),
        ("F9", "go to what failed last"),
        ("x, X", "export the selection as JSON; save a picture"),
        ("F5", "read changed plugin files now"),
        ("Ctrl+Q", "stop the bot and quit"),
    ),
}
_WIDTH = 16


def _help_nodes() -> Iterator[Node]:
    for title, keys in _KEYS.items():
        yield Node((Part(title, "accent"),))
        for key, meaning in keys:
            yield Node(line("  ", Part(key.ljust(_WIDTH), "key"), meaning))
        yield BLANK


class HelpScreen(ReadingScreen):
    """The keys and what they do."""

    def __init__(self) -> None:
        super().__init__("Keys", list(_help_nodes()))
