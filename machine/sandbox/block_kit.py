"""Block Kit as Slack checks it: which blocks, elements and composition objects there are, and what each needs.

The tables below are read off https://docs.slack.dev/reference/block-kit/blocks and its sister pages. A mistake is
reported as Slack does it, with a JSON pointer to the place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from machine.sandbox.refusal import SlackRefusal

Check: TypeAlias = Callable[[Any, str], Iterator[str]]
"""Takes a value and the JSON pointer to it, gives one message per mistake."""

MAX_BLOCKS = {"message": 50, "modal": 100, "home": 100}
MAX_ATTACHMENTS = 100
MAX_ID_LENGTH = 255


def check_blocks(blocks: Any, surface: str, pointer: str = "/blocks") -> None:
    """Refuse blocks that Slack would not show on this surface: `message`, `modal` or `home`.

    Raises:
        SlackRefusal: `invalid_blocks`, or `invalid_blocks_format` where it is no list of objects.
    """
    if not isinstance(blocks, Sequence) or isinstance(blocks, str):
        raise SlackRefusal("invalid_blocks_format")
    if mistakes := list(find_mistakes(blocks, surface, pointer)):
        raise SlackRefusal("invalid_blocks", [f"[ERROR] {mistake}" for mistake in mistakes])


def check_attachments(attachments: Sequence[Any]) -> None:
    """Refuse attachments that Slack would not show.

    Raises:
        SlackRefusal: `too_many_attachments`, `invalid_attachments`, `invalid_blocks`.
    """
    if len(attachments) > MAX_ATTACHMENTS:
        raise SlackRefusal("too_many_attachments")
    for index, attachment in enumerate(attachments):
        if not isinstance(attachment, Mapping):
            raise SlackRefusal("invalid_attachments")
        check_blocks(attachment.get("blocks") or (), "message", f"/attachments/{index}/blocks")


def check_view(view: Any, expected_type: str) -> None:
    """Refuse a view that Slack would not show.

    Raises:
        SlackRefusal: `invalid_arguments`, with what is wrong.
    """
    if not isinstance(view, Mapping):
        raise SlackRefusal("invalid_arguments", ["[ERROR] must provide an object [json-pointer:/view]"])
    if view.get("type") != expected_type:
        raise SlackRefusal("invalid_arguments", [f"[ERROR] must be {expected_type!r} [json-pointer:/view/type]"])
    mistakes = list(_VIEWS[expected_type](view, "/view"))
    mistakes += find_mistakes(view.get("blocks") or (), expected_type, "/view/blocks")
    if expected_type == "modal" and not mistakes and not view.get("submit") and _has_input(view):
        mistakes.append("missing required field: submit, as there is an input block [json-pointer:/view/submit]")
    if mistakes:
        raise SlackRefusal("invalid_arguments", [f"[ERROR] {mistake}" for mistake in mistakes])


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
        yield from _one_of(_BLOCKS, "block")(block, f"{pointer}/{index}")
        if isinstance(block, Mapping) and surface not in _SURFACES.get(str(block.get("type")), _EVERYWHERE):
            yield f"unsupported type: {block.get('type')} in a {surface} [json-pointer:{pointer}/{index}/type]"
    yield from _repeated(blocks, "block_id", pointer)


def _repeated(items: Sequence[Any], name: str, pointer: str) -> Iterator[str]:
    seen: set[str] = set()
    for index, item in enumerate(items):
        value = item.get(name) if isinstance(item, Mapping) else None
        if isinstance(value, str) and value in seen:
            yield f"`{name}` {value!r} already exists [json-pointer:{pointer}/{index}/{name}]"
        elif isinstance(value, str):
            seen.add(value)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What an object must and may have; fields not named here pass, as Slack adds new ones.

    Attributes:
        needs: The required fields.
        fields: How each known field is checked.
        needs_one_of: At least one of these must be there.
    """

    needs: tuple[str, ...] = ()
    fields: Mapping[str, Check] = field(default_factory=dict)
    needs_one_of: tuple[str, ...] = ()

    def __call__(self, value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, Mapping):
            yield f"must be an object [json-pointer:{pointer}]"
            return
        for name in self.needs:
            if value.get(name) is None:
                yield f"missing required field: {name} [json-pointer:{pointer}]"
        if self.needs_one_of and not any(value.get(name) for name in self.needs_one_of):
            yield f"must have one of: {', '.join(self.needs_one_of)} [json-pointer:{pointer}]"
        for name, check in self.fields.items():
            if value.get(name) is not None:
                yield from check(value[name], f"{pointer}/{name}")


