"""Takes envelopes from the transport to the handlers they match."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from types import FrameType
from typing import Any

from machine.dispatch.explanation import Explanation, considered, explain
from machine.dispatch.kinds import Rule, rules_for
from machine.dispatch.matching import Facts, Reader, Verdict
from machine.dispatch.mentions import APP_MENTION, Mentions
from machine.dispatch.pending_answer import Acknowledge, PendingAnswer
from machine.dispatch.registry import Handler, Registry
from machine.dispatch.supervisor import Supervisor
from machine.envelope import Envelope
from machine.logger import get_logger, structlog
from machine.plugins.declarations import RequiredRoles
from machine.plugins.roles import missing_roles
from machine.plugins.triggers import ListenTo, On, TextTrigger
from machine.safe_repr import safe_repr
from machine.slack.client import SlackClient
from machine.trace import (
    Considered,
    EventEmitted,
    HandlersConsidered,
    InvocationRefused,
    JobFired,
    Trace,
    cause,
)

HANDLER_ERROR = "handler-error"
UNAUTHORIZED_ACCESS = "unauthorized-access"
REFUSAL = "Sorry, you do not have the role that this needs. An administrator can give it to you."

_logger = get_logger(__name__)
_logger_named = lru_cache(maxsize=1_024)(logging.getLogger)  # which takes a lock to look one up


@dataclass(slots=True)  # not frozen, like its verdict
class Match:
    """A handler that an envelope is for, and the verdict that says so."""

    handler: Handler
    rule: Rule
    verdict: Verdict

    @property
    def may_answer(self) -> bool:
        """Whether the handler's result can become the answer to Slack."""
        return self.rule.may_answer(is_generator=self.handler.is_generator)


