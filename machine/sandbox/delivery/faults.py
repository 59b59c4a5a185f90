"""Faults on request: what goes wrong between Slack and an app, made to happen when a test or a person asks for it.

`Faults` holds the plans; the Web API asks it about each call and Socket Mode about each delivery, and do what it says.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal, TypeAlias

from machine.errors import WorkspaceError
from machine.sandbox.delivery.rate_limits import RateLimits
from machine.sandbox.state.clock import Timeline
from machine.slack.facts.methods import CALLS_PER_MINUTE, Tier

Effect: TypeAlias = Literal["fail", "delay", "drop", "duplicate", "lose_ack", "break"]

_FAILURES: frozenset[Effect] = frozenset({"fail", "drop"})
_CALL_EFFECTS: frozenset[Effect] = _FAILURES | {"delay"}
_DELIVERY_EFFECTS: frozenset[Effect] = frozenset({"duplicate", "lose_ack", "break"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to go wrong, and when.

    Attributes:
        effect: What happens.
        target: The method, the event type or the envelope type it happens to; `*` and `?` match as in file names.
        times: How often it happens; `None` for always.
        probability: From 0 to 1: how likely each time.
        seed: Makes the same throws of the dice each run.
        error: The error name of a failing answer.
        status: The HTTP status of a failing answer.
        retry_after: Seconds to wait that a failing answer tells.
        seconds: How long a delayed answer takes.
        takes_effect: Whether a call does its work and only the answer goes wrong.
    """

    effect: Effect
    target: str = "*"
    times: int | None = None
    probability: float = 1.0
    seed: int = 0
    error: str = ""
    status: int = 200
    retry_after: int | None = None
    seconds: float = 0.0
    takes_effect: bool = False


@dataclass(slots=True, eq=False)
class Fault:
    """A plan that is in force.

    Attributes:
        plan: What goes wrong.
        hits: How often it has happened.
    """

    plan: Plan
    hits: int = 0
    _is_cancelled: bool = field(default=False, repr=False)
    _dice: random.Random = field(default_factory=random.Random, repr=False)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.plan.seed)  # noqa: S311 - throws that can be repeated, not secrets

    @property
    def is_over(self) -> bool:
        """Whether it happens no more: it was cancelled, or has happened as often as it should."""
        return self._is_cancelled or (self.plan.times is not None and self.hits >= self.plan.times)

    def cancel(self) -> None:
        """Let it happen no more."""
        self._is_cancelled = True

    def strikes(self, names: Iterable[str]) -> bool:
        """Whether it happens to something that goes by these names; counts as a hit if so."""
        if self.is_over or not any(fnmatchcase(name, self.plan.target) for name in names):
            return False
        if self.plan.probability < 1 and self._dice.random() >= self.plan.probability:
            return False
        self.hits += 1
        return True


@dataclass(frozen=True, slots=True)
class CallFate:
    """What becomes of one call: its answer is late, and is the failure or a broken connection, if any."""

    delay_s: float = 0.0
    failure: Plan | None = None

    @property
    def is_stillborn(self) -> bool:
        """Whether the call never does its work."""
        return self.failure is not None and not self.failure.takes_effect


@dataclass(frozen=True, slots=True)
class DeliveryFate:
    """What becomes of one delivery over Socket Mode."""

    is_duplicated: bool = False
    loses_ack: bool = False
    breaks_socket: bool = False

    @property
    def is_harmed(self) -> bool:
        """Whether anything goes wrong with it."""
        return self.is_duplicated or self.loses_ack or self.breaks_socket


_UNHARMED_CALL = CallFate()
_UNHARMED_DELIVERY = DeliveryFate()


