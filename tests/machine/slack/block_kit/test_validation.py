from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.models import blocks as kit
from slack_sdk.models.views import View

from machine.slack.block_kit.validation import find_mistakes, view_mistakes


def _text(text: str = "hi", kind: str = "plain_text") -> dict[str, str]:
    return {"type": kind, "text": text}


def _button(**fields: Any) -> dict[str, Any]:
    return {"type": "button", "text": _text(), **fields}


_INPUT = {"type": "input", "label": _text(), "element": {"type": "plain_text_input"}}


@pytest.mark.parametrize(
    ("block", "mistake"),
    [
        ("no object", "must be an object"),
        ({}, "missing required field: type"),
        ({"type": "sect"}, "unsupported type for a block: sect @/type"),
        ({"type": "section"}, "must have one of: text, fields"),
        (
            {"type": "section", "text": "hi"},
            "must be a text object of type plain_text or mrkdwn @/text",
        ),
        ({"type": "section", "text": _text("")}, "must be more than 0 characters @/text/text"),
        (
            {"type": "section", "text": _text("x" * 3001)},
            "must be less than 3001 characters @/text/text",
        ),
        (
            {"type": "section", "fields": [_text()] * 11},
            "no more than 10 items allowed @/fields",
        ),
        (
            {"type": "header", "text": _text(kind="mrkdwn")},
            "must be a text object of type plain_text @/text",
        ),
        (
            {"type": "header", "text": _text("x" * 151)},
            "must be less than 151 characters @/text/text",
        ),
        ({"type": "actions", "elements": []}, "must provide at least 1 items @/elements"),
        ({"type": "actions", "elements": "x"}, "must be an array @/elements"),
        (
            {"type": "actions", "elements": [_button(style="pink")]},
            "must be one of: primary, danger @/elements/0/style",
        ),
        (
            {"type": "actions", "elements": [_button(action_id="a"), _button(action_id="a")]},
            "`action_id` 'a' already exists @/elements/1/action_id",
        ),
        (
            {"type": "actions", "elements": [{"type": "static_select"}]},
            "must have one of: options, option_groups @/elements/0",
        ),
        (
            {"type": "actions", "elements": [{"type": "overflow", "options": [{"text": _text()}]}]},
            "missing required field: value @/elements/0/options/0",
        ),
        (
            {"type": "actions", "elements": [{"type": "number_input"}]},
            "unsupported type for a actions block element: number_input @/elements/0/type",
        ),
        (
            {"type": "context", "elements": [_button()]},
            "unsupported type for a context element: button @/elements/0/type",
        ),
        ({"type": "image", "alt_text": "a"}, "must have one of: image_url, slack_file"),
        ({"type": "input", "label": _text()}, "missing required field: element"),
        (
            {"type": "divider", "block_id": "x" * 256},
            "must be less than 256 characters @/block_id",
        ),
        ({"type": "divider", "block_id": 7}, "must be a string @/block_id"),
    ],
)
def test_mistake_is_told_with_its_json_pointer(block: Any, mistake: str) -> None:
    """As Slack does in `response_metadata.messages`."""
    what, _, where = mistake.partition(" @")

    assert f"{what} [json-pointer:/blocks/0{where}]" in list(find_mistakes([block], "message"))


_OPTION = {"text": _text("A"), "value": "a"}
_OTHER = {"text": _text("B"), "value": "b"}


@pytest.mark.parametrize(
    ("element", "mistake"),
    [
        (
            {"type": "static_select", "options": [{"text": {"type": "mrkdwn", "text": "*A*"}, "value": "a"}]},
            "must be a text object of type plain_text [json-pointer:/blocks/0/elements/0/options/0/text]",
        ),
        (
            {"type": "static_select", "options": [_OPTION], "initial_option": _OTHER},
            "must be one of the options [json-pointer:/blocks/0/elements/0/initial_option]",
        ),
        (
            {"type": "checkboxes", "options": [_OPTION], "initial_options": [_OPTION, _OTHER]},
            "must be one of the options [json-pointer:/blocks/0/elements/0/initial_options/1]",
        ),
        (
            {
                "type": "multi_static_select",
                "options": [_OPTION],
                "option_groups": [{"label": _text(), "options": [_OPTION]}],
            },
            "cannot have both options and option_groups [json-pointer:/blocks/0/elements/0]",
        ),
        (
            {"type": "multi_users_select", "max_selected_items": 0},
            "must be between 1 and 100 [json-pointer:/blocks/0/elements/0/max_selected_items]",
        ),
        (
            {"type": "datepicker", "initial_date": "1 May"},
            "must be a date as YYYY-MM-DD [json-pointer:/blocks/0/elements/0/initial_date]",
        ),
        (
            {"type": "timepicker", "initial_time": "24:00"},
            "must be a time of day as HH:mm [json-pointer:/blocks/0/elements/0/initial_time]",
        ),
        (
            {"type": "datetimepicker", "initial_date_time": "1700000000"},
            "must be an integer [json-pointer:/blocks/0/elements/0/initial_date_time]",
        ),
        (
            {"type": "plain_text_input", "max_length": 3001},
            "must be between 1 and 3000 [json-pointer:/blocks/0/elements/0/max_length]",
        ),
    ],
)
def test_elements_have_limits_of_their_own(element: dict[str, Any], mistake: str) -> None:
    """What a select starts with, what a picker takes."""
    assert list(find_mistakes([{"type": "actions", "elements": [element]}], "message")) == [mistake]


