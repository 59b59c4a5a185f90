"""The built-in plugins are tested with the kit that plugin authors use."""

from __future__ import annotations

import pytest

from machine.testing import Bot


@pytest.fixture
def bot(machine_bot: Bot) -> Bot:
    """The kit's bot, in the place of the fixture by which the framework tests itself."""
    return machine_bot
