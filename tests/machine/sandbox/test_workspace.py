from __future__ import annotations

import logging

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from machine.errors import WorkspaceError
from machine.sandbox import Change, SlackRefusal, Workspace
from machine.sandbox.delivery.app_requests import KEPT_REQUESTS, Reply, Request
from machine.sandbox.state.changes import (
    ChannelChanged,
    MemberJoined,
    MessageChanged,
    MessageDeleted,
    MessagePosted,
    ReactionAdded,
    ReactionRemoved,
    ViewClosed,
    ViewOpened,
)
from machine.sandbox.state.clock import Timeline
from machine.sandbox.state.objects import Draft
from machine.slack.emoji import names_for_pictures
from machine.slack.text_encoding import unescape
from tests.machine.sandbox.listening import ManualClock


def test_default_workspace_has_people_channels_and_a_bot(workspace: Workspace) -> None:
    """What `machine dev` shows to somebody who has nothing yet."""
    members = {channel.name: workspace.bot.id in channel.members for channel in workspace.channels.values()}

    assert [person.name for person in workspace.people.values()] == ["alice", "bob", "carol", "dave", "machine"]
    assert members == {"general": True, "random": True, "ops": True, "secret": False}
    assert workspace.bot.is_bot


def test_ids_stay_the_same_from_run_to_run(workspace: Workspace) -> None:
    """A bot stores them."""
    again = Workspace.default()

    assert list(again.people) == list(workspace.people)
    assert list(again.channels) == list(workspace.channels)
    assert again.open_dm("alice").id == workspace.open_dm("alice").id


def test_person_is_found_by_every_name(workspace: Workspace) -> None:
    """Id, name, mention and e-mail address."""
    alice = workspace.find_person("alice")

    names = (alice.id, "@alice", f"<@{alice.id}>", f"<@{alice.id}|alice>", "alice@example.com", "Alice", alice)
    assert all(workspace.find_person(name) == alice for name in names)


def test_unknown_names_tell_which_are_near(workspace: Workspace) -> None:
    """A typing error should cost no search."""
    with pytest.raises(WorkspaceError, match=r"'alcie'.*Did you mean alice.*\?.*bob"):
        workspace.find_person("alcie")
    with pytest.raises(WorkspaceError, match=r"'#gneeral'.*Did you mean #general\?.*#ops"):
        workspace.find_channel("#gneeral")


def test_people_and_channels_are_found_in_a_message_as_typed(workspace: Workspace) -> None:
    """What Slack's client does with `@`, `#`, links and control characters."""
    alice, general = workspace.find_person("alice"), workspace.find_channel("general")

    message = workspace.post("bob", "#ops", "@alice see #general @here <b> & https://a.example/?x=1&y=2. @nobody #none")

    assert message.text == (
        f"<@{alice.id}> see <#{general.id}|general> <!here> &lt;b&gt; &amp; "
        "<https://a.example/?x=1&amp;y=2>. @nobody #none"
    )


def test_what_is_written_for_slack_already_is_kept(workspace: Workspace) -> None:
    """So that texts from elsewhere can be posted."""
    text = f"<@{workspace.bot.id}> <#C1|x> <!channel> <https://example.com|over here> <mailto:a@example.com|a>"

    assert workspace.post("bob", "#ops", text).text == text


@given(text=st.text(st.characters(exclude_characters="@#:.", codec="utf-8"), min_size=1).filter(str.strip))
def test_typing_survives_a_round_trip(text: str) -> None:
    """Whatever is typed comes out again when Slack's escaping is undone; emoji have become names."""
    assume(names_for_pictures(text) == text)
    workspace = Workspace.default()

    assert unescape(workspace.post("bob", "#ops", text).text) == text


@pytest.mark.parametrize(
    ("channel", "text", "error"),
    [("#secret", "hi", "channel_not_found"), ("#ops", "  ", "no_text"), ("#ops", "x" * 40_001, "msg_too_long")],
)
def test_people_meet_the_rules_of_slack(workspace: Workspace, channel: str, text: str, error: str) -> None:
    """As apps do."""
    with pytest.raises(SlackRefusal) as caught:
        workspace.post("carol", channel, text)

    assert caught.value.error == error