class Dispatcher:
    """The one pipeline that every envelope takes.

    Args:
        client: Given to the objects that handlers receive.
        reader: How envelopes are read as this bot.
        trace: Told of every step.
        log_messages: Whether a line is logged for each message that a handler runs for.

    Attributes:
        registry: Who listens. Swapped whole when plugins change; read once per envelope.
        supervisor: Runs the handlers.
    """

    def __init__(self, client: SlackClient, reader: Reader, trace: Trace, *, log_messages: bool = True) -> None:
        self.registry: Registry[Handler] = Registry()
        self.supervisor = Supervisor(trace, self._handler_failed)
        self._client = client
        self._reader = reader
        self._mentions = Mentions(reader.user_id)
        self._trace = trace
        self._log_messages = log_messages

    def configure(self, reader: Reader, *, log_messages: bool) -> None:
        """Read envelopes differently from now on."""
        self._reader = reader
        self._log_messages = log_messages

    @property
    def handlers(self) -> Sequence[Handler]:
        """Every live handler of every plugin."""
        return self.registry.handlers

    async def dispatch(
        self, envelope: Envelope, acknowledge: Acknowledge | None = None
    ) -> Sequence[asyncio.Task[None]]:
        """Start the handlers that an envelope matches; does not wait for them.

        Args:
            envelope: What arrived.
            acknowledge: Tells Slack what a handler answers; `None` where no handler's answer is waited for.

        Returns:
            The tasks of the handlers, owned by the supervisor.
        """
        self._client.directory.update(envelope)
        facts = Facts(envelope, self._reader, self._mentions.twin_of(envelope))
        matches = self._find_matches(facts)
        if envelope.type == APP_MENTION:
            self._mentions.warn_if_alone(has_listeners=bool(self.registry.waiting_for(ListenTo)))
        if acknowledge is None:
            return [self._start(match, facts, None) for match in matches]
        answering = sum(match.may_answer for match in matches)
        if not answering:
            await acknowledge(None)
        pending = PendingAnswer(acknowledge, answering)
        return [self._start(match, facts, pending if match.may_answer else None) for match in matches]

    def explain(self, envelope: Envelope) -> tuple[Considered, ...]:
        """Which handlers an envelope would run, and why or why not; nothing is run."""
        return explain(self.registry.outline, Facts(envelope, self._reader))

    async def explain_with_roles(self, envelope: Envelope) -> tuple[Considered, ...]:
        """The same, looking up as well who has the roles that matching handlers need."""
        registry = self.registry
        handlers = {handler.name: handler for handler in registry.handlers if handler.required_roles}
        explained = explain(registry.outline, Facts(envelope, self._reader))
        return tuple([await _with_roles(one, handlers.get(one.handler), envelope.user_id) for one in explained])

    def emit(self, event: str, /, **kwargs: Any) -> None:
        """Start every listener of an event that plugins, or the framework, emit."""
        listeners = self.registry.named(On, event)
        if self._trace:
            self._trace.emit(
                EventEmitted(
                    event=event,
                    arguments={name: safe_repr(value, name) for name, value in kwargs.items()},
                    listeners=tuple(listener.name for listener in listeners),
                    **cause(),
                )
            )
        for listener in listeners:
            self._start_simple(listener, kwargs)

    def run_job(self, handler: Handler) -> asyncio.Task[None]:
        """Start a handler whose time has come."""
        if self._trace:
            self._trace.emit(JobFired(job=handler.trigger.describe(), handler=handler.name))
        return self._start_simple(handler, {})

    def _start_simple(self, handler: Handler, arguments: dict[str, Any]) -> asyncio.Task[None]:
        if handler.wants_logger:
            arguments = {**arguments, "logger": get_logger(handler.name)}
        return self.supervisor.start(handler, lambda: _finish(handler.function(**arguments)))

    @staticmethod
    def handler_judged_in(frame: FrameType) -> Handler | None:
        """The handler whose trigger a frame of `_find_matches` holds an envelope against; `None` for other frames."""
        if frame.f_code is not Dispatcher._find_matches.__code__:
            return None
        handler = frame.f_locals.get("handler")
        return handler if isinstance(handler, Handler) else None

    def _find_matches(self, facts: Facts) -> list[Match]:
        registry, envelope = self.registry, facts.envelope
        matches = []
        for trigger_type, rule in rules_for(envelope.kind):
            handlers: Sequence[Handler] = registry.candidates(trigger_type, envelope)
            if not handlers:
                continue
            if issubclass(trigger_type, TextTrigger):
                handlers = registry.worth_searching(trigger_type, facts.text)
            for handler in handlers:
                verdict = rule.judge(handler.trigger, facts)
                if verdict.is_match:
                    matches.append(Match(handler, rule, verdict))
        if self._trace:
            self._trace.emit(
                HandlersConsidered(
                    matched=tuple([considered(match.handler, match.verdict) for match in matches]),
                    explain=Explanation(registry.outline, envelope, self._reader, facts.twin),
                    envelope_id=envelope.id,
                )
            )
        return matches

    def _start(self, match: Match, facts: Facts, pending: PendingAnswer | None) -> asyncio.Task[None]:
        return self.supervisor.start(
            match.handler,
            lambda: self._run(match, facts, pending),
            cause=facts.envelope,
        )

    async def _run(self, match: Match, facts: Facts, pending: PendingAnswer | None) -> None:
        """Run one handler; everything that may fail happens here, after Slack's acknowledgement is on its way."""
        try:
            await self._look_up_who_and_where(facts)
            argument = match.rule.argument(self._client, facts, match.verdict)
            if not await self._is_allowed(match, facts, argument):
                return
            arguments: dict[str, Any] = dict(match.verdict.groups)
            is_logged = self._log_messages and facts.is_message and _shows_info(match.handler)
            if match.handler.wants_logger or is_logged:
                logger = self._bound_logger(match, facts)
                if is_logged:
                    logger.info("Message triggers handler", text=match.verdict.text or facts.text)
                if match.handler.wants_logger:
                    arguments["logger"] = logger
            result = match.handler.function(argument, **arguments)
            if match.handler.is_generator:
                await self._run_generator(result, match, pending)
            else:
                value = await result
                if pending is not None:
                    await pending.give(match.rule.answer(value), match.handler.name)
        finally:
            if pending is not None:
                await pending.handler_ended()

    @staticmethod
    async def _run_generator(values: Any, match: Match, pending: PendingAnswer | None) -> None:
        count = 0
        async for value in values:
            count += 1
            if count == 1 and pending is not None:
                await pending.give(match.rule.answer(value), match.handler.name)
            elif count == 2 and pending is not None:
                _logger.warning("Only the first value a handler yields answers Slack", handler=match.handler.name)

    async def _look_up_who_and_where(self, facts: Facts) -> None:
        """What handlers read without awaiting (`sender`, `channel`) must be known before they run."""
        directory = self._client.directory
        user_id, channel_id = facts.envelope.user_id, facts.envelope.channel_id
        if user_id is not None and user_id not in directory.users:
            await directory.ensure_user(user_id)
        if channel_id is not None and channel_id not in directory.channels:
            await directory.ensure_channel(channel_id)

    def _bound_logger(self, match: Match, facts: Facts) -> structlog.stdlib.BoundLogger:
        user_id = facts.envelope.user_id
        user = self._client.users.get(user_id) if user_id else None
        logger: structlog.stdlib.BoundLogger = get_logger(match.handler.name)
        return logger.bind(user_id=user_id, user_name=user.name if user else None)

    async def _is_allowed(self, match: Match, facts: Facts, argument: Any) -> bool:
        handler = match.handler
        if not handler.required_roles:
            return True
        missing = await missing_roles(handler.instance, facts.envelope.user_id, handler.required_roles)
        if missing is None:
            return True
        if self._trace:
            self._trace.emit(InvocationRefused(handler=handler.name, reason=_needs(missing), **cause()))
        self.emit(UNAUTHORIZED_ACCESS, message=argument)
        await _refuse(argument)
        return False

    def _handler_failed(self, handler: Handler, envelope: Envelope | None, error: Exception) -> None:
        listens_to_errors = isinstance(handler.trigger, On) and handler.trigger.event == HANDLER_ERROR
        if not listens_to_errors:  # a failing error listener must not call itself for ever
            payload = dict(envelope.payload) if envelope else {}
            self.emit(HANDLER_ERROR, handler=handler.name, error=error, payload=payload)


def _needs(missing: RequiredRoles) -> str:
    if len(missing.roles) == 1:
        return f"needs the role {missing.roles[0]}, which the person does not have"
    return f"needs {missing.combine.value} of the roles {', '.join(missing.roles)}, which the person does not have"


async def _with_roles(explained: Considered, handler: Handler | None, user_id: str | None) -> Considered:
    if handler is None or not explained.is_match:
        return explained
    missing = await missing_roles(handler.instance, user_id, handler.required_roles)
    return explained if missing is None else replace(explained, is_match=False, reason=_needs(missing))


def _shows_info(handler: Handler) -> bool:
    # Making a line that is then dropped took a sixth of the time of dispatching a message.
    return _logger_named(handler.name).isEnabledFor(logging.INFO)


async def _finish(result: Any) -> None:
    if inspect.isasyncgen(result):
        async for _ in result:
            pass
    elif inspect.isawaitable(result):
        await result


async def _refuse(argument: Any) -> None:
    if hasattr(argument, "say") and getattr(argument, "response_url", "unused") is not None:
        await argument.say(REFUSAL, ephemeral=True)
    elif hasattr(argument, "send_dm"):
        await argument.send_dm(REFUSAL)
