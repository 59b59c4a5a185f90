"""An input as it is shown once it has been entered: with its prompt and in colour."""

from __future__ import annotations

from functools import cache

from rich.syntax import Syntax
from rich.text import Text

from console.line import clean
from machine.redaction import redact

MAX_ECHO_LINES = 40


@cache
def _highlighter() -> Syntax:
    return Syntax("", "python", theme="ansi_dark", background_color="default")


def echo(source: str, label: str = "") -> Text:
    """`source` behind `>>> ` and `... `, redacted."""
    prompt = f"{label} >>> " if label else ">>> "
    lines = [clean(line) for line in redact(source).split("\n")]
    hidden = len(lines) - MAX_ECHO_LINES
    code = _highlighter().highlight("\n".join(lines[:MAX_ECHO_LINES]))
    code.rstrip()
    shown = Text()
    for number, line in enumerate(code.split("\n", allow_blank=True)):
        prefix = prompt if number == 0 else f"{'...':>{len(prompt) - 1}} "
        shown.append(prefix if number == 0 else "\n" + prefix, style="dim")
        shown.append_text(line)
    if hidden > 0:
        shown.append(f"\n… {hidden:,} more lines", style="dim")
    return shown
