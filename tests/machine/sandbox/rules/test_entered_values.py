"""What Slack's client does not let people submit (D3)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machine.sandbox import SlackRefusal, Workspace
from machine.sandbox.rules.entered_values import refusal_of
from machine.sandbox.state.objects import View
from machine.slack.block_kit.elements import Element

_OPTIONS = [{"text": {"type": "plain_text", "text": name}, "value": name} for name in ("a", "b", "c")]


def _open(workspace: Workspace, element: dict[str, Any], **block: Any) -> View:
    label = {"type": "plain_text", "text": "Label"}
    shown = {"type": "input", "block_id": "b", "label": label, "element": {"action_id": "x", **element}, **block}
    title = {"type": "plain_text", "text": "Title"}
    content = {"type": "modal", "title": title, "submit": title, "blocks": [shown]}
    return workspace.views.open(workspace.find_person("alice").id, content)


@pytest.mark.parametrize(
    ("element", "value", "problem"),
    [
        ({"type": "number_input", "is_decimal_allowed": False}, "abc", "Must be a number."),
        ({"type": "number_input", "is_decimal_allowed": False}, "1e5", "Must be a number."),
        ({"type": "number_input", "is_decimal_allowed": True}, "nan", "Must be a number."),
        ({"type": "number_input", "is_decimal_allowed": True}, "٣", "Must be a number."),
        ({"type": "number_input", "is_decimal_allowed": False}, "1.5", "Must be a whole number."),
        ({"type": "number_input", "is_decimal_allowed": False, "min_value": "3"}, 2, "Must be at least 3."),
        ({"type": "number_input", "is_decimal_allowed": True, "max_value": "9.5"}, "9.51", "Must be at most 9.5."),
        ({"type": "plain_text_input", "min_length": 3}, "ab", "Must be at least 3 characters; it has 2."),
        ({"type": "plain_text_input", "max_length": 1}, "ab", "Must be at most 1 character; it has 2."),
        ({"type": "plain_text_input"}, "x" * 3_001, "Must be at most 3000 characters; it has 3001."),
        ({"type": "email_text_input"}, "alice", "Must be an email address."),
        ({"type": "email_text_input"}, "a b@c.de", "Must be an email address."),
        ({"type": "url_text_input"}, "example.com", "Must be a URL that begins with http:// or https://."),
        ({"type": "url_text_input"}, "https://", "Must be a URL that begins with http:// or https://."),
        (
            {"type": "multi_static_select", "options": _OPTIONS, "max_selected_items": 1},
            ["a", "b"],
            "Choose at most 1 item; there are 2.",
        ),
        (
            {"type": "multi_users_select", "max_selected_items": 2},
            ["alice", "bob", "carol"],
            "Choose at most 2 items; there are 3.",
        ),
    ],
)
def test_input_that_breaks_its_limits_is_not_submitted(
    workspace: Workspace, element: dict[str, Any], value: Any, problem: str
) -> None:
    """The app hears nothing, and the input says what is wrong, also where it is optional."""
    view = _open(workspace, element, optional=True)

    with pytest.raises(SlackRefusal) as caught:
        workspace.submit_view("alice", {"x": value})

    assert caught.value.error == "invalid_input"
    assert list(caught.value.messages) == [f"b: {problem}"]
    assert workspace.views.find(view.id).errors == {"b": problem}


@pytest.mark.parametrize(
    ("element", "value"),
    [
        ({"type": "number_input", "is_decimal_allowed": False, "min_value": "-5", "max_value": "5"}, "-5"),
        ({"type": "number_input", "is_decimal_allowed": True, "max_value": "many"}, "0.5"),
        ({"type": "plain_text_input", "min_length": 2, "max_length": 2}, "ab"),
        ({"type": "email_text_input"}, "bob.b+x@acme.example"),
        ({"type": "url_text_input"}, "https://acme.example/a?b#c"),
        ({"type": "multi_static_select", "options": _OPTIONS, "max_selected_items": 2}, ["a", "b"]),
    ],
)
def test_input_within_its_limits_is_submitted(workspace: Workspace, element: dict[str, Any], value: Any) -> None:
    """Up to the limit itself."""
    _open(workspace, element)

    assert workspace.submit_view("alice", {"x": value}).payload["type"] == "view_submission"


def test_missing_and_wrong_inputs_are_told_together(workspace: Workspace) -> None:
    """Each at its own input."""
    view = _open(workspace, {"type": "plain_text_input"})
    number = {"type": "number_input", "is_decimal_allowed": False, "action_id": "n"}
    blocks = [*view.content["blocks"], {**view.content["blocks"][0], "block_id": "c", "element": number}]
    workspace.views.update(view, {**view.content, "blocks": blocks})

    with pytest.raises(SlackRefusal) as caught:
        workspace.submit_view("alice", {"n": "abc"})

    assert caught.value.error == "missing_input"
    assert list(caught.value.messages) == ["Nothing is entered in: b", "c: Must be a number."]


def test_files_are_limited_in_number_and_type(workspace: Workspace) -> None:
    """As the file dialog of Slack's client does."""
    _open(workspace, {"type": "file_input", "max_files": 1, "filetypes": ["pdf"]})
    (log,) = workspace.upload("alice", "#ops", "log.txt", b"x").files
    (page,) = workspace.upload("alice", "#ops", "page.pdf", b"x").files

    with pytest.raises(SlackRefusal, match=r"log\.txt is not of type pdf"):
        workspace.submit_view("alice", {"x": log.id})
    with pytest.raises(SlackRefusal, match="at most 1 item"):
        workspace.submit_view("alice", {"x": [page.id, page.id]})
    assert workspace.submit_view("alice", {"x": page.id}).payload["type"] == "view_submission"


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("datepicker", "tomorrow", "a date such as 2024-05-01"),
        ("timepicker", "25:00", "a time such as 13:30"),
        ("datetimepicker", "noon", "a moment in seconds since 1970"),
        ("datetimepicker", 12, "a moment in seconds since 1970"),
    ],
)
def test_picker_takes_what_can_be_picked(workspace: Workspace, kind: str, value: Any, expected: str) -> None:
    """Slack's client offers nothing else."""
    view = _open(workspace, {"type": kind})

    with pytest.raises(SlackRefusal, match=expected):
        workspace.pick("alice", view, "x", value)


