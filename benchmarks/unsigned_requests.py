"""What requests that Slack has not signed cost the thread that receives over HTTP.

    uv run python benchmarks/unsigned_requests.py [--json FILE]

Somebody sends requests of one kind after another over a kept connection: a megabyte that is compressed, a form,
unsigned JSON, a forged signature. The server runs on a thread of its own, as in a bot; what is told is the processor
time of that thread per request, the median of 100. Takes some seconds.
"""

from __future__ import annotations

import asyncio
import gzip
import logging
import statistics
import sys
import threading
import time
from collections.abc import Mapping

import aiohttp
from result_files import Wanted, parser, write

from machine.address import Address
from machine.logs import configure_logging
from machine.receiving.http import SLACK_PATH, HttpMode
from machine.trace import Trace

REQUESTS = 100
BODY = b'{"type": "event_callback", "text": "' + b"a" * 1_000_000 + b'"}'
FORM = b"&".join(b"a%d=%s" % (number, b"%20" * 3_300) for number in range(100))


class Nobody:
    """Takes nothing: no request gets so far."""

    is_full = False

    def has_route(self, path: str) -> bool:
        """There is one webhook."""
        return path == "/hook"


class Receiving:
    """The server, on a thread of its own, as in a bot."""

    def __init__(self) -> None:
        self._ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True).start()
        self._ready.wait()

    async def _run(self) -> None:
        nobody = Nobody()
        mode = HttpMode(Address("127.0.0.1", 0), "8f742231b10e8888", nobody, nobody, Trace())  # type: ignore[arg-type]
        await mode.start()
        self.address = mode.address
        self._clock = time.pthread_getcpuclockid(threading.get_ident())
        self._ready.set()
        await asyncio.Event().wait()

    def used_s(self) -> float:
        """Processor time of the thread."""
        return time.clock_gettime(self._clock)


async def measure(server: Receiving, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[float, int]:
    """Milliseconds of the receiving thread for the median request, and how it is answered."""
    costs: list[float] = []
    status = 0
    async with aiohttp.ClientSession(auto_decompress=False) as http:
        for _ in range(REQUESTS):
            before = server.used_s()
            async with http.post(f"http://{server.address}{path}", data=body, headers=headers) as response:
                status = response.status
                await response.read()
            costs.append(1000 * (server.used_s() - before))
    return statistics.median(costs), status


async def main() -> None:
    """Measure, and say what was found."""
    arguments = parser(__doc__ or "").parse_args()
    configure_logging(logging.ERROR, sys.stderr)
    server = Receiving()
    forged = {"X-Slack-Request-Timestamp": str(int(time.time())), "X-Slack-Signature": f"v0={'0' * 64}"}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    bomb = gzip.compress(b" " * 1_000_000)
    cases = {
        "compressed": (SLACK_PATH, bomb, {"Content-Encoding": "gzip"}),
        "compressed, for a webhook": ("/hook", bomb, {"Content-Encoding": "gzip"}),
        "a megabyte": (SLACK_PATH, BODY, {}),
        "a form of a megabyte": (SLACK_PATH, FORM, form),
        "a megabyte with a forged signature": (SLACK_PATH, BODY, forged),
        "20 kB with a forged signature": (SLACK_PATH, BODY[:20_000], forged),
        "nowhere": ("/nowhere", BODY, {}),
    }
    found = {}
    for name, (path, body, headers) in cases.items():
        cost_ms, status = await measure(server, path, body, headers)
        print(f"{name:<36} {status}  {cost_ms:.2f} ms")
        found[name] = {"status": status, "cost_ms": round(cost_ms, 3)}
    dearest = max(one["cost_ms"] for one in found.values())
    wanted = [Wanted("the dearest unsigned request", dearest, 1.0, "ms")]
    write("unsigned_requests", {"rows": found}, to=arguments.json, wanted=wanted)


if __name__ == "__main__":
    asyncio.run(main())
