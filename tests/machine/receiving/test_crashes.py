"""A bot that is killed a hundred times under load: what it has acknowledged is handled or reported, never just gone."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from machine.sandbox import Sandbox, Workspace
from tests.machine.receiving import lives
from tests.waiting import Waiter

pytestmark = pytest.mark.slow

OUTSTANDING = 25
"""Messages under way at any time."""


class Traffic:
    """People who never stop writing: each acknowledgement brings the next message."""

    def __init__(self) -> None:
        self.workspace = Workspace.default()
        self.sandbox = Sandbox(self.workspace, time_scale=0.01, witness=self._witness)
        self.acknowledged: set[str] = set()
        self.connections = 0
        self.waiter = Waiter()
        self._texts: dict[str, str] = {}
        self._written = 0
        self._goes_on = True

    def begin(self) -> None:
        for _ in range(OUTSTANDING):
            self._write()

    def end(self) -> None:
        self._goes_on = False

    async def reach(self, connections: int, acknowledged: int) -> None:
        """Wait until there have been so many connections and acknowledgements."""
        await self.waiter.until(
            lambda: self.connections >= connections and len(self.acknowledged) >= acknowledged, "the next crash"
        )

    def _write(self) -> None:
        self.workspace.post("alice", "general", f"number {self._written}")
        self._written += 1

    def _witness(self, what: str, facts: dict[str, Any]) -> None:
        match what:
            case "connected":
                self.connections += 1
            case "delivery":
                envelope = facts["envelope"]
                self._texts[envelope["envelope_id"]] = str(envelope["payload"]["event"].get("text"))
            case "ack":
                text = self._texts[facts["envelope_id"]]
                if text not in self.acknowledged:
                    self.acknowledged.add(text)
                    if self._goes_on:
                        asyncio.get_running_loop().call_soon(self._write)
        self.waiter.notify()


@asynccontextmanager
async def nursery(folder: Path, sandbox: Sandbox, policy: str) -> AsyncIterator[Process]:
    """Where lives begin."""
    settings = {
        "SLACK_API_URL": sandbox.api_url,
        "SLACK_BOT_TOKEN": sandbox.bot_token,
        "SLACK_APP_TOKEN": sandbox.app_token,
        "PLUGINS": [],
        "STORAGE_BACKEND": "machine.storage.backends.memory.MemoryStorage",
        "INBOX": policy,
        "LOGLEVEL": "CRITICAL",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, lives.__file__, str(folder), json.dumps(settings), stdin=PIPE, stdout=PIPE
    )
    try:
        yield process
    finally:
        await process.communicate(b"")  # it ends with its input


async def begin_life(process: Process) -> int:
    """The number of the process in which a new one goes on."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"live\n")
    return int(await process.stdout.readline())


@pytest.mark.parametrize(("policy", "crashes"), [("report", 70), ("rerun", 30)])
async def test_nothing_acknowledged_is_silently_gone(tmp_path: Path, policy: str, crashes: int) -> None:
    """Killed after any number of acknowledgements, before the first and while handlers run."""
    chance = random.Random(20)
    traffic = Traffic()
    async with traffic.sandbox as sandbox, nursery(tmp_path, sandbox, policy) as process:
        traffic.begin()
        for _ in range(crashes):
            connections, acknowledged = traffic.connections, len(traffic.acknowledged)
            life = await begin_life(process)
            await traffic.reach(connections + 1, acknowledged + chance.randrange(40))
            os.kill(life, signal.SIGKILL)

        life = await begin_life(process)
        traffic.end()
        await sandbox.wait_until_idle()
        os.kill(life, signal.SIGTERM)
        await asyncio.to_thread(_wait_for_end, life)

    noted: dict[str, set[str]] = {"handled": set(), "reported": set(), "rerun": set()}
    for line in (tmp_path / "notes").read_text().splitlines():
        what, _, text = line.partition(" ")
        noted[what].add(text.rstrip())
    assert traffic.acknowledged - noted["handled"] - noted["reported"] == set()
    assert noted["reported" if policy == "report" else "rerun"], "no crash interrupted anything"
    assert list((tmp_path / ".machine" / "inbox").iterdir()) == []


def _wait_for_end(process: int) -> None:
    while Path(f"/proc/{process}").exists():
        os.sched_yield()
