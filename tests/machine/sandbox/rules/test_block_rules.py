"""What Block Kit does not allow is refused in Slack's words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machine.sandbox import SlackRefusal
from machine.sandbox.rules.block_rules import check_attachments, check_blocks, check_options, check_view

_TITLE = {"type": "plain_text", "text": "hi"}


@pytest.mark.parametrize(
    ("check", "given_value", "error", "message"),
    [
        (lambda value: check_blocks(value, "message"), {}, "invalid_blocks_format", None),
        (
            lambda value: check_blocks(value, "message"),
            [{"type": "header"}],
            "invalid_blocks",
            "[ERROR] missing required field: text [json-pointer:/blocks/0]",
        ),
        (lambda value: check_view(value, "modal"), None, "invalid_arguments", "[ERROR] must provide an object"),
        (lambda value: check_view(value, "modal"), {"type": "home"}, "invalid_arguments", "[ERROR] must be 'modal'"),
        (check_attachments, [{}] * 101, "too_many_attachments", None),
        (check_attachments, ["text"], "invalid_attachments", None),
        (
            check_attachments,
            [{}, {"blocks": [{"type": "header"}]}],
            "invalid_blocks",
            "[json-pointer:/attachments/1/blocks/0]",
        ),
        (check_options, {"options": "none"}, "invalid_arguments", "[ERROR] must be an array"),
    ],
)
def test_a_refusal_names_the_error_and_the_place(check: Any, given_value: Any, error: str, message: str | None) -> None:
    """As apps read it in `error` and `response_metadata.messages`."""
    with pytest.raises(SlackRefusal) as caught:
        check(given_value)

    assert caught.value.error == error
    assert message is None or message in " ".join(caught.value.messages)


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["section", "actions", "input"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["type", "text", "elements", "options", "block_id"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(blocks=_ANYTHING, extra=_ANYTHING)
def test_checking_a_view_never_breaks(blocks: Any, extra: Any) -> None:
    """As below, for views."""
    try:
        check_view({"type": "modal", "title": _TITLE, "blocks": blocks, "submit": extra}, "modal")
    except SlackRefusal as refusal:
        assert refusal.error == "invalid_arguments"  # noqa: PT017 - accepted is as good


@given(blocks=_ANYTHING)
def test_checking_never_breaks(blocks: Any) -> None:
    """Whatever an app sends is refused by name or accepted, never a server error."""
    try:
        check_blocks(blocks, "message")
    except SlackRefusal as refusal:
        assert refusal.error in {"invalid_blocks", "invalid_blocks_format"}  # noqa: PT017 - accepted is as good
