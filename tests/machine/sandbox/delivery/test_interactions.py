"""People use commands, buttons, selects, modals and shortcuts, and the app's answers are honoured."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

import aiohttp
import pytest
from slack_sdk.webhook.async_client import AsyncWebhookClient

from machine.sandbox import Sandbox, SlackRefusal, Workspace
from machine.sandbox.delivery.response_urls import LIFETIME_S
from machine.sandbox.state.objects import Message, View
from tests.machine.sandbox.listening import App, ManualClock

_OPTIONS = [{"text": {"type": "plain_text", "text": text}, "value": text.lower()} for text in ("Api", "Web", "Worker")]


def _plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


def _element(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "action_id": kind, **fields}


_BLOCKS: list[dict[str, Any]] = [
    {
        "type": "section",
        "block_id": "question",
        "text": {"type": "mrkdwn", "text": "Deploy?"},
        "accessory": {"type": "overflow", "action_id": "more", "options": _OPTIONS[:2]},
    },
    {
        "type": "actions",
        "block_id": "answers",
        "elements": [
            {"type": "button", "action_id": "approve", "text": _plain("Yes"), "value": "yes", "style": "primary"},
            {"type": "button", "text": _plain("No name")},
        ],
    },
    {
        "type": "actions",
        "block_id": "choices",
        "elements": [
            _element("static_select", options=_OPTIONS, initial_option=_OPTIONS[0]),
            _element("multi_static_select", option_groups=[{"label": _plain("Services"), "options": _OPTIONS}]),
            _element("external_select"),
            _element("users_select"),
            _element("multi_users_select"),
            _element("channels_select"),
            _element("conversations_select"),
            _element("multi_channels_select"),
            _element("radio_buttons", options=_OPTIONS),
            _element("checkboxes", options=_OPTIONS),
            _element("datepicker"),
            _element("timepicker"),
            _element("datetimepicker"),
        ],
    },
]
_MODAL: dict[str, Any] = {
    "type": "modal",
    "callback_id": "deploy",
    "title": _plain("Deploy"),
    "submit": _plain("Go"),
    "notify_on_close": True,
    "private_metadata": "kept",
    "blocks": [
        {
            "type": "input",
            "block_id": "service",
            "label": _plain("Service"),
            "element": {"type": "plain_text_input", "action_id": "name"},
        },
        {
            "type": "input",
            "block_id": "when",
            "optional": True,
            "label": _plain("When"),
            "element": {"type": "datepicker", "action_id": "day"},
        },
        {
            "type": "input",
            "block_id": "owner",
            "optional": True,
            "label": _plain("Owner"),
            "element": {"type": "multi_users_select", "action_id": "people"},
        },
        {
            "type": "input",
            "block_id": "target",
            "optional": True,
            "label": _plain("Where to tell"),
            "element": {"type": "conversations_select", "action_id": "target", "response_url_enabled": True},
        },
    ],
}


@pytest.fixture
async def question(workspace: Workspace, app: App) -> Message:
    answer = await app.web.chat_postMessage(channel="#ops", text="Deploy?", blocks=_BLOCKS)
    message = workspace.messages.known(answer["channel"], answer["ts"])
    app.requests.clear()
    return message


@pytest.fixture
def modal(workspace: Workspace) -> View:
    return workspace.views.open(workspace.find_person("alice").id, _MODAL)


async def _payload(app: App, kind: str) -> dict[str, Any]:
    request = await app.received(lambda request: request.payload.get("type") == kind)
    payload: dict[str, Any] = request.payload
    return payload


async def test_command_reaches_the_app_with_all_that_slack_sends(workspace: Workspace, app: App) -> None:
    """Handlers read these fields."""
    run = workspace.run_command("alice", "#ops", "/deploy api now")

    assert await run.answer is None
    (request,) = app.requests
    assert request.type == "slash_commands"
    assert request.accepts_response_payload
    payload = request.payload
    assert (payload["command"], payload["text"]) == ("/deploy", "api now")
    assert (payload["user_id"], payload["user_name"]) == (workspace.find_person("alice").id, "alice")
    assert (payload["channel_id"], payload["channel_name"]) == (workspace.find_channel("ops").id, "ops")
    assert {"team_id", "team_domain", "api_app_id", "trigger_id", "response_url", "token"} <= payload.keys()


@pytest.mark.parametrize(("response_type", "is_ephemeral"), [(None, True), ("ephemeral", True), ("in_channel", False)])
async def test_text_in_the_acknowledgement_of_a_command_is_posted(
    workspace: Workspace, app: App, response_type: str | None, is_ephemeral: bool
) -> None:
    """The quickest way to answer a command."""
    app.answers = lambda request: {"text": "on it", **({"response_type": response_type} if response_type else {})}

    answer = await workspace.run_command("alice", "#ops", "/deploy api").answer

    posted = workspace.history("#ops")[-1]
    assert answer is not None
    assert (answer["text"], posted.text, posted.user) == ("on it", "on it", workspace.bot.id)
    assert (posted.ephemeral_to == workspace.find_person("alice").id) is is_ephemeral


@pytest.mark.parametrize("command", ["deploy", "/", "", "/unknown"])
async def test_what_is_no_command_of_the_app_is_refused(workspace: Workspace, app: App, command: str) -> None:
    """Slack says so to the person and asks no app."""
    object.__setattr__(workspace.app, "commands", ("/deploy",))

    with pytest.raises(SlackRefusal, match="invalid_command"):
        workspace.run_command("alice", "#ops", command)


async def test_click_tells_who_clicked_what_where(workspace: Workspace, app: App, question: Message) -> None:
    """The payload of `block_actions`, with message, container, state and a way to answer."""
    await workspace.click("bob", question, "approve").answer

    payload = await _payload(app, "block_actions")
    (action,) = payload["actions"]
    assert action["action_id"] == "approve"
    assert (action["block_id"], action["value"], action["style"], action["type"]) == (
        "answers",
        "yes",
        "primary",
        "button",
    )
    assert payload["user"]["id"] == workspace.find_person("bob").id
    assert payload["container"] == {
        "type": "message",
        "message_ts": question.ts,
        "channel_id": question.channel,
        "is_ephemeral": False,
    }
    assert payload["message"]["ts"] == question.ts
    assert payload["channel"] == {"id": question.channel, "name": "ops"}
    assert payload["state"]["values"]["choices"]["static_select"]["selected_option"]["value"] == "api"
    assert payload["response_url"].startswith("http://127.0.0.1:")


async def test_elements_without_id_get_one(workspace: Workspace, app: App, question: Message) -> None:
    """Slack names what the app did not name."""
    unnamed = question.blocks[1]["elements"][1]["action_id"]

    await workspace.click("bob", question, unnamed).answer

    assert (await _payload(app, "block_actions"))["actions"][0]["action_id"] == unnamed


async def test_click_in_an_ephemeral_message_carries_no_message(workspace: Workspace, app: App) -> None:
    """Slack leaves `message` out, and many a bot falls over that."""
    alice = workspace.find_person("alice").id
    await app.web.chat_postEphemeral(channel="#ops", user=alice, text="Deploy?", blocks=_BLOCKS)

    await workspace.click("alice", workspace.history("#ops")[-1], "approve").answer

    payload = await _payload(app, "block_actions")
    assert "message" not in payload
    assert payload["container"]["is_ephemeral"]


async def test_button_that_is_not_there_is_refused_with_those_that_are(workspace: Workspace, question: Message) -> None:
    """A test that clicks the wrong thing should learn what there is."""
    with pytest.raises(SlackRefusal, match="approve"):
        workspace.click("bob", question, "approv")
    with pytest.raises(SlackRefusal, match="no button"):
        workspace.click("bob", question, "static_select")
    with pytest.raises(SlackRefusal, match="no button"):
        workspace.click("bob", question, "approve", "maybe")


@pytest.mark.parametrize(
    ("element", "choices", "field", "expected"),
    [
        ("static_select", ["web"], "selected_option", "web"),
        ("static_select", ["Worker"], "selected_option", "worker"),
        ("static_select", [], "selected_option", None),
        ("more", ["web"], "selected_option", "web"),
        ("multi_static_select", ["web", "api"], "selected_options", ["web", "api"]),
        ("radio_buttons", ["api"], "selected_option", "api"),
        ("checkboxes", ["api", "web"], "selected_options", ["api", "web"]),
        ("checkboxes", [], "selected_options", []),
        ("users_select", ["alice"], "selected_user", "@alice"),
        ("multi_users_select", ["alice", "bob"], "selected_users", ["@alice", "@bob"]),
        ("channels_select", ["#general"], "selected_channel", "#general"),
        ("conversations_select", ["random"], "selected_conversation", "#random"),
        ("multi_channels_select", ["#ops"], "selected_channels", ["#ops"]),
    ],
)
async def test_choice_is_sent_and_kept_in_the_state(
    workspace: Workspace, app: App, question: Message, element: str, choices: list[str], field: str, expected: Any
) -> None:
    """Each kind of select has its own way to say what was chosen."""
    await workspace.choose("bob", question, element, *choices).answer

    payload = await _payload(app, "block_actions")
    (action,) = payload["actions"]
    assert _readable(workspace, action[field]) == expected
    if element != "more":
        assert payload["state"]["values"]["choices"][element][field] == action[field]


@pytest.mark.parametrize(
    ("element", "value", "field", "expected"),
    [
        ("datepicker", "2024-05-01", "selected_date", "2024-05-01"),
        ("datepicker", date(2024, 5, 1), "selected_date", "2024-05-01"),
        ("datepicker", None, "selected_date", None),
        ("timepicker", time(13, 30), "selected_time", "13:30"),
        ("datetimepicker", datetime(2024, 5, 1, tzinfo=UTC), "selected_date_time", 1714521600),
    ],
)
async def test_picked_moment_is_written_as_slack_writes_it(
    workspace: Workspace, app: App, question: Message, element: str, value: Any, field: str, expected: Any
) -> None:
    """Dates as text, moments as seconds, cleared ones as null."""
    await workspace.pick("bob", question, element, value).answer

    payload = await _payload(app, "block_actions")
    assert payload["actions"][0][field] == expected
    assert payload["state"]["values"]["choices"][element][field] == expected


async def test_unknown_choice_is_refused_with_those_there_are(workspace: Workspace, question: Message) -> None:
    """Nobody can choose what is not offered."""
    with pytest.raises(SlackRefusal, match="api, web, worker"):
        workspace.choose("bob", question, "static_select", "nope")
    with pytest.raises(SlackRefusal, match="one choice"):
        workspace.choose("bob", question, "static_select", "api", "web")
    with pytest.raises(SlackRefusal, match="holds no value"):
        workspace.choose("bob", question, "approve", "yes")


async def test_external_select_asks_the_app_for_options(workspace: Workspace, app: App, question: Message) -> None:
    """`block_suggestion` goes out, the options come back, and one of them can be chosen."""
    app.answers = lambda request: {"options": _OPTIONS} if request.payload["type"] == "block_suggestion" else None

    answer = await workspace.ask_options("bob", question, "external_select", "wo").answer
    await workspace.choose("bob", question, "external_select", "worker").answer

    suggestion = await _payload(app, "block_suggestion")
    assert answer == {"options": _OPTIONS}
    assert (suggestion["value"], suggestion["action_id"], suggestion["block_id"]) == (
        "wo",
        "external_select",
        "choices",
    )
    assert (await _payload(app, "block_actions"))["actions"][0]["selected_option"] == _OPTIONS[2]


async def test_only_external_selects_ask_for_options(workspace: Workspace, question: Message) -> None:
    """The others have theirs."""
    with pytest.raises(SlackRefusal, match="has its options already"):
        workspace.ask_options("bob", question, "static_select")


async def test_submission_carries_what_was_entered_and_closes_the_modal(
    workspace: Workspace, app: App, modal: View
) -> None:
    """An empty acknowledgement closes the view, as in Slack."""
    entered = {"name": "api", "when": date(2024, 5, 1), "people": ["alice", "bob"], "target": "#ops"}

    await workspace.submit_view("alice", entered).answer

    payload = await _payload(app, "view_submission")
    values = payload["view"]["state"]["values"]
    assert values["service"]["name"] == {"type": "plain_text_input", "value": "api"}
    assert values["when"]["day"]["selected_date"] == "2024-05-01"
    assert _readable(workspace, values["owner"]["people"]["selected_users"]) == ["@alice", "@bob"]
    assert (payload["view"]["callback_id"], payload["view"]["private_metadata"]) == ("deploy", "kept")
    (response_url,) = payload["response_urls"]
    assert (response_url["block_id"], response_url["channel_id"]) == ("target", workspace.find_channel("ops").id)
    assert workspace.views.shown_to(modal.user) is None


async def test_errors_keep_the_modal_open(workspace: Workspace, app: App, modal: View) -> None:
    """`response_action: errors` shows what is wrong beside the inputs."""
    app.answers = lambda request: {"response_action": "errors", "errors": {"service": "no such service"}}

    await workspace.submit_view("alice", {"name": "nope"}).answer

    shown = workspace.views.shown_to(modal.user)
    assert shown is not None
    assert (shown.id, shown.errors) == (modal.id, {"service": "no such service"})
    assert shown.values["service"]["name"]["value"] == "nope"


@pytest.mark.parametrize(("action", "height", "callback_id"), [("update", 1, "next"), ("push", 2, "next")])
async def test_answer_shows_another_view(
    workspace: Workspace, app: App, modal: View, action: str, height: int, callback_id: str
) -> None:
    """`update` replaces the view, `push` puts one on top."""
    app.answers = lambda request: {"response_action": action, "view": {**_MODAL, "callback_id": "next"}}

    await workspace.submit_view("alice", {"name": "api"}).answer

    stack = workspace.views.stack_of(modal.user)
    assert (len(stack), stack[-1].callback_id) == (height, callback_id)


async def test_clear_closes_every_view(workspace: Workspace, app: App, modal: View) -> None:
    """`response_action: clear` ends the whole dialogue."""
    workspace.views.push(modal.user, _MODAL)
    app.answers = lambda request: {"response_action": "clear"}

    await workspace.submit_view("alice", {"name": "api"}).answer

    assert workspace.views.stack_of(modal.user) == []


@pytest.mark.parametrize(
    "answer",
    [
        {"response_action": "errors", "errors": {"no-such-block": "wrong"}},
        {"response_action": "errors"},
        {"response_action": "update", "view": {"type": "modal"}},
        {"response_action": "push", "view": None},
        {"response_action": "dance"},
    ],
)
async def test_answer_slack_would_not_take_is_reported(
    workspace: Workspace, app: App, modal: View, answer: Mapping[str, Any]
) -> None:
    """Slack shows a vague error to the person; here the reason is told, and the view stays."""
    app.answers = lambda request: answer

    with pytest.raises(SlackRefusal, match="invalid_arguments"):
        await workspace.submit_view("alice", {"name": "api"}).answer
    assert workspace.views.shown_to(modal.user) is not None


async def test_required_input_must_be_filled(workspace: Workspace, modal: View) -> None:
    """Slack's client does not even send such a form."""
    with pytest.raises(SlackRefusal, match="service"):
        workspace.submit_view("alice")


