"""What a bot has done, as its trace tells it."""

from __future__ import annotations

from typing import TypeVar

from machine.envelope import Envelope
from machine.trace import ApiCalled, EnvelopeReceived, EventEmitted, Record

R = TypeVar("R", bound=Record)


class RecordedTrace:
    """The records of a trace.

    Attributes:
        records: All of them, in order.
    """

    def __init__(self) -> None:
        self.records: list[Record] = []

    def of_kind(self, kind: type[R]) -> list[R]:
        """The records of a kind, oldest first."""
        return [record for record in self.records if isinstance(record, kind)]

    @property
    def events(self) -> list[Envelope]:
        """What was received from Slack, oldest first."""
        return [record.envelope for record in self.of_kind(EnvelopeReceived)]

    def calls(self, method: str) -> list[ApiCalled]:
        """The calls of a Web API method."""
        return [call for call in self.of_kind(ApiCalled) if call.method == method]

    def emitted(self, event: str) -> list[EventEmitted]:
        """The events of this name that plugins have emitted."""
        return [record for record in self.of_kind(EventEmitted) if record.event == event]
