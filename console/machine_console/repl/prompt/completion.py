"""Completion at the prompt: names and attributes, and inside strings the people, channels and emoji of the workspace.

Names and dotted paths are looked up in the live objects, without running any of their code. What that cannot answer
(imports, what a call returns, names of a function still being typed) is asked of jedi, which reads source code.
"""

from __future__ import annotations

import builtins
import contextlib
import keyword
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, partial
from typing import Any

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from machine_console.repl.prompt.attributes import UNKNOWN, attribute, describe_value, names_of, parameters_of, resolve
from machine_console.repl.prompt.cursor_context import Call, Place, find_place
from machine_console.repl.verbs.candidates import CANDIDATES, INDEX, Candidate, CandidateTable
from machine_console.text.styled_text import clean

MAX_SHOWN = 200
_jedi = threading.Lock()
"""Held while jedi works: its caches are those of the process, and break when two threads fill them at once."""
MIN_META_MATCH = 3
"""Characters from which on a description is searched too; fewer match nearly every one."""
MAX_TEXT = 20_000
"""Characters of input beyond which completion is left alone."""

_PATH = re.compile(r"(?:(?P<path>[^\W\d]\w*(?:\.[^\W\d]\w*)*)\.)?(?P<word>[^\W\d]\w*)?$")
_MENTION = re.compile(r"(?:^|(?<=[\s(,]))(?P<mark>[@#:])(?P<word>[\w.+'-]*)$")
_AFTER_CALL = re.compile(r"[)\]}'\"]\.\w*$")
_OF_ITEM = re.compile(r"""(?P<name>\w+)\[(?P<item>'[^']*'|"[^"]*")\]\.(?P<method>\w+)$""")
_IMPORT = re.compile(r"^\s*(?:import|from)\b")


class ReplCompleter(Completer):
    """Completes against a live namespace.

    It is asked in a thread of its own while the bot runs on, and never raises: a completion that cannot be worked out
    is one that is not there.
    """

    def __init__(self, namespace: Mapping[str, object]) -> None:
        self._namespace = namespace

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        """What could stand at the cursor, best first."""
        text = document.text_before_cursor
        if len(text) > MAX_TEXT:
            return
        try:
            completions = self._complete(text, is_asked_for=complete_event.completion_requested)
        except Exception:  # noqa: BLE001 - live objects, changed by the bot meanwhile, may raise anything
            return
        yield from completions

    def _complete(self, text: str, *, is_asked_for: bool) -> list[Completion]:
        place = find_place(text)
        if place.is_comment:
            return []
        if place.string is not None:
            return self._in_string(place, place.string)
        return self._in_code(text, place, is_asked_for=is_asked_for)

    def _in_code(self, text: str, place: Place, *, is_asked_for: bool) -> list[Completion]:
        if _IMPORT.match(text.rsplit("\n", 1)[-1]) or _AFTER_CALL.search(text):
            return list(self._from_jedi(text))
        found = _PATH.search(text)
        path, word = (found["path"], found["word"] or "") if found else (None, "")
        if path:
            value = resolve(path, self._namespace)
            return list(_attributes(value, word)) if value is not UNKNOWN else list(self._from_jedi(text))
        if _is_number(text) or not (word or is_asked_for):
            return []
        completions = [*self._keywords_of_call(place.call, word), *self._names(word)]
        if "\n" in text:
            known = {completion.text for completion in completions}
            completions += [one for one in self._from_jedi(text) if one.text not in known]
        return completions

    def _in_string(self, place: Place, typed: str) -> list[Completion]:
        table = self._namespace.get(CANDIDATES)
        if not isinstance(table, Mapping):
            return []
        source = self._source_for(table, place.call)
        if source is not None:
            return list(_matching(source(), typed))
        mention = _MENTION.search(typed)
        sources = table.get(mention["mark"]) if mention else None
        if mention is None or not sources:
            return []
        marked = mention["mark"] + mention["word"]
        return list(_matching(sources[""](), marked)) if marked != ":" else []

    def _source_for(self, table: CandidateTable, call: Call | None) -> Callable[[], Iterable[Candidate]] | None:
        if call is None:
            return None
        if call.callee not in table:
            return _source_for_item(table, call)
        sources = table[call.callee]
        if call.bracket == "[":
            return sources.get(INDEX)
        if call.keyword:
            return sources.get(call.keyword)
        parameters = parameters_of(resolve(call.callee, self._namespace))
        return sources.get(parameters[call.argument]) if call.argument < len(parameters) else None

    def _keywords_of_call(self, call: Call | None, word: str) -> Iterator[Completion]:
        if call is None or call.bracket != "(" or call.keyword or not word:
            return
        for parameter in parameters_of(resolve(call.callee, self._namespace)):
            if parameter.startswith(word):
                yield _completion(f"{parameter}=", word, "argument")

    def _names(self, word: str) -> Iterator[Completion]:
        own = [name for name in list(self._namespace) if _is_offered(name, word)]
        for name in sorted(own):
            yield _completion(name, word, describe_value(self._namespace[name]))
        if not word:
            return
        for name in sorted([*keyword.kwlist, *keyword.softkwlist]):
            if name.startswith(word) and not name.startswith("_"):
                yield _completion(name, word, "keyword")
        for name in dir(builtins):
            if _is_offered(name, word) and name not in own:
                yield _completion(name, word, describe_value(vars(builtins)[name]))

    def _from_jedi(self, text: str) -> Iterator[Completion]:
        lines = text.split("\n")
        with _jedi:
            script = _interpreter()(text, [dict(self._namespace)])
            found = [(str(one.name), one.complete, str(one.type)) for one in _first(script, lines)]
        for name, rest, kind in found:
            typed = len(name) - len(rest) if rest is not None else 0
            if not name.startswith("_") or lines[-1][len(lines[-1]) - typed :].startswith("_"):
                yield Completion(name, start_position=-typed, display_meta=kind)


