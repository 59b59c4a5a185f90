"""Whatever a plugin or Slack sends can be shown."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from machine_console.blockkit.layout import Layout
from machine_console.blockkit.mrkdwn import mrkdwn_lines
from machine_console.text.formatting import IdsOnly
from machine_console.text.styled_text import plain

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["type", "text", "elements", "element", "accessory", "fields", "options", "block_id", "action_id", "confirm"]
    ), inner | st.sampled_from(["section", "actions", "button", "checkboxes", "rich_text"]), max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(st.text(alphabet=st.sampled_from("*_~`<>|@#!:&;\n\x1b[- a1."), max_size=60) | st.text())
def test_any_text_is_laid_out_and_harmless(text: str) -> None:
    """The terminal interprets nothing of it."""
    for row in mrkdwn_lines(text, IdsOnly()):
        assert not any(ord(character) < 32 for character in plain(row))


@given(st.lists(json_values, max_size=3))
def test_any_blocks_are_laid_out(blocks: list[Any]) -> None:
    """Mistakes in a plugin's blocks must not end the console."""
    list(Layout(IdsOnly()).lines(blocks))
