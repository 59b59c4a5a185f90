"""A channel is any conversation, however little Slack tells of it."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from machine.models import Channel

GENERAL: dict[str, Any] = {
    "id": "C1",
    "name": "general",
    "created": 1700000000,
    "creator": "U1",
    "is_channel": True,
    "is_general": True,
    "is_member": True,
    "topic": {"value": "Everything", "creator": "U1", "last_set": 1700000001},
    "purpose": {"value": "", "creator": "", "last_set": 0},
    "members": ["U1", "U2"],
    "num_members": 2,
}


def test_a_channel_has_slacks_field_names() -> None:
    """Plugins written for the peer read the fields under Slack's own names."""
    general = Channel.model_validate(GENERAL)

    assert general.identifier == "general"
    assert general.topic.value == "Everything"
    assert general.members == ("U1", "U2")
    assert general.is_channel
    assert not general.is_im


def test_a_direct_message_has_no_name() -> None:
    """Slack gives DMs no name, only the other person."""
    dm = Channel.model_validate({"id": "D1", "is_im": True, "user": "U1"})

    assert dm.name is None
    assert dm.identifier == "D1"
    assert dm.user == "U1"


def test_an_id_is_enough() -> None:
    """An unknown channel works for `say`, `react` and `reply`, because the id is in the event (PITFALLS 3)."""
    assert Channel(id="C9").identifier == "C9"


def test_nulls_become_defaults() -> None:
    """Slack sends `null` where it has nothing to tell."""
    channel = Channel.model_validate(dict.fromkeys(Channel.model_fields, None) | {"id": "C1"})

    assert channel == Channel(id="C1")


def test_channels_are_values() -> None:
    """An id change makes a new channel and leaves alone the one a handler holds."""
    old = Channel.model_validate(GENERAL)
    moved = old.model_copy(update={"id": "C2"})

    assert (old.id, moved.id, moved.name) == ("C1", "C2", "general")
    assert hash(old) == hash(Channel.model_validate(GENERAL))
    with pytest.raises(ValidationError):
        old.id = "C3"  # type: ignore[misc]  # the point is what happens all the same


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the machine may be busy
@given(
    st.dictionaries(
        st.sampled_from(sorted(Channel.model_fields)),
        st.none() | st.integers() | st.floats() | st.text() | st.lists(st.integers()) | st.just({"value": None}),
    )
)
def test_any_fields_beside_the_id_make_a_channel(fields: dict[str, Any]) -> None:
    """However odd the fields are, where it was is known."""
    assert Channel.model_validate(fields | {"id": "C1"}).identifier
