"""A workspace on a thread of its own, as far from the bot's event loop as Slack is."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Self

from machine.receiving.thread import ReceivingThread
from machine.sandbox import Sandbox
from tests.conftest import BotUnderTest
from tests.waiting import NET_S


class Gate:
    """Shut until something has happened elsewhere; whoever waits holds up the thread, as `time.sleep` does."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self.opens_when: Callable[[str, Any], bool] = lambda _kind, _facts: False
        self.was_open: list[bool] = []

    def witness(self, kind: str, facts: Any) -> None:
        """Told by the workspace what happens there."""
        if self.opens_when(kind, facts):
            self._open.set()

    def block(self) -> None:
        """Hold up the thread."""
        self.was_open.append(self._open.wait(NET_S))


class FarSandbox:
    """A sandbox that is run on another thread."""

    def __init__(self, sandbox: Sandbox, thread: ReceivingThread, gate: Gate) -> None:
        self._sandbox = sandbox
        self._thread = thread
        sandbox._witness = gate.witness

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sandbox, name)

    async def __aenter__(self) -> Self:
        await self._thread.run(self._sandbox.start())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._thread.run(self._sandbox.stop())

    async def wait_until_idle(self) -> None:
        """See `Sandbox`."""
        await self._thread.run(self._sandbox.wait_until_idle())

    async def wait_for_connection(self, count: int = 1) -> None:
        """See `Sandbox`."""
        await self._thread.run(self._sandbox.wait_for_connection(count))

    async def deliver_to(self, address: str, secret: str) -> None:
        """See `Sandbox`."""

        async def deliver() -> None:
            self._sandbox.deliver_to(address, secret)

        await self._thread.run(deliver())

    async def post(self, *texts: str) -> None:
        """Have alice write to #general."""

        async def post() -> None:
            for text in texts:
                self._sandbox.workspace.post("alice", "general", text)

        await self._thread.run(post())

    async def run_command(self, text: str) -> Any:
        """Have alice run a command; says what it was acknowledged with."""

        async def run() -> Any:
            return await self._sandbox.workspace.run_command("alice", "general", text).answer

        return await self._thread.run(run())


def far(bot: BotUnderTest) -> FarSandbox:
    """The sandbox of a far bot."""
    assert isinstance(bot.sandbox, FarSandbox)
    return bot.sandbox


def after(count: int, kind: str) -> Callable[[str, Any], bool]:
    """Whether something has happened so many times."""
    seen = 0

    def has_happened(happened: str, _facts: Any) -> bool:
        nonlocal seen
        seen += happened == kind
        return seen >= count

    return has_happened
