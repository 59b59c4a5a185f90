"""How often Python looks for garbage while a bot runs."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from machine.gc_tuning import THRESHOLD
from tests.conftest import BotUnderTest


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((700, 10, 10), (THRESHOLD, 10, 10)),
        ((0, 10, 10), (0, 10, 10)),
        ((50_000, 20, 5), (50_000, 20, 5)),
    ],
    ids=["as Python has it", "never", "less often"],
)
async def test_a_bot_raises_the_threshold(
    bot: BotUnderTest, before: tuple[int, int, int], after: tuple[int, int, int]
) -> None:
    """Unless whoever runs it has decided otherwise."""
    gc.set_threshold(*before)

    await bot.start()

    assert gc.get_threshold() == after
