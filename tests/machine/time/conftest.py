"""Time is set with the test kit's bot."""

from __future__ import annotations

import pytest

from machine.testing import Bot


@pytest.fixture
def bot(machine_bot: Bot) -> Bot:
    """The kit's bot; the rest of the tests starts its own."""
    return machine_bot
