"""The line of keys at the bottom: those of the focused pane, as many as fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

_AROUND = 3
"""Cells around a key and what it does."""
_KEPT = "help"
"""The action whose key is always there: it names those that are not."""


class KeyFooter(Footer):
    """Leaves out the keys at the end that there is no room for, instead of cutting one in two."""

    def compose(self) -> ComposeResult:
        """The keys that fit."""
        return fitting([one for one in super().compose() if isinstance(one, FooterKey)], self.app.size.width)

    def on_resize(self, event: events.Resize) -> None:
        """Show as many as fit now."""
        del event
        self.call_after_refresh(self.recompose)


def fitting(keys: Sequence[FooterKey], width: int) -> Iterator[FooterKey]:
    """The first keys that together take no more than `width` cells, help among them."""
    room = width - sum(_width(key) for key in keys if key.action == _KEPT)
    is_full = False
    for key in keys:
        if key.action == _KEPT:
            yield key
            continue
        room -= _width(key)
        is_full = is_full or room < 0
        if not is_full:
            yield key


def _width(key: FooterKey) -> int:
    return cell_len(key.key_display) + cell_len(key.description) + _AROUND
