"""Which handlers an envelope is for, and why or why not.

A judge holds one trigger against the facts of one envelope. Judges have no side effects, so the console can ask them
about a text that nobody sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Self

from pydantic import BaseModel

from machine.cached_property import cached_property
from machine.dispatch.bot_mention import Addressing
from machine.dispatch.mentions import APP_MENTION
from machine.envelope import Envelope, Payload
from machine.plugins.triggers import (
    Action,
    CallbackTrigger,
    HomeOpened,
    Identifier,
    ListenTo,
    Options,
    Process,
    RespondTo,
    SlashCommand,
    TextTrigger,
)
from machine.settings import Settings
from machine.slack.identity import Identity

# A message of a person carries one of these; all others tell of what happened in the channel (somebody joined, ...).
# https://docs.slack.dev/reference/events/message#subtypes
# A tuple, because what Slack sends need not be hashable.
_WRITTEN_SUBTYPES = (None, "file_share", "me_message", "thread_broadcast")


MAX_SEARCHED = 12_000
"""Characters of a text that patterns are searched for in: as many as Slack lets a person type.

Many patterns take four times as long for a text twice as long, and `re` holds the interpreter meanwhile, so another
thread would help nobody. A process of its own would; but every message would pay for the way there and back, for the
sake of a mistake that is warned of when the plugin loads.
"""


@dataclass(slots=True)  # not frozen: that makes making one three times as dear, and each match makes one
class Verdict:
    """What a judge says of one trigger and one envelope. Nobody changes it.

    Attributes:
        is_match: Whether the handler runs.
        reason: Why or why not, for a person.
        groups: Named groups of the pattern.
        span: Where in `text` the pattern was found.
        text: The text the pattern was found in.
        action: The element that was used, for block actions.
        model: What the handler wants an event as; `None` for a dict.
    """

    is_match: bool
    reason: str
    groups: Mapping[str, str | None] = field(default_factory=dict)
    span: tuple[int, int] | None = None
    text: str = ""
    action: Payload = field(default_factory=dict)
    model: type[BaseModel] | None = None


_NOT_ADDRESSED = Verdict(is_match=False, reason="the message does not address the bot")
_EDITED = Verdict(is_match=False, reason="the message was edited, and the handler does not ask for edits")
# One value for all: making a verdict per handler took four fifths of the time of matching 1,000 handlers.
_NOT_IN_TEXT = Verdict(is_match=False, reason="the pattern is not in the text")
_OWN = Verdict(is_match=False, reason="it is the bot's own message")


@dataclass(frozen=True, slots=True)
class Reader:
    """What must be known to read an envelope as this bot: who it is and whom it hears.

    Attributes:
        user_id: The bot's user id.
        bot_id: The id that its messages carry.
        addressing: Recognises messages that are meant for the bot.
        hears_bots: Whether messages of other bots count as messages.
    """

    user_id: str
    bot_id: str
    addressing: Addressing
    hears_bots: bool = False

    @classmethod
    def of(cls, identity: Identity, settings: Settings) -> Self:
        """What the bot reads envelopes with."""
        names = [identity.name, str(identity.bot_info.get("name") or "")]
        addressing = Addressing(identity.user_id, names, settings.aliases)
        return cls(identity.user_id, identity.bot_id, addressing, settings.listen_to_bots)


class Facts:
    """What the judges want to know of one envelope, worked out once and only if asked for.

    Attributes:
        envelope: What they are about.
        twin: The type of the event that told of the same message before.
    """

    def __init__(self, envelope: Envelope, reader: Reader, twin: str | None = None) -> None:
        self.envelope = envelope
        self.twin = twin
        self._reader = reader

    @cached_property
    def is_message(self) -> bool:
        """Whether the envelope tells of a message, new or edited."""
        return self.envelope.event.get("type") in ("message", APP_MENTION)

    @cached_property
    def is_changed(self) -> bool:
        """Whether a message was edited; of a mention, an `app_mention` tells then."""
        event = self.envelope.event
        return event.get("subtype") == "message_changed" or (event.get("type") == APP_MENTION and "edited" in event)

    @cached_property
    def message(self) -> Payload:
        """The message; for an edited one its new version, in a dict of its own."""
        event = self.envelope.event
        inner = event.get("message")
        if not self.is_changed or not isinstance(inner, Mapping):
            return event
        place = {name: event[name] for name in ("channel", "channel_type", "event_ts") if name in event}
        return {**inner, **place, "type": "message"}

    @cached_property
    def is_own(self) -> bool:
        """Whether the bot wrote the message itself (or edited, or deleted it)."""
        event = self.envelope.event
        return self.is_message and (
            self._is_by_bot(event)
            or self._is_by_bot(event.get("message"))
            or self._is_by_bot(event.get("previous_message"))
        )

    @cached_property
    def text(self) -> str:
        """The text as it was written."""
        text = self.message.get("text")
        return text if isinstance(text, str) else ""

    @cached_property
    def addressed_text(self) -> str | None:
        """What was said to the bot, without its mention; `None` where the message is not for the bot."""
        stripped = self._reader.addressing.strip(self.text)
        if stripped is None and self._is_dm:
            return self.text
        return stripped

    @cached_property
    def obstacle(self) -> Verdict | None:
        """Why no text handler at all may see this message."""
        if self.is_own:
            return _OWN
        message = self.message
        subtype = message.get("subtype")
        if message.get("bot_id") or subtype == "bot_message":
            if not self._reader.hears_bots:
                return Verdict(False, "another bot wrote it, and LISTEN_TO_BOTS is off")
        elif subtype not in _WRITTEN_SUBTYPES:
            return Verdict(False, f"nobody wrote it: the message's subtype is {subtype}")
        if self.is_changed and not self._text_changed:
            return Verdict(False, "the message was changed, but not its text")
        return None

    def _is_by_bot(self, version: object) -> bool:
        if not version or not isinstance(version, Mapping):
            return False
        reader = self._reader
        return version.get("user") == reader.user_id or (bool(reader.bot_id) and version.get("bot_id") == reader.bot_id)

    @property
    def _is_dm(self) -> bool:
        message = self.message
        return message.get("channel_type") == "im" or str(message.get("channel") or "").startswith("D")

    @property
    def _text_changed(self) -> bool:
        previous = self.envelope.event.get("previous_message")
        if isinstance(previous, Mapping):
            return previous.get("text") != self.message.get("text")
        return "edited" in self.message


def judge_listen_to(trigger: ListenTo, facts: Facts) -> Verdict:
    """Any message counts; where one addresses the bot, what is said to it is tried first."""
    obstacle = facts.obstacle or _edited(trigger, facts)
    if obstacle is not None:
        return obstacle
    if facts.addressed_text is not None and facts.addressed_text != facts.text:
        verdict = _search(trigger.pattern, facts.addressed_text)
        if verdict.is_match:
            return verdict
    return _search(trigger.pattern, facts.text)


def judge_respond_to(trigger: RespondTo, facts: Facts) -> Verdict:
    """Only what is said to the bot counts."""
    obstacle = facts.obstacle or _edited(trigger, facts)
    if obstacle is not None:
        return obstacle
    if facts.addressed_text is None:
        return _NOT_ADDRESSED
    if facts.twin is not None:
        return Verdict(False, f"the same message came before, as the event {facts.twin}")
    return _search(trigger.pattern, facts.addressed_text)


def judge_process(trigger: Process, facts: Facts) -> Verdict:
    """Events count by type; the bot's own messages do not, or an echo would never end."""
    if facts.envelope.type != trigger.event_type:
        return Verdict(False, f"the event is {facts.envelope.type}")
    return _OWN if facts.is_own else Verdict(True, f"the event is {trigger.event_type}", model=trigger.model)


