"""Whatever an app sends gets an answer of Slack, never a server error."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from machine.sandbox import SlackRefusal, Workspace
from machine.sandbox.api.methods import TABLE
from machine.sandbox.api.methods.call import Call
from machine.sandbox.arguments import Arguments
from machine.sandbox.delivery.app_requests import Request
from tests.machine.sandbox.listening import ManualClock

_WORKSPACE = Workspace.default(clock=ManualClock())
_MESSAGE = _WORKSPACE.post("machine", "#general", "hello")
_VIEW = {"type": "modal", "title": {"type": "plain_text", "text": "Hi"}, "blocks": []}
_IDS = [_MESSAGE.channel, _MESSAGE.ts, _MESSAGE.user, *list(_WORKSPACE.people)[:1]]
_NAMES = [
    *("channel", "ts", "timestamp", "message_ts", "user", "users", "text", "blocks", "attachments", "metadata", "name"),
    *("thread_ts", "cursor", "limit", "oldest", "latest", "types", "view", "trigger_id", "view_id", "user_id", "hash"),
    *("files", "file", "filename", "length", "channel_id", "title", "type", "link", "emoji", "bookmark_id", "post_at"),
    *("email", "presence", "topic", "purpose", "count", "page", "inclusive", "reply_broadcast", "exclude_archived"),
]
_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.sampled_from(_IDS)
_VALUES = st.recursive(
    _LEAVES | st.just(_VIEW),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "type", "text"]), inner),
    max_leaves=5,
)


_ANSWERS = st.dictionaries(
    st.sampled_from(
        [
            *("text", "blocks", "attachments", "thread_ts", "response_type", "replace_original", "delete_original"),
            *("response_action", "errors", "view", "options", "option_groups", "metadata"),
        ]
    ),
    _VALUES | st.sampled_from(["errors", "update", "push", "clear", "in_channel"]),
)
_SELECT = {"type": "actions", "elements": [{"type": "external_select", "action_id": "which"}]}


@pytest.mark.parametrize("name", sorted(TABLE))
@settings(max_examples=15)
@given(
    arguments=st.dictionaries(st.sampled_from(_NAMES), _VALUES, max_size=6),
    is_real=st.booleans(),
    as_person=st.booleans(),
)
def test_method_survives_any_arguments(name: str, arguments: dict[str, Any], is_real: bool, as_person: bool) -> None:
    """With and without a channel and message that exist, so that the checks behind those are reached."""
    if is_real:
        arguments |= {"channel": _MESSAGE.channel, "ts": _MESSAGE.ts, "timestamp": _MESSAGE.ts}
    actor = _WORKSPACE.find_person("alice") if as_person else _WORKSPACE.bot
    call = Call(_WORKSPACE, actor, Arguments(arguments), "http://127.0.0.1", lambda is_debugging: "ws://127.0.0.1")

    try:
        answer = TABLE[name].run(call)
    except SlackRefusal as refusal:
        assert refusal.error  # noqa: PT017 - an answer is as good
    else:
        assert isinstance(answer, dict)


@settings(max_examples=300)
@given(answer=_ANSWERS, kind=st.sampled_from(["command", "submission", "options", "response_url"]))
def test_acknowledgement_survives_any_payload(answer: dict[str, Any], kind: str) -> None:
    """What Slack would not take becomes the error of the interaction; the connection lives on."""
    requests: list[Request] = []
    stop = _WORKSPACE.outbox.carry_with(requests.append)
    message = _WORKSPACE.post("machine", "#general", "Which?", blocks=[_SELECT])
    if kind == "command":
        _WORKSPACE.run_command("alice", "#general", "/deploy")
    elif kind == "submission":
        _WORKSPACE.views.clear(_WORKSPACE.find_person("alice").id)
        _WORKSPACE.views.open(_WORKSPACE.find_person("alice").id, _VIEW)
        _WORKSPACE.submit_view("alice")
    elif kind == "options":
        _WORKSPACE.ask_options("alice", message, "which")
    else:
        url = _WORKSPACE.response_urls.issue(_MESSAGE.user, _MESSAGE.channel, message)
        with contextlib.suppress(SlackRefusal):
            _WORKSPACE.response_urls.use(url.rpartition("/")[2], answer)
    stop()

    requests[-1].acknowledge(answer)

    assert requests[-1].reply.is_settled
