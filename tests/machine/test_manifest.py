"""The manifest: what plugins need is in it, in the form that Slack accepts."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machine.dispatch.registry import Handler
from machine.manifest import derive_manifest, differences
from machine.manifest_rules import mistakes_in
from machine.plugins import MachineBasePlugin
from machine.plugins.triggers import (
    Action,
    HomeOpened,
    ListenTo,
    MessageShortcut,
    Options,
    Process,
    Schedule,
    Shortcut,
    SlashCommand,
    Trigger,
)
from machine.slack.directory import FOLLOWED_EVENTS
from machine.slack.facts.events import EVENT_SCOPES
from machine.source_scopes import scopes_of_source


def handler(trigger: Trigger, doc: str = "") -> Handler:
    plugin = object.__new__(MachineBasePlugin)
    return Handler(
        "plugins.a.A.do_it", "plugins.a.A", plugin, print, trigger, source_file="a.py", source_line=7, doc=doc
    )


def derived(*handlers: Handler, source: str = "") -> dict[str, Any]:
    manifest = derive_manifest("bot", handlers, [source]).manifest
    assert mistakes_in(manifest) == []
    return manifest


def events(manifest: dict[str, Any]) -> set[str]:
    return set(manifest["settings"]["event_subscriptions"]["bot_events"])


def scopes(manifest: dict[str, Any]) -> set[str]:
    return set(manifest["oauth_config"]["scopes"]["bot"])


MESSAGES = {"message.channels", "message.groups", "message.im", "message.mpim"}


@pytest.mark.parametrize("trigger", [ListenTo(re.compile("x")), Process("message")])
def test_who_listens_gets_messages_of_all_conversations(trigger: Trigger) -> None:
    """With the scopes to read them; without a listener neither is asked for."""
    manifest = derived(handler(trigger))

    assert events(manifest) >= MESSAGES
    assert scopes(manifest) >= {"channels:history", "groups:history", "im:history", "mpim:history"}
    assert not events(derived(handler(Schedule()))) & MESSAGES


def test_events_come_with_their_scopes() -> None:
    """Slack refuses a subscription without."""
    manifest = derived(handler(Process("reaction_added")), handler(HomeOpened("home")))

    assert events(manifest) >= {"reaction_added", "app_home_opened"}
    assert "reactions:read" in scopes(manifest)
    assert manifest["features"]["app_home"]["home_tab_enabled"]


@pytest.mark.parametrize(
    ("event", "scope"),
    [
        ("agent_session_stopped", "chat:write"),
        ("app_context_changed", "assistant:write"),
        ("channel_history_changed", "channels:history"),
        ("entity_details_requested", None),
        ("shared_channel_invite_accepted", None),
    ],
)
def test_every_documented_event_is_subscribed_to(event: str, scope: str | None) -> None:
    """Also those that Slack has added lately; some of them need no scope."""
    manifest = derived(handler(Process(event)))

    assert event in events(manifest)
    assert scope is None or scope in scopes(manifest)


def test_commands_are_described_by_their_docstring() -> None:
    """As the help plugin shows it: `command usage: what it does`."""
    manifest = derived(
        handler(SlashCommand("/poll"), "/poll question | answer: let people vote\n\nMore."),
        handler(SlashCommand("/bare")),
        handler(SlashCommand("/plain"), "Do: what is needed"),
        handler(SlashCommand("/poll"), "again"),
    )

    assert manifest["features"]["slash_commands"] == [
        {"command": "/poll", "description": "let people vote", "usage_hint": "question | answer"},
        {"command": "/bare", "description": "Do it"},
        {"command": "/plain", "description": "Do: what is needed"},
    ]
    assert "commands" in scopes(manifest)


def test_shortcuts_have_a_name_within_slacks_limits() -> None:
    """From the docstring, or from the callback id in words."""
    manifest = derived(
        handler(Shortcut("new_ticket"), "New ticket: open one"),
        handler(MessageShortcut("keep_this_message_for_ever_and_ever"), "x" * 500),
    )

    assert manifest["features"]["shortcuts"] == [
        {"name": "New ticket", "type": "global", "callback_id": "new_ticket", "description": "open one"},
        {
            "name": "Keep this message for ev",
            "type": "message",
            "callback_id": "keep_this_message_for_ever_and_ever",
            "description": "x" * 150,
        },
    ]
    assert manifest["settings"]["interactivity"]["is_enabled"]


def test_interactivity_is_on_only_where_it_is_needed() -> None:
    """Buttons need it, messages do not."""
    assert derived(handler(Action("a", None)))["settings"]["interactivity"]["is_enabled"]
    assert not derived(handler(ListenTo(re.compile("x"))))["settings"]["interactivity"]["is_enabled"]


def test_what_slack_would_never_call_is_remarked() -> None:
    """With file and line; what Slack sends unasked is fine."""
    handlers = [
        handler(Process("star_added")),
        handler(Process("app_rate_limited")),
        handler(Shortcut(re.compile("new_.*"))),
    ]

    found = derive_manifest("bot", handlers, [])

    assert [remark.split(":")[:2] for remark in found.remarks] == [["a.py", "7"]] * 2
    assert "star_added" in found.remarks[0]
    assert "star_added" not in events(found.manifest)


@pytest.mark.parametrize(
    ("call", "needed"),
    [
        ("await self.say('#ops', 'x')", {"chat:write"}),
        ("await msg.reply('x', icon_emoji=':x:')", {"chat:write", "chat:write.customize"}),
        ("await self.send_dm(u, 'x')", {"chat:write", "im:write", "mpim:write"}),
        ("await msg.react('x')", {"reactions:write"}),
        ("await self.web_client.users_profile_get(user=u)", {"users.profile:read"}),
        ("await self.web_client.api_call('dnd.info')", {"dnd:read"}),
        ("await self.web_client.canvases_create(title='x')", {"canvases:write"}),
        ("print(user.profile.email)", {"users:read.email"}),
        ("await self.storage.delete('x'); self.settings.update()", set()),
        ("say('x')", set()),
    ],
)
def test_scopes_are_read_off_calls(call: str, needed: set[str]) -> None:
    """By the names of the plugin API and of slack_sdk's client."""
    assert scopes_of_source(f"async def f():\n    {call}") == needed


