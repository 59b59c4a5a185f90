"""Long lists in pages, as https://docs.slack.dev/apis/web-api/pagination describes."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, TypeVar

from machine.sandbox.arguments import Arguments
from machine.sandbox.refusal import SlackRefusal

MAX_PAGE_SIZE = 1_000
_Item = TypeVar("_Item")


def page_of(items: Sequence[_Item], arguments: Arguments, *, default_limit: int = 100) -> tuple[list[_Item], str]:
    """The page that `cursor` and `limit` ask for, and the cursor of the next one (empty on the last page).

    Raises:
        SlackRefusal: `invalid_cursor`, or `invalid_limit` outside 1 to 1000.
    """
    limit = arguments.number("limit", default_limit) or default_limit
    if not 1 <= limit <= MAX_PAGE_SIZE:
        raise SlackRefusal("invalid_limit")
    start = _position(arguments.text("cursor"))
    if start > len(items):
        raise SlackRefusal("invalid_cursor")
    end = start + limit
    return list(items[start:end]), _cursor(end) if end < len(items) else ""


def next_cursor(cursor: str) -> dict[str, Any]:
    """The part of an answer that tells the next page."""
    return {"response_metadata": {"next_cursor": cursor}}


def _cursor(position: int) -> str:
    return base64.urlsafe_b64encode(f"next:{position}".encode()).decode()


def _position(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        kind, _, position = base64.urlsafe_b64decode(cursor.encode()).decode().partition(":")
        if kind != "next":
            raise SlackRefusal("invalid_cursor")
        return int(position)
    except (ValueError, binascii.Error) as error:
        raise SlackRefusal("invalid_cursor") from error
