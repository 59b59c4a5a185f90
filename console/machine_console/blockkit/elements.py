"""Interactive elements as parts of a line: https://docs.slack.dev/reference/block-kit/block-elements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import Any

from machine.slack.facts.block_kit import BUTTONS, PICKERS, TEXT_INPUTS, TOGGLES
from machine_console.blockkit.controls import (
    Confirmation,
    Control,
    ControlPart,
    Option,
    mapping,
    sequence,
    text_of,
)
from machine_console.blockkit.mrkdwn import emoji_text
from machine_console.text.formatting import Names

_STYLES = {"primary": "primary", "danger": "danger"}
_SIGNS = {"datepicker": "▦", "timepicker": "◷", "datetimepicker": "▦"}


def element_parts(
    element: Mapping[str, Any],
    block_id: str,
    state: Mapping[str, Any],
    names: Names,
    timezone: tzinfo = UTC,
    heading: str = "",
) -> Iterator[ControlPart]:
    """An element, or each of its options where they all stand side by side; nothing for what cannot be used.

    Args:
        element: As the app gave it.
        block_id: The block it stands in.
        state: What is chosen in it, as Slack writes it.
        names: What people and channels are called.
        timezone: For moments.
        heading: What stands above it.
    """
    kind = str(element.get("type"))
    control = replace(_control(element, kind, block_id, state), heading=emoji_text(heading))
    if kind in BUTTONS:
        style = _STYLES.get(str(element.get("style")), "button")
        yield ControlPart(f"[ {control.label}{' ↗' if control.url else ''} ]", style, control)
    elif kind in TOGGLES:
        yield from _toggles(control)
    elif kind == "overflow":
        yield ControlPart("[ ⋯ ]", "button", control)
    elif kind in TEXT_INPUTS:
        entered = control.chosen[0] if control.chosen else ""
        style = "field" if entered else "field dim"
        yield ControlPart(f"[ {(entered or control.label).replace(chr(10), ' ↵ '):<28} ]", style, control)
    elif kind in PICKERS or "select" in kind or kind == "file_input":
        shown = ", ".join(chosen_labels(control, names, timezone)) or control.label
        yield ControlPart(f"[ {shown} {_SIGNS.get(kind, '▾')} ]", "field", control)


def chosen_labels(control: Control, names: Names, timezone: tzinfo = UTC) -> Iterator[str]:
    """What is chosen, in words."""
    labels = {option.value: option.label for option in control.options}
    for value in control.chosen:
        if "users" in control.kind:
            yield f"@{names.person(value)}"
        elif "conversations" in control.kind or "channels" in control.kind:
            yield names.channel(value)
        elif control.kind == "datetimepicker":
            yield _moment(value, timezone)
        else:
            yield labels.get(value, value)


def options_of(holder: Mapping[str, Any]) -> tuple[Option, ...]:
    """The options of an element, or of what an app answered, those in groups included."""
    listed = [*sequence(holder.get("options"))]
    for group in sequence(holder.get("option_groups")):
        listed += sequence(mapping(group).get("options"))
    return tuple(
        Option(str(one.get("value")), emoji_text(text_of(one.get("text"))), text_of(one.get("description")))
        for one in map(mapping, listed)
    )


def _control(element: Mapping[str, Any], kind: str, block_id: str, state: Mapping[str, Any]) -> Control:
    label = text_of(element.get("text")) or text_of(element.get("placeholder")) or _fallback(kind)
    value = element.get("value")
    query = element.get("min_query_length")
    return Control(
        kind=kind,
        action_id=str(element.get("action_id") or ""),
        block_id=block_id,
        label=emoji_text(label),
        value=value if isinstance(value, str) else None,
        options=_with_chosen(options_of(element), state),
        chosen=tuple(_chosen(state)),
        confirm=_confirmation(element.get("confirm")),
        url=str(element.get("url") or ""),
        min_query=query if isinstance(query, int) else 3,
        is_multiline=element.get("multiline") is True,
    )


def _with_chosen(options: tuple[Option, ...], state: Mapping[str, Any]) -> tuple[Option, ...]:
    """The options, and what was chosen from those that an app offered earlier."""
    chosen = [state.get("selected_option"), *sequence(state.get("selected_options"))]
    return options or options_of({"options": [one for one in chosen if one]})


def _chosen(state: Mapping[str, Any]) -> Iterator[str]:
    for name, value in state.items():
        if name == "type" or value is None:
            continue
        for one in [value] if isinstance(value, str | Mapping) else sequence(value) or [value]:
            if isinstance(one, Mapping):
                yield str(one.get("value") or one.get("id") or "")
            elif one is not None and one != []:
                yield str(one)


def _toggles(control: Control) -> Iterator[ControlPart]:
    signs = ("(•)", "( )") if control.kind == "radio_buttons" else ("[x]", "[ ]")
    for option in control.options:
        is_on = option.value in control.chosen
        own = Control(
            control.kind,
            control.action_id,
            control.block_id,
            option.label,
            option.value,
            control.options,
            control.chosen,
            control.confirm,
        )
        about = f"  {option.description}" if option.description else ""
        yield ControlPart(f"{signs[0] if is_on else signs[1]} {option.label}{about}", "good" if is_on else "", own)


def _confirmation(confirm: Any) -> Confirmation | None:
    if not isinstance(confirm, Mapping):
        return None
    return Confirmation(
        text_of(confirm.get("title")) or "Are you sure?",
        text_of(confirm.get("text")),
        text_of(confirm.get("confirm")) or "Yes",
        text_of(confirm.get("deny")) or "No",
    )


def _fallback(kind: str) -> str:
    if kind in TEXT_INPUTS:
        return "…"
    return {"datepicker": "Pick a date", "timepicker": "Pick a time", "datetimepicker": "Pick a moment"}.get(
        kind, "Choose" if "select" in kind else kind
    )


def _moment(value: str, timezone: tzinfo) -> str:
    try:
        return f"{datetime.fromtimestamp(int(value), timezone):%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError, OSError):
        return value
