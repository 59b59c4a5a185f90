"""Scheduled messages: kept until they are due, then really posted."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from machine.sandbox.refusal import SlackRefusal
from machine.sandbox.state.clock import Timeline
from machine.sandbox.state.objects import Draft, Message

_FURTHEST_S = timedelta(days=120).total_seconds()
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ScheduledMessage:
    """A message that is not posted yet.

    Attributes:
        id: Begins with `Q`.
        user: Who scheduled it: the bot user, or a person.
        post_at: When it will be posted, in seconds since 1970.
    """

    id: str
    user: str
    channel: str
    post_at: int
    created: int
    draft: Draft


class Schedule:
    """The scheduled messages of the app and of people.

    Nothing happens by itself: whoever owns the time calls `post_due`, and `on_change` says when that is worth while.
    """

    def __init__(self, timeline: Timeline, post: Callable[[ScheduledMessage], Message]) -> None:
        self._timeline = timeline
        self._post = post
        self._messages: dict[str, ScheduledMessage] = {}
        self.on_change: Callable[[], None] = lambda: None

    def add(self, user: str, channel: str, post_at: int, draft: Draft) -> ScheduledMessage:
        """Schedule a message that Slack would take if it were posted now.

        Raises:
            SlackRefusal: `time_in_past`, `time_too_far` beyond 120 days.
        """
        now = self._timeline.now
        if post_at <= now:
            raise SlackRefusal("time_in_past")
        if post_at > now + _FURTHEST_S:
            raise SlackRefusal("time_too_far")
        scheduled = ScheduledMessage(self._timeline.next_id("Q"), user, channel, post_at, int(now), draft)
        self._messages[scheduled.id] = scheduled
        self.on_change()
        return scheduled

    def remove(self, user: str, channel: str, scheduled_id: str) -> None:
        """Unschedule a message of one's own.

        Raises:
            SlackRefusal: `invalid_scheduled_message_id`.
        """
        scheduled = self._messages.get(scheduled_id)
        if scheduled is None or (scheduled.user, scheduled.channel) != (user, channel):
            raise SlackRefusal("invalid_scheduled_message_id")
        del self._messages[scheduled_id]
        self.on_change()

    def restore(self, scheduled: Iterable[ScheduledMessage]) -> None:
        """Take messages in as they were scheduled, also those that have become due since."""
        self._messages |= {message.id: message for message in scheduled}
        self.on_change()

    def pending(self) -> list[ScheduledMessage]:
        """What is not posted yet, the next one first."""
        return sorted(self._messages.values(), key=lambda scheduled: (scheduled.post_at, scheduled.id))

    def look(self) -> None:
        """Post what is due, and let the owner of the time look again: the clock was moved."""
        self.post_due()
        self.on_change()

    def post_due(self) -> list[Message]:
        """Post what is due; a message that can no longer be posted is dropped, with a line in the log."""
        posted = []
        for scheduled in self.pending():
            if scheduled.post_at > self._timeline.now:
                break
            del self._messages[scheduled.id]
            try:
                posted.append(self._post(scheduled))
            except SlackRefusal as refusal:
                _logger.warning("Scheduled message %s was not posted: %s", scheduled.id, refusal.error)
        return posted
