"""A Slack workspace in memory: its state, Slack's rules, and people who act in it.

Pure Python without I/O. `machine.sandbox.server` shows it to Slack SDKs; the chat pane, the REPL and tests call it
directly. Whatever happens is told to subscribers as a `Change`, and to the installed app as the event Slack would send.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from machine.sandbox.delivery.app_requests import Outbox
from machine.sandbox.delivery.events import EventFeed
from machine.sandbox.delivery.faults import Faults
from machine.sandbox.delivery.interaction_payloads import InteractionPayloads
from machine.sandbox.delivery.interactions import Interaction, Interactions
from machine.sandbox.delivery.response_urls import ResponseUrls
from machine.sandbox.rules.element_values import ElementValues
from machine.sandbox.rules.message_rules import Posting
from machine.sandbox.rules.system_messages import SystemMessages
from machine.sandbox.state.bookmarks import Bookmarks
from machine.sandbox.state.changes import Changes, HomeOpened, Subscriber
from machine.sandbox.state.clock import Clock, Timeline, stable_id
from machine.sandbox.state.conversations import Conversations
from machine.sandbox.state.emoji import plain_name
from machine.sandbox.state.files import Files
from machine.sandbox.state.messages import Messages
from machine.sandbox.state.objects import Conversation, Draft, File, JsonObject, Message, Person, Surface, Values, View
from machine.sandbox.state.people import People
from machine.sandbox.state.schedule import Schedule, ScheduledMessage
from machine.sandbox.state.serializers import Serializer
from machine.sandbox.state.team import Extras
from machine.sandbox.state.views import Triggers, Views
from machine.sandbox.state.workspace_names import WorkspaceNames
from machine.sandbox.workspace_file.parser import DEFAULT_DESCRIPTION, Description
from machine.slack.text_encoding import encode_typed


class Workspace:
    """The workspace: what is in it, and what people do in it.

    People and channels are given as values, ids or names (`"alice"`, `"@alice"`, `"#general"`); an unknown name raises
    `WorkspaceError` and names those that are near. What Slack would refuse raises `SlackRefusal`.

    Attributes:
        team: The workspace itself: id, name, domain.
        app: The installed app, with its tokens.
        bot: The app's bot user.
        people: Everybody, by user id.
        channels: Every conversation, by id.
        names: Whom and what people can name in what they type.
        messages: What was written; `history` is the short way to it.
        outbox: What Slack sends to the app.
        faults: What goes wrong on request.
    """

    def __init__(self, description: Description, *, clock: Clock = time.time) -> None:
        self.timeline = Timeline(clock)
        self.team = description.team
        self.app = description.app
        self.extras = Extras(dict(description.emoji), [dict(group) for group in description.usergroups])
        self._changes = Changes()
        announce = self._changes.announce
        self.people = People(announce)
        for person in description.people:
            self.people.join(person)
        self.bot = self.people.join(description.bot)
        self.channels = Conversations(self.people, self.timeline, announce)
        for channel in description.channels:
            self._furnish(channel.name, channel.is_private, channel.members, channel.topic, channel.purpose)
        self.names = WorkspaceNames(self.people, self.channels, self.extras)
        self.messages = Messages(self.timeline, announce)
        self.files = Files(self.timeline, announce)
        self.views = Views(self.timeline, announce)
        self.triggers = Triggers(self.timeline)
        self.bookmarks = Bookmarks(self.timeline, announce)
        self.outbox = Outbox()
        self.serializer = Serializer(self.team, self.app, self.bot, self.messages.get)
        self.posting = Posting(self.channels, self.messages, self.timeline)
        self.response_urls = ResponseUrls(
            self.team, self.bot, self.channels, self.messages, self.posting, self.timeline
        )
        self.schedule = Schedule(self.timeline, self._post_scheduled)
        self._interactions = Interactions(
            self.app,
            self.channels,
            self.messages,
            self.views,
            self.timeline,
            self.outbox,
            self.response_urls,
            ElementValues(self.people, self.channels, self.files, self.serializer, self.names),
            InteractionPayloads(
                self.team, self.app, self.channels, self.serializer, self.response_urls, self.triggers, self.timeline
            ),
        )
        self.faults = Faults(self.timeline)
        self.faults.on_jump = self.schedule.look
        for message in description.messages:
            self.post(message.user, message.channel, message.text)
        # From here on the app hears of what happens; what the description says had happened before it came.
        feed = EventFeed(self.team, self.app, self.bot, self.channels, self.serializer, self.timeline, self.outbox)
        self._changes.subscribe(feed)
        self._changes.subscribe(SystemMessages(self.posting))
        description.faults.put_in_force(self.faults)

    @classmethod
    def default(cls, *, clock: Clock = time.time, users: int | None = None) -> Workspace:
        """A workspace of four people, and generated `users`, with the channels #general, #random, #ops and #secret."""
        return cls.from_toml(DEFAULT_DESCRIPTION, clock=clock, users=users)

    @classmethod
    def from_toml(cls, path: Path, *, clock: Clock = time.time, users: int | None = None) -> Workspace:
        """The workspace that a `workspace.toml` describes; the format is in docs/sandbox.md.

        Args:
            path: The file.
            clock: Tells the time in the workspace.
            users: How many people are generated besides those described, instead of what the file says.

        Raises:
            WorkspaceError: The file cannot be used; the message names line and key, and what is expected.
        """
        return cls(Description.from_file(path, users=users), clock=clock)

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Call `subscriber` with each `Change` from now on, until the returned function is called.

        It is called while the change happens, so it must return at once. What it changes itself is told afterwards.
        """
        return self._changes.subscribe(subscriber)

    def find_person(self, who: Person | str) -> Person:
        """The person with this id, name or e-mail address.

        Raises:
            WorkspaceError: Nobody is called so.
        """
        return self.people.find(who.id if isinstance(who, Person) else who)

    def find_channel(self, which: Conversation | str) -> Conversation:
        """The conversation with this id or name.

        Raises:
            WorkspaceError: There is none.
        """
        return which if isinstance(which, Conversation) else self.channels.find(which)

    def open_dm(self, who: Person | str, with_: Person | str | None = None) -> Conversation:
        """The DM of a person with the bot, or with somebody else."""
        return self.open_group_dm(who, self.bot if with_ is None else with_)

    def open_group_dm(self, *who: Person | str) -> Conversation:
        """The DM or group DM of these people."""
        return self.channels.open(self.find_person(person).id for person in who)

    def history(self, channel: Conversation | str, thread_ts: str | None = None) -> list[Message]:
        """The messages of a channel, or of one of its threads, oldest first; ephemeral ones included."""
        return self.messages.history(self.find_channel(channel).id, thread_ts)

    def post(
        self,
        user: Person | str,
        channel: Conversation | str,
        text: str = "",
        thread_ts: str | None = None,
        blocks: Sequence[JsonObject] | None = None,
        files: Sequence[File] | None = None,
        *,
        attachments: Sequence[JsonObject] | None = None,
        is_broadcast: bool = False,
    ) -> Message:
        """Somebody writes a message.

        The text is what a person types: `@alice`, `@oncall` (a user group), `#general`, links, `api.example.com`,
        e-mail addresses and emoji characters become what Slack makes of them, and `&`, `<` and `>` are escaped. What
        already reads `<@U…>` or `<https://…>` is kept.

        Raises:
            SlackRefusal: `not_in_channel`, `is_archived`, `no_text`, `msg_too_long`, `thread_not_found`.
        """
        author = self.find_person(user)
        draft = Draft(
            text=encode_typed(text, self.names),
            blocks=blocks or (),
            attachments=attachments or (),
            files=files or (),
            thread_ts=thread_ts,
            is_broadcast=is_broadcast,
        )
        return self.posting.post(author, self.find_channel(channel), draft)

    def upload(
        self, user: Person | str, channel: Conversation | str, name: str, content: bytes, text: str = ""
    ) -> Message:
        """Somebody shares a file in a channel."""
        owner, conversation = self.find_person(user), self.find_channel(channel)
        self.channels.writable(conversation.id, owner.id)
        file = self.files.expect(name, len(content), owner.id)
        self.files.receive(file.id, content)
        shared = self.files.complete(file.id, None, [conversation.id])
        return self.post(owner, conversation, text, files=[shared])

    def edit(self, user: Person | str, channel: Conversation | str, ts: str, text: str) -> Message:
        """Somebody edits their message.

        Raises:
            SlackRefusal: `message_not_found`, `cant_update_message`, and those of `post`.
        """
        message = self.messages.known(self.find_channel(channel).id, ts)
        return self.posting.edit(self.find_person(user), message, text=encode_typed(text, self.names))

    def delete(self, user: Person | str, channel: Conversation | str, ts: str) -> None:
        """Somebody deletes their message.

        Raises:
            SlackRefusal: `message_not_found`, `cant_delete_message`.
        """
        self.posting.delete(self.find_person(user), self.messages.known(self.find_channel(channel).id, ts))

    def react(self, user: Person | str, channel: Conversation | str, ts: str, emoji: str) -> Message:
        """Somebody adds a reaction, named with or without colons.

        Raises:
            SlackRefusal: `message_not_found`, `already_reacted`, `invalid_name`, `not_in_channel`.
        """
        return self.messages.react(self._message_for(user, channel, ts), self.find_person(user).id, plain_name(emoji))

    def unreact(self, user: Person | str, channel: Conversation | str, ts: str, emoji: str) -> Message:
        """Somebody takes a reaction back.

        Raises:
            SlackRefusal: `message_not_found`, `no_reaction`.
        """
        return self.messages.unreact(self._message_for(user, channel, ts), self.find_person(user).id, plain_name(emoji))

    def pin(self, user: Person | str, channel: Conversation | str, ts: str) -> None:
        """Somebody pins a message.

        Raises:
            SlackRefusal: `message_not_found`, `already_pinned`.
        """
        self.messages.pin(self._message_for(user, channel, ts), self.find_person(user).id)

    def unpin(self, user: Person | str, channel: Conversation | str, ts: str) -> None:
        """Somebody takes a pin off.

        Raises:
            SlackRefusal: `message_not_found`, `no_pin`.
        """
        self.messages.unpin(self._message_for(user, channel, ts), self.find_person(user).id)

    def add_person(self, name: str, **fields: Any) -> Person:
        """Somebody new joins the workspace; `fields` are those of `Person`."""
        now = int(self.timeline.now)
        return self.people.join(Person(id=stable_id("U", name), name=name, updated=now, **fields))

    def change_person(self, who: Person | str, **fields: Any) -> Person:
        """Somebody changes their profile, status or presence; `fields` are those of `Person`."""
        return self.people.change(self.find_person(who).id, updated=int(self.timeline.now), **fields)

    def create_channel(
        self, name: str, creator: Person | str, *, is_private: bool = False, members: Iterable[Person | str] = ()
    ) -> Conversation:
        """Somebody creates a channel.

        Raises:
            SlackRefusal: `invalid_name_…`, `name_taken`.
        """
        others = [self.find_person(member).id for member in members]
        return self.channels.create(
            name.removeprefix("#"), self.find_person(creator).id, is_private=is_private, members=others
        )

    def join(self, user: Person | str, channel: Conversation | str) -> None:
        """Somebody joins a public channel."""
        self.channels.join(self.find_channel(channel), self.find_person(user).id)

    def leave(self, user: Person | str, channel: Conversation | str) -> None:
        """Somebody leaves a channel."""
        self.channels.leave(self.find_channel(channel), self.find_person(user).id)

    def invite(self, inviter: Person | str, channel: Conversation | str, *who: Person | str) -> None:
        """Somebody takes others (the bot, say) into a channel they are in."""
        by = self.find_person(inviter).id
        conversation = self.channels.joined(self.find_channel(channel).id, by)
        self.channels.invite(conversation, [self.find_person(person).id for person in who], by)

    def open_home(self, user: Person | str, tab: str = "home") -> View | None:
        """Somebody opens the app's home, on the tab `home` or `messages`; returns what the app published there."""
        person = self.find_person(user)
        view = self.views.home_of(person.id)
        self._changes.announce(HomeOpened(person.id, self.open_dm(person), tab, view))
        return view

    def run_command(
        self, user: Person | str, channel: Conversation | str, command: str, thread_ts: str | None = None
    ) -> Interaction:
        """Somebody runs a slash command, `/deploy api` for example.

        Await `run.answer` for what the app acknowledged with. A text in it is posted, as in Slack.

        Raises:
            SlackRefusal: `invalid_command` for what is not a command of the app, `not_in_channel`.
        """
        return self._interactions.run_command(self.find_person(user), self.find_channel(channel), command, thread_ts)

    def click(self, user: Person | str, surface: Surface, action_id: str, value: str | None = None) -> Interaction:
        """Somebody clicks a button, in a message or a view.

        Args:
            user: Who clicks.
            surface: The message or view that the button is in.
            action_id: The button; the id of its block will do if it is the only one there.
            value: Tells buttons with the same action id apart.

        Raises:
            SlackRefusal: `invalid_action`, naming the elements there are.
        """
        return self._interactions.click(self.find_person(user), surface, action_id, value)

    def choose(self, user: Person | str, surface: Surface, action_id: str, *choices: str | JsonObject) -> Interaction:
        """Somebody chooses from a select, overflow menu, radio buttons or checkboxes.

        Args:
            user: Who chooses.
            surface: The message or view that the element is in.
            action_id: The element, or its block.
            choices: Values or texts of options; names or ids of people and channels. None at all clears the element.
                For external selects the option itself, as `ask_options` answers it, or a value the app offered before.
        """
        return self._interactions.choose(self.find_person(user), surface, action_id, choices)

    def pick(self, user: Person | str, surface: Surface, action_id: str, value: Any) -> Interaction:
        """Somebody picks a date (`2024-05-01`), a time (`13:30`) or a moment, or types into an input.

        `date`, `time` and `datetime` values are written as Slack writes them; `None` clears the element.
        """
        return self._interactions.pick(self.find_person(user), surface, action_id, value)

    def ask_options(self, user: Person | str, surface: Surface, action_id: str, query: str = "") -> Interaction:
        """Somebody types into an external select; the answer holds the `options` the app offers."""
        return self._interactions.ask_options(self.find_person(user), surface, action_id, query)

    def values_of(self, user: Person | str, surface: Surface) -> Values:
        """What somebody has chosen and entered in a message or view, by block id and action id."""
        return self._interactions.values_of(self.find_person(user), surface)

    def fill(self, user: Person | str, values: Mapping[str, Any], view: View | None = None) -> View:
        """Somebody fills in the modal on top, or this one, by action or block id, without submitting it."""
        return self._interactions.fill(self.find_person(user), values, view)

    def submit_view(
        self, user: Person | str, values: Mapping[str, Any] | None = None, view: View | None = None
    ) -> Interaction:
        """Somebody fills in what `values` says, and submits the modal on top, or this one.

        The app's answer is honoured: the modal closes, shows errors, or another takes its place.

        Raises:
            SlackRefusal: `not_found` with no modal open; `missing_input` when a required input is empty,
                `invalid_input` when one holds what Slack's client does not submit. `View.errors` says why.
        """
        return self._interactions.submit_view(self.find_person(user), values or {}, view)

    def close_view(self, user: Person | str, view: View | None = None) -> Interaction | None:
        """Somebody closes the modal on top, or this one.

        Returns `None` if the app did not ask to be notified.
        """
        return self._interactions.close_view(self.find_person(user), view)

    def run_shortcut(self, user: Person | str, callback_id: str) -> Interaction:
        """Somebody runs a global shortcut of the app."""
        return self._interactions.run_shortcut(self.find_person(user), callback_id)

    def run_message_shortcut(self, user: Person | str, message: Message, callback_id: str) -> Interaction:
        """Somebody runs a shortcut of the app on a message."""
        return self._interactions.run_message_shortcut(self.find_person(user), message, callback_id)

    def _post_scheduled(self, scheduled: ScheduledMessage) -> Message:
        author, conversation = self.people.known(scheduled.user), self.channels.known(scheduled.channel)
        return self.posting.post(author, conversation, scheduled.draft)

    def _message_for(self, user: Person | str, channel: Conversation | str, ts: str) -> Message:
        conversation = self.channels.joined(self.find_channel(channel).id, self.find_person(user).id)
        return self.messages.known(conversation.id, ts)

    def _furnish(self, name: str, is_private: bool, members: Sequence[str], topic: str, purpose: str) -> None:
        channel = self.channels.create(
            name, members[0], is_private=is_private, members=members, is_general=name == "general"
        )
        channel.topic, channel.purpose = topic, purpose
