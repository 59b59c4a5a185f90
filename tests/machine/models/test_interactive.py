"""Whatever shape an interactive payload has, the handler for it can run."""

import copy
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from slack_sdk.models.blocks import DividerBlock

from machine.models.interactive import (
    Action,
    BlockActionsPayload,
    BlockSuggestionPayload,
    InteractivePayload,
    MessageShortcutPayload,
    ShortcutPayload,
    State,
    View,
    ViewClosedPayload,
    ViewSubmissionPayload,
    parse_payload,
)

SAMPLES = sorted((Path(__file__).parent / "samples").glob("*.json"))

VALUES = {
    "id": "U123",
    "ts": "1700000000.000100",
    "url": "https://hooks.slack.com/actions/T1/2/abc",
    "value": "a value",
}

ELEMENTS: list[dict[str, Any]] = [
    {"type": "button", "text": {"type": "plain_text", "text": "Go"}, "value": "go", "style": "primary"},
    {"type": "button", "text": {"type": "plain_text", "text": "No value", "emoji": True}},
    {"type": "plain_text_input", "value": "typed"},
    {"type": "plain_text_input", "value": None},
    {"type": "email_text_input", "value": "ada@example.com"},
    {"type": "url_text_input", "value": "https://example.com"},
    {"type": "number_input", "value": "42"},
    {"type": "number_input", "value": None},
    {"type": "static_select", "selected_option": {"text": {"type": "plain_text", "text": "A"}, "value": "a"}},
    {"type": "static_select", "selected_option": None},
    {"type": "external_select", "selected_option": {"text": {"type": "plain_text", "text": "A"}, "value": "a"}},
    {"type": "multi_static_select", "selected_options": []},
    {"type": "multi_external_select", "selected_options": [{"text": {"type": "mrkdwn", "text": "A"}, "value": "a"}]},
    {"type": "overflow", "selected_option": {"text": {"type": "plain_text", "text": "A"}, "value": "a"}},
    {"type": "checkboxes", "selected_options": [{"text": {"type": "mrkdwn", "text": "A", "verbatim": False}}]},
    {"type": "radio_buttons", "selected_option": None},
    {"type": "users_select", "selected_user": "U1"},
    {"type": "users_select", "selected_user": None},
    {"type": "multi_users_select", "selected_users": ["U1", "U2"]},
    {"type": "channels_select", "selected_channel": "C1"},
    {"type": "multi_channels_select", "selected_channels": ["C1"]},
    {"type": "conversations_select", "selected_conversation": "D1"},
    {"type": "multi_conversations_select", "selected_conversations": []},
    {"type": "datepicker", "selected_date": "2024-02-29"},
    {"type": "datepicker", "selected_date": None},
    {"type": "timepicker", "selected_time": "14:30"},
    {"type": "datetimepicker", "selected_date_time": 1700000000},
    {"type": "rich_text_input", "rich_text_value": {"type": "rich_text", "elements": []}},
    {"type": "file_input", "files": [{"id": "F1", "name": "a.txt"}]},
    {"type": "workflow_button", "text": {"type": "plain_text", "text": "Run"}},
    {"type": "hologram_picker", "selected_hologram": {"id": "H1"}},
]


def realistic(value: Any, key: str = "") -> Any:
    """A skeleton with values such as Slack sends in place of the empty ones."""
    if isinstance(value, dict):
        return {name: realistic(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [realistic(item, key) for item in value]
    if value != "":
        return value
    return VALUES.get(key.rpartition("_")[2], f"some {key}")


def sample(name: str) -> dict[str, Any]:
    path = Path(__file__).parent / "samples" / f"{name}.json"
    payload = realistic(json.loads(path.read_text()))
    assert isinstance(payload, dict)
    return payload


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_every_kind_of_payload_that_slack_documents_parses(path: Path) -> None:
    """Also those without a class of their own, such as legacy dialogs."""
    payload = realistic(json.loads(path.read_text()))

    parsed = parse_payload(payload)

    assert parsed.user.id == "U123"
    assert parsed.type == payload["type"]
    assert json.loads(parsed.model_dump_json())["type"] == payload["type"]


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("BlockActionPayload", BlockActionsPayload),
        ("ViewSubmissionPayload", ViewSubmissionPayload),
        ("ViewClosedPayload", ViewClosedPayload),
        ("MessageShortcutPayload", MessageShortcutPayload),
        ("DialogSubmissionPayload", InteractivePayload),
    ],
)
def test_the_type_decides_the_model(name: str, model: type[InteractivePayload]) -> None:
    """A handler gets the payload as the class its decorator promises."""
    assert type(parse_payload(sample(name))) is model


