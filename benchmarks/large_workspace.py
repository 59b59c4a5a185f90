"""How long a large workspace takes to make, how much memory it takes, and how fast it answers.

uv run python benchmarks/large_workspace.py [--json FILE] [USERS]
"""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from result_files import parser, write
from slack_sdk.web.async_client import AsyncWebClient

from machine.sandbox import Sandbox, Workspace

_found_ms: dict[str, float] = {}


def main(users: int, file: Path | None) -> None:
    """Measure, print, and write the figures to a file."""
    before = _memory_mb()
    with _timed(f"make a workspace of {users:,} people"):
        workspace = Workspace.default(users=users)
    print(f"{_memory_mb():9.0f} MB  resident at most, {_memory_mb() - before:.0f} MB of it for the workspace")
    someone = list(workspace.people.values())[-2]
    with _timed("find 10,000 people by name, as many by e-mail address"):
        for _ in range(10_000):
            workspace.find_person(someone.name)
            workspace.find_person(someone.email or "")
    asyncio.run(_ask(workspace, someone.email or ""))
    write("large_workspace", {"users": users, "peak_mb": _memory_mb(), "ms": _found_ms}, to=file)


async def _ask(workspace: Workspace, email: str) -> None:
    async with Sandbox(workspace) as sandbox:
        client = AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url)
        with _timed("first page of users.list"):
            await client.users_list(limit=200)
        with _timed("users.lookupByEmail"):
            await client.users_lookupByEmail(email=email)
        with _timed("all pages of users.list, 1,000 each"):
            pages = [len(page["members"]) async for page in await client.users_list(limit=1000)]
        print(f"{len(pages):9} pages with {sum(pages):,} people")


@contextmanager
def _timed(what: str) -> Iterator[None]:
    start, cpu_start = time.perf_counter(), time.process_time()
    yield
    wall_ms, cpu_ms = (time.perf_counter() - start) * 1000, (time.process_time() - cpu_start) * 1000
    print(f"{wall_ms:9.1f} ms  {what} ({cpu_ms:.0f} ms of CPU)")
    _found_ms[what] = wall_ms


def _memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    arguments = parser(__doc__)
    arguments.add_argument("users", nargs="?", type=int, default=100_000, metavar="USERS")
    given = arguments.parse_args()
    main(given.users, given.json)
