"""What Slack sends to the app: requests on their way out, and the answers that come back."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from machine.sandbox.refusal import SlackRefusal

Answer: TypeAlias = Mapping[str, Any] | None
"""The payload an app acknowledges with; `None` for a bare acknowledgement."""

KEPT_REQUESTS = 10_000
"""How many requests wait while no app is connected; the oldest go first."""


class Reply:
    """The app's answer to a request, to be awaited.

    Awaiting raises `SlackRefusal` where Slack would tell the person that the app failed: `dispatch_failed` when no app
    is connected, `operation_timeout` when no acknowledgement came in time.
    """

    def __init__(self) -> None:
        self._is_settled = False
        self._answer: Answer = None
        self._error: SlackRefusal | None = None
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def is_settled(self) -> bool:
        """Whether the answer, or the failure, is there."""
        return self._is_settled

    def settle(self, answer: Answer, error: SlackRefusal | None = None) -> bool:
        """Set the answer; `False` if there was one already."""
        if self._is_settled:
            return False
        self._is_settled, self._answer, self._error = True, answer, error
        for future in self._waiting:
            if not future.done():
                future.get_loop().call_soon_threadsafe(_wake, future)
        self._waiting.clear()
        return True

    def __await__(self) -> Generator[Any, None, Answer]:
        if not self._is_settled:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            yield from future
        if self._error is not None:
            raise self._error
        return self._answer


@dataclass(slots=True)
class Request:
    """One payload for the app.

    Attributes:
        kind: The type of its Socket Mode envelope: `events_api`, `slash_commands` or `interactive`.
        payload: As Slack sends it.
        reply: What the app answers; events are answered with nothing.
        honour: Does what the answer asks for, before `reply` is settled; a bare acknowledgement is an empty answer.
    """

    kind: str
    payload: dict[str, Any]
    reply: Reply = field(default_factory=Reply)
    honour: Callable[[Mapping[str, Any]], None] | None = None

    @property
    def is_event(self) -> bool:
        """Whether it is repeated until the app acknowledges it, as Slack does with events only."""
        return self.kind == "events_api"

    @property
    def event_type(self) -> str:
        """What kind of event it is (`message`), or of interaction (`block_actions`); empty for a command."""
        inner = self.payload.get("event") if self.is_event else self.payload
        return str(inner.get("type", "")) if isinstance(inner, Mapping) else ""

    def acknowledge(self, answer: Answer) -> None:
        """The app has it. An answer that Slack would not take settles the reply with the refusal."""
        if self.reply.is_settled:
            return
        error = None
        if self.honour is not None:
            try:
                self.honour(answer or {})
            except SlackRefusal as refusal:
                error = refusal
        self.reply.settle(answer, error)

    def fail(self, error: str) -> None:
        """The app did not take it."""
        self.reply.settle(None, SlackRefusal(error))


class Outbox:
    """Requests for the app, handed to whoever carries them; kept until somebody does."""

    def __init__(self) -> None:
        self._carrier: Callable[[Request], None] | None = None
        self._kept: deque[Request] = deque(maxlen=KEPT_REQUESTS)

    def send(self, request: Request) -> Request:
        """Hand a request over, or keep it if it is an event and nobody carries yet."""
        if self._carrier is not None:
            self._carrier(request)
        elif request.is_event:
            self._kept.append(request)
        else:
            request.fail("dispatch_failed")
        return request

    def carry_with(self, carrier: Callable[[Request], None]) -> Callable[[], None]:
        """Give every request to `carrier` from now on, those kept first, until the returned function is called."""
        self._carrier = carrier
        while self._kept:
            carrier(self._kept.popleft())
        return self._stop_carrying

    def _stop_carrying(self) -> None:
        self._carrier = None


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
