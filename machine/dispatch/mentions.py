"""Which of two events comes first: Slack tells of a mention as `message` and as `app_mention`, in either order.

An app subscribes to one of the two or to both. `@respond_to` runs for the first that comes.
"""

from __future__ import annotations

from collections.abc import Mapping

from machine.envelope import Envelope
from machine.logger import get_logger

APP_MENTION = "app_mention"
MAX_REMEMBERED = 10_000  # mentions; twins arrive within seconds of each other

_logger = get_logger(__name__)


class Mentions:
    """Remembers the mentions that came, and by which event.

    Args:
        user_id: The bot's user id.
    """

    def __init__(self, user_id: str) -> None:
        self._mention = f"<@{user_id}"
        self._first: dict[tuple[object, ...], str] = {}
        self._hears_messages = False
        self._lonely = 0

    def twin_of(self, envelope: Envelope) -> str | None:
        """The type of the event that told of the same message before; `None` where this is the first to tell."""
        event = envelope.event
        kind = event.get("type")
        if kind not in ("message", APP_MENTION):
            return None
        inner = event.get("message")
        message = inner if event.get("subtype") == "message_changed" and isinstance(inner, Mapping) else event
        text, ts = message.get("text"), message.get("ts")
        if kind == "message" and not envelope.is_simulated:
            self._hears_messages = True
        if not isinstance(text, str) or not isinstance(ts, str) or self._mention not in text:
            return None
        edited = message.get("edited")
        version = str(edited.get("ts")) if isinstance(edited, Mapping) else ""
        first = self._first.setdefault((str(event.get("channel")), ts, version), str(kind))
        if len(self._first) > MAX_REMEMBERED:
            del self._first[next(iter(self._first))]  # the oldest
        return first if first != kind else None

    def warn_if_alone(self, *, has_listeners: bool) -> None:
        """Say once that mentions come and messages do not, where handlers wait for messages."""
        if self._hears_messages:
            return
        self._lonely += 1
        if has_listeners and self._lonely == 2:  # at the first, its message may still be on its way
            _logger.warning(
                "Slack sends mentions of the bot, but no messages: @respond_to runs for mentions only, and @listen_to "
                "never. Subscribe the app to message.channels, message.groups, message.im and message.mpim; "
                "`machine manifest` prints all it needs"
            )