async def test_closing_a_modal_notifies_the_app_if_it_wishes(workspace: Workspace, app: App, modal: View) -> None:
    """`notify_on_close` is what `@modal_closed` handlers need."""
    closing = workspace.close_view("alice")

    assert closing is not None
    await closing.answer
    payload = await _payload(app, "view_closed")
    assert (payload["view"]["id"], payload["is_cleared"]) == (modal.id, False)
    workspace.views.open(modal.user, {**_MODAL, "notify_on_close": False})
    assert workspace.close_view("alice") is None


async def test_nothing_can_be_submitted_without_a_modal(workspace: Workspace) -> None:
    """And the message says who has none."""
    with pytest.raises(SlackRefusal, match="alice has no modal open"):
        workspace.submit_view("alice", {"name": "api"})


async def test_action_in_a_view_carries_the_view(workspace: Workspace, app: App) -> None:
    """Buttons in modals and home tabs have no channel and no message."""
    alice = workspace.find_person("alice").id
    home = workspace.views.publish(alice, {"type": "home", "blocks": _BLOCKS})

    await workspace.choose("alice", home, "static_select", "web").answer

    payload = await _payload(app, "block_actions")
    assert payload["container"] == {"type": "view", "view_id": home.id}
    assert payload["view"]["state"]["values"]["choices"]["static_select"]["selected_option"]["value"] == "web"
    assert payload.keys().isdisjoint({"channel", "message", "response_url"})


