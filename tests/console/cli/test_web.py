"""The console in a browser, through HTTP and WebSocket as the page uses them."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import WSMsgType
from yarl import URL

from tests.console.starting import MACHINE, run
from tests.waiting import NET_S

pytestmark = pytest.mark.slow


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder without plugins of its own; `ping` is answered all the same."""
    return tmp_path


@asynccontextmanager
async def served(project: Path, *arguments: str) -> AsyncIterator[URL]:
    """`machine dev --web` in that folder; yields the address that it prints."""
    command = [str(MACHINE), "dev", "--web", "--port", "0", *arguments]
    process = await asyncio.create_subprocess_exec(*command, cwd=project, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(NET_S):
            line = (await process.stdout.readline()).decode()
        yield URL(line.split()[-1])
    finally:
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(NET_S):
            await process.stdout.read()
            assert await process.wait() == 0


@asynccontextmanager
async def browser(address: URL) -> AsyncIterator[aiohttp.ClientSession]:
    """Somebody who has opened the address, and all that its page names."""
    jar = aiohttp.CookieJar(unsafe=True)  # for an IP address
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        async with session.get(address) as page:
            assert page.status == 200
            text = await page.text()
        for style_or_script in re.findall(rf'(?:href|src)="({address.origin()}[^"]+)"', text):
            async with session.get(style_or_script) as part:
                assert part.status == 200
        assert str(address.origin()).replace("http", "ws") + f"/{address.query['key']}/ws" in text
        yield session


def page(session: aiohttp.ClientSession, address: URL, **headers: str) -> aiohttp.client._WSRequestContextManager:
    """What the page does next: the socket over which the terminal goes."""
    url = address.with_path(f"/{address.query['key']}/ws").with_query(width=120, height=40)
    return session.ws_connect(url, origin=headers.get("Origin", str(address.origin())))


async def until_shown(socket: aiohttp.ClientWebSocketResponse[bool], text: str) -> None:
    """Read what is drawn until a text is."""
    drawn = b""
    async with asyncio.timeout(NET_S):
        while text.encode() not in drawn:
            message = await socket.receive()
            assert message.type in {WSMsgType.BINARY, WSMsgType.TEXT}, message
            drawn += message.data if isinstance(message.data, bytes) else b""


async def test_the_console_is_drawn_and_takes_keys(project: Path) -> None:
    """The same application: type, and the bot answers."""
    async with served(project) as address, browser(address) as session, page(session, address) as socket:
        await until_shown(socket, "connected")

        for key in "ping\r":
            await socket.send_json(["stdin", key])

        await until_shown(socket, "pong")


async def test_a_second_page_takes_over(project: Path) -> None:
    """Two bots would share a storage, and in live mode the events."""
    closed = {WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED}
    async with served(project) as address, browser(address) as session, page(session, address) as first:
        await until_shown(first, "SANDBOX")
        async with page(session, address) as second, asyncio.timeout(NET_S):
            await until_shown(second, "SANDBOX")
            while (await first.receive()).type not in closed:
                pass


async def test_nobody_gets_in_without_the_key_or_from_another_page(project: Path) -> None:
    """Whoever gets in can run code: other people on the machine, and other sites in the browser, must not."""
    async with served(project) as address:
        async with aiohttp.ClientSession() as stranger:
            for path in ("/", "/?key=guessed", "/static/js/textual.js"):
                async with stranger.get(address.origin().join(URL(path))) as answer:
                    assert answer.status == 403
            with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
                await stranger.ws_connect(address.origin() / "ws")
            with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
                await stranger.ws_connect(address.origin() / "guessed" / "ws")

        async with browser(address) as session:
            with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
                await page(session, address, Origin="http://evil.example")
            async with session.get(address, headers={"Host": "evil.example"}) as answer:
                assert answer.status == 403


async def test_no_cookie_has_the_key_a7(project: Path) -> None:
    """A7: browsers send cookies to every port of 127.0.0.1, also to a server of another user."""
    async with served(project) as address, browser(address) as session:
        assert not list(session.cookie_jar)
        async with session.get(address) as opened:
            headers = opened.headers
            assert all("Set-Cookie" not in response.headers for response in (*opened.history, opened))
        for cookie in (
            "machine=\xe9",
            f"machine-{address.port}=\xff\xfe",
            f"machine-{address.port}={address.query['key']}",
        ):
            async with session.get(address.origin(), headers={"Cookie": cookie}) as answer:
                assert answer.status == 403
        for path in ("/?key=%E9", "/?key=%FF", "/%E9/", "/%FF/ws", "/%ED%A0%80/", "//"):
            async with session.get(URL(f"{address.origin()}{path}", encoded=True)) as answer:
                assert answer.status == 403
                assert answer.headers["X-Content-Type-Options"] == "nosniff"

    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert f"connect-src 'self' ws://127.0.0.1:{address.port}" in headers["Content-Security-Policy"]


@pytest.mark.parametrize("site", ["same-site", "cross-site"])
async def test_a_page_of_another_port_is_refused_a7(project: Path, site: str) -> None:
    """A7: it is of the same site for the browser, which says so."""
    headers = {"Sec-Fetch-Site": site}
    async with (
        served(project) as address,
        aiohttp.ClientSession(headers=headers) as session,
        session.get(address) as page,
    ):
        assert page.status == 403


async def test_a_module_of_the_project_does_not_shadow_pythons_a7(project: Path) -> None:
    """A7: as with `machine dev` in a terminal."""
    for name in ("random", "signal"):
        (project / f"{name}.py").write_text("raise SystemExit('shadowed')\n")
    async with served(project) as address, browser(address) as session, page(session, address) as socket:
        await until_shown(socket, "SANDBOX")


def test_without_the_extra_one_line_says_how_to_get_it(project: Path) -> None:
    """It is not installed with the rest."""
    code = (
        "import sys; sys.modules['textual_serve'] = None; sys.argv = ['machine', 'dev', '--web']; "
        "from machine_console.__main__ import main; main()"
    )

    ended = subprocess.run([sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=False)

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        "machine: The console in a browser needs textual-serve. Install it with `pip install 'machine-console[web]'`.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--web", "--headless"], "--web shows the console"), (["--port", "8001"], "Add --web")],
)
def test_options_that_do_not_go_together(project: Path, arguments: list[str], said: str) -> None:
    """One line, nothing started."""
    ended = run([MACHINE, "dev", *arguments], project, os.environ)

    assert ended.returncode == 1
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
