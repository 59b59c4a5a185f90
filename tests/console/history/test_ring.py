"""The bounded sequence behind events and logs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machine_console.history.ring import Ring


@given(st.lists(st.integers(), max_size=60), st.integers(1, 20))
def test_a_ring_is_the_end_of_the_list(items: list[int], limit: int) -> None:
    """Whatever is appended, the newest items are there in order and the rest is counted."""
    ring: Ring[int] = Ring(limit)
    for item in items:
        ring.append(item)

    kept = items[-limit:]
    assert list(ring) == kept
    assert [ring[index] for index in range(len(ring))] == kept
    assert [ring[-1 - index] for index in range(len(ring))] == kept[::-1]
    assert ring[1:3] == kept[1:3]
    assert ring.dropped == len(items) - len(kept)


def test_the_item_that_makes_room_is_handed_back() -> None:
    """Whoever keeps an index of the items can forget it there too."""
    ring: Ring[str] = Ring(1)

    assert ring.append("old") is None
    assert ring.append("new") == "old"


def test_an_index_outside_is_an_error() -> None:
    """As with any sequence."""
    with pytest.raises(IndexError):
        Ring[int](3)[0]
