"""A user is whatever Slack tells of one, and that may be very little."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from machine.models import User, UserProfile

ADA: dict[str, Any] = {
    "id": "U1",
    "team_id": "T1",
    "name": "ada",
    "real_name": "Ada Lovelace",
    "tz": "Europe/London",
    "tz_offset": 3600,
    "is_admin": True,
    "is_bot": False,
    "deleted": False,
    "profile": {"display_name": "Countess", "email": "ada@example.com", "image_192": "https://img.example/192.png"},
    "some_new_field": {"of": ["Slack's"]},
}


def test_a_full_user_has_slacks_field_names() -> None:
    """Plugins written for the peer read the fields under Slack's own names."""
    ada = User.model_validate(ADA)

    assert (ada.id, ada.name, ada.real_name, ada.tz_offset, ada.is_admin) == ("U1", "ada", "Ada Lovelace", 3600, True)
    assert ada.profile.display_name == "Countess"
    assert ada.profile.image_192 == "https://img.example/192.png"
    assert ada.email == "ada@example.com"


def test_an_id_is_enough() -> None:
    """An unknown sender never stops a handler (PITFALLS 2)."""
    stranger = User(id="U9")

    assert stranger.display_name == "U9"
    assert stranger.email is None
    assert stranger.profile == UserProfile()
    assert not stranger.is_bot


@pytest.mark.parametrize(
    ("known", "shown"),
    [
        ({"profile": {"display_name": "dd", "real_name": "rr"}, "real_name": "r", "name": "n"}, "dd"),
        ({"profile": {"display_name": "", "real_name": "rr"}, "real_name": "r", "name": "n"}, "rr"),
        ({"profile": {}, "real_name": "r", "name": "n"}, "r"),
        ({"name": "n"}, "n"),
        ({}, "U1"),
    ],
)
def test_the_best_name_is_shown(known: dict[str, Any], shown: str) -> None:
    """Bots have no display name, deleted users no real name, strangers neither."""
    assert User.model_validate({"id": "U1", **known}).display_name == shown


def test_mentioning_a_user() -> None:
    """Slack renders `<@id>` as the current name of the user."""
    assert User(id="U1").fmt_mention() == "<@U1>"
    assert User(id="U1").fmt_mention("Ada") == "<@U1|Ada>"


def test_nulls_become_defaults() -> None:
    """Slack sends `null` where it has nothing to tell, which must not become `None` in a name or a flag."""
    user = User.model_validate(dict.fromkeys(User.model_fields, None) | {"id": "U1"})

    assert user == User(id="U1")


def test_fields_slack_adds_are_kept() -> None:
    """A plugin may use a new field before this package knows its name."""
    assert User.model_validate(ADA).some_new_field == {"of": ["Slack's"]}  # type: ignore[attr-defined]


def test_users_are_values() -> None:
    """Equal data is an equal user with an equal hash, and nobody can change what another handler holds."""
    ada, again = User.model_validate(ADA), User.model_validate(ADA)

    assert ada == again
    assert len({ada, again}) == 1
    with pytest.raises(ValidationError):
        ada.name = "eve"  # type: ignore[misc]  # the point is what happens all the same


def test_the_repr_holds_no_email_address() -> None:
    """Users appear in log lines; addresses must not (PITFALLS 5)."""
    assert "ada@example.com" not in repr(User.model_validate(ADA))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the machine may be busy
@given(st.dictionaries(st.sampled_from(sorted(User.model_fields)), JSON))
def test_any_fields_beside_the_id_make_a_user(fields: dict[str, Any]) -> None:
    """However odd the fields are, who it was is known."""
    user = User.model_validate(fields | {"id": "U1"})

    assert user.display_name
    assert isinstance(user.profile, UserProfile)


def test_json_from_slack_survives_a_round_trip() -> None:
    """A directory snapshot can be written and read back."""
    ada = User.model_validate(ADA)

    assert User.model_validate(json.loads(ada.model_dump_json())) == ada