def test_nobody_edits_or_deletes_what_others_wrote(workspace: Workspace) -> None:
    """Only one's own messages."""
    message = workspace.post("alice", "#ops", "mine")

    with pytest.raises(SlackRefusal, match="cant_update_message"):
        workspace.edit("bob", "#ops", message.ts, "yours")
    with pytest.raises(SlackRefusal, match="cant_delete_message"):
        workspace.delete("bob", "#ops", message.ts)


def test_thread_is_counted_on_its_first_message(workspace: Workspace) -> None:
    """And no longer when the replies are deleted."""
    parent = workspace.post("alice", "#ops", "question")
    first = workspace.post("bob", "#ops", "answer", thread_ts=parent.ts)
    second = workspace.post("bob", "#ops", "another", thread_ts=first.ts)

    counted = workspace.messages.known(parent.channel, parent.ts)
    in_channel, in_thread = workspace.history("#ops"), workspace.history("#ops", parent.ts)
    workspace.delete("bob", "#ops", first.ts)
    workspace.delete("bob", "#ops", second.ts)

    assert (counted.replies, counted.repliers) == ((first.ts, second.ts), (workspace.find_person("bob").id,))
    assert second.thread_ts == parent.ts
    assert [message.text for message in in_channel] == ["question"]
    assert [message.text for message in in_thread] == ["question", "answer", "another"]
    left = workspace.messages.known(parent.channel, parent.ts)
    assert (left.replies, left.thread_ts) == ((), None)


def test_broadcast_reply_shows_in_channel_and_thread(workspace: Workspace) -> None:
    """`thread_broadcast`."""
    parent = workspace.post("alice", "#ops", "question")

    reply = workspace.post("bob", "#ops", "answer", thread_ts=parent.ts, is_broadcast=True)

    assert reply.subtype == "thread_broadcast"
    assert workspace.history("#ops")[-1] == reply == workspace.history("#ops", parent.ts)[-1]


def test_every_change_is_told_in_order(workspace: Workspace) -> None:
    """The chat pane draws itself from these."""
    changes: list[Change] = []
    unsubscribe = workspace.subscribe(changes.append)

    message = workspace.post("alice", "#ops", "hello")
    workspace.edit("alice", "#ops", message.ts, "hello there")
    workspace.react("bob", "#ops", message.ts, "wave")
    workspace.unreact("bob", "#ops", message.ts, "wave")
    workspace.delete("alice", "#ops", message.ts)
    unsubscribe()
    workspace.post("alice", "#ops", "unheard")

    assert [type(change) for change in changes] == [
        MessagePosted,
        MessageChanged,
        ReactionAdded,
        ReactionRemoved,
        MessageDeleted,
    ]


def test_consequence_is_told_after_its_cause(workspace: Workspace) -> None:
    """The notice in the channel comes after the change that it is about."""
    changes: list[Change] = []
    workspace.subscribe(changes.append)

    workspace.invite("alice", "#secret", "carol")
    workspace.channels.set_topic(workspace.find_channel("ops"), "News", workspace.bot.id)

    assert [type(change) for change in changes] == [MemberJoined, MessagePosted, ChannelChanged, MessagePosted]


def test_failing_subscriber_harms_nobody(workspace: Workspace, caplog: pytest.LogCaptureFixture) -> None:
    """A mistake in the chat pane must not lose messages."""
    heard: list[Change] = []

    def fail(change: Change) -> None:
        raise ValueError("broken")

    workspace.subscribe(fail)
    workspace.subscribe(heard.append)

    with caplog.at_level(logging.ERROR, "machine.sandbox"):
        workspace.post("alice", "#ops", "hello")

    assert len(heard) == 1
    assert "broken" in caplog.text


def test_modal_opening_and_closing_is_told(workspace: Workspace) -> None:
    """The console shows modals."""
    changes: list[Change] = []
    workspace.subscribe(changes.append)
    modal = {"type": "modal", "title": {"type": "plain_text", "text": "Hi"}, "blocks": []}

    workspace.views.open(workspace.find_person("alice").id, modal)
    workspace.close_view("alice")

    assert [type(change) for change in changes] == [ViewOpened, ViewClosed]


def test_dm_is_opened_once(workspace: Workspace) -> None:
    """And is the same from both sides."""
    dm = workspace.open_dm("alice")

    assert dm is workspace.open_dm("machine", "alice")
    assert (dm.kind, dm.is_dm, dm.partner_of(workspace.bot.id)) == ("im", True, workspace.find_person("alice").id)