class Faults:
    """What goes wrong in a workspace, on request.

        fault = workspace.faults.fail("chat.postMessage", error="ratelimited", times=1)
        ...
        assert fault.hits == 1

    Every request gives back a `Fault`, with `hits` and `cancel()`. All of them take:

    - `times`: how often it happens, from now on; always if it is not given;
    - `probability` and `seed`: how likely each time, with throws of the dice that are the same in each run.

    Attributes:
        on_kill: Breaks the connections of the app; set by the server.
        on_jump: Called after the clock was moved.
    """

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._faults: list[Fault] = []
        self._limits = RateLimits(timeline)
        self.on_kill: Callable[[], None] = lambda: None
        self.on_jump: Callable[[], None] = lambda: None

    @property
    def active(self) -> list[Fault]:
        """What may still go wrong, oldest first."""
        self._faults = [fault for fault in self._faults if not fault.is_over]
        return list(self._faults)

    def fail(
        self,
        method: str = "*",
        *,
        error: str = "internal_error",
        status: int | None = None,
        retry_after: int | None = None,
        times: int | None = None,
        probability: float = 1.0,
        seed: int = 0,
        takes_effect: bool = False,
    ) -> Fault:
        """Answer calls with an error.

        Args:
            method: The method, `chat.*` for a family, `*` for all.
            error: Slack's name for the error. `ratelimited` is answered as Slack does, with status 429 and
                `Retry-After`.
            status: The HTTP status. From 500 on there is no JSON in the answer, as when Slack is down.
            retry_after: Seconds, for the header `Retry-After`; 1 for `ratelimited` if it is not given.
            times: How often.
            probability: How likely each time.
            seed: For the probability.
            takes_effect: Let the call do its work all the same.
        """
        if error == "ratelimited":
            status, retry_after = status or 429, 1 if retry_after is None else retry_after
        plan = Plan(
            effect="fail",
            target=method,
            error=error,
            status=status or 200,
            retry_after=retry_after,
            takes_effect=takes_effect,
            times=times,
            probability=probability,
            seed=seed,
        )
        return self.add(plan)

    def delay(
        self, method: str = "*", *, seconds: float, times: int | None = None, probability: float = 1.0, seed: int = 0
    ) -> Fault:
        """Answer calls late, by as many seconds of real time; their work is done at once."""
        return self.add(
            Plan(effect="delay", target=method, seconds=seconds, times=times, probability=probability, seed=seed)
        )

    def drop_connection(
        self,
        method: str = "*",
        *,
        times: int | None = None,
        probability: float = 1.0,
        seed: int = 0,
        takes_effect: bool = False,
    ) -> Fault:
        """Break the HTTP connection instead of answering; with `takes_effect` after the call has done its work."""
        return self.add(
            Plan(
                effect="drop",
                target=method,
                takes_effect=takes_effect,
                times=times,
                probability=probability,
                seed=seed,
            )
        )

    def limit_rates(self, per_minute: Mapping[Tier, int] = CALLS_PER_MINUTE) -> None:
        """Answer with `ratelimited` what is called more often in a minute than its tier allows; `{}` lifts the limits.

        The minute goes by the clock of the workspace.
        """
        self._limits.set(per_minute)

    def duplicate_deliveries(
        self, only: str = "*", *, times: int | None = None, probability: float = 1.0, seed: int = 0
    ) -> Fault:
        """Deliver twice over Socket Mode, with the same `event_id` in two envelopes.

        Args:
            only: The event type (`message`), the kind of envelope (`slash_commands`), or a pattern.
            times: How many deliveries.
            probability: How likely each time.
            seed: For the probability.
        """
        return self.add(Plan(effect="duplicate", target=only, times=times, probability=probability, seed=seed))

    def lose_acks(self, only: str = "*", *, times: int | None = None, probability: float = 1.0, seed: int = 0) -> Fault:
        """Lose the acknowledgement of deliveries, so that events come again and people see a failure."""
        return self.add(Plan(effect="lose_ack", target=only, times=times, probability=probability, seed=seed))

    def break_deliveries(
        self, only: str = "*", *, times: int | None = None, probability: float = 1.0, seed: int = 0
    ) -> Fault:
        """Break the socket that a delivery was to be written to; the event comes again on another."""
        return self.add(Plan(effect="break", target=only, times=times, probability=probability, seed=seed))

    def kill_sockets(self) -> None:
        """Break every Socket Mode connection now, without a word."""
        self.on_kill()

    def jump_clock(self, seconds: float) -> None:
        """Move the clock of the workspace, forth or back; messages that are due by then are posted."""
        self._timeline.jump(seconds)
        self.on_jump()

    def add(self, plan: Plan) -> Fault:
        """Put a plan in force.

        Raises:
            WorkspaceError: A number in it makes no sense.
        """
        if not 0 <= plan.probability <= 1:
            raise WorkspaceError(f"probability is {plan.probability}. Give a number from 0 to 1.")
        if plan.seconds < 0 or (plan.times is not None and plan.times < 0):
            raise WorkspaceError(f"times is {plan.times} and seconds is {plan.seconds}. Neither may be negative.")
        fault = Fault(plan)
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Let nothing go wrong any more; a clock that was moved stays so."""
        for fault in self._faults:
            fault.cancel()
        self._faults.clear()
        self.limit_rates({})

    def fate_of_call(self, method: str, tier: Tier, channel: str = "") -> CallFate:
        """What becomes of a call; asked once for each."""
        if not self._faults and not self._limits.are_set:
            return _UNHARMED_CALL
        delay_s, failure = 0.0, self._exceeded_limit(method, tier, channel)
        for plan in self._struck(is_delivery=False, names=(method,)):
            if plan.effect == "delay":
                delay_s += plan.seconds
            else:
                failure = plan if failure is None else failure
        return CallFate(delay_s, failure)

    def fate_of_delivery(self, kind: str, event_type: str) -> DeliveryFate:
        """What becomes of a delivery over Socket Mode; asked once for each."""
        if not self._faults:
            return _UNHARMED_DELIVERY
        effects = {plan.effect for plan in self._struck(is_delivery=True, names=(kind, event_type))}
        return DeliveryFate("duplicate" in effects, "lose_ack" in effects, "break" in effects)

    def _struck(self, *, is_delivery: bool, names: tuple[str, ...]) -> Iterator[Plan]:
        """The faults that strike, at most one of each kind: of two that happen once, the other takes the next call."""
        spent: set[Effect] = set(_CALL_EFFECTS if is_delivery else _DELIVERY_EFFECTS)
        for fault in self.active:
            effect = fault.plan.effect
            if effect not in spent and fault.strikes(names):
                spent |= _FAILURES if effect in _FAILURES else {effect}
                yield fault.plan

    def _exceeded_limit(self, method: str, tier: Tier, channel: str) -> Plan | None:
        wait_s = self._limits.wait_s(method, tier, channel)
        if not wait_s:
            return None
        return Plan(effect="fail", target=method, error="ratelimited", status=429, retry_after=wait_s)
