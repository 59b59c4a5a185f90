"""What Slack refuses, by Slack's own error names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from machine.sandbox import Sandbox, Workspace
from machine.sandbox.state import views
from machine.sandbox.state.views import TRIGGER_LIFETIME_S
from tests.machine.sandbox.listening import ManualClock

Arguments = Mapping[str, Any]
SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "hi"}}
MODAL = {"type": "modal", "title": {"type": "plain_text", "text": "Deploy"}, "blocks": [SECTION]}
HOME = {"type": "home", "blocks": [SECTION]}
NO_TS = "1600000000.000000"


class Scene:
    """Names for what the cases below are about."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.alice = workspace.find_person("alice").id
        self.bob = workspace.find_person("bob").id
        self.bot = workspace.bot.id
        self.general = workspace.find_channel("general").id
        self.random = workspace.find_channel("random").id
        self.secret = workspace.find_channel("secret").id
        self.dm = workspace.open_dm("alice").id
        self.foreign = workspace.create_channel("foreign", "alice").id
        archived = workspace.create_channel("archived", "alice", members=["machine"])
        workspace.channels.archive(archived, self.alice)
        self.archived = archived.id
        message = workspace.post("alice", "#general", "hello")
        self.ts = message.ts
        self.own_ts = workspace.post("machine", "#general", "hi").ts
        self.old_ts = next(m.ts for m in workspace.history("archived"))
        workspace.react("machine", "#general", message.ts, "wave")
        workspace.pin("alice", "#general", self.own_ts)

    @property
    def trigger(self) -> str:
        return self.workspace.triggers.issue(self.alice)

    def stack(self, height: int, **extra: Any) -> str:
        for _ in range(height):
            self.workspace.views.open(self.alice, {**MODAL, **extra})
        return self.trigger


def _text(length: int) -> str:
    return "x" * length


