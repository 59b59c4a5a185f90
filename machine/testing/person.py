"""The people of a test: what they do is done in the workspace, and waited for until the bot has dealt with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from machine.sandbox import Interaction, SlackRefusal
from machine.sandbox.state.objects import Conversation, Message, View
from machine.sandbox.state.objects import Person as Profile
from machine.slack.block_kit.elements import elements_of
from machine.slack.facts.block_kit import BUTTONS
from machine.testing.messages import SentMessage, all_blocks
from machine.testing.views import ShownView

if TYPE_CHECKING:
    from collections.abc import Callable

    from machine.testing.bot import Bot

__tracebackhide__ = True  # pytest shows the line of the test, not those in here

T = TypeVar("T")

Surface: TypeAlias = SentMessage | ShownView
"""Where buttons and other elements are."""


class Person:
    """Somebody in the workspace of a test.

    Whatever they do returns when the bot has dealt with it: every handler has ended, and so has what the handlers
    caused. Most of it gives back the bot's reply: the first message that the bot posted meanwhile and that the person
    sees, in the same channel (its threads included) or else in their DM with the bot; `None` if there is none.

    A channel is given as `"#ops"`. Where it is left out, it is the person's DM with the bot.
    """

    def __init__(self, bot: Bot, profile: Profile) -> None:
        self._bot = bot
        self._workspace = bot.workspace
        self._id = profile.id

    @property
    def id(self) -> str:
        """Slack's id."""
        return self._id

    @property
    def profile(self) -> Profile:
        """The sandbox's own value, with real name, e-mail address, status and all."""
        return self._workspace.people[self._id]

    @property
    def name(self) -> str:
        """What is typed after `@`."""
        return self.profile.name

    @property
    def mention(self) -> str:
        """How Slack writes a mention of them: `<@U…>`."""
        return f"<@{self._id}>"

    @property
    def last(self) -> SentMessage | None:
        """The newest message they wrote."""
        written = [message for message in self._bot.history() if message.message.user == self._id]
        return written[-1] if written else None

    @property
    def modal(self) -> ShownView | None:
        """The modal that is open before them, the one on top."""
        view = self._workspace.views.shown_to(self._id)
        return ShownView(self._workspace, view) if view else None

    @property
    def home(self) -> ShownView | None:
        """What the bot has published on their home tab."""
        view = self._workspace.views.home_of(self._id)
        return ShownView(self._workspace, view) if view else None

    async def says(
        self, text: str, *, channel: str | None = None, thread: SentMessage | None = None
    ) -> SentMessage | None:
        """Write a message.

        Args:
            text: As typed: `@machine help`, `#ops`, links.
            channel: Where; the DM with the bot if it is left out.
            thread: Reply in the thread of this message, in its channel.
        """
        where = self._where(channel, thread)
        thread_ts = _thread_of(thread)
        return await self._do(lambda: self._workspace.post(self._id, where, text, thread_ts), where)

    async def asks(self, text: str, *, channel: str | None = None, thread: SentMessage | None = None) -> SentMessage:
        """Like `says()`, for what must be answered: fails if the bot does not reply."""
        reply = await self.says(text, channel=channel, thread=thread)
        if reply is None:
            raise AssertionError(f"The bot did not reply to {text!r} of {self.name}.")
        return reply

    async def edits(self, text: str, message: SentMessage | None = None) -> SentMessage | None:
        """Edit a message of theirs, by default the newest."""
        own = self._own(message)
        where = self._place_of(own)
        return await self._do(lambda: self._workspace.edit(self._id, where, own.ts, text), where)

    async def deletes(self, message: SentMessage | None = None) -> SentMessage | None:
        """Delete a message of theirs, by default the newest."""
        own = self._own(message)
        where = self._place_of(own)
        return await self._do(lambda: self._workspace.delete(self._id, where, own.ts), where)

    async def reacts(self, message: SentMessage, emoji: str) -> SentMessage | None:
        """Add a reaction, named with or without colons."""
        where = self._place_of(message)
        return await self._do(lambda: self._workspace.react(self._id, where, message.ts, emoji), where)

    async def unreacts(self, message: SentMessage, emoji: str) -> SentMessage | None:
        """Take a reaction back."""
        where = self._place_of(message)
        return await self._do(lambda: self._workspace.unreact(self._id, where, message.ts, emoji), where)

    async def uploads(
        self, name: str, content: str | bytes, text: str = "", *, channel: str | None = None
    ) -> SentMessage | None:
        """Share a file, with a message if `text` is given."""
        where = self._where(channel)
        data = content.encode() if isinstance(content, str) else content
        return await self._do(lambda: self._workspace.upload(self._id, where, name, data, text), where)

    async def joins(self, channel: str) -> SentMessage | None:
        """Join a public channel."""
        where = self._where(channel)
        return await self._do(lambda: self._workspace.join(self._id, where), where)

    async def leaves(self, channel: str) -> SentMessage | None:
        """Leave a channel."""
        where = self._where(channel)
        return await self._do(lambda: self._workspace.leave(self._id, where), where)

    async def runs(
        self, command: str, *, channel: str | None = None, thread: SentMessage | None = None
    ) -> SentMessage | None:
        """Run a slash command, `/deploy api`; gives back its answer, also one that only they see.

        Raises:
            SlackRefusal: What Slack tells people about a command that failed: `operation_timeout` when the bot did not
                acknowledge it within 3 seconds, `dispatch_failed` when it is not connected.
        """
        where = self._where(channel, thread)
        thread_ts = _thread_of(thread)
        return await self._interact(lambda: self._workspace.run_command(self._id, where, command, thread_ts), where)

    async def clicks(self, where: Surface, button: str, value: str | None = None) -> SentMessage | None:
        """Click a button.

        Args:
            where: The message or view that it is in.
            button: Its action id, its text, or its block if it is alone there.
            value: Tells buttons with the same action id apart.

        Raises:
            SlackRefusal: There is no such button; the message names those there are.
        """
        surface = _surface(where)
        action_id = _button(surface, button)
        return await self._interact(lambda: self._workspace.click(self._id, surface, action_id, value), where)

    async def chooses(self, where: Surface, element: str, *choices: str) -> SentMessage | None:
        """Choose from a select, menu, radio buttons or checkboxes; no choice at all clears it.

        Args:
            where: The message or view that it is in.
            element: Its action id, or its block.
            choices: Options by value or text, people and channels by name.
        """
        surface = _surface(where)
        return await self._interact(lambda: self._workspace.choose(self._id, surface, element, *choices), where)

    async def picks(self, where: Surface, element: str, value: Any) -> SentMessage | None:
        """Pick a date, time or moment (`date`, `time`, `datetime` or as Slack writes it), or type into an input."""
        surface = _surface(where)
        return await self._interact(lambda: self._workspace.pick(self._id, surface, element, value), where)

    async def searches(self, where: Surface, element: str, query: str = "") -> list[str]:
        """Type into an external select; gives back the texts of the options that the bot offers."""
        surface = _surface(where)
        interaction = self._act(lambda: self._workspace.ask_options(self._id, surface, element, query))
        answer = await interaction.answer or {}
        await self._bot.settled()
        groups = answer.get("option_groups") or ()
        options = [*(answer.get("options") or ()), *(option for group in groups for option in group["options"])]
        return [option["text"]["text"] for option in options]

    async def fills(self, values: Mapping[str, Any]) -> ShownView:
        """Fill in the modal on top, by action id or block id, without submitting it."""
        view = self._act(lambda: self._workspace.fill(self._id, values))
        await self._bot.settled()
        return ShownView(self._workspace, view)

    async def submits(self, values: Mapping[str, Any] | None = None) -> SentMessage | None:
        """Submit the modal on top, after filling in `values`.

        What came of it, another modal or errors, is in `modal`.

        Raises:
            SlackRefusal: `missing_input` when something required is empty, `invalid_input` when an input holds what
                Slack's client does not submit; `not_found` with no modal open.
        """
        return await self._interact(lambda: self._workspace.submit_view(self._id, values), None)

    async def closes_modal(self) -> SentMessage | None:
        """Close the modal on top; the bot hears of it if it asked to."""
        return await self._interact(lambda: self._workspace.close_view(self._id), None)

    async def opens_home(self, tab: str = "home") -> ShownView | None:
        """Open the bot's home, on the tab `home` or `messages`; gives back what the bot publishes there."""
        await self._do(lambda: self._workspace.open_home(self._id, tab), None)
        return self.home

    async def runs_shortcut(self, callback_id: str) -> SentMessage | None:
        """Run a global shortcut."""
        return await self._interact(lambda: self._workspace.run_shortcut(self._id, callback_id), None)

    async def runs_message_shortcut(self, message: SentMessage, callback_id: str) -> SentMessage | None:
        """Run a shortcut on a message."""
        return await self._interact(
            lambda: self._workspace.run_message_shortcut(self._id, message.message, callback_id), message
        )

    def sees(self, message: Message) -> bool:
        """Whether a message can be read by them."""
        members = self._workspace.channels[message.channel].members
        return self._id in members and message.ephemeral_to in {None, self._id}

    def __repr__(self) -> str:
        return f"<{self.name}>"

    async def _do(self, act: Callable[[], object], where: Conversation | None) -> SentMessage | None:
        mark = self._bot.mark()
        self._act(act, where)
        await self._bot.settled()
        return self._reply(mark, where)

    async def _interact(
        self, act: Callable[[], Interaction | None], where: Surface | Conversation | None
    ) -> SentMessage | None:
        conversation = where if isinstance(where, Conversation) else None
        if isinstance(where, SentMessage):
            conversation = self._place_of(where)
        mark = self._bot.mark()
        interaction = self._act(act, conversation)
        if interaction is not None:
            try:
                await interaction.answer
            except SlackRefusal:
                await self._bot.settled()  # an exception of the handler says more than Slack does
                raise
        await self._bot.settled()
        return self._reply(mark, conversation)

    def _reply(self, mark: int, where: Conversation | None) -> SentMessage | None:
        seen = [message for message in self._bot.posted_since(mark) if self.sees(message)]
        if where is not None:
            direct = self._workspace.open_dm(self._id)
            here = [message for message in seen if message.channel == where.id]
            seen = here or [message for message in seen if message.channel == direct.id]
        return SentMessage(self._workspace, seen[0]) if seen else None

    def _where(self, channel: str | None, thread: SentMessage | None = None) -> Conversation:
        if thread is not None:
            return self._place_of(thread)
        return self._workspace.open_dm(self._id) if channel is None else self._bot.find_channel(channel)

    def _place_of(self, message: SentMessage) -> Conversation:
        return self._workspace.channels[message.message.channel]

    def _own(self, message: SentMessage | None) -> SentMessage:
        own = message or self.last
        if own is None:
            raise AssertionError(f"{self.name} has not written anything yet.")
        return own

    def _act(self, act: Callable[[], T], where: Conversation | None = None) -> T:
        try:
            return act()
        except SlackRefusal as refusal:
            if refusal.error in {"not_in_channel", "channel_not_found"} and where is not None:
                members = ", ".join(self._workspace.people[member].name for member in where.members)
                refusal.add_note(f"{self.name} is not in #{where.name}. Its members: {members}.")
            raise refusal.with_traceback(None) from None  # what the sandbox does is not the test's concern


def _thread_of(message: SentMessage | None) -> str | None:
    return None if message is None else message.thread_ts or message.ts


def _surface(where: Surface) -> Message | View:
    return where.message if isinstance(where, SentMessage) else where.view


def _button(surface: Message | View, name: str) -> str:
    """The action id of the button with this action id, block id or text."""
    blocks = all_blocks(surface) if isinstance(surface, Message) else list(surface.blocks)
    elements = list(elements_of(blocks))
    if any(name in {element.action_id, element.block_id} for element in elements):
        return name
    labelled = [
        element.action_id
        for element in elements
        if element.type in BUTTONS and (element.element.get("text") or {}).get("text") == name
    ]
    return labelled[0] if len(labelled) == 1 else name
