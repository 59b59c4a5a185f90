"""The signature of the call that is being typed, with the argument at the cursor standing out."""

from __future__ import annotations

import builtins
import inspect
from collections.abc import Mapping
from typing import Any

from prompt_toolkit.formatted_text import StyleAndTextTuples

from machine_console.repl.prompt.attributes import UNKNOWN, resolve
from machine_console.repl.prompt.cursor_context import Call, find_place
from machine_console.text.styled_text import clean

MAX_TEXT = 20_000
"""Characters of input beyond which nothing is looked up."""
MAX_DOC = 100
_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def signature_at(text: str, namespace: Mapping[str, object]) -> StyleAndTextTuples:
    """What to show for the end of `text`: the innermost call that is known, else nothing. Runs no code of anybody's."""
    if len(text) > MAX_TEXT:
        return []
    for call in reversed(find_place(text).calls):
        if call.bracket == "(" and call.callee:
            function = resolve(call.callee, namespace)
            if function is UNKNOWN:
                function = vars(builtins).get(call.callee, UNKNOWN)
            if shown := _shown(call, function):
                return shown
    return []


def _shown(call: Call, function: Any) -> StyleAndTextTuples:
    if not (inspect.isroutine(function) or isinstance(function, type)):
        return []
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return []
    if inspect.isfunction(function) and "." in call.callee and parameters and parameters[0].name in {"self", "cls"}:
        parameters = parameters[1:]
    current = _current(call, parameters)
    parts: StyleAndTextTuples = [("class:signature", f"{call.callee.rpartition('.')[2]}(")]
    has_star = any(one.kind is inspect.Parameter.VAR_POSITIONAL for one in parameters)
    for number, parameter in enumerate(parameters):
        is_current = number == current
        bare = parameter.replace(annotation=inspect.Parameter.empty)
        parts.append(("class:signature", ", " if number else ""))
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and not has_star:
            has_star = True
            parts.append(("class:signature", "*, "))
        parts.append(("class:signature.current" if is_current else "class:signature", clean(str(bare))))
    parts.append(("class:signature", ")"))
    if doc := (inspect.getdoc(function) or "").partition("\n")[0]:
        parts.append(("class:signature.doc", f"  {clean(doc, limit=MAX_DOC)}"))
    return parts


def _current(call: Call, parameters: list[inspect.Parameter]) -> int | None:
    if call.keyword:
        return next((number for number, one in enumerate(parameters) if one.name == call.keyword), None)
    for number, parameter in enumerate(parameters):
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
            return None
        if number == call.argument or parameter.kind in _VARIADIC:
            return number
    return None
