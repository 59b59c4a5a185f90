"""The console in a browser: the same application, drawn by textual-serve, on this machine alone.

Whoever reaches the page can run Python in the bot. So it listens on 127.0.0.1 only, and asks for a key that is in the
printed address and nowhere else: other people on the machine, and other pages in the browser, do not have it.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
import shlex
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlsplit

from aiohttp import WSCloseCode, web

from machine.errors import MachineError
from machine.loopback import is_own

try:
    from textual_serve.app_service import AppService
    from textual_serve.server import Server
except ImportError:
    raise MachineError(
        "The console in a browser needs textual-serve. Install it with `pip install 'machine-console[web]'`."
    ) from None

HOST = "127.0.0.1"
DEFAULT_PORT = 8000
_CLOSING_S = 15.0
"""Seconds for the bot to stop when the page is closed: its handlers are given 10."""
_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",  # the path has the key
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_RUN = "from machine_console.__main__ import main; main()"
Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]


class WebConsole(Server):
    """Serves the console to one page at a time; a page opened later takes over, and the bot starts anew.

    Args:
        command: Runs the application, with its arguments.
        listener: Where to serve; bound already.
        title: The name of the page.
    """

    def __init__(self, command: Sequence[str], listener: socket.socket, title: str) -> None:
        port: int = listener.getsockname()[1]
        super().__init__(f"exec {shlex.join(command)}", host=HOST, port=port, title=title)
        self._listener = listener
        self._key = secrets.token_urlsafe(24)
        self._path = f"/{self._key}/"
        self._headers = {**_HEADERS, "Content-Security-Policy": f"{_POLICY}; connect-src 'self' ws://{HOST}:{port}"}
        self._page: web.WebSocketResponse | None = None
        self._turn = asyncio.Lock()

    @property
    def address(self) -> str:
        """What to open in a browser."""
        return f"{self.public_url}/?key={self._key}"

    async def serve_until(self, stop: asyncio.Event) -> None:
        """Serve; ends, with the bot, once `stop` is set."""
        app = web.Application(middlewares=[self._guard])
        app.on_response_prepare.append(self._add_headers)
        app.add_subapp(self._path, await self._make_app())
        runner = web.AppRunner(app, shutdown_timeout=_CLOSING_S, access_log=None)
        await runner.setup()
        try:
            await web.SockSite(runner, self._listener).start()
            await stop.wait()
            await self._leave()
        finally:
            await runner.cleanup()

    async def on_startup(self, app: web.Application) -> None:
        """Say nothing: the command says where the page is."""

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handle) -> web.StreamResponse:
        """Let in who has the key: everything is below it, and no cookie has it, which other ports would be sent."""
        is_from_here = request.host == urlsplit(self.public_url).netloc and is_own(request.headers)
        if is_from_here and self._is_key(request.path.split("/")[1]):
            return await handler(request)
        if is_from_here and request.path == "/" and self._is_key(request.query.get("key", "")):
            raise web.HTTPSeeOther(self._path)
        return web.Response(status=403, text="Open the address that `machine dev --web` has printed.\n")

    async def _add_headers(self, _request: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(self._headers)

    def _is_key(self, text: str) -> bool:
        return hmac.compare_digest(text.encode("utf-8", "surrogateescape"), self._key.encode())

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Run the application for as long as its page is open."""
        await self._leave()
        page = web.WebSocketResponse(heartbeat=15)

        async def close() -> None:
            await page.close()

        async with self._turn:  # two bots would share a storage, and in live mode Slack's events
            await page.prepare(request)
            self._page = page
            service = AppService(
                self.command,
                write_bytes=page.send_bytes,
                write_str=page.send_str,
                close=close,
                download_manager=self.download_manager,
            )
            await service.start(_size(request, "width", 80), _size(request, "height", 24))
            try:
                await self._process_messages(page, service)
            finally:
                await service.stop()
        return page

    async def _leave(self) -> None:
        """Close the page that is open; its application ends."""
        if self._page is not None and not self._page.closed:
            await self._page.close(code=WSCloseCode.GOING_AWAY, message=b"opened elsewhere, or stopped")


def _size(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name, "")
    return min(int(text), 1_000) if text.isdecimal() and len(text) <= 4 else default


async def serve_console(arguments: Sequence[str], port: int, say: Callable[[str], None]) -> int:
    """Serve `machine` with these arguments in a browser, until Ctrl-C.

    Args:
        arguments: The command line of the application, after `machine`.
        port: The port on 127.0.0.1; 0 takes a free one.
        say: Tells a person where the page is.

    Returns:
        The exit code.

    Raises:
        MachineError: The port is in use, or may not be used.
    """
    try:
        listener = socket.create_server((HOST, port))
    except OSError as error:
        reason = error.strerror or error
        raise MachineError(f"{HOST}:{port} cannot be used: {reason}. Choose another with --port.") from None
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    server = WebConsole([sys.executable, "-P", "-c", _RUN, *arguments], listener, "machine dev")
    say(f"The console is at {server.address}")
    say("Whoever has this address can run code in your bot. Ctrl-C stops it.")
    await server.serve_until(stop)
    return 0
