"""The two looks of the console, dark and light: quiet backgrounds, and colours that are kept for what they mean."""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    name="machine-dark",
    dark=True,
    foreground="#d3d8e0",
    background="#15181e",
    surface="#1d2129",
    panel="#1d2129",
    primary="#74a8f5",
    secondary="#7fc8c2",
    accent="#c9a7e8",
    success="#7cc58a",
    warning="#e3b565",
    error="#ef7a80",
)
LIGHT = Theme(
    name="machine-light",
    dark=False,
    foreground="#2a2f38",
    background="#fbfbf9",
    surface="#efefec",
    panel="#e9e9e5",
    primary="#2f62b8",
    secondary="#1d7a74",
    accent="#7a4aa3",
    success="#2c7a3f",
    warning="#94650c",
    error="#b3303a",
)
