"""Which bot scopes Slack wants: for events, for Web API methods, and for what a plugin's source calls.

As documented at https://docs.slack.dev/reference/events and https://docs.slack.dev/reference/methods. Where a method
takes other scopes for other kinds of conversations, all of them are listed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

_HISTORY = ("channels:history", "groups:history", "im:history", "mpim:history")
_READ = ("channels:read", "groups:read", "im:read", "mpim:read")
_MANAGE = ("channels:manage", "groups:write", "im:write", "mpim:write")

MESSAGE_EVENTS = ("message.channels", "message.groups", "message.im", "message.mpim")
"""What a bot subscribes to for messages; what arrives is called `message`."""

ALWAYS = ("users:read", *_READ)
"""For the directory of people and channels that every bot keeps."""


def _each(scopes: tuple[str, ...], *names: str) -> dict[str, tuple[str, ...]]:
    return dict.fromkeys(names, scopes)


EVENT_SCOPES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        **{event: (scope,) for event, scope in zip(MESSAGE_EVENTS, _HISTORY, strict=True)},
        **_each(("app_mentions:read",), "app_mention"),
        **_each(("assistant:write",), "assistant_thread_context_changed", "assistant_thread_started"),
        **_each(("calls:read",), "call_rejected"),
        **_each(
            ("channels:read",),
            *("channel_archive", "channel_created", "channel_deleted", "channel_id_changed", "channel_left"),
            *("channel_rename", "channel_unarchive"),
        ),
        **_each(("channels:read", "groups:read"), "channel_shared", "channel_unshared"),
        **_each(("channels:read", "groups:read"), "member_joined_channel", "member_left_channel"),
        **_each(("dnd:read",), "dnd_updated_user"),
        **_each(("emoji:read",), "emoji_changed"),
        **_each(
            ("files:read",),
            *("file_change", "file_created", "file_deleted", "file_public", "file_shared", "file_unshared"),
        ),
        **_each(
            ("groups:read",),
            *("group_archive", "group_close", "group_deleted", "group_left", "group_open", "group_rename"),
            "group_unarchive",
        ),
        **_each(("im:read",), "im_close", "im_created", "im_open"),
        **_each(("links:read",), "link_shared"),
        **_each(("metadata.message:read",), *(f"message_metadata_{what}" for what in ("deleted", "posted", "updated"))),
        **_each(("pins:read",), "pin_added", "pin_removed"),
        **_each(("reactions:read",), "reaction_added", "reaction_removed"),
        **_each(("team:read",), "email_domain_changed", "team_domain_change", "team_rename"),
        **_each(("usergroups:read",), "subteam_created", "subteam_members_changed", "subteam_updated"),
        **_each(
            ("users:read",),
            *("team_join", "user_change", "user_huddle_changed", "user_profile_changed", "user_status_changed"),
        ),
        **_each((), "app_home_opened", "app_uninstalled", "function_executed", "message.app_home", "tokens_revoked"),
        **_each((), "grid_migration_finished", "grid_migration_started"),
    }
)
"""The events a bot can subscribe to, with their scopes."""

METHOD_SCOPES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        **_each(("bookmarks:read",), "bookmarks.list"),
        **_each(("bookmarks:write",), "bookmarks.add", "bookmarks.edit", "bookmarks.remove"),
        **_each(
            ("chat:write",),
            *("chat.delete", "chat.deleteScheduledMessage", "chat.meMessage", "chat.postEphemeral"),
            *("chat.postMessage", "chat.scheduleMessage", "chat.update"),
        ),
        **_each(("links:write",), "chat.unfurl"),
        **_each(_HISTORY, "conversations.history", "conversations.replies"),
        **_each(("channels:join",), "conversations.join"),
        **_each(_READ, "conversations.info", "conversations.list", "conversations.members", "users.conversations"),
        **_each(("im:write", "mpim:write"), "conversations.close", "conversations.open"),
        **_each(
            _MANAGE,
            *("conversations.archive", "conversations.create", "conversations.invite", "conversations.kick"),
            *("conversations.leave", "conversations.mark", "conversations.rename", "conversations.setPurpose"),
            *("conversations.setTopic", "conversations.unarchive"),
        ),
        **_each(("dnd:read",), "dnd.info", "dnd.teamInfo"),
        **_each(("emoji:read",), "emoji.list"),
        **_each(("files:read",), "files.info", "files.list"),
        **_each(
            ("files:write",),
            *("files.completeUploadExternal", "files.delete", "files.getUploadURLExternal", "files.upload.v2"),
        ),
        **_each(("pins:read",), "pins.list"),
        **_each(("pins:write",), "pins.add", "pins.remove"),
        **_each(("reactions:read",), "reactions.get", "reactions.list"),
        **_each(("reactions:write",), "reactions.add", "reactions.remove"),
        **_each(("team:read",), "team.info"),
        **_each(("usergroups:read",), "usergroups.list", "usergroups.users.list"),
        **_each(
            ("usergroups:write",),
            *("usergroups.create", "usergroups.disable", "usergroups.enable", "usergroups.update"),
            "usergroups.users.update",
        ),
        **_each(("users.profile:read",), "team.profile.get", "users.profile.get"),
        **_each(("users:read",), "bots.info", "users.getPresence", "users.info", "users.list"),
        **_each(("users:read.email",), "users.lookupByEmail"),
        **_each(("users:write",), "users.setPresence"),
    }
)
"""The Web API methods that a bot token needs scopes for."""

_VERBS: Mapping[str, tuple[str, ...]] = {  # what plugins call by a name of the plugin API
    **_each(("chat:write",), "say", "say_scheduled", "reply", "reply_scheduled", "update", "delete"),
    **_each(("chat:write", "im:write", "mpim:write"), "send_dm", "send_dm_scheduled", "reply_dm", "reply_dm_scheduled"),
    **_each(("im:write", "mpim:write"), "open_im"),
    **_each(("reactions:write",), "react"),
    **_each(("pins:write",), "pin_message", "unpin_message"),
    **_each(_MANAGE, "set_topic"),
    **_each(("files:write",), "upload"),
    **_each(("users:read.email",), "get_user_by_email"),
    **{method.replace(".", "_"): scopes for method, scopes in METHOD_SCOPES.items()},  # as slack_sdk's client has them
}
_READS = {"email": "users:read.email", "users_by_email": "users:read.email", "files": "files:read"}
_CUSTOMIZING = {"username", "icon_emoji", "icon_url"}
_NOT_SLACK = ("storage", "settings")  # `self.storage.delete()` is no call of Slack's


def scopes_of_source(source: str) -> set[str]:
    """The scopes that the calls in a piece of Python need, as far as can be seen from their names.

    Raises:
        SyntaxError: It is no Python.
    """
    return {scope for node in ast.walk(ast.parse(source)) for scope in _scopes_of(node)}


def scopes_of_events(events: Iterable[str]) -> set[str]:
    """The scopes that a bot needs to subscribe to these events; none for those that are not known."""
    return {scope for event in events for scope in EVENT_SCOPES.get(event, ())}


def _scopes_of(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Attribute) and node.attr in _READS:
        yield _READS[node.attr]
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return
    name, receiver = node.func.attr, ast.unparse(node.func.value)
    if receiver.endswith(_NOT_SLACK):
        return
    yield from _VERBS.get(name, ())
    if name == "api_call" and node.args and isinstance(node.args[0], ast.Constant):
        yield from METHOD_SCOPES.get(str(node.args[0].value), ())
    if "chat:write" in _VERBS.get(name, ()) and any(keyword.arg in _CUSTOMIZING for keyword in node.keywords):
        yield "chat:write.customize"
