"""The prefilter leaves out only what cannot match: its results are those of `re`, whatever the patterns."""

from __future__ import annotations

import re
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from machine.dispatch.prefilter import _FOLDED, Prefilter

LETTERS = st.sampled_from("abkisKIS ſİıéÉßΣσς日🎉1_\n")
TEXTS = st.text(LETTERS, max_size=12)
ATOMS = st.one_of(
    st.text(st.sampled_from("abkisKISéß1 "), min_size=1, max_size=4).map(re.escape),
    st.sampled_from([r"\w", r"\d", ".", "[a-k]", "[^a]", r"\b", "^", "$", r"\s", "(?=a)", "(?!b)", "(?<=s)", r"\Z"]),
)
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
        inner.map(lambda part: f"({part})"),
        inner.map(lambda part: f"(?i:{part})"),
        inner.map(lambda part: f"(?-i:{part})"),
        inner.map(lambda part: f"(?>{part})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "+?", "*?", "++"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
        inner.map(lambda part: f"(?P<x>{part})(?P=x)" if "?P<" not in part else part),
        inner.map(lambda part: f"({part})?(?(1)a|b)" if "(" not in part else part),
    ),
    max_leaves=8,
)
FLAGS = st.sampled_from([0, re.IGNORECASE, re.VERBOSE, re.ASCII | re.IGNORECASE, re.MULTILINE, re.DOTALL])


def compiled(pattern: str, flags: int) -> re.Pattern[str] | None:
    """The pattern; `None` where there is no such."""
    try:
        return re.compile(pattern, flags)
    except (re.error, OverflowError):
        return None


@given(st.lists(st.tuples(PATTERNS, FLAGS), max_size=6), TEXTS)
@example([("straße", re.IGNORECASE), ("kiss", re.IGNORECASE)], "\u212a\u0130\u017fs STRASSE")
@example([("a b # no", re.VERBOSE), ("(?i)ab", 0)], "AB")
def test_no_pattern_that_matches_is_left_out(given_patterns: list[tuple[str, int]], text: str) -> None:
    """Whatever `re` finds in a text, the prefilter has let through."""
    patterns = [pattern for one in given_patterns if (pattern := compiled(*one)) is not None]
    candidates = Prefilter(patterns).candidates(text)

    assert candidates == sorted(set(candidates))
    assert {place for place, pattern in enumerate(patterns) if pattern.search(text)} <= set(candidates)


@pytest.mark.parametrize(
    ("pattern", "flags", "text", "is_tried"),
    [
        ("^deploy (?P<service>\\w+)", 0, "deploy api", True),
        ("^deploy (?P<service>\\w+)", 0, "Deploy api", False),
        ("^deploy (?P<service>\\w+)", re.IGNORECASE, "DEPLOY api", True),
        ("^deploy (?P<service>\\w+)", re.IGNORECASE, "destroy api", False),
        ("(start|stop) the build", 0, "halt the train", False),
        ("(?:start|stop)", 0, "please stop", True),
        ("(?:start|stop)", 0, "please go on", False),
        ("(?:start|\\d)", 0, "please go on", True),  # nothing is needed for sure
        ("(?:hello)*", 0, "", True),
        ("(?:hello)+", 0, "", False),
        ("ok", 0, "ok", True),
        ("ok", 0, "no", False),
        ("x", 0, "no", False),
        ("\\d{3}", 0, "no", True),
    ],
)
def test_what_is_tried(pattern: str, flags: int, text: str, is_tried: bool) -> None:
    """The less the better."""
    assert Prefilter([re.compile(pattern, flags)]).candidates(text) == ([0] if is_tried else [])


def test_of_thousands_few_are_tried() -> None:
    """Also where they all begin alike."""
    patterns = [re.compile(f"^command {number:04} (.*)") for number in range(5_000)]

    assert Prefilter(patterns).candidates("command 0042 now") == [42]


def test_no_other_letter_equals_one_of_ascii() -> None:
    """Or the folded text would miss it: each character there is, held against all of ASCII."""
    ascii_letters = re.compile("[a-z]", re.IGNORECASE)
    others = [code for code in range(0x80, sys.maxunicode + 1) if ascii_letters.match(chr(code))]

    assert sorted(others) == sorted(_FOLDED)
    for code, letter in _FOLDED.items():
        assert re.match(letter, chr(code), re.IGNORECASE)