def test_first_choice_may_be_in_a_group() -> None:
    """Of a select with `option_groups`."""
    groups = [{"label": _text(), "options": [_OPTION]}, {"label": _text(), "options": [_OTHER]}]
    select = {"type": "static_select", "option_groups": groups, "initial_option": _OTHER}

    assert list(find_mistakes([{"type": "actions", "elements": [select]}], "message")) == []


def test_block_ids_differ_and_blocks_are_counted() -> None:
    """Fifty in a message, a hundred in a view."""
    twice = [{"type": "divider", "block_id": "a"}, {"type": "divider", "block_id": "a"}]

    assert list(find_mistakes(twice, "message")) == ["`block_id` 'a' already exists [json-pointer:/blocks/1/block_id]"]
    assert list(find_mistakes([{"type": "divider"}] * 51, "message")) == [
        "no more than 50 items allowed [json-pointer:/blocks]"
    ]
    assert list(find_mistakes([{"type": "divider"}] * 100, "modal")) == []


def test_blocks_of_messages_do_not_go_into_views() -> None:
    """`markdown`, for example."""
    (mistake,) = find_mistakes([{"type": "markdown", "text": "# hi"}], "modal")

    assert mistake == "unsupported type: markdown in a modal [json-pointer:/blocks/0/type]"


def test_what_slack_sdk_builds_is_fine() -> None:
    """Its models know the same rules."""
    option = kit.Option(value="a", label="A")
    built: list[kit.Block] = [
        kit.HeaderBlock(text="Title"),
        kit.SectionBlock(
            text="*hi*", accessory=kit.ButtonElement(text="Go", action_id="go", value="1", style="danger")
        ),
        kit.SectionBlock(
            fields=["a", "b"], accessory=kit.ImageElement(image_url="https://a.example/b.png", alt_text="b")
        ),
        kit.DividerBlock(),
        kit.ContextBlock(elements=[kit.MarkdownTextObject(text="small"), kit.PlainTextObject(text="print")]),
        kit.ImageBlock(image_url="https://a.example/b.png", alt_text="b"),
        kit.ActionsBlock(
            elements=[
                kit.StaticSelectElement(placeholder="one", options=[option], action_id="one"),
                kit.StaticMultiSelectElement(placeholder="many", options=[option], action_id="many"),
                kit.UserSelectElement(placeholder="who", action_id="who"),
                kit.ChannelSelectElement(placeholder="where", action_id="where"),
                kit.ExternalDataSelectElement(placeholder="what", action_id="what"),
                kit.DatePickerElement(action_id="day"),
                kit.TimePickerElement(action_id="time"),
                kit.CheckboxesElement(options=[option], action_id="checks"),
                kit.RadioButtonsElement(options=[option], action_id="radio"),
                kit.OverflowMenuElement(options=[option, option], action_id="more"),
            ]
        ),
        kit.InputBlock(label="Name", element=kit.PlainTextInputElement(action_id="name")),
        kit.RichTextBlock(elements=[kit.RichTextSectionElement(elements=[])]),
    ]

    assert list(find_mistakes([block.to_dict() for block in built], "message")) == []


@pytest.mark.parametrize(
    ("view", "mistake"),
    [
        ("no object", "must provide an object"),
        ({"type": "home", "blocks": []}, "must be 'modal'"),
        ({"type": "modal", "blocks": []}, "missing required field: title"),
        (
            {"type": "modal", "title": _text("x" * 25), "blocks": []},
            "less than 25 characters [json-pointer:/view/title/text]",
        ),
        ({"type": "modal", "title": _text()}, "missing required field: blocks"),
        ({"type": "modal", "title": _text(), "blocks": [_INPUT]}, "missing required field: submit"),
        ({"type": "modal", "title": _text(), "blocks": [{"type": "header"}]}, "[json-pointer:/view/blocks/0]"),
        ({"type": "modal", "title": _text(), "blocks": [], "private_metadata": "x" * 3001}, "/view/private_metadata"),
    ],
)
def test_mistakes_of_a_view_are_found(view: Any, mistake: str) -> None:
    """Before anybody sees it."""
    assert mistake in " ".join(view_mistakes(view, "modal"))


def test_view_built_by_slack_sdk_is_fine() -> None:
    """With an input and a submit button."""
    name = kit.InputBlock(label="Name", element=kit.PlainTextInputElement(action_id="name"))
    view = View(type="modal", title="Deploy", submit="Go", close="Stop", blocks=[name], callback_id="deploy")

    assert view_mistakes(view.to_dict(), "modal") == []
