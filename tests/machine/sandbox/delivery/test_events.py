"""Events are what Slack would send, and only those that it would send."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from machine.sandbox import Workspace
from machine.sandbox.delivery.app_requests import Request
from machine.sandbox.delivery.events import scopes_to_hear
from machine.sandbox.state.team import DEFAULT_SCOPES
from machine.sandbox.workspace_file.parser import DEFAULT_DESCRIPTION, Description
from machine.slack.facts.events import EVENT_SCOPES

_SENT = (
    *("app_home_opened", "app_mention", "channel_", "file_", "group_", "im_", "member_", "pin_", "reaction_"),
    *("team_join", "user_change"),
)


@pytest.fixture
def requests(workspace: Workspace) -> list[Request]:
    requests: list[Request] = []
    workspace.outbox.carry_with(requests.append)
    return requests


def _events(requests: list[Request], event_type: str | None = None) -> list[dict[str, Any]]:
    events = [request.payload["event"] for request in requests]
    return [event for event in events if event_type in {None, event["type"]}]


def test_event_comes_in_the_wrapping_of_the_events_api(workspace: Workspace, requests: list[Request]) -> None:
    """Frameworks read these fields before they look at the event."""
    workspace.post("alice", "#general", "hello")

    (request,) = requests
    payload = request.payload
    assert (request.kind, payload["type"]) == ("events_api", "event_callback")
    assert (payload["team_id"], payload["api_app_id"]) == (workspace.team.id, workspace.app.id)
    assert payload["event_id"].startswith("Ev")
    assert payload["event_time"] == 1_700_000_000
    assert payload["authorizations"][0]["user_id"] == workspace.bot.id
    assert payload["is_ext_shared_channel"] is False


def test_message_of_a_person_has_the_fields_slack_sends(workspace: Workspace, requests: list[Request]) -> None:
    """Among them `client_msg_id` and the rich text block that Slack's client makes."""
    message = workspace.post("alice", "#general", "hello @bob in #random: https://example.com & more")

    (event,) = _events(requests)
    assert event.keys() == {
        "type",
        "user",
        "ts",
        "client_msg_id",
        "text",
        "team",
        "blocks",
        "channel",
        "event_ts",
        "channel_type",
    }
    assert (event["ts"], event["event_ts"], event["channel_type"]) == (message.ts, message.ts, "channel")
    kinds = [element["type"] for element in event["blocks"][0]["elements"][0]["elements"]]
    assert kinds == ["text", "user", "text", "channel", "text", "link", "text"]


@pytest.mark.parametrize(
    ("place", "channel_type"), [("channel", "channel"), ("private", "group"), ("im", "im"), ("mpim", "mpim")]
)
def test_channel_type_tells_the_kind_of_conversation(
    workspace: Workspace, requests: list[Request], place: str, channel_type: str
) -> None:
    """Frameworks decide by it whether a message is for the bot."""
    conversation = {
        "channel": lambda: workspace.find_channel("general"),
        "private": lambda: workspace.create_channel("team", "alice", is_private=True, members=["machine"]),
        "im": lambda: workspace.open_dm("alice"),
        "mpim": lambda: workspace.open_group_dm("alice", "bob", "machine"),
    }[place]()

    workspace.post("alice", conversation, "hello")

    assert _events(requests, "message")[-1]["channel_type"] == channel_type


def test_own_message_of_the_bot_names_bot_and_app(workspace: Workspace, requests: list[Request]) -> None:
    """So that a bot can leave its own messages alone."""
    workspace.post(workspace.bot, "#general", "hello")

    (event,) = _events(requests)
    assert (event["user"], event["bot_id"], event["app_id"]) == (
        workspace.bot.id,
        workspace.bot.bot_id,
        workspace.app.id,
    )
    assert event["bot_profile"]["name"] == "machine"
    assert "subtype" not in event
    assert "client_msg_id" not in event


def test_bot_hears_nothing_of_conversations_it_is_not_in(workspace: Workspace, requests: list[Request]) -> None:
    """Not the messages, nor what happens to them."""
    message = workspace.post("alice", "#secret", "the bot must not know")
    workspace.react("bob", "#secret", message.ts, "wave")
    workspace.pin("bob", "#secret", message.ts)
    workspace.edit("alice", "#secret", message.ts, "edited")
    workspace.delete("alice", "#secret", message.ts)
    workspace.post("alice", workspace.open_dm("alice", "bob"), "nor this")
    workspace.upload("alice", "#secret", "plan.txt", b"plan")

    assert [event["type"] for event in _events(requests)] == ["file_created"]