def test_the_bot_hears_what_its_directory_follows() -> None:
    """Those of its events that a bot can subscribe to; `im_created` brings nothing that a message does not."""
    subscribed = events(derived())

    assert (FOLLOWED_EVENTS & EVENT_SCOPES.keys()) - subscribed <= {"im_created", "user_profile_changed"}


def test_differences_leave_out_what_is_only_worded_otherwise() -> None:
    """Somebody may have written better descriptions."""
    wanted = derived(handler(SlashCommand("/poll")), handler(Action("a", None)))
    given = derived(handler(SlashCommand("/poll"), "Ask people"), handler(SlashCommand("/old")), source="m.react('x')")

    assert differences(wanted, wanted) == ([], [])
    assert differences(wanted, given) == (["setting interactivity"], ["command /old", "scope reactions:write"])


@given(
    st.recursive(
        st.none() | st.text(max_size=3),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    ["features", "settings", "slash_commands", "oauth_config", "scopes", "bot", "shortcuts", "name"]
                ),
                inner,
            )
        ),
    )
)
def test_any_manifest_can_be_compared_and_checked(given_manifest: Any) -> None:
    """It is somebody's file: wrong types are no reason to fail."""
    if isinstance(given_manifest, dict):
        differences(derived(), given_manifest)
        mistakes_in(given_manifest)


@pytest.mark.parametrize(
    ("trigger", "place"),
    [
        (SlashCommand("/Poll"), "slash_commands[0].command"),
        (SlashCommand("/" + "x" * 32), "slash_commands[0].command has 33 characters; Slack takes 32"),
        (Shortcut("x" * 256), "shortcuts[0].callback_id has 256"),
    ],
)
def test_what_slack_refuses_is_told_with_its_place(trigger: Trigger, place: str) -> None:
    """Before somebody pastes it."""
    (mistake,) = mistakes_in(derive_manifest("bot", [handler(trigger)], []).manifest)

    assert place in mistake


def test_there_are_limits_to_how_many() -> None:
    """10 shortcuts, 50 commands; and the name of an app."""
    handlers = [handler(Shortcut(f"s{number}")) for number in range(11)]
    handlers += [handler(SlashCommand(f"/c{number}")) for number in range(51)]

    mistakes = mistakes_in(derive_manifest("b" * 36, handlers, []).manifest)

    assert [mistake.split()[0] for mistake in mistakes] == [
        "display_information.name",
        "features.slash_commands",
        "features.shortcuts",
    ]


def test_over_http_each_kind_of_request_has_its_url() -> None:
    """Options of selects have a field of their own; what the app has none of gets none."""
    url = "https://bot.example.com/slack/events"
    handlers = [handler(SlashCommand("/poll")), handler(Options("city", None)), handler(ListenTo(re.compile("x")))]

    full = derive_manifest("bot", handlers, [""], url).manifest
    bare = derive_manifest("bot", handlers[2:], [""], url).manifest

    assert mistakes_in(full) == mistakes_in(bare) == []
    assert full["settings"]["interactivity"] == {
        "is_enabled": True,
        "request_url": url,
        "message_menu_options_url": url,
    }
    assert full["features"]["slash_commands"][0]["url"] == url
    assert bare["settings"]["interactivity"] == {"is_enabled": False}
    assert bare["settings"]["event_subscriptions"]["request_url"] == url
    lacking, besides = differences(full, derive_manifest("bot", handlers, [""]).manifest)
    assert f"setting interactivity.request_url {url}" in lacking
    assert besides == ["setting socket mode"]
