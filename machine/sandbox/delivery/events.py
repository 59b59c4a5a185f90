"""From changes of the workspace to the events that Slack sends the app.

The app hears of public changes of the workspace and of what happens in conversations it is a member of. Shapes are
those of https://docs.slack.dev/reference/events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from machine.sandbox.delivery.app_requests import Outbox, Request
from machine.sandbox.state import changes
from machine.sandbox.state.clock import Timeline
from machine.sandbox.state.objects import Conversation, Message, Person
from machine.sandbox.state.serializers import Serializer
from machine.sandbox.state.team import App, Team
from machine.slack.facts.events import EVENT_SCOPES, MESSAGE_EVENTS

Event: TypeAlias = dict[str, Any]

_MESSAGES = dict(zip(("channel", "group", "im", "mpim"), MESSAGE_EVENTS, strict=True))
_CHANNEL_EVENTS = {"archive", "unarchive", "rename", "open", "close"}


class EventFeed:
    """Subscribes to the changes and puts the events that the app gets into its outbox."""

    def __init__(
        self,
        team: Team,
        app: App,
        bot: Person,
        channels: Mapping[str, Conversation],
        serializer: Serializer,
        timeline: Timeline,
        outbox: Outbox,
    ) -> None:
        self._team = team
        self._app = app
        self._bot = bot
        self._channels = channels
        self._serializer = serializer
        self._timeline = timeline
        self._outbox = outbox
        self._tellers: dict[type[changes.Change], Callable[[Any], Iterator[Event]]] = {
            changes.MessagePosted: self._posted,
            changes.MessageChanged: self._changed,
            changes.MessageDeleted: self._deleted,
            changes.ReactionAdded: lambda change: self._reaction("reaction_added", change),
            changes.ReactionRemoved: lambda change: self._reaction("reaction_removed", change),
            changes.PinAdded: lambda change: self._pin("pin_added", change),
            changes.PinRemoved: lambda change: self._pin("pin_removed", change),
            changes.ChannelCreated: self._channel_created,
            changes.ChannelChanged: self._channel_changed,
            changes.MemberJoined: self._member_joined,
            changes.MemberLeft: self._member_left,
            changes.PersonJoined: lambda change: self._person("team_join", change),
            changes.PersonChanged: self._person_changed,
            changes.HomeOpened: self._home_opened,
            changes.FileChanged: self._file,
        }

    def __call__(self, change: changes.Change) -> None:
        """Send the events that this change causes."""
        teller = self._tellers.get(type(change))
        if teller is None:
            return
        for event in teller(change):
            if self._app.subscribes_to(event["type"]) and self._may_hear(event):
                self._outbox.send(Request("events_api", self._payload(event)))

    def _may_hear(self, event: Event) -> bool:
        wanted = scopes_to_hear(event)
        return not wanted or any(scope in self._app.scopes for scope in wanted)

    def _payload(self, event: Event) -> dict[str, Any]:
        return {
            "token": self._app.verification_token,
            "team_id": self._team.id,
            "context_team_id": self._team.id,
            "context_enterprise_id": None,
            "api_app_id": self._app.id,
            "event": event,
            "type": "event_callback",
            "event_id": self._timeline.next_id("Ev"),
            "event_time": int(self._timeline.now),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": self._team.id,
                    "user_id": self._bot.id,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": False,
            "event_context": f"4-{self._timeline.next_id('')}",
        }

    def _conversation_of(self, message: Message) -> Conversation | None:
        """The conversation, if the app hears of what happens there."""
        conversation = self._channels[message.channel]
        is_heard = self._bot.id in conversation.members and message.ephemeral_to is None
        return conversation if is_heard else None

    def _posted(self, change: changes.MessagePosted) -> Iterator[Event]:
        message = change.message
        conversation = self._conversation_of(message)
        if conversation is None:
            return
        shape = self._serializer.message(message)
        channel_type = self._serializer.channel_type(conversation)
        event = shape | {"channel": message.channel, "event_ts": message.ts, "channel_type": channel_type}
        yield event
        if f"<@{self._bot.id}" in message.text and not conversation.is_dm and message.user != self._bot.id:
            yield shape | {"type": "app_mention", "channel": message.channel, "event_ts": message.ts}

    def _changed(self, change: changes.MessageChanged) -> Iterator[Event]:
        message = change.message
        conversation = self._conversation_of(message)
        if conversation is None:
            return
        ts = self._timeline.next_ts()
        yield {
            "type": "message",
            "subtype": "message_changed",
            "message": self._serializer.message(message) | {"source_team": self._team.id, "user_team": self._team.id},
            "previous_message": self._serializer.message(change.previous),
            "channel": message.channel,
            "hidden": True,
            "ts": ts,
            "event_ts": ts,
            "channel_type": self._serializer.channel_type(conversation),
        }

    def _deleted(self, change: changes.MessageDeleted) -> Iterator[Event]:
        message = change.message
        conversation = self._conversation_of(message)
        if conversation is None:
            return
        ts = self._timeline.next_ts()
        yield {
            "type": "message",
            "subtype": "message_deleted",
            "previous_message": self._serializer.message(message),
            "channel": message.channel,
            "hidden": True,
            "deleted_ts": message.ts,
            "event_ts": ts,
            "ts": ts,
            "channel_type": self._serializer.channel_type(conversation),
        }

    def _reaction(self, event_type: str, change: changes.ReactionAdded | changes.ReactionRemoved) -> Iterator[Event]:
        message = change.message
        if self._conversation_of(message) is None:
            return
        yield {
            "type": event_type,
            "user": change.user,
            "reaction": change.emoji,
            "item": {"type": "message", "channel": message.channel, "ts": message.ts},
            "item_user": message.user,
            "event_ts": self._timeline.next_ts(),
        }

    def _pin(self, event_type: str, change: changes.PinAdded | changes.PinRemoved) -> Iterator[Event]:
        message = change.message
        if self._conversation_of(message) is None:
            return
        pinned_at = int(self._timeline.now)
        yield {
            "type": event_type,
            "user": change.user,
            "channel_id": message.channel,
            "item": {
                "type": "message",
                "channel": message.channel,
                "created": pinned_at,
                "created_by": change.user,
                "message": self._serializer.message(message) | {"pinned_to": [message.channel]},
            },
            "item_user": message.user,
            "pin_count": change.count,
            "pinned_info": {"channel": message.channel, "pinned_by": change.user, "pinned_ts": pinned_at},
            "has_pins": change.count > 0,
            "event_ts": self._timeline.next_ts(),
        }

    def _channel_created(self, change: changes.ChannelCreated) -> Iterator[Event]:
        conversation = change.channel
        if conversation.kind == "channel":
            channel = self._serializer.conversation(conversation)
            yield {"type": "channel_created", "channel": channel, "event_ts": self._timeline.next_ts()}
        elif conversation.is_dm and self._bot.id in conversation.members:
            partner = conversation.partner_of(self._bot.id)
            channel = self._serializer.conversation(conversation)
            yield {"type": "im_created", "user": partner, "channel": channel, "event_ts": self._timeline.next_ts()}

    def _channel_changed(self, change: changes.ChannelChanged) -> Iterator[Event]:
        conversation = change.channel
        is_heard = conversation.kind == "channel" or self._bot.id in conversation.members
        if change.what not in _CHANNEL_EVENTS or not is_heard:
            return
        event_type = f"{self._serializer.channel_type(conversation)}_{change.what}"
        if conversation.kind == "private":
            event_type = f"group_{change.what}"
        event: Event = {"type": event_type, "channel": conversation.id, "event_ts": self._timeline.next_ts()}
        if change.what == "rename":
            event["channel"] = {
                "id": conversation.id,
                "is_channel": conversation.kind == "channel",
                "is_mpim": False,
                "name": conversation.name,
                "name_normalized": conversation.name,
                "created": conversation.created,
            }
        else:
            event["user"] = change.user
        if change.what == "archive":
            event["is_moved"] = 0
        yield event

    def _member_joined(self, change: changes.MemberJoined) -> Iterator[Event]:
        if self._bot.id not in change.channel.members:
            return
        event = self._membership("member_joined_channel", change.channel, change.user)
        yield event | {"inviter": change.inviter} if change.inviter else event

    def _member_left(self, change: changes.MemberLeft) -> Iterator[Event]:
        if change.user == self._bot.id:
            kind = "channel" if change.channel.kind == "channel" else "group"
            yield {
                "type": f"{kind}_left",
                "channel": change.channel.id,
                "actor_id": change.user,
                "event_ts": self._timeline.next_ts(),
            }
        elif self._bot.id in change.channel.members:
            yield self._membership("member_left_channel", change.channel, change.user)

    def _membership(self, event_type: str, conversation: Conversation, user: str) -> Event:
        return {
            "type": event_type,
            "user": user,
            "channel": conversation.id,
            "channel_type": conversation.id[0],
            "team": self._team.id,
            "event_ts": self._timeline.next_ts(),
        }

    def _person(self, event_type: str, change: changes.PersonJoined | changes.PersonChanged) -> Iterator[Event]:
        now = int(self._timeline.now)
        user = self._serializer.person(change.person)
        yield {"type": event_type, "user": user, "cache_ts": now, "event_ts": self._timeline.next_ts()}

    def _person_changed(self, change: changes.PersonChanged) -> Iterator[Event]:
        person = change.person
        presence_alone = replace(change.previous, presence=person.presence, updated=person.updated)
        if person != presence_alone:  # a change of presence is told over the old RTM API only
            yield from self._person("user_change", change)

    def _home_opened(self, change: changes.HomeOpened) -> Iterator[Event]:
        event: Event = {
            "type": "app_home_opened",
            "user": change.user,
            "channel": change.channel.id,
            "tab": change.tab,
            "event_ts": self._timeline.next_ts(),
        }
        yield event | {"view": self._serializer.view(change.view)} if change.view else event

    def _file(self, change: changes.FileChanged) -> Iterator[Event]:
        if change.channel is not None and self._bot.id not in self._channels[change.channel].members:
            return
        event: Event = {"type": f"file_{change.what}", "file_id": change.file.id, "event_ts": self._timeline.next_ts()}
        if change.what == "deleted":
            event["channel_ids"] = list(change.file.channels)
        else:
            event |= {"user_id": change.file.user, "file": {"id": change.file.id}}
        yield event | {"channel_id": change.channel} if change.channel else event


def scopes_to_hear(event: Mapping[str, Any]) -> Sequence[str]:
    """The scopes of which an app needs one, or Slack does not send it this event; none for most interactions.

    For messages, the kind of the conversation decides.
    """
    name = event["type"] if event["type"] != "message" else _MESSAGES[event["channel_type"]]
    return EVENT_SCOPES.get(name, ())