def judge_command(trigger: SlashCommand, facts: Facts) -> Verdict:
    """Commands count by name."""
    command = facts.envelope.payload.get("command")
    return Verdict(command == trigger.command, f"the command is {command}")


def judge_action(trigger: Action, facts: Facts) -> Verdict:
    """Block actions count by action id and block id."""
    actions = facts.envelope.payload.get("actions")
    shown: list[str] = []
    for action in actions if isinstance(actions, list) else []:
        if not isinstance(action, Mapping):
            continue
        action_id, block_id = str(action.get("action_id") or ""), str(action.get("block_id") or "")
        shown.append(f"{action_id} in block {block_id}")
        if _matches(trigger.action_id, action_id) and _matches(trigger.block_id, block_id):
            return Verdict(True, f"the action is {shown[-1]}", action=action)
    return Verdict(False, f"the action is {', '.join(shown) or 'unknown'}")


def judge_callback(trigger: CallbackTrigger, facts: Facts) -> Verdict:
    """Shortcuts count by their callback id."""
    callback_id = str(facts.envelope.payload.get("callback_id") or "")
    return Verdict(_matches(trigger.callback_id, callback_id), f"the callback_id is {callback_id or 'not set'}")


def judge_options(trigger: Options, facts: Facts) -> Verdict:
    """Requests for options count by action id and block id."""
    payload = facts.envelope.payload
    action_id, block_id = str(payload.get("action_id") or ""), str(payload.get("block_id") or "")
    is_match = _matches(trigger.action_id, action_id) and _matches(trigger.block_id, block_id)
    return Verdict(is_match, f"the element is {action_id} in block {block_id}")


def judge_home(trigger: HomeOpened, facts: Facts) -> Verdict:
    """The app's home counts by its tab."""
    tab = facts.envelope.event.get("tab")
    return Verdict(trigger.tab in (None, tab), f"the tab is {tab}")


def judge_view(trigger: CallbackTrigger, facts: Facts) -> Verdict:
    """Modals count by the callback id of their view."""
    view = facts.envelope.payload.get("view")
    callback_id = str((view if isinstance(view, Mapping) else {}).get("callback_id") or "")
    return Verdict(_matches(trigger.callback_id, callback_id), f"the callback_id is {callback_id or 'not set'}")


def _edited(trigger: TextTrigger, facts: Facts) -> Verdict | None:
    return _EDITED if facts.is_changed and not trigger.handle_message_changed else None


def searched_pattern(frame: FrameType) -> str | None:
    """The pattern that a frame is searching for, or has just searched for; `None` for other frames."""
    if frame.f_code is not _search.__code__:
        return None
    pattern = frame.f_locals.get("pattern")
    return pattern.pattern if isinstance(pattern, re.Pattern) else None


def _search(pattern: re.Pattern[str], text: str) -> Verdict:
    if len(text) > MAX_SEARCHED:
        text = text[:MAX_SEARCHED]
    found = pattern.search(text)
    if found is None:
        return _NOT_IN_TEXT
    return Verdict(True, "the pattern is in the text", found.groupdict(), found.span(), text)


def _matches(identifier: Identifier | None, value: Any) -> bool:
    if identifier is None:
        return True
    return identifier.match(value) is not None if isinstance(identifier, re.Pattern) else identifier == value
