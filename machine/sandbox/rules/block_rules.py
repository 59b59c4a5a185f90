"""Refuses blocks, attachments, views and options that Block Kit does not allow, in the words of Slack's Web API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from machine.sandbox.refusal import SlackRefusal
from machine.slack.block_kit.validation import find_mistakes, options_mistakes, view_mistakes

_MAX_ATTACHMENTS = 100


def check_blocks(blocks: Any, surface: str, pointer: str = "/blocks") -> None:
    """Refuse blocks that Slack would not show on this surface: `message`, `modal` or `home`.

    Raises:
        SlackRefusal: `invalid_blocks`, or `invalid_blocks_format` where it is not a list.
    """
    if not isinstance(blocks, Sequence) or isinstance(blocks, str):
        raise SlackRefusal("invalid_blocks_format")
    _refuse("invalid_blocks", find_mistakes(blocks, surface, pointer))


def check_attachments(attachments: Sequence[Any]) -> None:
    """Refuse attachments that Slack would not show.

    Raises:
        SlackRefusal: `too_many_attachments`, `invalid_attachments`, `invalid_blocks`.
    """
    if len(attachments) > _MAX_ATTACHMENTS:
        raise SlackRefusal("too_many_attachments")
    for index, attachment in enumerate(attachments):
        if not isinstance(attachment, Mapping):
            raise SlackRefusal("invalid_attachments")
        check_blocks(attachment.get("blocks") or (), "message", f"/attachments/{index}/blocks")


def check_view(view: Any, expected_type: str) -> None:
    """Refuse a view that Slack would not show.

    Raises:
        SlackRefusal: `invalid_arguments`, with what is wrong.
    """
    _refuse("invalid_arguments", view_mistakes(view, expected_type))


def check_options(answer: Mapping[str, Any]) -> None:
    """Refuse an answer to `block_suggestion` that Slack could not show.

    Raises:
        SlackRefusal: `invalid_arguments`, with what is wrong.
    """
    _refuse("invalid_arguments", options_mistakes(answer))


def _refuse(error: str, mistakes: Iterable[str]) -> None:
    if messages := [f"[ERROR] {mistake}" for mistake in mistakes]:
        raise SlackRefusal(error, messages)