async def test_input_tells_the_app_on_submission_only(workspace: Workspace, app: App, modal: View) -> None:
    """Unless the block has `dispatch_action`."""
    assert await workspace.pick("alice", modal, "name", "api").answer is None

    assert app.requests == []
    assert workspace.views.find(modal.id).values["service"]["name"]["value"] == "api"


async def test_updated_view_keeps_what_was_entered(workspace: Workspace, app: App, modal: View) -> None:
    """Where block and action ids are the same, as in Slack."""
    filled = workspace.fill("alice", {"name": "api"})

    answer = await app.web.views_update(view_id=modal.id, hash=filled.hash, view=_MODAL)

    assert answer["view"]["state"]["values"]["service"]["name"]["value"] == "api"


async def test_shortcuts_reach_the_app(workspace: Workspace, app: App) -> None:
    """Global ones and those on a message."""
    message = workspace.post("alice", "#general", "remember this")

    await workspace.run_shortcut("alice", "new_ticket").answer
    await workspace.run_message_shortcut("bob", message, "save").answer

    shortcut, action = await _payload(app, "shortcut"), await _payload(app, "message_action")
    assert (shortcut["callback_id"], "channel" in shortcut) == ("new_ticket", False)
    assert (action["callback_id"], action["message"]["text"]) == ("save", "remember this")
    assert (action["message_ts"], action["channel"]["name"]) == (message.ts, "general")
    assert action["response_url"]
    assert shortcut["trigger_id"] != action["trigger_id"]


