"""Clients that this project does not depend on, installed by the tests that need them."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from machine.sandbox import Sandbox
from tests.console.processes import clean_environment
from tests.waiting import NET_S


async def install(*command: str, folder: Path) -> None:
    """Run an installer; the test is skipped where it is missing or cannot reach its registry."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed here")
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(NET_S):
            told, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        pytest.skip(f"`{' '.join(command)}` has no answer from its registry")
    if process.returncode:
        lines = told.decode(errors="replace").strip().splitlines()
        pytest.skip(f"`{' '.join(command)}` failed; is its registry out of reach? {lines[-1] if lines else ''}")


@asynccontextmanager
async def running(sandbox: Sandbox, command: Sequence[str], folder: Path, **settings: str) -> AsyncIterator[None]:
    """Run an app until the end of the block, which begins when it is connected."""
    addresses = {
        "SLACK_API_URL": sandbox.api_url,
        "SLACK_BOT_TOKEN": sandbox.bot_token,
        "SLACK_APP_TOKEN": sandbox.app_token,
    }
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=clean_environment({**addresses, **settings}), stdin=asyncio.subprocess.DEVNULL
    )
    connected, ended = asyncio.ensure_future(sandbox.wait_for_connection()), asyncio.ensure_future(process.wait())
    try:
        await asyncio.wait((connected, ended), timeout=NET_S, return_when=asyncio.FIRST_COMPLETED)
        assert connected.done(), f"{command} did not connect; exit code: {process.returncode}"
        yield
    finally:
        connected.cancel()
        if process.returncode is None:
            process.kill()
        await ended
