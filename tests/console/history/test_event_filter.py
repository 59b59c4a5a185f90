"""What one types into the filter of the events means what it seems to mean, and nothing one types breaks it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machine_console.history.event_filter import parse_event_filter
from machine_console.history.query import parse_limit, split_terms
from tests.console.story import Names, told_history

PIECES = st.sampled_from(
    ["kind:", "user:", "slow:", "error", "-", '"', ":", ">", "100ms", " ", "alice", "plugin:x", "#"]
)


def found(text: str) -> list[str]:
    """The events of the story that a filter lets through."""
    event_filter = parse_event_filter(text)
    return [event.envelope.id for event in told_history().events if event_filter.accepts(event, Names())]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["e1", "e2", "e3", "e4"]),
        ("are you", ["e1"]),
        ('"are you there"', ["e1"]),
        ('"you are"', []),
        ("PING", ["e1"]),
        ("grüße", ["e2"]),
        ("kind:message", ["e1", "e2", "e3"]),
        ("kind:slash_commands", ["e4"]),
        ("kind:/deploy", ["e4"]),
        ("user:alice", ["e1"]),
        ("user:@bob", ["e2", "e4"]),
        ("user:U2", ["e2", "e4"]),
        ("channel:#ops", ["e2", "e4"]),
        ("channel:C1", ["e1", "e3"]),
        ("plugin:deploys", ["e4"]),
        ("handler:listen_to_ping", ["e1"]),
        ("error", ["e4"]),
        ("-error", ["e1", "e2", "e3"]),
        ("slow:>100ms", ["e4"]),
        ("slow:<100ms", ["e1"]),
        ("slow:0.1s", ["e4"]),
        ("KeyError", ["e4"]),
        ("user:bob channel:ops -kind:message", ["e4"]),
        ("id:e2", ["e2"]),
    ],
)
def test_a_filter_finds(text: str, expected: list[str]) -> None:
    """All terms must hold; case does not matter; names are those that are shown."""
    assert found(text) == expected


@pytest.mark.parametrize("text", ["slow:", "slow:>", "slow:fast", "kind:", "user: "])
def test_a_term_that_says_nothing_yet_is_set_aside_and_named(text: str) -> None:
    """One types character by character; the list must not vanish meanwhile."""
    event_filter = parse_event_filter(text)

    assert event_filter.problems
    assert not event_filter


@pytest.mark.parametrize("text", ["10:30", "https://example.com", "re:deploy"])
def test_words_with_a_colon_are_words(text: str) -> None:
    """Times and links are looked for as they are."""
    assert not parse_event_filter(text).problems
    assert parse_event_filter(text)


@given(st.one_of(st.text(), st.lists(PIECES).map("".join)))
def test_any_text_is_a_filter(text: str) -> None:
    """Never raises, neither when read nor when asked; every term either counts or is named as a problem."""
    event_filter = parse_event_filter(text)
    found(text)

    assert len(event_filter.tests) + len(event_filter.problems) == len(list(split_terms(text)))


@given(st.text())
def test_any_text_is_a_limit_or_none(text: str) -> None:
    """Including digits of other scripts and numbers beyond every clock."""
    parse_limit(text)


@given(st.text(alphabet=st.characters(exclude_characters='"'), min_size=1).filter(str.strip))
def test_quoted_text_is_one_term(text: str) -> None:
    """Blanks inside quotes belong to what is looked for."""
    (term,) = split_terms(f'"{text[:100]}"')

    assert term.value == text[:100].lower()
