"""Serving how the bot is, from before it starts until it has stopped."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from machine.address import Address
from machine.logger import get_logger
from machine.storage.backends.base import MachineBaseStorage
from machine_console.runtime.runtime import Runtime

_logger = get_logger(__name__)


@contextlib.asynccontextmanager
async def served_health(runtime: Runtime) -> AsyncIterator[None]:
    """Serve `/healthz`, `/readyz` and `/metrics` while entered, where the setting `HEALTH` says so.

    Raises:
        MachineError: The address is in use, or may not be used.
    """
    if runtime.settings.health is None:
        yield
        return
    from machine.health import Health  # noqa: PLC0415 - prometheus-client is not needed otherwise

    def storage() -> MachineBaseStorage | None:
        return getattr(getattr(runtime, "machine", None), "storage", None)

    def queue_depth() -> int:
        return runtime.machine.queue_depth if hasattr(runtime, "machine") else 0

    async with Health(Address.parse(runtime.settings.health), runtime.trace, storage, queue_depth) as health:
        _logger.info("Health is served", at=f"http://{health.address}", pages=["/healthz", "/readyz", "/metrics"])
        yield