async def test_response_url_posts_replaces_and_deletes(workspace: Workspace, app: App, question: Message) -> None:
    """What a click is mostly answered with."""
    await workspace.click("bob", question, "approve").answer
    hook = AsyncWebhookClient((await _payload(app, "block_actions"))["response_url"])

    await hook.send(text="psst")
    await hook.send(text="everybody", response_type="in_channel")
    await hook.send(text="Done", replace_original=True)
    after_replacing = workspace.history("#ops")
    await hook.send(delete_original=True)

    assert [message.text for message in after_replacing] == ["Done", "psst", "everybody"]
    assert after_replacing[0].blocks == ()
    assert after_replacing[1].ephemeral_to == workspace.find_person("bob").id
    assert [message.text for message in workspace.history("#ops")] == ["psst", "everybody"]


async def test_response_url_works_five_times_and_for_thirty_minutes(
    workspace: Workspace, app: App, clock: ManualClock
) -> None:
    """Long-running commands meet this limit in Slack."""
    url = workspace.run_command("alice", "#ops", "/deploy").payload["response_url"]
    old_url = workspace.run_command("alice", "#ops", "/deploy").payload["response_url"]
    hook = AsyncWebhookClient(url)

    answers = [(await hook.send(text="working")).status_code for _ in range(5)]
    sixth = await hook.send(text="done")
    clock.advance(LIFETIME_S + 1)
    too_late = await AsyncWebhookClient(old_url).send(text="late")

    assert answers == [200] * 5
    assert (sixth.status_code, sixth.body) == (404, "used_url")
    assert (too_late.status_code, too_late.body) == (404, "expired_url")