CASES: list[tuple[str, Callable[[Scene], Arguments], str]] = [
    ("api.test", lambda s: {"error": "my_error"}, "my_error"),
    ("chat.postMessage", lambda s: {"text": "hi"}, "invalid_arguments"),
    ("chat.postMessage", lambda s: {"channel": "C0NOPE", "text": "hi"}, "channel_not_found"),
    ("chat.postMessage", lambda s: {"channel": "#nope", "text": "hi"}, "channel_not_found"),
    ("chat.postMessage", lambda s: {"channel": s.secret, "text": "hi"}, "channel_not_found"),
    ("chat.postMessage", lambda s: {"channel": s.foreign, "text": "hi"}, "not_in_channel"),
    ("chat.postMessage", lambda s: {"channel": s.archived, "text": "hi"}, "is_archived"),
    ("chat.postMessage", lambda s: {"channel": s.general}, "no_text"),
    ("chat.postMessage", lambda s: {"channel": s.general, "blocks": [{"type": "sect"}]}, "invalid_blocks"),
    ("chat.postMessage", lambda s: {"channel": s.general, "blocks": "no json"}, "invalid_blocks_format"),
    ("chat.postMessage", lambda s: {"channel": s.general, "blocks": {"type": "a"}}, "invalid_blocks_format"),
    ("chat.postMessage", lambda s: {"channel": s.general, "attachments": ["a"]}, "invalid_attachments"),
    ("chat.postMessage", lambda s: {"channel": s.general, "attachments": [{}] * 101}, "too_many_attachments"),
    ("chat.postMessage", lambda s: {"channel": s.general, "text": "a", "metadata": "[]"}, "invalid_metadata_format"),
    ("chat.postMessage", lambda s: {"channel": s.general, "text": "a", "thread_ts": NO_TS}, "thread_not_found"),
    ("chat.postMessage", lambda s: {"channel": s.general, "text": {"a": 1}}, "invalid_arguments"),
    ("chat.postEphemeral", lambda s: {"channel": s.general, "text": "a", "user": "U0"}, "user_not_found"),
    ("chat.postEphemeral", lambda s: {"channel": s.dm, "text": "a", "user": s.bob}, "user_not_in_channel"),
    ("chat.postEphemeral", lambda s: {"channel": s.foreign, "text": "a", "user": s.alice}, "not_in_channel"),
    ("chat.update", lambda s: {"channel": s.general, "ts": NO_TS, "text": "a"}, "message_not_found"),
    ("chat.update", lambda s: {"channel": s.general, "ts": s.ts, "text": "a"}, "cant_update_message"),
    ("chat.update", lambda s: {"channel": s.general, "ts": s.own_ts, "text": ""}, "no_text"),
    ("chat.update", lambda s: {"channel": s.general, "ts": s.own_ts, "text": _text(4_001)}, "msg_too_long"),
    ("chat.update", lambda s: {"channel": s.general, "ts": s.own_ts, "markdown_text": _text(4_001)}, "msg_too_long"),
    ("chat.delete", lambda s: {"channel": s.general, "ts": s.ts}, "cant_delete_message"),
    ("chat.delete", lambda s: {"channel": s.general, "ts": NO_TS}, "message_not_found"),
    ("chat.scheduleMessage", lambda s: {"channel": s.general, "text": "a", "post_at": 1}, "time_in_past"),
    ("chat.scheduleMessage", lambda s: {"channel": s.general, "text": "a", "post_at": 9_999_999_999}, "time_too_far"),
    ("chat.scheduleMessage", lambda s: {"channel": s.general, "text": "a", "post_at": "soon"}, "invalid_arguments"),
    ("chat.scheduleMessage", lambda s: {"channel": s.general, "post_at": 1_700_000_100}, "no_text"),
    ("chat.scheduleMessage", lambda s: {"channel": s.general, "text": "a"}, "invalid_arguments"),
    (
        "chat.deleteScheduledMessage",
        lambda s: {"channel": s.general, "scheduled_message_id": "Q0"},
        "invalid_scheduled_message_id",
    ),
    ("chat.getPermalink", lambda s: {"channel": s.general, "message_ts": NO_TS}, "message_not_found"),
    ("conversations.list", lambda s: {"types": "public_channel,nope"}, "invalid_types"),
    ("conversations.list", lambda s: {"cursor": "nope"}, "invalid_cursor"),
    ("conversations.list", lambda s: {"cursor": "bmV4dDo5OTk5"}, "invalid_cursor"),
    ("conversations.list", lambda s: {"cursor": "cHJldjox"}, "invalid_cursor"),
    ("conversations.list", lambda s: {"limit": 1001}, "invalid_limit"),
    ("conversations.list", lambda s: {"exclude_archived": "perhaps"}, "invalid_arguments"),
    ("conversations.info", lambda s: {"channel": s.secret}, "channel_not_found"),
    ("conversations.open", lambda s: {"users": "U0"}, "user_not_found"),
    ("conversations.open", lambda s: {"channel": s.general}, "method_not_supported_for_channel_type"),
    ("conversations.open", lambda s: {}, "invalid_arguments"),
    ("conversations.close", lambda s: {"channel": s.general}, "method_not_supported_for_channel_type"),
    ("conversations.history", lambda s: {"channel": s.foreign}, "not_in_channel"),
    ("conversations.history", lambda s: {"channel": s.general, "oldest": "yesterday"}, "invalid_ts_oldest"),
    ("conversations.history", lambda s: {"channel": s.general, "latest": "now"}, "invalid_ts_latest"),
    ("conversations.replies", lambda s: {"channel": s.general, "ts": NO_TS}, "thread_not_found"),
    ("conversations.create", lambda s: {"name": "general"}, "name_taken"),
    ("conversations.create", lambda s: {"name": ""}, "invalid_name_required"),
    ("conversations.create", lambda s: {"name": "No Spaces"}, "invalid_name_specials"),
    ("conversations.create", lambda s: {"name": _text(81)}, "invalid_name_maxlength"),
    ("conversations.join", lambda s: {"channel": s.archived}, "is_archived"),
    ("conversations.join", lambda s: {"channel": s.dm}, "method_not_supported_for_channel_type"),
    ("conversations.leave", lambda s: {"channel": s.general}, "cant_leave_general"),
    ("conversations.invite", lambda s: {"channel": s.random, "users": "U0"}, "user_not_found"),
    ("conversations.invite", lambda s: {"channel": s.random, "users": s.alice}, "already_in_channel"),
    ("conversations.invite", lambda s: {"channel": s.random, "users": s.bot}, "cant_invite_self"),
    ("conversations.invite", lambda s: {"channel": s.foreign, "users": s.bob}, "not_in_channel"),
    ("conversations.kick", lambda s: {"channel": s.random, "user": s.bot}, "cant_kick_self"),
    ("conversations.kick", lambda s: {"channel": s.general, "user": s.alice}, "cant_kick_from_general"),
    ("conversations.kick", lambda s: {"channel": s.random, "user": "U0"}, "user_not_found"),
    ("conversations.archive", lambda s: {"channel": s.general}, "cant_archive_general"),
    ("conversations.archive", lambda s: {"channel": s.archived}, "already_archived"),
    ("conversations.unarchive", lambda s: {"channel": s.random}, "not_archived"),
    ("conversations.rename", lambda s: {"channel": s.random, "name": "general"}, "name_taken"),
    ("conversations.setTopic", lambda s: {"channel": s.general, "topic": _text(251)}, "too_long"),
    ("conversations.setTopic", lambda s: {"channel": s.archived, "topic": "a"}, "is_archived"),
    ("conversations.setPurpose", lambda s: {"channel": s.foreign, "purpose": "a"}, "not_in_channel"),
    ("users.info", lambda s: {"user": "U0"}, "user_not_found"),
    ("users.lookupByEmail", lambda s: {"email": "nobody@example.com"}, "users_not_found"),
    ("users.setPresence", lambda s: {"presence": "asleep"}, "invalid_presence"),
    ("reactions.add", lambda s: {"channel": s.general, "timestamp": s.ts, "name": "wave"}, "already_reacted"),
    ("reactions.add", lambda s: {"channel": s.general, "timestamp": s.ts, "name": "not an emoji"}, "invalid_name"),
    ("reactions.add", lambda s: {"channel": s.general, "timestamp": s.ts, "name": "👍"}, "invalid_name"),
    ("reactions.add", lambda s: {"channel": s.general, "timestamp": s.ts, "name": "1️⃣"}, "invalid_name"),
    ("reactions.add", lambda s: {"channel": s.general, "timestamp": NO_TS, "name": "wave"}, "message_not_found"),
    ("reactions.add", lambda s: {"channel": s.general, "name": "wave"}, "no_item_specified"),
    ("reactions.add", lambda s: {"channel": s.archived, "timestamp": s.old_ts, "name": "wave"}, "is_archived"),
    ("reactions.remove", lambda s: {"channel": s.general, "timestamp": s.ts, "name": "tada"}, "no_reaction"),
    ("pins.add", lambda s: {"channel": s.general, "timestamp": s.own_ts}, "already_pinned"),
    ("pins.add", lambda s: {"channel": s.general}, "no_item_specified"),
    ("pins.remove", lambda s: {"channel": s.general, "timestamp": s.ts}, "no_pin"),
    ("views.open", lambda s: {"trigger_id": "nope", "view": MODAL}, "invalid_trigger_id"),
    ("views.open", lambda s: {"trigger_id": s.trigger, "view": HOME}, "invalid_arguments"),
    ("views.open", lambda s: {"trigger_id": s.trigger, "view": "{}"}, "invalid_arguments"),
    ("views.open", lambda s: {"trigger_id": s.trigger}, "invalid_arguments"),
    ("views.open", lambda s: {"trigger_id": s.stack(3), "view": MODAL}, "push_limit_reached"),
    (
        "views.open",
        lambda s: {"trigger_id": s.stack(1, external_id="a"), "view": {**MODAL, "external_id": "a"}},
        "duplicate_external_id",
    ),
    ("views.push", lambda s: {"trigger_id": s.trigger, "view": MODAL}, "not_found"),
    ("views.push", lambda s: {"trigger_id": s.stack(3), "view": MODAL}, "push_limit_reached"),
    ("views.update", lambda s: {"view_id": "V0", "view": MODAL}, "not_found"),
    ("views.update", lambda s: {"view": MODAL}, "invalid_arguments"),
    (
        "views.update",
        lambda s: {"trigger_id": s.stack(1, external_id="a"), "external_id": "a", "hash": "old", "view": MODAL},
        "hash_conflict",
    ),
    ("views.publish", lambda s: {"user_id": "U0", "view": HOME}, "user_not_found"),
    ("views.publish", lambda s: {"user_id": s.alice, "view": HOME, "hash": "old"}, "hash_conflict"),
    ("views.publish", lambda s: {"user_id": s.alice, "view": MODAL}, "invalid_arguments"),
    ("files.getUploadURLExternal", lambda s: {"filename": "a", "length": 0}, "file_upload_size_restricted"),
    ("files.completeUploadExternal", lambda s: {"files": [{"id": "F0"}]}, "file_not_found"),
    ("files.completeUploadExternal", lambda s: {"files": []}, "invalid_arguments"),
    ("files.completeUploadExternal", lambda s: {"files": [{"id": "F0"}], "channel_id": "C0"}, "channel_not_found"),
    ("files.info", lambda s: {"file": "F0"}, "file_not_found"),
    ("files.list", lambda s: {"count": 0}, "invalid_arguments"),
    ("files.delete", lambda s: {"file": "F0"}, "file_not_found"),
    ("bookmarks.add", lambda s: {"channel_id": s.general, "title": "a", "type": "list"}, "invalid_bookmark_type"),
    (
        "bookmarks.add",
        lambda s: {"channel_id": s.general, "title": "a", "type": "link", "link": "no link"},
        "invalid_link",
    ),
    ("bookmarks.edit", lambda s: {"channel_id": s.general, "bookmark_id": "Bk0", "title": "a"}, "bookmark_not_found"),
    ("bookmarks.remove", lambda s: {"channel_id": s.general, "bookmark_id": "Bk0"}, "bookmark_not_found"),
    ("team.info", lambda s: {"team": "T0"}, "team_not_found"),
    ("bots.info", lambda s: {"bot": "B0"}, "bot_not_found"),
    ("chat.nope", lambda s: {}, "unknown_method"),
]


