"""The styles of component classes, for widgets that draw their own lines."""

from __future__ import annotations

from rich.style import Style
from textual.widget import Widget


def component_style(widget: Widget, name: str) -> Style:
    """A style of `app.tcss`: colours blended with what is behind the widget, a background only where it has its own."""
    own = widget.get_component_rich_style(name, partial=True)
    if own.color is None and own.bgcolor is None:
        return own
    blended = widget.get_component_rich_style(name)
    return own + Style(color=own.color and blended.color, bgcolor=own.bgcolor and blended.bgcolor)
