"""Bookmarks at the top of a channel."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from machine.sandbox.refusal import SlackRefusal
from machine.sandbox.state.changes import Announce, BookmarkChanged
from machine.sandbox.state.clock import Timeline

_MAX_BOOKMARKS = 100


class Bookmarks:
    """The bookmarks of each channel, as `bookmarks.list` describes them."""

    def __init__(self, timeline: Timeline, announce: Announce) -> None:
        self._timeline = timeline
        self._announce = announce
        self._by_channel: dict[str, dict[str, dict[str, Any]]] = {}

    def of(self, channel: str) -> list[dict[str, Any]]:
        """The bookmarks of a channel, oldest first."""
        return list(self._by_channel.get(channel, {}).values())

    def all(self) -> list[dict[str, Any]]:
        """Every bookmark, channel by channel."""
        return [bookmark for bookmarks in self._by_channel.values() for bookmark in bookmarks.values()]

    def restore(self, bookmarks: Iterable[dict[str, Any]]) -> None:
        """Take bookmarks in as they were, without announcing them."""
        for bookmark in bookmarks:
            self._by_channel.setdefault(bookmark["channel_id"], {})[bookmark["id"]] = bookmark

    def add(
        self, channel: str, user: str, title: str, kind: str, link: str | None, emoji: str | None
    ) -> dict[str, Any]:
        """Add a bookmark.

        Raises:
            SlackRefusal: `invalid_bookmark_type`, `invalid_link`, `too_many_bookmarks`.
        """
        if kind != "link":
            raise SlackRefusal("invalid_bookmark_type")
        self._check_link(link)
        bookmarks = self._by_channel.setdefault(channel, {})
        if len(bookmarks) >= _MAX_BOOKMARKS:
            raise SlackRefusal("too_many_bookmarks")
        now = int(self._timeline.now)
        bookmark_id = self._timeline.next_id("Bk")
        bookmark: dict[str, Any] = {
            "id": bookmark_id,
            "channel_id": channel,
            "title": title,
            "link": link,
            "emoji": emoji,
            "icon_url": None,
            "type": kind,
            "entity_id": None,
            "date_created": now,
            "date_updated": 0,
            "rank": str(len(bookmarks)),
            "last_updated_by_user_id": user,
            "last_updated_by_team_id": None,
            "shortcut_id": None,
            "app_id": None,
        }
        bookmarks[bookmark_id] = bookmark
        self._announce(BookmarkChanged(channel, "added", bookmark))
        return bookmark

    def edit(self, channel: str, bookmark_id: str, user: str, **fields: str) -> dict[str, Any]:
        """Change the fields given.

        Raises:
            SlackRefusal: `bookmark_not_found`, `invalid_link`.
        """
        if "link" in fields:
            self._check_link(fields["link"])
        now = int(self._timeline.now)
        old = self._known(channel, bookmark_id)
        bookmark = old | fields | {"date_updated": now, "last_updated_by_user_id": user}
        self._by_channel[channel][bookmark_id] = bookmark
        self._announce(BookmarkChanged(channel, "edited", bookmark))
        return bookmark

    def remove(self, channel: str, bookmark_id: str) -> None:
        """Remove a bookmark.

        Raises:
            SlackRefusal: `bookmark_not_found`.
        """
        bookmark = self._known(channel, bookmark_id)
        del self._by_channel[channel][bookmark_id]
        self._announce(BookmarkChanged(channel, "removed", bookmark))

    def _known(self, channel: str, bookmark_id: str) -> dict[str, Any]:
        bookmark = self._by_channel.get(channel, {}).get(bookmark_id)
        if bookmark is None:
            raise SlackRefusal("bookmark_not_found")
        return bookmark

    @staticmethod
    def _check_link(link: str | None) -> None:
        if not link or not link.startswith(("http://", "https://")):
            raise SlackRefusal("invalid_link")