def test_shortcuts_and_suggestions_are_first_class() -> None:
    """PITFALLS 15."""
    common = {"user": {"id": "U1", "username": "ada"}, "team": None, "token": "t"}

    shortcut = parse_payload({"type": "shortcut", "callback_id": "new", "trigger_id": "1.2", **common})
    suggestion = parse_payload(
        {"type": "block_suggestion", "action_id": "a", "block_id": "b", "value": "ty", "container": {"type": "view"}}
        | common
    )

    assert isinstance(shortcut, ShortcutPayload)
    assert (shortcut.callback_id, shortcut.trigger_id, shortcut.user.username) == ("new", "1.2", "ada")
    assert isinstance(suggestion, BlockSuggestionPayload)
    assert (suggestion.action_id, suggestion.value, suggestion.message) == ("a", "ty", None)


@pytest.mark.parametrize(
    "element", ELEMENTS, ids=lambda element: f"{element['type']}-{list(element.values())[-1]}"[:40]
)
def test_every_element_parses_as_action_and_as_state(element: dict[str, Any]) -> None:
    """Known or not, set or cleared (PITFALLS 14)."""
    payload = BlockActionsPayload.model_validate(
        {
            "user": {"id": "U1"},
            "actions": [{**element, "action_id": "act", "block_id": "blk", "action_ts": "1.2"}],
            "state": {"values": {"blk": {"act": element}}},
        }
    )

    assert payload.state is not None
    value = payload.state.values["blk"]["act"]
    (action,) = payload.actions
    assert (action.action_id, action.block_id, action.type) == ("act", "blk", element["type"])
    assert value.type == element["type"]
    assert value.raw == element


def test_chosen_values_come_in_their_own_types() -> None:
    """As with the peer: dates and times are objects, numbers are numbers."""
    assert Action.model_validate({"type": "datepicker", "selected_date": "2024-02-29"}).selected_date == date(
        2024, 2, 29
    )
    assert Action.model_validate({"type": "timepicker", "selected_time": "14:30"}).selected_time == time(14, 30)
    assert Action.model_validate(
        {"type": "datetimepicker", "selected_date_time": 1700000000}
    ).selected_date_time == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert Action.model_validate({"type": "number_input", "value": "42"}).value == 42
    assert Action.model_validate({"type": "number_input", "value": "4.5"}).value == 4.5
    assert Action.model_validate({"type": "plain_text_input", "value": "42"}).value == "42"


def test_an_unknown_element_keeps_what_slack_sent() -> None:
    """A plugin can use an element type that this package has never heard of (PITFALLS 14)."""
    element = {"type": "hologram_picker", "selected_hologram": "H1", "selected_option": "not an object"}

    action = Action.model_validate(element)

    assert action.selected_hologram == "H1"  # type: ignore[attr-defined]  # the point: it has no name here
    assert action.selected_option is None
    assert action.raw["selected_option"] == "not an object"


def test_a_button_on_an_ephemeral_message_comes_without_the_message() -> None:
    """Slack sends only the container then (PITFALLS 14)."""
    payload = sample("BlockActionPayload")
    del payload["message"], payload["view"]
    payload["container"]["is_ephemeral"] = True

    parsed = BlockActionsPayload.model_validate(payload)

    assert parsed.message is None
    assert parsed.container is not None
    assert parsed.container.is_ephemeral
    assert parsed.channel is not None


