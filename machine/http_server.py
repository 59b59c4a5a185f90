"""Serving HTTP at an address of the bot's."""

from __future__ import annotations

import os

from aiohttp import web

from machine.address import Address
from machine.errors import MachineError

SHUTDOWN_TIMEOUT_S = 3.0  # what is being answered when the server closes may take so long


class Server:
    """Serves an application at an address.

    Args:
        app: What is served.
        address: Where.
        option: The setting that the address comes from, for the message when it cannot be used.
    """

    def __init__(self, app: web.Application, address: Address, option: str) -> None:
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_TIMEOUT_S)
        self._option = option
        self.address = address

    async def start(self) -> None:
        """Listen; from then on `address` names the port that was taken.

        Raises:
            MachineError: The address is in use, or may not be used.
        """
        wanted = self.address
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, wanted.host, wanted.port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise MachineError(
                f"{self._option}: cannot listen on {wanted}: {refusal_of(error)}. Choose another address."
            ) from error
        self.address = Address(wanted.host, self._runner.addresses[0][1])

    async def close(self) -> None:
        """Take no more connections, answer what was asked (3 s at most), and close."""
        await self._runner.cleanup()


def refusal_of(error: OSError) -> str:
    """Why the system does not let us listen, without the address, which asyncio adds to it."""
    if error.errno is not None and error.errno > 0:  # a name that cannot be resolved has numbers of its own
        return os.strerror(error.errno)
    return error.strerror or str(error)
