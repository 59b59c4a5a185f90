"""Counts and durations for Prometheus, kept by listening to the trace.

Every label has few values: handler names, Slack's methods and Slack's names of errors, never what people wrote.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.exposition import choose_encoder

from machine.trace import (
    ApiCalled,
    CallGivenUp,
    ConnectionChanged,
    EnvelopeAcknowledged,
    EnvelopeDropped,
    EnvelopeReceived,
    InvocationFailed,
    InvocationFinished,
    InvocationStarted,
    RateLimited,
    Record,
)

LAG_PERIOD_S = 0.25

_NAME_OF_ERROR = re.compile(r"[a-z][a-z0-9_]{0,59}")
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """What Prometheus is told about a bot.

    Args:
        queue_depth: How many events and handlers wait for others to end.
    """

    def __init__(self, queue_depth: Callable[[], int]) -> None:
        registry = self._registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self._lag_timer: asyncio.TimerHandle | None = None
        self._events = Counter(
            "machine_events", "Events, commands and interactions from Slack.", ["kind", "type"], registry=registry
        )
        self._dropped = Counter("machine_events_dropped", "Deliveries of what was delivered before.", registry=registry)
        self._acknowledgement = Histogram(
            "machine_acknowledgement_seconds",
            "From arrival to Slack being told so.",
            buckets=_SECONDS,
            registry=registry,
        )
        self._duration = Histogram(
            "machine_handler_duration_seconds",
            "How long handlers ran.",
            ["handler"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._failures = Counter(
            "machine_handler_failures",
            "Handlers that failed, timed out or were cancelled.",
            ["handler"],
            registry=registry,
        )
        self._running = Gauge("machine_handlers_running", "Handlers that run now.", registry=registry)
        waiting = Gauge("machine_queue_depth", "Events and handlers that wait for others to end.", registry=registry)
        waiting.set_function(queue_depth)
        self._calls = Counter(
            "machine_api_calls", "Calls to Slack, by how they ended.", ["method", "status"], registry=registry
        )
        self._call_duration = Histogram(
            "machine_api_call_duration_seconds",
            "How long calls to Slack took, with their retries.",
            ["method"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._rate_limited = Counter(
            "machine_api_rate_limited", "How often Slack asked for patience.", ["method"], registry=registry
        )
        self._given_up = Counter(
            "machine_api_given_up",
            "Calls that failed because of the network or Slack's own troubles, and whether Slack may have taken them.",
            ["method", "uncertain"],
            registry=registry,
        )
        self._connections = Gauge("machine_connections", "Open connections to Slack.", registry=registry)
        self._lag = Histogram(
            "machine_loop_lag_seconds",
            "How late the event loop runs what is due, looked at four times a second.",
            buckets=_SECONDS,
            registry=registry,
        )

    def record(self, record: Record) -> None:
        """Take account of a trace record."""
        match record:
            case EnvelopeReceived(envelope=envelope) if not envelope.is_simulated:
                # The names of commands are the app's own, so what people type adds no label.
                self._events.labels(envelope.kind, envelope.type).inc()
            case EnvelopeAcknowledged():
                self._acknowledgement.observe(record.duration.total_seconds())
            case EnvelopeDropped():
                self._dropped.inc()
            case InvocationStarted():
                self._running.inc()
            case InvocationFinished() | InvocationFailed():
                self._running.dec()
                self._duration.labels(record.handler).observe(record.duration.total_seconds())
                if isinstance(record, InvocationFailed):
                    self._failures.labels(record.handler).inc()
            case ApiCalled():
                self._calls.labels(record.method, _status(record)).inc()
                self._call_duration.labels(record.method).observe(record.duration.total_seconds())
            case RateLimited():
                self._rate_limited.labels(record.method).inc()
            case CallGivenUp():
                self._given_up.labels(record.method, str(record.is_uncertain).lower()).inc()
            case ConnectionChanged():
                self._connections.set(record.connections)

    def page(self, accept: str) -> tuple[bytes, str]:
        """All metrics, and the content type they are in.

        Args:
            accept: What the asker takes, as in the header of that name.
        """
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type

    def watch_loop(self) -> None:
        """Begin to measure the running loop."""
        loop = asyncio.get_running_loop()
        self._lag_timer = loop.call_later(LAG_PERIOD_S, self._look_at_loop, loop, loop.time() + LAG_PERIOD_S)

    def close(self) -> None:
        """End measuring."""
        if self._lag_timer is not None:
            self._lag_timer.cancel()

    def _look_at_loop(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        self._lag.observe(max(0.0, loop.time() - due))
        self.watch_loop()


def _status(call: ApiCalled) -> str:
    """`ok`, Slack's name of the error, or what kind of failure it was where Slack named none."""
    if call.is_captured:
        return "captured"
    if call.is_ok or call.error is None:
        return "ok"
    return call.error if _NAME_OF_ERROR.fullmatch(call.error) else "unreachable"
