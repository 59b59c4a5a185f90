"""The data about Slack agrees with slack_sdk, with what the sandbox does, and with itself."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from slack_sdk.models.blocks import Block, InteractiveElement
from slack_sdk.web.async_client import AsyncWebClient

from machine.sandbox.api.methods import TABLE
from machine.slack.block_kit import validation
from machine.slack.facts.block_kit import (
    BLOCK_SURFACES,
    BUTTONS,
    INTERACTIVE,
    PICKERS,
    STATELESS,
    TEXT_INPUTS,
    TOGGLES,
    VALUE_FIELDS,
)
from machine.slack.facts.events import EVENT_SCOPES, FOR_PEOPLE_ONLY, MESSAGE_EVENTS, UNASKED
from machine.slack.facts.methods import APP_TOKEN_METHODS, CALLS_PER_MINUTE, METHODS

# What takes no bot token: https://docs.slack.dev/reference/methods says for each which tokens it takes.
NOT_FOR_BOTS = (
    *("admin_", "oauth_", "openid_", "apps_manifest_", "tooling_tokens_rotate"),  # tokens of admins, and of nobody
    *("search_", "stars_", "reminders_", "dnd_end", "dnd_set", "files_sharedPublicURL"),  # a person's token
    *("users_identity", "users_profile_set", "users_setPhoto", "users_deletePhoto"),
    *("team_accessLogs", "team_billableInfo", "team_integrationLogs"),
    *("channels_", "groups_", "im_", "mpim_", "rtm_", "workflows_step", "workflows_updateStep"),  # given up by Slack
    "files_upload",  # likewise; `files_upload_v2` calls the two methods that took its place
)
# Slack's reference has no page for these that says which scopes they want.
UNDOCUMENTED = ("apps_user_connection_", "slackbot_skills_")
NOT_METHODS = {"api_call", "chat_stream", "files_upload_v2"}


def methods_of_sdk() -> set[str]:
    """By the names that slack_sdk gives them."""
    found = inspect.getmembers(AsyncWebClient, inspect.isfunction)
    return {name for name, _function in found if not name.startswith("_")} - NOT_METHODS


def as_in_sdk(method: str) -> str:
    return method.replace(".", "_")


def test_every_method_exists() -> None:
    """A misspelt name would be a fact about nothing."""
    assert {as_in_sdk(method) for method in (*METHODS, *APP_TOKEN_METHODS)} <= methods_of_sdk()


def test_every_method_that_takes_a_bot_token_is_known() -> None:
    """A method that slack_sdk adds is looked up in Slack's reference, and gets a row, or a place in the lists above."""
    known = {as_in_sdk(method) for method in (*METHODS, *APP_TOKEN_METHODS)}

    assert {name for name in methods_of_sdk() - known if not name.startswith((*NOT_FOR_BOTS, *UNDOCUMENTED))} == set()
    assert [name for name in known if name.startswith((*NOT_FOR_BOTS, *UNDOCUMENTED))] == []


def test_the_sandbox_has_no_facts_of_its_own() -> None:
    """Each of its methods has a row, in the table of the token it is called with."""
    assert {name for name, method in TABLE.items() if method.facts.tier not in {*CALLS_PER_MINUTE, None}} == set()
    assert {name for name, method in TABLE.items() if method.caller == "app"} <= APP_TOKEN_METHODS.keys()


def test_an_event_is_either_subscribed_to_or_not() -> None:
    """The lists do not overlap, and cover the messages."""
    assert not EVENT_SCOPES.keys() & (FOR_PEOPLE_ONLY | UNASKED)
    assert EVENT_SCOPES.keys() >= set(MESSAGE_EVENTS)


def test_scopes_read_like_scopes() -> None:
    """`channels:read`, not `channel.read`."""
    scopes = {scope for facts in METHODS.values() for scope in facts.scopes} | {
        scope for wanted in EVENT_SCOPES.values() for scope in wanted
    }

    assert [scope for scope in scopes if ":" not in scope and scope != "tokens.basic"] == []


def test_every_block_and_interactive_element_of_slack_sdk_is_known() -> None:
    """A kind that Slack adds gets its surfaces, or its value field."""
    assert types_of(Block) <= BLOCK_SURFACES.keys()
    assert len(types_of(InteractiveElement)) > 15
    assert types_of(InteractiveElement) <= INTERACTIVE


@pytest.mark.parametrize("kinds", [BUTTONS, PICKERS, STATELESS, TEXT_INPUTS, TOGGLES])
def test_groups_name_kinds_that_exist(kinds: frozenset[str]) -> None:
    """Each of them is an element that people use."""
    assert kinds <= INTERACTIVE


def test_every_element_with_a_value_is_checked() -> None:
    """What the sandbox accepts in an input or actions block has a field for its value, or is a button."""
    checked = {*validation._INPUT_ELEMENTS, *validation._ACTION_ELEMENTS}

    assert checked - BUTTONS == VALUE_FIELDS.keys()


def test_every_block_that_is_checked_has_its_surfaces() -> None:
    """Those without a check here are refused as unsupported."""
    assert validation._BLOCKS.keys() <= BLOCK_SURFACES.keys()


def types_of(kind: type[Any]) -> set[str]:
    """What slack_sdk's classes of this kind have as their `type`."""
    types = {one.__dict__["type"] for one in _subclasses(kind) if "type" in one.__dict__}
    return {name for name in types if isinstance(name, str)}


def _subclasses(kind: type[Any]) -> set[type[Any]]:
    return {one for child in kind.__subclasses__() for one in {child, *_subclasses(child)}}