def test_an_app_installed_in_an_organisation_has_no_team() -> None:
    """`team` is null then (PITFALLS 14)."""
    payload = sample("ViewSubmissionPayload") | {
        "team": None,
        "is_enterprise_install": True,
        "enterprise": {"id": "E1"},
    }

    parsed = ViewSubmissionPayload.model_validate(payload)

    assert parsed.team is None
    assert parsed.enterprise is not None
    assert parsed.enterprise.id == "E1"


def test_one_odd_action_does_not_hide_the_others() -> None:
    """What cannot be an action is left out."""
    parsed = BlockActionsPayload.model_validate(
        {"user": {"id": "U1"}, "actions": [None, {"type": "button", "action_id": "go"}, "what"]}
    )

    assert [action.action_id for action in parsed.actions] == ["go"]


def test_known_blocks_are_slack_sdk_objects_and_unknown_ones_stay_as_they_came() -> None:
    """Plugins change the blocks of a view and send them back; none may get lost on the way."""
    hologram = {"type": "hologram", "size": 3}

    view = View.model_validate(
        {"blocks": [{"type": "divider", "block_id": "d"}, hologram, {"type": "section", "x": 1}]}
    )

    assert isinstance(view.blocks[0], DividerBlock)
    assert view.blocks[0].block_id == "d"
    assert view.blocks[1] == hologram
    assert list(view.model_dump()["blocks"]) == [
        {"type": "divider", "block_id": "d"},
        hologram,
        {"type": "section", "x": 1},
    ]


def test_states_do_not_share_their_values() -> None:
    """What one handler puts into an empty state must not show in another."""
    one, other = State.model_validate({"values": None}), State.model_validate({"values": None})

    one.values["b"] = {}

    assert other.values == {}
    assert State().values == {}


def test_the_repr_holds_no_secret() -> None:
    """Payloads end up in logs and tracebacks (PITFALLS 42)."""
    payload = sample("BlockActionPayload")
    payload |= {"token": "s3cret-token", "bot_access_token": "xoxb-1-2-s3cret"}
    payload["interactivity"] = {"interactor": {"secret": "s3cret-interactor"}}

    shown = repr(parse_payload(payload))

    assert "s3cret" not in shown
    assert VALUES["url"] not in shown


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from paths(item, (*path, key))


FULL = [sample(path.stem) for path in SAMPLES] + [
    {
        "type": "block_actions",
        "user": {"id": "U1"},
        "actions": ELEMENTS,
        "state": {"values": {"b": {"a": ELEMENTS[0]}}},
    },
    {"type": "view_submission", "user": {"id": "U1"}, "view": {"state": {"values": {"b": {"a": ELEMENTS[8]}}}}},
]
PATHS = [list(paths(payload)) for payload in FULL]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_mutated_and_truncated_payloads_parse(data: st.DataObject) -> None:
    """Nothing but a missing person keeps a payload from its handler, and that is a ValidationError."""
    which = data.draw(st.integers(0, len(FULL) - 1))
    payload = copy.deepcopy(FULL[which])
    for path in data.draw(st.lists(st.sampled_from(PATHS[which]), min_size=1, max_size=4)):
        change(payload, path, is_removed=data.draw(st.booleans()), new=data.draw(JSON))

    user = payload.get("user")
    if isinstance(user, dict) and isinstance(user.get("id"), str):
        assert parse_payload(payload).user.id == user["id"]
    else:
        with pytest.raises(ValidationError):
            parse_payload(payload)


def change(payload: Any, path: tuple[Any, ...], *, is_removed: bool, new: Any) -> None:
    """Remove or replace what is at `path`, if earlier changes left it there."""
    *parents, last = path
    for key in parents:
        try:
            payload = payload[key]
        except (KeyError, IndexError, TypeError):
            return
    is_there = (isinstance(payload, dict) and last in payload) or (
        isinstance(payload, list) and isinstance(last, int) and last < len(payload)
    )
    if is_there:
        if is_removed:
            del payload[last]
        else:
            payload[last] = new
