"""An input as it is shown once it has been entered: with its prompt, in the colours in which it was typed."""

from __future__ import annotations

from functools import lru_cache

from pygments.lexers.python import PythonLexer
from pygments.token import Token, _TokenType
from rich.style import Style
from rich.text import Text

from machine.redaction import redact
from machine_console.text.styled_text import clean

MAX_ECHO_LINES = 40

TOKEN_COLOURS = {
    Token.Keyword: "magenta",
    Token.Operator.Word: "magenta",
    Token.Literal.String: "green",
    Token.Literal.Number: "cyan",
    Token.Comment: "bright_black",
    Token.Name.Builtin: "cyan",
    Token.Name.Function: "blue",
    Token.Name.Class: "blue",
    Token.Name.Decorator: "yellow",
}
"""Names of the terminal's own colours by kind of token; what is not here has none."""

_lexer = PythonLexer(stripnl=False)


def echo(source: str, label: str = "") -> Text:
    """`source` behind `>>> ` and `... `, redacted."""
    prompt = f"{label} >>> " if label else ">>> "
    lines = [clean(line) for line in redact(source).split("\n")]
    hidden = len(lines) - MAX_ECHO_LINES
    code = Text()
    for token, piece in _lexer.get_tokens("\n".join(lines[:MAX_ECHO_LINES])):
        code.append(piece, _style_of(token))
    code.rstrip()
    shown = Text.assemble((prompt, "dim"))
    for number, line in enumerate(code.split("\n", allow_blank=True)):
        if number:
            shown.append(f"\n{'...':>{len(prompt) - 1}} ", style="dim")
        shown.append_text(line)
    if hidden > 0:
        shown.append(f"\n… {hidden:,} more lines", style="dim")
    return shown


@lru_cache(maxsize=256)
def _style_of(token: _TokenType) -> Style:
    kind: _TokenType | None = token
    while kind is not None:
        if kind in TOKEN_COLOURS:
            return Style(color=TOKEN_COLOURS[kind])
        kind = kind.parent
    return Style.null()
