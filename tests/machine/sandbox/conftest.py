"""A workspace with a clock that stands still, served, and an app connected to it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from machine.sandbox import Sandbox, Workspace
from tests.machine.sandbox.listening import App, ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def workspace(clock: ManualClock) -> Workspace:
    return Workspace.default(clock=clock)


@pytest.fixture
async def sandbox(workspace: Workspace) -> AsyncIterator[Sandbox]:
    async with Sandbox(workspace) as sandbox:
        yield sandbox


@pytest.fixture
async def app(sandbox: Sandbox) -> AsyncIterator[App]:
    async with App(sandbox) as app:
        yield app
