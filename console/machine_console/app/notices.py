"""The notices at the edge of the window: how long they stay, what takes their place, where a click on one leads."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import App
from textual.notifications import Notification, Notify, SeverityLevel
from textual.widget import Widget
from textual.widgets._toast import Toast

from machine_console.status.notifications import Notification as News
from machine_console.status.notifications import Repeats
from machine_console.text.styled_text import clean

_MAX_LEADS = 50
"""Notices whose places are known; more are not on screen at a time."""
_SECONDS = {"error": 12}
_SECONDS_OTHERWISE = 5


class Notices:
    """Raises notices in a window, and takes them back.

    Args:
        app: The window.
    """

    def __init__(self, app: App[int]) -> None:
        self._app = app
        self._leads: dict[str, Callable[[], None]] = {}
        self._repeats = Repeats()

    def tell(
        self,
        text: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        leads_to: Callable[[], None] | None = None,
    ) -> None:
        """Raise a notice; errors stay longer. News takes the place of older news of the same title."""
        shown, title = "\n".join(map(clean, text.splitlines())), clean(title)
        if severity == "information":
            self.take_back(lambda old: old.severity == severity and old.title == title)
        timeout = _SECONDS.get(severity, _SECONDS_OTHERWISE)
        notice = Notification(shown, title, severity, timeout, markup=False)
        if leads_to is not None:
            self._leads[notice.identity] = leads_to
            while len(self._leads) > _MAX_LEADS:
                del self._leads[next(iter(self._leads))]
        self._app.post_message(Notify(notice))

    def announce(self, news: News, leads_to: Callable[[], None] | None) -> None:
        """Say what happened; of many similar errors the first is said, and later how many there were."""
        is_error = news.severity == "error"
        held = self._repeats.let_through(news.about, news.record.at) if is_error and news.record is not None else 0
        if not news.text or held is None:
            return
        more = f"\n(and {held} more like it before)" if held else ""
        more += "\nClick here or press F9 to go there." if is_error else ""
        self.tell(f"{news.text}{more}", title=news.title, severity=news.severity, leads_to=leads_to)

    def take_back(self, is_over: Callable[[Notification], bool]) -> None:
        """Take notices off the screen that are no longer true, or in whose place there is another."""
        over = list(filter(is_over, self._app._notifications))  # noqa: SLF001 - Textual has no other way to ask
        for notice in over:
            self._app._unnotify(notice, refresh=False)  # noqa: SLF001 - its refresh would leave the room that it took
        for screen in self._app.screen_stack:
            for toast in screen.query(Toast):
                if toast._notification in over and isinstance(toast.parent, Widget):  # noqa: SLF001 - nothing else tells which
                    toast.parent.remove()

    def follow(self, toast: Toast) -> None:
        """Go where a notice that was clicked leads to."""
        lead = self._leads.pop(toast._notification.identity, None)  # noqa: SLF001 - as in `take_back`
        if lead is not None:
            lead()