def _one_of(shapes: Mapping[str, Check], what: str) -> Check:
    def check(value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, Mapping):
            yield f"must be an object [json-pointer:{pointer}]"
        elif value.get("type") is None:
            yield f"missing required field: type [json-pointer:{pointer}]"
        elif str(value["type"]) not in shapes:
            yield f"unsupported type for a {what}: {value['type']} [json-pointer:{pointer}/type]"
        else:
            yield from shapes[str(value["type"])](value, pointer)

    return check


def _text(most: int, least: int = 1) -> Check:
    def check(value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield f"must be a string [json-pointer:{pointer}]"
        elif len(value) > most:
            yield f"must be less than {most + 1} characters [json-pointer:{pointer}]"
        elif len(value) < least:
            yield f"must be more than {least - 1} characters [json-pointer:{pointer}]"

    return check


def _text_object(most: int, kinds: tuple[str, ...] = ("plain_text", "mrkdwn")) -> Check:
    length = _text(most)

    def check(value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, Mapping) or value.get("type") not in kinds or "text" not in value:
            yield f"must be a text object of type {' or '.join(kinds)} [json-pointer:{pointer}]"
        else:
            yield from length(value["text"], f"{pointer}/text")

    return check


def _plain(most: int) -> Check:
    return _text_object(most, ("plain_text",))


def _list(check_item: Check, most: int, least: int = 1) -> Check:
    def check(value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, Sequence) or isinstance(value, str):
            yield f"must be an array [json-pointer:{pointer}]"
            return
        if len(value) > most:
            yield f"no more than {most} items allowed [json-pointer:{pointer}]"
        if len(value) < least:
            yield f"must provide at least {least} items [json-pointer:{pointer}]"
        for index, item in enumerate(value):
            yield from check_item(item, f"{pointer}/{index}")

    return check


def _interactive(items: Check) -> Check:
    """Elements of one block, whose action ids must differ."""

    def check(value: Any, pointer: str) -> Iterator[str]:
        yield from items(value, pointer)
        if isinstance(value, Sequence) and not isinstance(value, str):
            yield from _repeated(value, "action_id", pointer)

    return check


def _choice(*allowed: str) -> Check:
    def check(value: Any, pointer: str) -> Iterator[str]:
        if value not in allowed:
            yield f"must be one of: {', '.join(allowed)} [json-pointer:{pointer}]"

    return check


_OPTION = _Shape(
    ("text", "value"),
    {"text": _text_object(75), "value": _text(150), "description": _text_object(75), "url": _text(3000)},
)
_OPTION_GROUP = _Shape(("label", "options"), {"label": _plain(75), "options": _list(_OPTION, 100)})
_CONFIRM = _Shape(
    ("title", "text"),
    {"title": _plain(100), "text": _text_object(300), "confirm": _plain(30), "deny": _plain(30)},
)
_COMMON: Mapping[str, Check] = {"action_id": _text(MAX_ID_LENGTH), "placeholder": _plain(150), "confirm": _CONFIRM}
_STATIC_SELECT: Mapping[str, Check] = {
    **_COMMON,
    "options": _list(_OPTION, 100),
    "option_groups": _list(_OPTION_GROUP, 100),
    "initial_option": _OPTION,
    "initial_options": _list(_OPTION, 100),
}
_SELECTS: Mapping[str, Check] = {
    f"{prefix}{kind}_select": shape
    for prefix in ("", "multi_")
    for kind, shape in {
        "static": _Shape((), _STATIC_SELECT, ("options", "option_groups")),
        "external": _Shape((), _COMMON),
        "users": _Shape((), _COMMON),
        "conversations": _Shape((), _COMMON),
        "channels": _Shape((), _COMMON),
    }.items()
}
_PICKERS: Mapping[str, Check] = {kind: _Shape((), _COMMON) for kind in ("datepicker", "timepicker", "datetimepicker")}
_CHOICES: Mapping[str, Check] = {
    "radio_buttons": _Shape(("options",), {**_COMMON, "options": _list(_OPTION, 10)}),
    "checkboxes": _Shape(("options",), {**_COMMON, "options": _list(_OPTION, 10)}),
}
_BUTTON = _Shape(
    ("text",),
    {
        **_COMMON,
        "text": _plain(75),
        "value": _text(2000, 0),
        "url": _text(3000),
        "style": _choice("primary", "danger"),
        "accessibility_label": _text(75),
    },
)
_BUTTONS: Mapping[str, Check] = {
    "button": _BUTTON,
    "workflow_button": _Shape(("text", "workflow"), {**_COMMON, "text": _plain(75)}),
    "overflow": _Shape(("options",), {**_COMMON, "options": _list(_OPTION, 5)}),
}
_IMAGE = _Shape(("alt_text",), {"alt_text": _text(2000), "image_url": _text(3000)}, ("image_url", "slack_file"))
_TEXT_INPUTS: Mapping[str, Check] = {
    kind: _Shape((), {**_COMMON, "initial_value": _text(3000, 0)}) for kind in ("plain_text_input", "email_text_input")
} | {"url_text_input": _Shape((), _COMMON)}
_INPUT_ELEMENTS: Mapping[str, Check] = {
    **_SELECTS,
    **_PICKERS,
    **_CHOICES,
    **_TEXT_INPUTS,
    "number_input": _Shape(("is_decimal_allowed",), _COMMON),
    "rich_text_input": _Shape((), _COMMON),
    "file_input": _Shape((), _COMMON),
}
_ACTION_ELEMENTS: Mapping[str, Check] = {
    **_SELECTS,
    **_PICKERS,
    **_CHOICES,
    **_BUTTONS,
    **_TEXT_INPUTS,
    "rich_text_input": _Shape((), _COMMON),
}
_CONTEXT_ELEMENTS: Mapping[str, Check] = {
    "image": _IMAGE,
    "plain_text": _text_object(3000),
    "mrkdwn": _text_object(3000),
}
_RICH_TEXT_ELEMENTS: Mapping[str, Check] = {
    kind: _Shape(("elements",))
    for kind in ("rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote")
}


def _block(needs: tuple[str, ...] = (), needs_one_of: tuple[str, ...] = (), **fields: Check) -> _Shape:
    return _Shape(needs, {"block_id": _text(MAX_ID_LENGTH), **fields}, needs_one_of)


_BLOCKS: Mapping[str, Check] = {
    "section": _block(
        (),
        ("text", "fields"),
        text=_text_object(3000),
        fields=_list(_text_object(2000), 10),
        accessory=_one_of({**_ACTION_ELEMENTS, "image": _IMAGE}, "section accessory"),
    ),
    "actions": _block(
        ("elements",), elements=_interactive(_list(_one_of(_ACTION_ELEMENTS, "actions block element"), 25))
    ),
    "context": _block(("elements",), elements=_list(_one_of(_CONTEXT_ELEMENTS, "context element"), 10)),
    "divider": _block(),
    "file": _block(("external_id", "source")),
    "header": _block(("text",), text=_plain(150)),
    "image": _block(
        ("alt_text",), ("image_url", "slack_file"), alt_text=_text(2000), title=_plain(2000), image_url=_text(3000)
    ),
    "input": _block(
        ("label", "element"),
        label=_plain(2000),
        hint=_plain(2000),
        element=_one_of(_INPUT_ELEMENTS, "input element"),
    ),
    "markdown": _block(("text",), text=_text(12_000)),
    "rich_text": _block(("elements",), elements=_list(_one_of(_RICH_TEXT_ELEMENTS, "rich text"), 1000, 0)),
    "table": _block(("rows",), rows=_list(_list(_Shape(), 20), 100)),
    "video": _block(
        ("alt_text", "title", "thumbnail_url", "video_url"),
        alt_text=_text(2000),
        title=_plain(200),
        video_url=_text(3000),
    ),
}
_EVERYWHERE = ("message", "modal", "home")
_SURFACES: Mapping[str, tuple[str, ...]] = {"file": ("message",), "markdown": ("message",), "table": ("message",)}
_VIEWS: Mapping[str, Check] = {
    "modal": _Shape(
        ("title", "blocks"),
        {
            "title": _plain(24),
            "submit": _plain(24),
            "close": _plain(24),
            "private_metadata": _text(3000, 0),
            "callback_id": _text(MAX_ID_LENGTH, 0),
            "external_id": _text(MAX_ID_LENGTH, 0),
        },
    ),
    "home": _Shape(("blocks",), {"private_metadata": _text(3000, 0), "callback_id": _text(MAX_ID_LENGTH, 0)}),
}
