"""The colours of the prompt in the console, taken from the application's theme."""

from __future__ import annotations

from collections.abc import Mapping

from prompt_toolkit.styles import BaseStyle, Style
from textual.color import Color, ColorParseError

from machine_console.repl.prompt.prompt import PROMPT_STYLE


def themed_style(theme: Mapping[str, str]) -> BaseStyle:
    """The prompt's style with its menu in the colours of `theme`, Textual's variables by name."""
    surface, text = _colour(theme, "surface", "#1e1e1e"), _colour(theme, "foreground", "#e0e0e0")
    menu, muted = surface.blend(text, 0.12).hex6, text.blend(surface, 0.4).hex6
    chosen = surface.blend(_colour(theme, "primary", "#0178d4"), 0.7).hex6
    return Style.from_dict(
        {
            **PROMPT_STYLE,
            "completion-menu.completion": f"bg:{menu} {text.hex6}",
            "completion-menu.completion.current": f"bg:{chosen} {text.hex6} bold noreverse",
            "completion-menu.meta.completion": f"bg:{menu} {muted}",
            "completion-menu.meta.completion.current": f"bg:{chosen} {text.hex6}",
            "scrollbar.background": f"bg:{menu}",
            "scrollbar.button": f"bg:{surface.blend(text, 0.3).hex6}",
            "search-toolbar": muted,
            "auto-suggestion": muted,
            "continuation": muted,
        }
    )


def _colour(theme: Mapping[str, str], name: str, default: str) -> Color:
    try:
        return Color.parse(theme.get(name, default))
    except ColorParseError:  # themes of the terminal's own colours name none
        return Color.parse(default)
