"""Any order of operations leaves a store as a dict with lifetimes would be."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from machine.storage.backends.base import MachineBaseStorage
from tests.machine.storage.stores import Store

T = TypeVar("T")

KEYS = st.sampled_from(["a", "ab", "b:*", "ключ", "b:[x]", "b:\\"])
STEPS = 25


class StorageMachine(RuleBasedStateMachine):
    """Does the same to a backend and to a dict, and looks for a difference."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store = store
        self.loop = asyncio.new_event_loop()
        self.model: dict[str, tuple[bytes, float]] = {}
        self.now = 0.0
        self.backend = self.opened()
        for key in self.run(self.backend.keys()):  # of the example before this one
            self.run(self.backend.delete(key))

    def run(self, operation: Awaitable[T]) -> T:
        return self.loop.run_until_complete(operation)

    def opened(self) -> MachineBaseStorage:
        backend = self.store.new()
        self.run(backend.init())
        return backend

    def live(self) -> dict[str, bytes]:
        return {key: value for key, (value, until) in self.model.items() if until > self.now}

    @rule(
        key=KEYS, value=st.binary(max_size=50), expires=st.none() | st.integers(1, 10).map(lambda minutes: minutes * 60)
    )
    def set(self, key: str, value: bytes, expires: int | None) -> None:
        self.run(self.backend.set(key, value, expires))
        self.model[key] = (value, math.inf if expires is None else self.now + expires)

    @rule(key=KEYS)
    def delete(self, key: str) -> None:
        self.run(self.backend.delete(key))
        self.model.pop(key, None)

    @rule(key=KEYS)
    def get(self, key: str) -> None:
        assert self.run(self.backend.get(key)) == self.live().get(key)
        assert self.run(self.backend.has(key)) == (key in self.live())

    @rule(prefix=st.sampled_from(["", "a", "b:", "b:["]))
    def list(self, prefix: str) -> None:
        assert self.run(self.backend.keys(prefix)) == sorted(key for key in self.live() if key.startswith(prefix))

    @rule(minutes=st.integers(1, 10))
    def wait(self, minutes: int) -> None:
        """Half a minute more than whole ones, so that no lifetime ends just now: Redis has a clock of its own."""
        seconds = minutes * 60 + 30
        self.run(self.store.advance(seconds))
        self.now += seconds

    @precondition(lambda self: self.store.is_persistent)
    @rule()
    def reopen(self) -> None:
        self.run(self.backend.close())
        self.backend = self.opened()

    @invariant()
    def size_is_that_of_the_live_data(self) -> None:
        assert self.run(self.backend.size()) == sum(map(len, self.live().values()))

    def teardown(self) -> None:
        self.run(self.backend.close())
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()


@pytest.mark.parametrize(
    ("name", "examples"), [("memory", 100), ("sqlite", 25), ("redis", 20), ("dynamodb", 2)]
)  # as many as each takes in a second or two
def test_a_backend_behaves_like_a_dict_with_lifetimes(name: str, examples: int, request: pytest.FixtureRequest) -> None:
    """PITFALLS 27: all backends behave the same, whatever came before."""

    class MachineOfStore(StorageMachine):
        def __init__(self) -> None:
            super().__init__(request.getfixturevalue(f"{name}_store"))

    run_state_machine_as_test(
        MachineOfStore,
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
