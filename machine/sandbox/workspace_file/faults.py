"""The `[faults]` of a `workspace.toml`: what goes wrong from the start."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from machine.sandbox.delivery.faults import Faults, Plan


class _Limited(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    times: Annotated[int, Field(ge=1)] | None = None
    probability: Annotated[float, Field(ge=0, le=1)] = 1.0
    seed: int = 0


class CallFaultTable(_Limited):
    """One of `[[faults.calls]]`: exactly one of `error`, `status`, `delay` and `drop` says what happens."""

    method: str = "*"
    error: str | None = None
    status: Annotated[int, Field(ge=400, le=599)] | None = None
    delay: Annotated[float, Field(gt=0)] | None = None
    drop: Literal[True] | None = None
    retry_after: Annotated[int, Field(ge=0)] | None = None
    takes_effect: bool = False

    @model_validator(mode="after")
    def _says_what_happens(self) -> Self:
        kinds = [self.error or self.status, self.delay, self.drop]
        if sum(kind is not None for kind in kinds) != 1:
            raise ValueError("expected one of error (with or without status), status, delay and drop")
        return self

    def put_in_force(self, faults: Faults) -> None:
        """Let it happen."""
        if self.error or self.status:
            faults.fail(
                self.method,
                error=self.error or "internal_error",
                status=self.status,
                retry_after=self.retry_after,
                times=self.times,
                probability=self.probability,
                seed=self.seed,
                takes_effect=self.takes_effect,
            )
            return
        plan = Plan(
            effect="drop" if self.drop else "delay",
            target=self.method,
            seconds=self.delay or 0.0,
            takes_effect=self.takes_effect,
            times=self.times,
            probability=self.probability,
            seed=self.seed,
        )
        faults.add(plan)


class DeliveryFaultTable(_Limited):
    """One of `[[faults.deliveries]]`."""

    fault: Literal["duplicate", "lose_ack", "break"]
    only: str = "*"

    def put_in_force(self, faults: Faults) -> None:
        """Let it happen."""
        plan = Plan(
            effect=self.fault,
            target=self.only,
            times=self.times,
            probability=self.probability,
            seed=self.seed,
        )
        faults.add(plan)


class FaultsTable(BaseModel):
    """The whole of `[faults]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rate_limits: bool = False
    clock_ahead: float = 0.0
    calls: tuple[CallFaultTable, ...] = ()
    deliveries: tuple[DeliveryFaultTable, ...] = ()

    def put_in_force(self, faults: Faults) -> None:
        """Let all of it happen."""
        for call in self.calls:
            call.put_in_force(faults)
        for delivery in self.deliveries:
            delivery.put_in_force(faults)
        if self.rate_limits:
            faults.limit_rates()
        if self.clock_ahead:
            faults.jump_clock(self.clock_ahead)
