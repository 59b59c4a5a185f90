"""Texts that are longer than a message should be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

# Slack recommends this much per message and cuts what is longer than 40,000.
# https://docs.slack.dev/reference/methods/chat.postMessage#truncating
MAX_TEXT = 4_000
CUT_BY_SLACK = 40_000


def split(lines: Iterable[str], limit: int = MAX_TEXT) -> Iterator[str]:
    """Texts of at most `limit` characters that hold all lines in order; only longer lines are broken."""
    text = ""
    for line in lines:
        for part in _broken(line, limit):
            if text and len(text) + 1 + len(part) > limit:
                yield text
                text = part
            else:
                text = f"{text}\n{part}" if text else part
    if text:
        yield text


def _broken(line: str, limit: int) -> list[str]:
    return [line[start : start + limit] for start in range(0, len(line), limit)] or [""]
