"""What the history keeps is out of the garbage collector's sight."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from machine_console.app import gc_tuning as garbage


@pytest.fixture(autouse=True)
def everything_in_sight() -> Iterator[None]:
    """Other tests have the collector as it always is."""
    gc.unfreeze()
    yield
    gc.unfreeze()


def test_while_few_events_come_the_collector_is_left_alone() -> None:
    """Else each look would take what has become garbage since out of sight."""
    tidying = garbage.Tidying()

    tidying.settle(199)

    assert gc.get_freeze_count() == 0


def test_after_many_events_they_are_out_of_sight_and_later_ones_again() -> None:
    """What was made since the last time follows with the next many events, and not before."""
    tidying = garbage.Tidying()
    tidying.settle(200)
    frozen = gc.get_freeze_count()
    kept = [[number] for number in range(1_000)]

    tidying.settle(399)
    assert gc.get_freeze_count() <= frozen
    tidying.settle(400)

    assert gc.get_freeze_count() > frozen
    assert len(kept) == 1_000


def test_a_reload_brings_everything_back_into_sight() -> None:
    """The modules that it replaced are garbage."""
    garbage.Tidying().settle(200)

    garbage.collect_all(200)

    assert gc.get_freeze_count() == 0
