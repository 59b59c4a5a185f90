"""Everything between Slack and the dispatcher: transports on their thread, intake, queue and inbox."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from machine.address import Address
from machine.dispatch.dispatcher import Dispatcher
from machine.envelope import Answer, Envelope
from machine.errors import MachineError
from machine.receiving.arrival import Arrival, Caller
from machine.receiving.deduplication import Claims, SharedDeliveries
from machine.receiving.event_queue import EventQueue
from machine.receiving.inbox import FOLDER, Inbox
from machine.receiving.intake import Intake
from machine.receiving.socket_mode import SocketMode
from machine.receiving.thread import BotLoop, ReceivingThread, RelayedTrace
from machine.settings import Settings
from machine.storage.backends.base import MachineBaseStorage
from machine.trace import Trace

if TYPE_CHECKING:
    from machine.receiving.http import HttpMode


class Transport(Protocol):
    """Receives envelopes, on the event loop on which it is started."""

    async def start(self) -> None:
        """Begin to receive."""

    async def pause(self) -> None:
        """Take no more, and keep what is open for the answers that handlers still owe."""

    async def stop(self) -> None:
        """Close what is open."""


class Receiver:
    """Receives from Slack, once it is started; `inject` works from the beginning.

    Args:
        settings: How to receive.
        dispatcher: Runs the handlers.
        trace: Told of all that happens to an envelope, and to the connections.
        storage: Where processes of one bot agree on who handles an event, if it can do that.
        folder: The folder of the bot, in which the inbox is.
        workspace: Name of the workspace, for people.
        on_failure: Called when Slack will not let the bot connect any more.
    """

    def __init__(
        self,
        settings: Settings,
        dispatcher: Dispatcher,
        trace: Trace,
        storage: MachineBaseStorage,
        folder: Path,
        workspace: str,
        on_failure: Callable[[MachineError], None],
    ) -> None:
        self._settings = settings
        self._dispatcher = dispatcher
        self._bot_loop = BotLoop()
        self._trace = RelayedTrace(trace, self._bot_loop)
        self._workspace = workspace
        self._on_failure = on_failure
        self._thread = ReceivingThread()
        self._inbox = Inbox(folder / FOLDER, settings.inbox, trace)
        self._queue = EventQueue(self._bot_loop)
        shared = SharedDeliveries(storage) if isinstance(storage, Claims) else None
        self._intake = Intake(dispatcher, self._queue, self._inbox, trace, self._bot_loop, shared)
        self._transports: list[Transport] = []
        self._http: HttpMode | None = None
        self._open = AsyncExitStack()

    @property
    def http_address(self) -> Address | None:
        """Where requests are taken over HTTP; `None` where none are."""
        return self._http.address if self._http is not None else None

    @property
    def depth(self) -> int:
        """How many events and handlers wait for others to end before they begin."""
        return self._queue.depth + self._dispatcher.supervisor.waiting

    async def idle(self) -> None:
        """Wait until everything that was received has been handled, and no handler runs."""
        while self._queue.depth or self._dispatcher.supervisor.is_busy:
            await self._queue.idle()
            await self._dispatcher.supervisor.idle()

    async def start(self) -> None:
        """Run again what was not finished, where that is wanted, and begin to receive.

        Raises:
            SlackRefusedError: When Slack does not accept the app token.
            MachineError: When Slack cannot be reached, or the HTTP address cannot be used.
        """
        self._open.push_async_callback(self._inbox.close)
        self._queue.start(self._intake.claim, self._intake.begin)
        self._intake.run_again(await self._inbox.recover())
        self._open.push_async_callback(self._thread.close)
        await self._thread.start()
        for transport in self._make_transports():
            self._open.push_async_callback(self._stop, transport)
            await self._thread.run(transport.start())
            self._transports.append(transport)

    async def inject(self, envelope: Envelope) -> Answer:
        """Take an envelope that Slack did not send, and wait until its handlers have ended.

        It is neither kept in the inbox nor looked up among earlier deliveries.

        Returns:
            What a handler answered.
        """
        return await self._intake.inject(envelope)

    async def deliver(self, envelopes: Sequence[Envelope]) -> None:
        """Take envelopes that arrived together, as a transport does; their acknowledgements lead nowhere."""
        await self._thread.run(self._take(envelopes))

    async def pause(self) -> None:
        """Take no more from Slack, and keep what is open for the answers that handlers still owe."""
        for transport in self._transports:
            await self._thread.run(transport.pause())

    async def drain(self, within: timedelta) -> None:
        """Give what was received to its handlers, and wait for them; what lasts longer than `within` is cancelled."""
        ends = time.monotonic() + within.total_seconds()
        await self._queue.close(within)
        await self._dispatcher.supervisor.drain(timedelta(seconds=max(0.0, ends - time.monotonic())))

    async def close(self) -> None:
        """Close the connections and the inbox; harmless if nothing was started."""
        await self._open.aclose()

    async def _stop(self, transport: Transport) -> None:
        await self._thread.run(transport.stop())

    async def _take(self, envelopes: Sequence[Envelope]) -> None:
        await self._intake.take([Arrival(envelope, Caller()) for envelope in envelopes])

    def _make_transports(self) -> list[Transport]:
        """The server, if one is wanted; and Socket Mode, unless Slack sends to the server."""
        settings = self._settings
        transports: list[Transport] = []
        if settings.http is not None:
            # Here, because aiohttp's server takes 50 to 60 ms to import, and most bots have none.
            from machine.receiving.http import HttpMode  # noqa: PLC0415
            from machine.receiving.webhooks import Webhooks  # noqa: PLC0415

            secret = settings.slack_signing_secret
            webhooks = Webhooks(self._dispatcher, self._bot_loop)
            plain = secret.get_secret_value() if secret else None
            self._http = HttpMode(Address.parse(settings.http), plain, self._intake, webhooks, self._trace)
            transports.append(self._http)
        if settings.needs_app_token:
            on_fatal = partial(self._bot_loop.soon, self._on_failure)
            transports.append(SocketMode(settings, self._intake, self._trace, self._workspace, on_fatal))
        return transports