def test_mention_sends_app_mention_beside_the_message(workspace: Workspace, requests: list[Request]) -> None:
    """In channels; a DM needs no mention."""
    workspace.post("alice", "#general", "@machine hello")
    workspace.post("alice", workspace.open_dm("alice"), "@machine hello")

    assert [event["type"] for event in _events(requests)] == ["message", "app_mention", "im_created", "message"]
    message, mention = _events(requests)[:2]
    assert (mention["ts"], mention["text"]) == (message["ts"], f"<@{workspace.bot.id}> hello")


def test_app_gets_only_the_events_it_subscribes_to(workspace: Workspace, requests: list[Request]) -> None:
    """As set in the configuration of a Slack app."""
    object.__setattr__(workspace.app, "events", ("app_mention",))

    workspace.post("alice", "#general", "@machine hello")

    assert [event["type"] for event in _events(requests)] == ["app_mention"]


def test_reply_names_thread_and_its_author(workspace: Workspace, requests: list[Request]) -> None:
    """`thread_ts` and `parent_user_id`."""
    parent = workspace.post("alice", "#general", "question")
    workspace.post("bob", "#general", "answer", thread_ts=parent.ts)

    reply = _events(requests)[-1]
    assert (reply["thread_ts"], reply["parent_user_id"]) == (parent.ts, parent.user)


def test_edit_and_deletion_carry_the_message_as_it_was(workspace: Workspace, requests: list[Request]) -> None:
    """`message_changed` and `message_deleted`."""
    message = workspace.post("alice", "#general", "helo")
    workspace.edit("alice", "#general", message.ts, "hello")
    workspace.delete("alice", "#general", message.ts)

    _, changed, deleted = _events(requests)
    assert (changed["subtype"], changed["hidden"], changed["channel_type"]) == ("message_changed", True, "channel")
    assert (changed["message"]["text"], changed["previous_message"]["text"]) == ("hello", "helo")
    assert changed["message"]["edited"]["user"] == message.user
    assert changed["message"]["ts"] == message.ts != changed["ts"]
    assert (deleted["subtype"], deleted["deleted_ts"]) == ("message_deleted", message.ts)
    assert deleted["previous_message"]["text"] == "hello"


def test_ephemeral_messages_cause_no_event(workspace: Workspace, requests: list[Request]) -> None:
    """Nobody but the person sees them."""
    workspace.response_urls.respond(
        workspace.find_person("alice").id, workspace.find_channel("general").id, {"text": "psst"}
    )

    assert requests == []


def test_reactions_name_the_message_and_its_author(workspace: Workspace, requests: list[Request]) -> None:
    """`reaction_added` and `reaction_removed`."""
    message = workspace.post("alice", "#general", "hello")
    workspace.react("bob", "#general", message.ts, ":wave:")
    workspace.unreact("bob", "#general", message.ts, "wave")

    added, removed = _events(requests)[1:]
    assert (added["type"], removed["type"]) == ("reaction_added", "reaction_removed")
    assert added["item"] == {"type": "message", "channel": message.channel, "ts": message.ts}
    assert (added["reaction"], added["item_user"]) == ("wave", message.user)
    assert added["user"] == workspace.find_person("bob").id


def test_pins_count(workspace: Workspace, requests: list[Request]) -> None:
    """`pin_added` and `pin_removed` tell how many pins are left."""
    message = workspace.post("alice", "#general", "hello")
    workspace.pin("bob", "#general", message.ts)
    workspace.unpin("bob", "#general", message.ts)

    added, removed = _events(requests)[1:]
    assert (added["type"], added["pin_count"], added["has_pins"]) == ("pin_added", 1, True)
    assert (removed["type"], removed["pin_count"], removed["has_pins"]) == ("pin_removed", 0, False)
    assert added["item"]["message"]["text"] == "hello"


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (lambda w: w.create_channel("new", "alice"), ["channel_created"]),
        (lambda w: w.create_channel("hidden", "alice", is_private=True), []),
        (
            lambda w: w.channels.rename(w.find_channel("ops"), "operations", w.bot.id),
            ["channel_rename", "message.channel_name"],
        ),
        (lambda w: w.channels.set_topic(w.find_channel("ops"), "News", w.bot.id), ["message.channel_topic"]),
        (lambda w: w.channels.set_purpose(w.find_channel("ops"), "All", w.bot.id), ["message.channel_purpose"]),
        (
            lambda w: w.channels.archive(w.find_channel("ops"), w.bot.id),
            ["channel_archive", "message.channel_archive"],
        ),
        (lambda w: w.invite("alice", "#secret", "machine"), ["member_joined_channel", "message.group_join"]),
        (lambda w: w.invite("alice", "#secret", "carol"), []),
        (lambda w: w.leave("alice", "#ops"), ["member_left_channel", "message.channel_leave"]),
        (lambda w: w.leave("machine", "#ops"), ["channel_left"]),
        (lambda w: w.add_person("erin", real_name="Erin"), ["team_join"]),
        (lambda w: w.change_person("alice", title="Boss"), ["user_change"]),
        (lambda w: w.change_person("alice", presence="away"), []),
        (lambda w: w.open_dm("alice"), ["im_created"]),
        (lambda w: w.open_home("alice"), ["im_created", "app_home_opened"]),
        (
            lambda w: w.upload("alice", "#ops", "log.txt", b"lines"),
            ["file_created", "file_shared", "message.file_share"],
        ),
    ],
)
def test_what_happens_is_told_by_the_events_of_slack(
    workspace: Workspace, requests: list[Request], act: Callable[[Workspace], object], expected: list[str]
) -> None:
    """The directory of a bot lives off these."""
    act(workspace)

    told = [
        f"{event['type']}.{event['subtype']}" if "subtype" in event else event["type"] for event in _events(requests)
    ]
    assert told == expected
    assert all("event_ts" in event for event in _events(requests))


