"""The sandbox: a workspace served on 127.0.0.1, for any Slack SDK."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from types import TracebackType
from typing import Self

from aiohttp import web

from machine.errors import MachineError
from machine.http_server import refusal_of
from machine.loopback import refuse_other_sites
from machine.sandbox.api.file_transfer import FileTransfer
from machine.sandbox.api.tokens import user_token, user_tokens
from machine.sandbox.api.web_api import WebApi
from machine.sandbox.control import Control
from machine.sandbox.delivery.faults import Faults
from machine.sandbox.delivery.http_delivery import HttpDelivery
from machine.sandbox.delivery.socket_mode import DisconnectReason, SocketMode
from machine.sandbox.refusal import SlackRefusal
from machine.sandbox.state.objects import Person
from machine.sandbox.traffic_log import Witness, nobody
from machine.sandbox.workspace import Workspace

_HOST = "127.0.0.1"
_MAX_BODY_SIZE = 64 * 1024 * 1024
_SHUTDOWN_TIMEOUT_S = 3.0
_LONGEST_SLEEP_S = 3600.0


class Sandbox:
    """Serves a workspace over Slack's own protocol while it is entered.

        async with Sandbox(Workspace.default()) as sandbox:
            client = AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url)

    Args:
        workspace: What is served; it can be used directly at the same time, on the same event loop.
        port: The port on 127.0.0.1; 0 takes a free one.
        time_scale: Factor for the waits of Socket Mode (3 seconds for an acknowledgement, the retries); tests use 0.01.
        witness: Is told what happens: calls, deliveries, acknowledgements; a `Recording` writes it to a file.
    """

    def __init__(
        self, workspace: Workspace, port: int = 0, *, time_scale: float = 1.0, witness: Witness | None = None
    ) -> None:
        self.workspace = workspace
        self._wanted_port = port
        self._time_scale = time_scale
        self._witness = witness or nobody
        self._control = Control(workspace)
        self._runner: web.AppRunner | None = None
        self._socket_mode: SocketMode | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._port = port
        self._stop_carrying: Callable[[], None] = lambda: None
        self._http: HttpDelivery | None = None

    @property
    def port(self) -> int:
        """The port it listens on, once started."""
        return self._port

    @property
    def base_url(self) -> str:
        """Address of the server, without a slash at the end."""
        return f"http://{_HOST}:{self._port}"

    @property
    def api_url(self) -> str:
        """Base URL of the Web API, as slack_sdk clients take it."""
        return f"{self.base_url}/api/"

    @property
    def control_url(self) -> str:
        """Base URL of the control interface, by which people click, run commands and submit modals."""
        return f"{self.base_url}/control/"

    @property
    def control_token(self) -> str:
        """The token for the control interface, another one for each sandbox."""
        return self._control.token

    @property
    def bot_token(self) -> str:
        """The token for the Web API."""
        return self.workspace.app.bot_token

    @property
    def app_token(self) -> str:
        """The token for Socket Mode."""
        return self.workspace.app.app_token

    def user_token(self, who: Person | str) -> str:
        """The token with which an SDK acts as a person.

        Raises:
            WorkspaceError: Nobody is called so.
        """
        return user_token(self.workspace.app, self.workspace.find_person(who))

    @property
    def user_tokens(self) -> dict[str, str]:
        """The tokens of people by name, at most 100 of them; `user_token` gives anybody's."""
        return user_tokens(self.workspace.app, self.workspace.people.values())

    @property
    def faults(self) -> Faults:
        """What goes wrong on request; the same as `workspace.faults`."""
        return self.workspace.faults

    @property
    def socket_mode(self) -> SocketMode:
        """The connections of the app.

        Raises:
            MachineError: The sandbox is not started.
        """
        if self._socket_mode is None:
            raise MachineError("The sandbox is not started. Use `async with Sandbox(...)`, or await `start()` first.")
        return self._socket_mode

    async def start(self) -> None:
        """Listen.

        Raises:
            MachineError: The port is in use, or may not be used; or the sandbox is running.
        """
        if self._runner is not None:
            raise MachineError(f"The sandbox is running at {self.base_url}. Stop it before you start it again.")
        app = web.Application(client_max_size=_MAX_BODY_SIZE, middlewares=[refuse_other_sites])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_TIMEOUT_S)
        app.on_response_prepare.append(_lower_header_names)
        app.router.add_route("*", "/api/{method}", self._call)
        app.router.add_get("/link/", self._link)
        FileTransfer(self.workspace, self._witness).add_routes(app.router)
        self._control.add_routes(app.router)
        app.router.add_post("/{kind:commands|actions}/{team}/{ticket}", self._respond)
        await runner.setup()
        try:
            await web.TCPSite(runner, _HOST, self._wanted_port).start()
        except OSError as error:
            await runner.cleanup()
            raise MachineError(
                f"The sandbox cannot listen on {_HOST}:{self._wanted_port}: {refusal_of(error)}. "
                "Choose another port with --port, or 0 for any free one."
            ) from error
        self._runner = runner
        self._port = runner.addresses[0][1]
        socket_url = f"ws://{_HOST}:{self._port}/link/"
        self._socket_mode = SocketMode(self.workspace.app, self.faults, socket_url, self._time_scale, self._witness)
        self._web_api = WebApi(self.workspace, self.base_url, self._socket_mode.open_link, self._witness)
        self.workspace.response_urls.base_url = self.base_url
        self.workspace.serializer.files_url = self.base_url
        self.workspace.faults.on_kill = self._socket_mode.drop_connections
        self._stop_carrying = self.workspace.outbox.carry_with(self._socket_mode.carry)
        self.workspace.schedule.on_change = self._set_alarm
        self._set_alarm()

    async def stop(self) -> None:
        """Close every connection and stop listening; harmless if it is not started."""
        if self._runner is None or self._socket_mode is None:
            return
        runner, self._runner = self._runner, None
        self._stop_carrying()
        self.workspace.schedule.on_change = lambda: None
        self.workspace.faults.on_kill = lambda: None
        if self._alarm is not None:
            self._alarm.cancel()
        self._web_api.stop()
        await self._socket_mode.stop()
        if self._http is not None:
            await self._http.stop()
            self._http = None
        await runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    def disconnect(self, reason: DisconnectReason = "refresh_requested") -> None:
        """Tell the app to leave its Socket Mode connections; see `SocketMode.disconnect`."""
        self.socket_mode.disconnect(reason)

    def deliver_to(self, url: str, signing_secret: str) -> None:
        """Send what the app is to know to its own address over HTTP, signed, and no longer over Socket Mode.

        Args:
            url: Where the app takes events, interactions and commands.
            signing_secret: What requests are signed with.

        Raises:
            MachineError: The sandbox is not started, or delivers over HTTP already.
        """
        if self._socket_mode is None or self._http is not None:
            raise MachineError("Start the sandbox first, and call `deliver_to()` once.")
        self._http = HttpDelivery(url, signing_secret, self.faults, self._time_scale, self._witness)
        self._stop_carrying = self.workspace.outbox.carry_with(self._http.carry)

    async def wait_for_connection(self, count: int = 1) -> None:
        """Return once the app has opened its Socket Mode connection, or `count` of them."""
        await self.socket_mode.wait_for_connections(count)

    async def wait_until_idle(self) -> None:
        """Return once the app has acknowledged everything it was sent."""
        await self.socket_mode.wait_until_idle()
        if self._http is not None:
            await self._http.wait_until_idle()

    async def _call(self, request: web.Request) -> web.StreamResponse:
        return await self._web_api.handle(request)

    async def _link(self, request: web.Request) -> web.StreamResponse:
        return await self.socket_mode.handle(request)

    async def _respond(self, request: web.Request) -> web.Response:
        """Answer over a response URL."""
        try:
            answer = json.loads(await request.text())
        except ValueError:
            return web.Response(status=400, text="invalid_payload")
        if not isinstance(answer, dict):
            return web.Response(status=400, text="invalid_payload")
        try:
            self.workspace.response_urls.use(request.match_info["ticket"], answer)
        except SlackRefusal as refusal:
            self._witness("response", {"answer": answer, "error": refusal.error})
            status = 404 if refusal.error in {"expired_url", "used_url"} else 400
            return web.Response(status=status, text=refusal.error)
        self._witness("response", {"answer": answer})
        return web.Response(text="ok")

    def _set_alarm(self) -> None:
        """Wake up when the next scheduled message is due; now and then in any case, as the clock may be moved."""
        if self._alarm is not None:
            self._alarm.cancel()
        pending = self.workspace.schedule.pending()
        if pending:
            wait_s = max(0.0, pending[0].post_at - self.workspace.timeline.now)
            loop = asyncio.get_running_loop()
            self._alarm = loop.call_later(min(wait_s, _LONGEST_SLEEP_S), self._post_due)

    def _post_due(self) -> None:
        self.workspace.schedule.post_due()
        self._set_alarm()


async def _lower_header_names(_: web.BaseRequest, response: web.StreamResponse) -> None:
    """Spell header names as Slack does: clients that keep headers in a plain dict look for `x-oauth-scopes`."""
    headers = [(name.lower(), value) for name, value in response.headers.items()]
    response.headers.clear()
    response.headers.extend(headers)
