"""The events that an app can subscribe to for its bot, and the scopes each of them wants.

Read in November 2026 off https://docs.slack.dev/reference/events. Where one of several scopes will do, depending on the
kind of the conversation, all of them are listed.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

MESSAGE_EVENTS = ("message.channels", "message.groups", "message.im", "message.mpim")
"""What a bot subscribes to for messages; what arrives is called `message`."""

UNASKED = frozenset({"app_rate_limited", "goodbye", "hello", "url_verification"})
"""Slack sends these without a subscription."""

FOR_PEOPLE_ONLY = frozenset(
    {
        *("app_requested", "dnd_updated", "invite_requested", "star_added", "star_removed"),
        *("subteam_self_added", "subteam_self_removed"),
    }
)
"""An app hears of these only with the token of a person."""


def _each(scopes: tuple[str, ...], *names: str) -> dict[str, tuple[str, ...]]:
    return dict.fromkeys(names, scopes)


EVENT_SCOPES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        **_each(("app_mentions:read",), "app_mention"),
        **_each(
            ("assistant:write",),
            *("app_context_changed", "assistant_thread_context_changed", "assistant_thread_started"),
        ),
        **_each(("calls:read",), "call_rejected"),
        **_each(("channels:history",), "channel_history_changed", "message.channels"),
        **_each(
            ("channels:read",),
            *("channel_archive", "channel_created", "channel_deleted", "channel_id_changed", "channel_left"),
            *("channel_rename", "channel_unarchive"),
        ),
        **_each(
            ("channels:read", "groups:read"),
            *("channel_shared", "channel_unshared", "member_joined_channel", "member_left_channel"),
        ),
        **_each(("chat:write",), "agent_session_stopped", "agent_session_title_changed"),
        **_each(("code_channels:manage",), "code_channel_action"),
        **_each(("conversations.connect:manage",), "shared_channel_invite_requested"),
        **_each(("dnd:read",), "dnd_updated_user"),
        **_each(("emoji:read",), "emoji_changed"),
        **_each(
            ("files:read",),
            *("file_change", "file_comment_added", "file_comment_deleted", "file_comment_edited", "file_created"),
            *("file_deleted", "file_public", "file_shared", "file_unshared"),
        ),
        **_each(("groups:history",), "group_history_changed", "message.groups"),
        **_each(
            ("groups:read",),
            *("group_archive", "group_close", "group_deleted", "group_left", "group_open", "group_rename"),
            "group_unarchive",
        ),
        **_each(("im:history",), "im_history_changed", "message.im"),
        **_each(("im:read",), "im_close", "im_created", "im_open"),
        **_each(("links:read",), "link_shared"),
        **_each(("metadata.message:read",), *(f"message_metadata_{what}" for what in ("deleted", "posted", "updated"))),
        **_each(("mpim:history",), "message.mpim"),
        **_each(("pins:read",), "pin_added", "pin_removed"),
        **_each(("reactions:read",), "reaction_added", "reaction_removed"),
        **_each(("team:read",), "email_domain_changed", "team_domain_change", "team_rename"),
        **_each(("usergroups:read",), "subteam_created", "subteam_members_changed", "subteam_updated"),
        **_each(
            ("users:read",),
            *("team_join", "user_change", "user_huddle_changed", "user_profile_changed", "user_status_changed"),
        ),
        **_each(("users:write",), "user_connection"),
        **_each(
            (),
            *("app_deleted", "app_home_opened", "app_installed", "app_uninstalled", "app_uninstalled_team"),
            *("entity_comments_requested", "entity_details_requested", "function_executed"),
            *("grid_migration_finished", "grid_migration_started", "message.app_home"),
            *("shared_channel_invite_accepted", "shared_channel_invite_approved", "shared_channel_invite_declined"),
            *("shared_channel_invite_received", "team_access_granted", "team_access_revoked", "tokens_revoked"),
        ),
    }
)
"""Every event that a bot can subscribe to."""