def test_rename_carries_the_new_name(workspace: Workspace, requests: list[Request]) -> None:
    """`channel` is an object in this one."""
    ops = workspace.find_channel("ops")
    workspace.channels.rename(ops, "operations", workspace.bot.id)

    assert _events(requests)[0]["channel"]["name"] == "operations"


def test_changed_profile_is_sent_whole(workspace: Workspace, requests: list[Request]) -> None:
    """With e-mail address, so that caches can follow."""
    workspace.change_person("alice", email="a@example.com", name="ally")

    user = _events(requests, "user_change")[0]["user"]
    assert (user["name"], user["profile"]["email"]) == ("ally", "a@example.com")
    assert workspace.find_person("ally").id == workspace.find_person("a@example.com").id == user["id"]


def test_broadcast_reply_shows_what_it_answers(workspace: Workspace, requests: list[Request]) -> None:
    """With the message its thread hangs on as `root`, and what every message of a person has."""
    question = workspace.post("alice", "#general", "why?")
    workspace.post("bob", "#general", "because", thread_ts=question.ts, is_broadcast=True)

    event = _events(requests, "message")[-1]
    assert (event["subtype"], event["thread_ts"]) == ("thread_broadcast", question.ts)
    assert (event["root"]["text"], event["root"]["reply_count"]) == ("why?", 1)
    assert {"client_msg_id", "blocks"} <= event.keys()
    assert "parent_user_id" not in event


def test_deleted_file_is_told_with_the_channels_it_was_in(workspace: Workspace, requests: list[Request]) -> None:
    """The event is all that an app hears of it."""
    message = workspace.upload("alice", "#general", "a.txt", b"x")
    workspace.files.delete(message.files[0].id)

    (event,) = _events(requests, "file_deleted")
    assert event.keys() == {"type", "file_id", "channel_ids", "event_ts"}
    assert event["channel_ids"] == [message.channel]


def test_app_hears_only_what_it_has_the_scope_for() -> None:
    """As in Slack; for messages, the kind of the conversation decides."""
    described = Description.from_file(DEFAULT_DESCRIPTION)
    scopes = ("im:history", "app_mentions:read", "groups:read", "reactions:read")
    workspace = Workspace(replace(described, app=replace(described.app, scopes=scopes)))
    heard: list[dict[str, Any]] = []
    workspace.outbox.carry_with(lambda request: heard.append(request.payload["event"]))

    workspace.post("alice", "general", "nobody listens")
    mention = workspace.post("alice", "general", "@machine hears this")
    workspace.react("bob", "general", mention.ts, "eyes")
    workspace.pin("bob", "general", mention.ts)
    workspace.post("alice", workspace.open_dm("alice"), "and this")
    workspace.add_person("erin")
    workspace.open_home("alice")

    assert [(event["type"], event.get("channel_type", "")) for event in heard] == [
        *(("app_mention", ""), ("reaction_added", ""), ("message", "im")),
        ("app_home_opened", ""),
    ]


def test_every_event_can_be_heard_with_the_default_scopes() -> None:
    """Nobody has to configure scopes to begin with."""
    wanted = [scopes_to_hear({"type": kind}) for kind in EVENT_SCOPES if kind.startswith(_SENT)]
    wanted += [scopes_to_hear({"type": "message", "channel_type": kind}) for kind in ("channel", "group", "im", "mpim")]

    assert len(wanted) > 15
    assert [scopes for scopes in wanted if scopes and not set(scopes) & set(DEFAULT_SCOPES)] == []
