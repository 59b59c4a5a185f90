"""Why an envelope is, or is not, for each handler: worked out when somebody asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from machine.dispatch.kinds import rules_for
from machine.dispatch.matching import Facts, Reader, Verdict
from machine.dispatch.registry import Listener, Outline, Registry
from machine.envelope import Envelope
from machine.trace import Considered


@dataclass(frozen=True, slots=True)
class Explanation:
    """Says of an envelope what became of it and why, also after the plugins have changed.

    The console keeps one for each of 100,000 events and shows a few. Judging every handler for each event, as was done
    before, made dispatching 5.9 times as dear with 100 handlers and one subscriber (`benchmarks/trace_cost.py`).

    Attributes:
        outline: The handlers there were.
        envelope: What they are held against.
        reader: How the bot read it.
        twin: The type of the event that told of the same message before.
    """

    outline: Registry[Outline]
    envelope: Envelope
    reader: Reader
    twin: str | None = None

    def __call__(self) -> tuple[Considered, ...]:
        """Every handler that the envelope was held against, in the order of the plugins."""
        return explain(self.outline, Facts(self.envelope, self.reader, self.twin))


def explain(registry: Registry[Outline], facts: Facts) -> tuple[Considered, ...]:
    """Every handler that waits for this kind of thing, and why it would run or would not."""
    return tuple(considered(listener, verdict) for listener, verdict in _judged(registry, facts))


def considered(listener: Listener, verdict: Verdict) -> Considered:
    """A verdict as the trace tells it."""
    return Considered(
        handler=listener.name,
        trigger=listener.trigger.describe(),
        is_match=verdict.is_match,
        reason=verdict.reason,
        groups=verdict.groups,
        span=verdict.span,
        text=verdict.text,
    )


def _judged(registry: Registry[Outline], facts: Facts) -> Iterator[tuple[Outline, Verdict]]:
    for trigger_type, rule in rules_for(facts.envelope.kind):
        for listener in registry.candidates(trigger_type, facts.envelope):
            yield listener, rule.judge(listener.trigger, facts)
