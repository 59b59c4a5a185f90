"""What the workspace says when Slack would say no."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from machine.errors import MachineError


class SlackRefusal(MachineError):  # noqa: N818 - it is Slack that refuses; nothing went wrong here
    """Slack would refuse this.

    Attributes:
        error: Slack's own error name, for example `channel_not_found`.
        messages: What Slack adds in `response_metadata.messages`, for example the JSON pointer of a wrong block.
        details: What Slack adds beside the error, for example the scope that is `needed`.
    """

    def __init__(self, error: str, messages: Sequence[str] = (), details: Mapping[str, Any] | None = None) -> None:
        super().__init__(": ".join((f"Slack refuses this with `{error}`", *messages)))
        self.error = error
        self.messages = tuple(messages)
        self.details = dict(details or {})
