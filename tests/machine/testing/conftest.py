"""The test kit tested with itself: the rest of the tests has a `bot` of its own."""

from __future__ import annotations

import pytest

from machine.plugins import MachineBasePlugin
from machine.testing import Bot
from tests.machine.testing.workshop import Clockwork, Workshop


@pytest.fixture
def machine_plugins() -> list[type[MachineBasePlugin]]:
    """The plugins of these tests."""
    return [Workshop, Clockwork]


@pytest.fixture
def bot(machine_bot: Bot) -> Bot:
    """The kit's bot."""
    return machine_bot
