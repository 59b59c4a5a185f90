"""What a plugin's own HTTP route receives, and what it may answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["WebhookRequest", "WebhookResponse"]


class NotJsonError(ValueError):
    """A body that is no JSON: the sender's mistake, not the handler's."""


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """A request on a route that `@webhook` gave to a plugin.

    Anybody can send one: make sure who did, by a signature for example, before you act on it.

    Attributes:
        method: `POST`, `GET` and so on.
        path: The path, as in `@webhook`.
        headers: By name, in any case of letters; the first where there are several.
        query: What follows the `?`; the first value where a name has several.
        body: As it was sent, for checking signatures; at most 1 MB.
        remote: The address it came from: that of the proxy where there is one.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    query: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    remote: str | None = None

    @property
    def text(self) -> str:
        """The body as UTF-8; what is none is replaced."""
        return self.body.decode(errors="replace")

    def json(self) -> Any:
        """The body, read as JSON.

        Raises:
            ValueError: It is no JSON. Where a handler lets that through, the sender is answered with 400.
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise NotJsonError("the body is not JSON") from error


@dataclass(frozen=True, slots=True)
class WebhookResponse:
    """An answer with a status of its own.

    Attributes:
        status: The HTTP status.
        body: Text or bytes.
        headers: Besides those that every answer has.
    """

    status: int = 200
    body: str | bytes = ""
    headers: Mapping[str, str] = field(default_factory=dict)