@pytest.mark.parametrize("body", ["no json", "[]"])
async def test_response_url_refuses_what_is_no_message(workspace: Workspace, app: App, body: str) -> None:
    """With status 400, as Slack does."""
    url = workspace.run_command("alice", "#ops", "/deploy").payload["response_url"]

    async with aiohttp.ClientSession() as session, session.post(url, data=body) as response:
        assert (response.status, await response.text()) == (400, "invalid_payload")
    assert (await AsyncWebhookClient(url).send(text="")).body == "no_text"
    assert (await AsyncWebhookClient(url).send(delete_original=True)).body == "message_not_found"


async def test_trigger_of_a_command_opens_a_modal(workspace: Workspace, sandbox: Sandbox, app: App) -> None:
    """The way to a form: command, trigger id, views.open, submission."""
    run = workspace.run_command("alice", "#ops", "/deploy")

    await app.web.views_open(trigger_id=run.payload["trigger_id"], view=_MODAL)

    shown = workspace.views.shown_to(workspace.find_person("alice").id)
    assert shown is not None
    assert shown.title == "Deploy"


def _readable(workspace: Workspace, value: Any) -> Any:
    """Options as their values, ids as names."""
    if isinstance(value, list):
        return [_readable(workspace, item) for item in value]
    if isinstance(value, dict):
        return value["value"]
    if value in workspace.people:
        return f"@{workspace.people[value].name}"
    return f"#{workspace.channels[value].name}" if value in workspace.channels else value


@pytest.mark.parametrize(
    ("element", "value", "field", "told"),
    [
        (_element("datepicker"), date(2024, 5, 1), "selected_date", "2024-05-01"),
        (_element("plain_text_input"), "api", "value", "api"),
        (_element("number_input", is_decimal_allowed=False), 5, "value", "5"),
    ],
)
async def test_input_in_a_message_tells_the_app_at_once(
    workspace: Workspace, app: App, element: dict[str, Any], value: Any, field: str, told: Any
) -> None:
    """D2: nothing is submitted in a message, so `dispatch_action` does not matter there."""
    block = {"type": "input", "block_id": "b", "label": _plain("Which?"), "element": element}
    posted = await app.web.chat_postMessage(channel="#ops", text="Which?", blocks=[block])
    message = workspace.messages.known(posted["channel"], posted["ts"])

    await workspace.pick("alice", message, "b", value).answer

    payload = await _payload(app, "block_actions")
    assert payload["actions"][0][field] == told
    assert payload["state"]["values"]["b"][element["action_id"]][field] == told
