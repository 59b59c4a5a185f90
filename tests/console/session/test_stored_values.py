"""Stored values as the console reads them."""

from __future__ import annotations

from machine.storage import PluginStorage
from machine.storage.backends.memory import MemoryStorage
from machine_console.session.stored_values import read_storage


async def test_values_are_read_with_their_owner() -> None:
    """A key says whose it is by its prefix; one without is shared."""
    backend = MemoryStorage({})
    await PluginStorage("plugins.x.X", backend).set("last", {"a": 1})
    await PluginStorage("plugins.x.X", backend).set("motto", "hi", shared=True)
    await PluginStorage("plugins.x.X", backend).set("odd:key", 1, shared=True)
    await backend.set("plugins.x.X:broken", b"\x80nonsense")

    values = {(value.plugin, value.key): value for value in await read_storage(backend, ["plugins.x.X"])}

    assert values["plugins.x.X", "last"].value == {"a": 1}
    assert (values["plugins.x.X", "last"].size or 0) > 0
    assert values["shared", "motto"].value == "hi"
    assert values["shared", "odd:key"].value == 1
    assert values["plugins.x.X", "broken"].error is not None