def _first(script: Any, lines: list[str]) -> list[Any]:
    return list(script.complete(len(lines), len(lines[-1]))[:MAX_SHOWN])


def _source_for_item(table: CandidateTable, call: Call) -> Callable[[], Iterable[Candidate]] | None:
    """Where the call is that of a method of an item, such as `storage["todo"].get("`."""
    found = _OF_ITEM.fullmatch(call.callee)
    sources = table.get(f"{found['name']}{INDEX}.{found['method']}") if found else None
    if not found or not sources or call.bracket != "(":
        return None
    parameter, source = next(iter(sources.items()))
    is_meant = call.keyword == parameter if call.keyword else call.argument == 0
    return partial(source, found["item"][1:-1]) if is_meant else None


@cache
def warm_up() -> threading.Thread:
    """Load jedi in the background, once: its first answer takes a third of a second, later ones milliseconds."""

    def ask() -> None:
        # what fails here would be printed across the prompt: another one may have written half of jedi's cache on disk
        with _jedi, contextlib.suppress(Exception):
            _interpreter()("import os\nos.pa", [{}]).complete()

    thread = threading.Thread(target=ask, name="repl-warm-up", daemon=True)
    thread.start()
    return thread


def _interpreter() -> Any:
    import jedi  # noqa: PLC0415 - slow to load, and not needed for the first prompt

    class SafeInterpreter(jedi.Interpreter):  # type: ignore[misc]  # jedi is not typed
        """Does not run properties of live objects."""

        _allow_descriptor_getattr_default = False

    jedi.settings.allow_unsafe_interpreter_evaluations = False
    return SafeInterpreter


def _attributes(value: object, word: str) -> Iterator[Completion]:
    names = sorted(name for name in names_of(value) if _is_offered(name, word))
    for name in names[:MAX_SHOWN]:
        yield _completion(name, word, describe_value(attribute(value, name)))


def _is_offered(name: str, word: str) -> bool:
    """Whether the name begins so; private names only to those who began with an underscore."""
    return name.startswith(word) and (word.startswith("_") or not name.startswith("_"))


def _is_number(text: str) -> bool:
    return re.search(r"(?<!\w)\d[\w.]*$", text) is not None


def _matching(candidates: Iterable[Candidate], typed: str) -> Iterator[Completion]:
    """The candidates that begin with what is typed, then those that contain it; marks and case do not count."""
    wanted = typed.lstrip("@#:").casefold()
    begins: list[Candidate] = []
    contains: list[Candidate] = []
    for candidate in candidates:
        name = candidate.text.lstrip("@#:").casefold()
        if name.startswith(wanted):
            begins.append(candidate)
        elif wanted in name or (len(wanted) >= MIN_META_MATCH and wanted in candidate.meta.casefold()):
            contains.append(candidate)
    for candidate in (begins + contains)[:MAX_SHOWN]:
        yield _completion(candidate.text, typed, candidate.meta)


def _completion(text: str, typed: str, meta: str) -> Completion:
    return Completion(text, start_position=-len(typed), display=clean(text), display_meta=clean(meta))
