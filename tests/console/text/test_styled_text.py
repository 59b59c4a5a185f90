"""What is shown can do no harm, and fits."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from machine_console.text.styled_text import Part, clean, cut, fit, line, plain, width_of, wrap

ANY_TEXT = st.text(st.characters(codec=None), max_size=60)
PARTS = st.lists(st.builds(Part, ANY_TEXT, st.sampled_from(["", "dim", "bad"])), max_size=6)


@given(ANY_TEXT)
def test_nothing_a_terminal_would_act_on_is_left(text: str) -> None:
    """An escape sequence in a message must not move the cursor, clear the screen or hide what follows."""
    assert not [one for one in clean(text) if unicodedata.category(one) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}]


@given(ANY_TEXT)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    """Parts are made from parts."""
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x07", "␛[2J␇"),
        ("one\ntwo\tthree", "one↵two    three"),
        ("abc\u202etxt.exe", "abc�txt.exe"),
        ("👩\u200d💻 ❤\ufe0f", "👩💻 ❤"),
        ("[bold]not markup[/bold]", "[bold]not markup[/bold]"),
    ],
)
def test_harmful_characters_are_shown_as_pictures(text: str, shown: str) -> None:
    """One sees that something was there."""
    assert clean(text) == shown


def test_secrets_never_reach_a_part() -> None:
    """Whatever shows text goes through `Part`, so this is the one place to hold."""
    assert Part("token xoxb-123-456-abc").text == "token xoxb-…redacted"


@given(ANY_TEXT, st.integers(0, 40))
def test_fit_is_exactly_as_wide_as_asked(text: str, width: int) -> None:
    """Columns stay in line whatever people write, wide characters included."""
    assert cell_len(fit(text, width)) == width


@given(PARTS, st.integers(1, 40))
def test_cut_never_exceeds_the_width(parts: list[Part], width: int) -> None:
    """A row stays in its pane."""
    assert width_of(cut(parts, width)) <= width


@example([Part("0" * 10), Part("\N{EMOJI MODIFIER FITZPATRICK TYPE-1-2}"), Part("0")], 10, 0)
@given(PARTS, st.integers(10, 40), st.integers(0, 4))
def test_wrapping_loses_no_words_and_fits(parts: list[Part], width: int, indent: int) -> None:
    """A long traceback or message can be read to its end."""
    rows = wrap(parts, width, indent)

    assert all(width_of(row) <= width for row in rows)
    assert "".join(plain(row) for row in rows).replace(" ", "") == plain(parts).replace(" ", "")


def test_wrapping_breaks_between_words() -> None:
    """Words are only torn when they are longer than a line."""
    rows = wrap(line("the quick brown fox jumps"), 12, 2)

    assert [plain(row) for row in rows] == ["the quick ", "  brown fox ", "  jumps"]
