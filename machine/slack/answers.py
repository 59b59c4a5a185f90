"""What may come back from the Web API: a JSON object of a bounded size. All else is refused in one line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

import aiohttp
from slack_sdk.errors import SlackApiError

MAX_ANSWER = 32_000_000
"""Bytes of an answer, unpacked: fifteen times as much as the longest listing of Slack."""
NO_OBJECT = "invalid_answer"
"""Stands where Slack's own name of an error would be."""


class BoundedResponse(aiohttp.ClientResponse):
    """A response of which no more is kept in memory than `MAX_ANSWER` bytes, however well it was packed."""

    async def read(self) -> bytes:
        """The body.

        Raises:
            aiohttp.ClientPayloadError: There is too much of it, or it broke off.
        """
        if self._body is None:
            body = bytearray()
            async for piece in self.content.iter_any():
                body += piece
                if len(body) > MAX_ANSWER:
                    self.close()
                    raise aiohttp.ClientPayloadError(f"the answer has more than {MAX_ANSWER:,} bytes")
            self._body = bytes(body)
        return await super().read()


def refuse(what: str, status: int) -> NoReturn:
    """Refuse an answer, which is `what`, as if Slack had refused the call.

    Raises:
        SlackApiError: Always.
    """
    response = {"ok": False, "error": NO_OBJECT, "detail": f"Slack's answer is {what}", "status": status}
    raise SlackApiError(f"Slack's answer is {what}", response) from None  # type: ignore[no-untyped-call]


def check(data: Any, status: int, content_type: str) -> None:
    """Refuse what is not a JSON object, where the HTTP status does not say enough.

    Raises:
        SlackApiError: It is something else.
    """
    if isinstance(data, Mapping):
        if not data and status == 200:  # slack_sdk's sign of an answer that it could not read
            refuse(f"not JSON but {content_type or 'nothing'}", status)
    elif not isinstance(data, str | bytes):
        refuse(f"not a JSON object but {type(data).__name__}", status)