def test_channel_is_left_and_joined(workspace: Workspace) -> None:
    """People come and go; the channel says so."""
    workspace.leave("alice", "#ops")
    with pytest.raises(SlackRefusal, match="not_in_channel"):
        workspace.post("alice", "#ops", "am I still here?")

    workspace.join("alice", "#ops")

    assert [message.subtype for message in workspace.history("#ops")] == ["channel_leave", "channel_join"]
    assert workspace.post("alice", "#ops", "back").text == "back"


def test_name_of_a_person_is_unique(workspace: Workspace) -> None:
    """Two Alices could not be told apart."""
    with pytest.raises(WorkspaceError, match="alice"):
        workspace.add_person("alice")


def test_scheduled_message_is_posted_when_the_clock_says_so(workspace: Workspace, clock: ManualClock) -> None:
    """Tests travel in time instead of waiting."""
    draft_channel = workspace.find_channel("ops").id
    workspace.schedule.add(workspace.bot.id, draft_channel, 1_700_000_060, Draft(text="later"))
    workspace.schedule.add(workspace.bot.id, draft_channel, 1_700_000_030, Draft(text="sooner"))
    workspace.schedule.add(workspace.bot.id, draft_channel, 1_700_009_000, Draft(text="much later"))
    early = workspace.schedule.post_due()

    clock.advance(60)
    due = workspace.schedule.post_due()

    assert early == []
    assert [message.text for message in due] == ["sooner", "later"]
    assert [message.text for message in workspace.history("#ops")] == ["sooner", "later"]


def test_scheduled_message_that_cannot_be_posted_is_dropped_with_a_warning(
    workspace: Workspace, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """The channel may be archived by then."""
    ops = workspace.find_channel("ops")
    workspace.schedule.add(workspace.bot.id, ops.id, 1_700_000_060, Draft(text="later"))
    workspace.channels.archive(ops, workspace.bot.id)
    clock.advance(60)

    with caplog.at_level(logging.WARNING, "machine.sandbox"):
        assert workspace.schedule.post_due() == []
    assert "is_archived" in caplog.text


@given(steps=st.lists(st.floats(-1000, 1000)))
def test_timestamps_increase_whatever_the_clock_does(steps: list[float]) -> None:
    """They identify messages and sort them."""
    clock = ManualClock()
    timeline = Timeline(clock)

    stamps = []
    for step in steps:
        clock.advance(step)
        stamps.append(timeline.next_ts())

    assert stamps == sorted(set(stamps))


def test_requests_wait_in_bounded_number(workspace: Workspace) -> None:
    """A workspace without a bot must not grow for ever."""
    for number in range(KEPT_REQUESTS + 5):
        workspace.outbox.send(Request("events_api", {"number": number}))
    carried: list[Request] = []

    stop = workspace.outbox.carry_with(carried.append)
    stop()
    workspace.outbox.send(Request("events_api", {"number": "kept"}))

    assert len(carried) == KEPT_REQUESTS
    assert carried[0].payload == {"number": 5}


async def test_reply_can_be_awaited_by_several_and_is_settled_once() -> None:
    """The console and a test may wait for the same answer."""
    reply = Reply()

    assert reply.settle({"text": "yes"})
    assert not reply.settle({"text": "no"})
    assert await reply == await reply == {"text": "yes"}
    assert reply.is_settled


@pytest.mark.parametrize("picked", ["👍🏽", ":thumbsup::skin-tone-4:", "+1::skin-tone-4"])
def test_reaction_has_the_main_name_of_its_emoji(workspace: Workspace, picked: str) -> None:
    """D4: people pick a picture, and Slack keeps one name for it."""
    message = workspace.post("alice", "#ops", "done")

    reacted = workspace.react("bob", "#ops", message.ts, picked)

    assert list(reacted.reactions) == ["+1::skin-tone-4"]
    assert workspace.unreact("bob", "#ops", message.ts, "thumbsup::skin-tone-4").reactions == {}


@pytest.mark.parametrize("name", ["été-2026", "日本語", "हिन्दी", "e\u0301te\u0301"])
def test_channel_names_hold_letters_of_any_script(workspace: Workspace, name: str) -> None:
    """B15: and are found however their accents are written."""
    channel = workspace.create_channel(name, "alice")

    assert workspace.find_channel(f"#{name}") is channel
    assert workspace.post("alice", channel, f"see #{name}").text == f"see <#{channel.id}|{channel.name}>"