@pytest.mark.parametrize(("method", "arguments", "error"), CASES, ids=[f"{case[0]}-{case[2]}" for case in CASES])
async def test_method_refuses_with_the_error_name_of_slack(
    workspace: Workspace, sandbox: Sandbox, method: str, arguments: Callable[[Scene], Arguments], error: str
) -> None:
    """A bot that handles an error of Slack must be able to meet it here."""
    client = AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url)

    with pytest.raises(SlackApiError) as caught:
        await client.api_call(method, json=dict(arguments(Scene(workspace))))

    assert caught.value.response["error"] == error
    assert caught.value.response["ok"] is False


@pytest.mark.parametrize(("wait_s", "uses", "error"), [(4, 0, "expired_trigger_id"), (0, 1, "exchanged_trigger_id")])
async def test_trigger_id_works_once_and_for_three_seconds(
    workspace: Workspace,
    sandbox: Sandbox,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
    wait_s: float,
    uses: int,
    error: str,
) -> None:
    """Slow handlers that open a modal fail in Slack; they must fail here."""
    monkeypatch.setattr(views, "TRIGGER_LIFETIME_S", TRIGGER_LIFETIME_S)  # not as patient as other tests
    client = AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url)
    trigger_id = workspace.triggers.issue(workspace.find_person("alice").id)
    for _ in range(uses):
        await client.views_open(trigger_id=trigger_id, view=MODAL)
    clock.advance(wait_s)

    with pytest.raises(SlackApiError) as caught:
        await client.views_open(trigger_id=trigger_id, view=MODAL)

    assert caught.value.response["error"] == error


async def test_invalid_blocks_tell_the_place_by_json_pointer(sandbox: Sandbox) -> None:
    """The pointer is what one looks for when Slack says no more than `invalid_blocks`."""
    client = AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url)

    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel="#general", text="hi", blocks=[SECTION, {"type": "header"}])

    assert caught.value.response["response_metadata"]["messages"] == [
        "[ERROR] missing required field: text [json-pointer:/blocks/1]"
    ]
