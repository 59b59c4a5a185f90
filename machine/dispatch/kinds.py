"""One pipeline for every kind of request: what differs between kinds is a row in this table.

To support another kind, declare its trigger in `machine.plugins.triggers`, and add a row here that says which envelopes
it is held against, how it is judged, what its handler receives, and how Slack is answered.
"""

from __future__ import annotations

import copy
import enum
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from machine.dispatch.matching import (
    Facts,
    Verdict,
    judge_action,
    judge_callback,
    judge_command,
    judge_home,
    judge_listen_to,
    judge_options,
    judge_process,
    judge_respond_to,
    judge_view,
)
from machine.envelope import Answer
from machine.models import interactive
from machine.plugins import triggers
from machine.plugins.block_action import BlockAction
from machine.plugins.command import Command
from machine.plugins.home import HomeOpened
from machine.plugins.message import Message
from machine.plugins.modals import ModalClosure, ModalSubmission
from machine.plugins.options_request import OptionsRequest
from machine.plugins.shortcut import MessageShortcut, Shortcut
from machine.slack.client import SlackClient


class Answering(enum.Enum):
    """What Slack is answered with.

    Slack waits 3 seconds, so whatever a handler does, the dispatcher answers before they are over.
    """

    AT_ONCE = "an empty acknowledgement, before any handler runs"
    RESULT = "what the handler returns"
    FIRST_YIELD = "what a generator handler yields first; an empty acknowledgement where there is none"


@dataclass(frozen=True, slots=True)
class Rule:
    """How triggers of one type are handled.

    Attributes:
        kind: The kind of envelope they are held against.
        judge: Says whether one matches.
        argument: Builds what the handler receives; only for handlers that run.
        answering: How Slack is answered.
        answer: Turns what a handler yields or returns into the answer's payload.
    """

    kind: str
    judge: Callable[[Any, Facts], Verdict]
    argument: Callable[[SlackClient, Facts, Verdict], object]
    answering: Answering = Answering.AT_ONCE
    answer: Callable[[Any], Answer] = lambda value: value

    def may_answer(self, *, is_generator: bool) -> bool:
        """Whether the result of a handler can become the answer to Slack."""
        return self.answering is Answering.RESULT or (self.answering is Answering.FIRST_YIELD and is_generator)


def _event(_client: SlackClient, facts: Facts, verdict: Verdict) -> object:
    event = facts.envelope.event or facts.envelope.payload  # app_rate_limited comes without an inner event
    if verdict.model is not None:
        return verdict.model.model_validate(event)
    return copy.deepcopy(dict(event))  # the plugin's own: what it changes, no other handler sees


def _message(client: SlackClient, facts: Facts, verdict: Verdict) -> object:
    return Message(client, facts.message, verdict.text)


def _command(client: SlackClient, facts: Facts, _verdict: Verdict) -> object:
    return Command(client, facts.envelope.payload)


def _block_action(client: SlackClient, facts: Facts, verdict: Verdict) -> object:
    payload = interactive.BlockActionsPayload.model_validate(facts.envelope.payload)
    return BlockAction(client, payload, interactive.Action.model_validate(verdict.action))


def _submission(client: SlackClient, facts: Facts, _verdict: Verdict) -> object:
    return ModalSubmission(client, interactive.ViewSubmissionPayload.model_validate(facts.envelope.payload))


def _closure(client: SlackClient, facts: Facts, _verdict: Verdict) -> object:
    return ModalClosure(client, interactive.ViewClosedPayload.model_validate(facts.envelope.payload))


def _shortcut(client: SlackClient, facts: Facts, _verdict: Verdict) -> object:
    return Shortcut(client, interactive.ShortcutPayload.model_validate(facts.envelope.payload))


def _message_shortcut(client: SlackClient, facts: Facts, _verdict: Verdict) -> object:
    return MessageShortcut(client, interactive.MessageShortcutPayload.model_validate(facts.envelope.payload))


def _options_request(client: SlackClient, facts: Facts, _verdict: Verdict) -> object:
    return OptionsRequest(client, interactive.BlockSuggestionPayload.model_validate(facts.envelope.payload))


def _home(client: SlackClient, facts: Facts, _verdict: Verdict) -> object:
    return HomeOpened(client, facts.envelope.event)


def _options(value: Any) -> Answer:
    """Options as handlers like to write them: texts, dicts, slack_sdk's objects; or the answer itself, as a dict."""
    if value is None or isinstance(value, Mapping):
        return _as_json(value)
    return _as_json({"options": [_option(item) for item in value]})


def _option(item: Any) -> Any:
    return {"text": {"type": "plain_text", "text": item}, "value": item} if isinstance(item, str) else item


def _text_or_message(value: Any) -> Answer:
    return {"text": value} if isinstance(value, str) else _as_json(value)


def _as_json(value: Any) -> Answer:
    """The answer as it can be sent; what cannot be fails here, in its handler, while Slack can still be answered."""
    answer = json.loads(json.dumps(value, default=_as_dict, allow_nan=False))
    if not isinstance(answer, dict | None):
        raise TypeError(f"a handler yielded {type(value).__name__} as its answer; Slack takes a text or a dict")
    return answer


def _as_dict(item: Any) -> Any:
    """slack_sdk's objects, at any depth, as the JSON they stand for."""
    if hasattr(item, "to_dict"):
        return item.to_dict()
    if isinstance(item, Mapping):
        return dict(item)
    raise TypeError(f"a handler answered with {type(item).__name__}, which cannot be written as JSON")


RULES: Mapping[type[triggers.Trigger], Rule] = {
    triggers.ListenTo: Rule("events_api", judge_listen_to, _message),
    triggers.RespondTo: Rule("events_api", judge_respond_to, _message),
    triggers.Process: Rule("events_api", judge_process, _event),
    triggers.SlashCommand: Rule("slash_commands", judge_command, _command, Answering.FIRST_YIELD, _text_or_message),
    triggers.Action: Rule("block_actions", judge_action, _block_action),
    triggers.ModalSubmitted: Rule("view_submission", judge_view, _submission, Answering.FIRST_YIELD, _as_json),
    triggers.ModalClosed: Rule("view_closed", judge_view, _closure),
    triggers.Shortcut: Rule("shortcut", judge_callback, _shortcut),
    triggers.MessageShortcut: Rule("message_action", judge_callback, _message_shortcut),
    triggers.Options: Rule("block_suggestion", judge_options, _options_request, Answering.RESULT, _options),
    triggers.HomeOpened: Rule("events_api", judge_home, _home),
}

_RULES_BY_KIND = {
    kind: tuple((trigger, rule) for trigger, rule in RULES.items() if rule.kind == kind)
    for kind in {rule.kind for rule in RULES.values()}
}


def rules_for(kind: str) -> Sequence[tuple[type[triggers.Trigger], Rule]]:
    """The triggers that envelopes of this kind are held against, each with its rule."""
    return _RULES_BY_KIND.get(kind, ())