def test_choices_in_a_message_are_limited_at_once(workspace: Workspace) -> None:
    """Nothing is submitted there, so it is refused as it is chosen."""
    element = {"type": "multi_static_select", "action_id": "x", "options": _OPTIONS, "max_selected_items": 1}
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "?"}, "accessory": element}]
    message = workspace.post("alice", "#ops", "which?", blocks=blocks)

    with pytest.raises(SlackRefusal, match="Choose at most 1 item"):
        workspace.choose("bob", message, "x", "a", "b")

    assert workspace.values_of("bob", message)[message.blocks[0]["block_id"]]["x"]["selected_options"] == []


@pytest.mark.parametrize(
    "elements",
    [
        [],
        [{"type": "rich_text_section", "elements": []}],
        [{"type": "rich_text_section", "elements": [{"type": "text", "text": ""}]}],
    ],
)
def test_formatted_text_that_shows_nothing_is_missing(workspace: Workspace, elements: list[Any]) -> None:
    """Slack's client leaves an empty section in what was typed and deleted again."""
    _open(workspace, {"type": "rich_text_input"})

    with pytest.raises(SlackRefusal, match="Nothing is entered in: b"):
        workspace.submit_view("alice", {"x": {"type": "rich_text", "elements": elements}})


def test_plain_text_in_a_rich_text_input_is_kept(workspace: Workspace) -> None:
    """D8: it becomes what Slack's client writes of it."""
    _open(workspace, {"type": "rich_text_input"})

    view = workspace.fill("alice", {"x": "a < b 🎉"})

    section = {
        "type": "rich_text_section",
        "elements": [{"type": "text", "text": "a < b "}, {"type": "emoji", "name": "tada", "unicode": "1f389"}],
    }
    assert view.values["b"]["x"]["rich_text_value"] == {"type": "rich_text", "elements": [section]}


@given(
    st.sampled_from(
        ["plain_text_input", "number_input", "email_text_input", "url_text_input", "file_input", "new_input"]
    ),
    st.text() | st.lists(st.fixed_dictionaries({})) | st.none(),
    st.dictionaries(
        st.sampled_from(["min_length", "max_length", "min_value", "max_value", "max_files", "max_selected_items"]),
        st.text() | st.integers() | st.none(),
    ),
)
def test_checks_are_total(kind: str, value: Any, limits: dict[str, Any]) -> None:
    """Whatever an app asks for and a person enters."""
    if kind == "file_input" and isinstance(value, str):
        value = []
    told = refusal_of(Element({"type": "input", "block_id": "b"}, {"type": kind, "action_id": "x", **limits}), value)

    assert told is None or told.endswith(".")
