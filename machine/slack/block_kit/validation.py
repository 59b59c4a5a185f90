"""Block Kit as Slack checks it: which blocks, elements and composition objects there are, and what each needs.

The tables below are read off https://docs.slack.dev/reference/block-kit/blocks and its sister pages. A mistake is
reported as Slack does it, with a JSON pointer to the place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from machine.slack.block_kit.checks import (
    Check,
    Shape,
    all_of,
    choice_of,
    distinct_actions,
    list_of,
    one_of,
    plain_text,
    repeated,
    text,
    text_object,
    whole_number,
    written_as,
)
from machine.slack.facts.block_kit import BLOCK_SURFACES, MAX_BLOCKS

MAX_ID_LENGTH = 255


def view_mistakes(view: Any, expected_type: str) -> list[str]:
    """Everything that is wrong with a view, which must be a `modal` or a `home`; nothing where all is well."""
    if not isinstance(view, Mapping):
        return ["must provide an object [json-pointer:/view]"]
    if view.get("type") != expected_type:
        return [f"must be {expected_type!r} [json-pointer:/view/type]"]
    mistakes = list(_VIEWS[expected_type](view, "/view"))
    if view.get("blocks") is not None:
        mistakes += find_mistakes(view["blocks"], expected_type, "/view/blocks")
    if expected_type == "modal" and not mistakes and not view.get("submit") and _has_input(view):
        mistakes.append("missing required field: submit, as there is an input block [json-pointer:/view/submit]")
    return mistakes


def options_mistakes(answer: Mapping[str, Any]) -> list[str]:
    """Everything that is wrong with an answer to `block_suggestion`."""
    return list(_OPTIONS_ANSWER(answer, ""))


def _has_input(view: Mapping[str, Any]) -> bool:
    return any(block["type"] == "input" for block in view["blocks"])


def find_mistakes(blocks: Any, surface: str, pointer: str = "/blocks") -> Iterator[str]:
    """Everything that is wrong with these blocks, each with its JSON pointer; nothing where all is well."""
    if not isinstance(blocks, Sequence) or isinstance(blocks, str):
        yield f"must be an array [json-pointer:{pointer}]"
        return
    most = MAX_BLOCKS[surface]
    if len(blocks) > most:
        yield f"no more than {most} items allowed [json-pointer:{pointer}]"
    for index, block in enumerate(blocks):
        yield from one_of(_BLOCKS, "block")(block, f"{pointer}/{index}")
        kind = str(block.get("type")) if isinstance(block, Mapping) else ""
        if kind in _BLOCKS and surface not in BLOCK_SURFACES[kind]:
            yield f"unsupported type: {kind} in a {surface} [json-pointer:{pointer}/{index}/type]"
    yield from repeated(blocks, "block_id", pointer)


def _has_one_list(element: Any, pointer: str) -> Iterator[str]:
    if isinstance(element, Mapping) and element.get("options") and element.get("option_groups"):
        yield f"cannot have both options and option_groups [json-pointer:{pointer}]"


def _starts_with_an_option(element: Any, pointer: str) -> Iterator[str]:
    """What is chosen at first must be one of the options, in every field as Slack compares them."""
    if not isinstance(element, Mapping):
        return
    groups = [group for group in _items(element.get("option_groups")) if isinstance(group, Mapping)]
    options = [
        *_items(element.get("options")),
        *(option for group in groups for option in _items(group.get("options"))),
    ]
    if element.get("initial_option") is not None and element["initial_option"] not in options:
        yield f"must be one of the options [json-pointer:{pointer}/initial_option]"
    for index, option in enumerate(_items(element.get("initial_options"))):
        if option not in options:
            yield f"must be one of the options [json-pointer:{pointer}/initial_options/{index}]"


def _items(value: Any) -> Sequence[Any]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()


_OPTION = Shape(
    ("text", "value"),
    {"text": text_object(75), "value": text(150), "description": text_object(75), "url": text(3000)},
)
_PLAIN_OPTION = Shape(("text", "value"), {**_OPTION.fields, "text": plain_text(75), "description": plain_text(75)})
_OPTION_GROUP = Shape(("label", "options"), {"label": plain_text(75), "options": list_of(_PLAIN_OPTION, 100)})
_OPTIONS_ANSWER = Shape(
    (), {"options": list_of(_PLAIN_OPTION, 100, 0), "option_groups": list_of(_OPTION_GROUP, 100, 0)}
)
_CONFIRM = Shape(
    ("title", "text"),
    {
        "title": plain_text(100),
        "text": text_object(300),
        "confirm": plain_text(30),
        "deny": plain_text(30),
        "style": choice_of("primary", "danger"),
    },
)
_COMMON: Mapping[str, Check] = {"action_id": text(MAX_ID_LENGTH), "placeholder": plain_text(150), "confirm": _CONFIRM}
_MULTI: Mapping[str, Check] = {"max_selected_items": whole_number(1, 100)}
_STATIC_SELECT: Mapping[str, Check] = {
    **_COMMON,
    "options": list_of(_PLAIN_OPTION, 100),
    "option_groups": list_of(_OPTION_GROUP, 100),
    "initial_option": _PLAIN_OPTION,
    "initial_options": list_of(_PLAIN_OPTION, 100),
}
_STATIC = Shape((), {**_STATIC_SELECT, **_MULTI}, ("options", "option_groups"))
_SELECT_KINDS: Mapping[str, Check] = {
    "static": all_of(_STATIC, _has_one_list, _starts_with_an_option),
    "external": Shape((), {**_COMMON, **_MULTI, "min_query_length": whole_number(0, 1000)}),
    "users": Shape((), {**_COMMON, **_MULTI}),
    "conversations": Shape((), {**_COMMON, **_MULTI}),
    "channels": Shape((), {**_COMMON, **_MULTI}),
}
_SELECTS: Mapping[str, Check] = {
    f"{prefix}{kind}_select": check for prefix in ("", "multi_") for kind, check in _SELECT_KINDS.items()
}
_PICKERS: Mapping[str, Check] = {
    "datepicker": Shape((), {**_COMMON, "initial_date": written_as(r"\d{4}-\d{2}-\d{2}", "a date as YYYY-MM-DD")}),
    "timepicker": Shape(
        (), {**_COMMON, "initial_time": written_as(r"([01]\d|2[0-3]):[0-5]\d", "a time of day as HH:mm")}
    ),
    "datetimepicker": Shape((), {**_COMMON, "initial_date_time": whole_number(10**9, 10**10 - 1)}),
}
_CHOICE = all_of(Shape(("options",), {**_COMMON, "options": list_of(_OPTION, 10)}), _starts_with_an_option)
_CHOICES: Mapping[str, Check] = {"radio_buttons": _CHOICE, "checkboxes": _CHOICE}
_BUTTON = Shape(
    ("text",),
    {
        **_COMMON,
        "text": plain_text(75),
        "value": text(2000, 0),
        "url": text(3000),
        "style": choice_of("primary", "danger"),
        "accessibility_label": text(75),
    },
)
_BUTTONS: Mapping[str, Check] = {
    "button": _BUTTON,
    "workflow_button": Shape(("text", "workflow"), {**_COMMON, "text": plain_text(75)}),
    "overflow": Shape(("options",), {**_COMMON, "options": list_of(_PLAIN_OPTION, 5)}),
}
_IMAGE = Shape(("alt_text",), {"alt_text": text(2000), "image_url": text(3000)}, ("image_url", "slack_file"))
_TEXT_INPUTS: Mapping[str, Check] = {
    "plain_text_input": Shape(
        (),
        {
            **_COMMON,
            "initial_value": text(3000, 0),
            "min_length": whole_number(0, 3000),
            "max_length": whole_number(1, 3000),
        },
    ),
    "email_text_input": Shape((), {**_COMMON, "initial_value": text(3000, 0)}),
    "url_text_input": Shape((), _COMMON),
}
_INPUT_ELEMENTS: Mapping[str, Check] = {
    **_SELECTS,
    **_PICKERS,
    **_CHOICES,
    **_TEXT_INPUTS,
    "number_input": Shape(("is_decimal_allowed",), _COMMON),
    "rich_text_input": Shape((), _COMMON),
    "file_input": Shape((), {**_COMMON, "max_files": whole_number(1, 10)}),
}
_ACTION_ELEMENTS: Mapping[str, Check] = {
    **_SELECTS,
    **_PICKERS,
    **_CHOICES,
    **_BUTTONS,
    **_TEXT_INPUTS,
    "rich_text_input": Shape((), _COMMON),
}
_CONTEXT_ELEMENTS: Mapping[str, Check] = {
    "image": _IMAGE,
    "plain_text": text_object(3000),
    "mrkdwn": text_object(3000),
}
_RICH_TEXT_ELEMENTS: Mapping[str, Check] = {
    kind: Shape(("elements",))
    for kind in ("rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote")
}


def _block(needs: tuple[str, ...] = (), needs_one_of: tuple[str, ...] = (), **fields: Check) -> Shape:
    return Shape(needs, {"block_id": text(MAX_ID_LENGTH), **fields}, needs_one_of)


_BLOCKS: Mapping[str, Check] = {
    "section": _block(
        (),
        ("text", "fields"),
        text=text_object(3000),
        fields=list_of(text_object(2000), 10),
        accessory=one_of({**_ACTION_ELEMENTS, "image": _IMAGE}, "section accessory"),
    ),
    "actions": _block(
        ("elements",), elements=distinct_actions(list_of(one_of(_ACTION_ELEMENTS, "actions block element"), 25))
    ),
    "context": _block(("elements",), elements=list_of(one_of(_CONTEXT_ELEMENTS, "context element"), 10)),
    "divider": _block(),
    "file": _block(("external_id", "source")),
    "header": _block(("text",), text=plain_text(150)),
    "image": _block(
        ("alt_text",), ("image_url", "slack_file"), alt_text=text(2000), title=plain_text(2000), image_url=text(3000)
    ),
    "input": _block(
        ("label", "element"),
        label=plain_text(2000),
        hint=plain_text(2000),
        element=one_of(_INPUT_ELEMENTS, "input element"),
    ),
    "markdown": _block(("text",), text=text(12_000)),
    "rich_text": _block(("elements",), elements=list_of(one_of(_RICH_TEXT_ELEMENTS, "rich text"), 1000, 0)),
    "table": _block(("rows",), rows=list_of(list_of(Shape(), 20), 100)),
    "video": _block(
        ("alt_text", "title", "thumbnail_url", "video_url"),
        alt_text=text(2000),
        title=plain_text(200),
        video_url=text(3000),
    ),
}
_VIEWS: Mapping[str, Check] = {
    "modal": Shape(
        ("title", "blocks"),
        {
            "title": plain_text(24),
            "submit": plain_text(24),
            "close": plain_text(24),
            "private_metadata": text(3000, 0),
            "callback_id": text(MAX_ID_LENGTH, 0),
            "external_id": text(MAX_ID_LENGTH, 0),
        },
    ),
    "home": Shape(("blocks",), {"private_metadata": text(3000, 0), "callback_id": text(MAX_ID_LENGTH, 0)}),
}
