"""What the bot sees of a real workspace, put together from its trace."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from slack_sdk.errors import SlackApiError

from machine.envelope import Envelope
from machine.errors import MachineError
from machine.simulation import DirectoryNames
from machine.slack.text_encoding import TypedNames
from machine.trace import EnvelopeReceived
from machine_console.session.chat import ChatChannel, ChatMessage, ChatPerson
from machine_console.session.chat_log import MAX_MESSAGES, ChatLog
from machine_console.text.formatting import readable
from machine_console.text.names import LiveNames

if TYPE_CHECKING:
    from machine.bot import Machine

_MAX_PENDING = 20 * MAX_MESSAGES
"""Envelopes kept until somebody looks, which the console does about once a second while much is said."""
_REACTIONS = {"reaction_added": 1, "reaction_removed": -1}


class LiveChat:
    """Shows what reaches the bot, and speaks as the bot."""

    actions = None

    def __init__(self, machine: Machine) -> None:
        self.version = 0
        self._log = ChatLog()
        self._pending: deque[Envelope] = deque(maxlen=_MAX_PENDING)
        self._machine = machine
        self.names: TypedNames = DirectoryNames(machine.slack.directory)
        self._names = LiveNames(machine.slack.directory)
        self._unsubscribe = machine.trace.subscribe(self._record, EnvelopeReceived)

    def close(self) -> None:
        """Stop listening."""
        self._unsubscribe()

    def seen(self, channel_id: str) -> None:
        """Somebody looks at the conversation."""
        self.log.seen(channel_id)

    @property
    def log(self) -> ChatLog:
        """What was said; what came since somebody looked the last time is put in now, as far as it is kept."""
        if self._pending:
            pending, self._pending = self._pending, deque(maxlen=_MAX_PENDING)
            for envelope in self._worth_reading(pending):
                self._take(envelope)
        return self._log

    def _worth_reading(self, pending: Sequence[Envelope]) -> list[Envelope]:
        """Without the messages that so many came after that they would be forgotten at once."""
        kept: list[Envelope] = []
        later: Counter[str] = Counter()
        for envelope in reversed(pending):
            channel_id = envelope.channel_id or ""
            if envelope.type == "message" and "subtype" not in envelope.event:
                later[channel_id] += 1
                if later[channel_id] > MAX_MESSAGES:
                    self._log.missed(channel_id)
                    continue
            kept.append(envelope)
        return kept[::-1]

    def shown(self, channel_id: str, person_id: str) -> list[ChatMessage]:  # noqa: ARG002 - only the bot looks
        """What was said."""
        return self.log.messages(channel_id)

    def people(self) -> list[ChatPerson]:
        """The bot, as which one speaks."""
        own_id = self._machine.slack.directory.own_user_id
        return [ChatPerson(own_id, self._names.person(own_id))]

    def channels(self) -> list[ChatChannel]:
        """The conversations that the bot is in."""
        entries = [
            ChatChannel(one.id, self._names.channel(one.id), one.is_im, one.user, self.log.unread(one.id))
            for one in self._machine.slack.directory.channels.joined()
        ]
        return sorted(entries, key=lambda entry: (entry.is_dm, entry.label))

    async def say(
        self,
        channel_id: str,
        person_id: str,  # noqa: ARG002 - only the bot speaks
        text: str,
        thread_ts: str | None = None,
    ) -> str | None:
        """Post as the bot; see `ChatSource.say`."""
        if text.startswith("/"):
            return "Slack lets only people run slash commands. Run it in Slack itself."
        try:
            await self._machine.slack.say(channel_id, text, thread_ts=thread_ts)
        except SlackApiError as error:
            raise MachineError(f"Slack refused the message: {error.response.get('error')}.") from error
        return None

    def _record(self, record: EnvelopeReceived) -> None:
        if not record.envelope.is_simulated:
            self._pending.append(record.envelope)
            self.version += 1

    def _take(self, envelope: Envelope) -> None:
        event, channel_id = envelope.event, envelope.channel_id
        if channel_id is None:
            return
        if envelope.type in _REACTIONS and isinstance(item := event.get("item"), Mapping):
            self._log.react(channel_id, str(item.get("ts")), str(event.get("reaction")), _REACTIONS[envelope.type])
        if envelope.type != "message":
            return
        match event.get("subtype"):
            case "message_deleted":
                self._log.remove(channel_id, str(event.get("deleted_ts")))
            case "message_changed" if isinstance(message := event.get("message"), Mapping):
                if self._log.get(channel_id, str(message.get("ts"))) is not None:
                    self._log.put(channel_id, self._shown(message, is_edited="edited" in message))
            case _:
                self._log.put(channel_id, self._shown(event))

    def _shown(self, message: Mapping[str, Any], *, is_edited: bool = False) -> ChatMessage:
        blocks = message.get("blocks") or ()
        text = readable(str(message.get("text") or ""), self._names)
        thread_ts = message.get("thread_ts")
        return ChatMessage(
            ts=str(message.get("ts") or ""),
            author=self._names.person(
                str(message.get("user") or message.get("username") or message.get("bot_id") or "?")
            ),
            text=text,
            is_bot=bool(message.get("bot_id")),
            thread_ts=str(thread_ts) if thread_ts else None,
            is_edited=is_edited,
            mrkdwn=str(message.get("text") or ""),
            blocks=tuple(blocks) if isinstance(blocks, Sequence) and _has_more_than_text(blocks) else (),
            person_id=str(message.get("user") or ""),
        )


def _has_more_than_text(blocks: Sequence[Any]) -> bool:
    """Whether blocks say more than the text: what people type comes with a rich text block besides."""
    return any(isinstance(block, Mapping) and block.get("type") != "rich_text" for block in blocks)
