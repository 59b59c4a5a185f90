"""The Web API methods that a bot may call: which scopes they want, and how often Slack lets an app call them.

Read in November 2026 off https://docs.slack.dev/reference/methods (scopes and tier of each method) and
https://docs.slack.dev/apis/web-api/rate-limits (calls per minute). Where a method takes other scopes for other kinds
of conversations, all of them are listed. Scopes that allow a part of what another one allows (`channels:write.invites`,
`channels:write.topic`) are left out: an app that has the larger one needs neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

Tier: TypeAlias = Literal[1, 2, 3, 4, "posting"] | None
"""A class of methods; `posting` counts per channel, `None` has a limit that Slack gives no number for."""

CALLS_PER_MINUTE: Mapping[Tier, int] = MappingProxyType({1: 1, 2: 20, 3: 50, 4: 100, "posting": 60})
"""What Slack promises at least."""

_HISTORY = ("channels:history", "groups:history", "im:history", "mpim:history")
_READ = ("channels:read", "groups:read", "im:read", "mpim:read")
_DIRECT = ("im:write", "mpim:write")  # Slack names those of channels too, which nobody can open or close
_CONNECT = ("conversations.connect:manage",)
MANAGE = ("channels:manage", "groups:write", "im:write", "mpim:write")
"""For changing a conversation of any kind."""

ALWAYS = ("users:read", *_READ)
"""For the directory of people and channels that every bot keeps."""


@dataclass(frozen=True, slots=True)
class MethodFacts:
    """What Slack documents about a method.

    Attributes:
        scopes: Those of which a bot token needs one; none if any token will do.
        tier: How often it may be called.
    """

    scopes: tuple[str, ...]
    tier: Tier


def _each(scopes: tuple[str, ...], tier: Tier, *names: str) -> dict[str, MethodFacts]:
    return dict.fromkeys(names, MethodFacts(scopes, tier))


METHODS: Mapping[str, MethodFacts] = MappingProxyType(
    {
        **_each(
            ("code_channels:manage",),
            None,
            *("agents.conversations.archive", "agents.conversations.create", "agents.conversations.getCanvas"),
            *("agents.conversations.listViews", "agents.conversations.removeView"),
            *("agents.conversations.setCanvasContent", "agents.conversations.setCommands"),
            *("agents.conversations.setProperties", "agents.conversations.setView"),
        ),
        **_each((), 1, "apps.uninstall"),
        **_each((), 4, "api.test"),
        **_each(("assistant:write",), 4, "assistant.threads.setSuggestedPrompts", "assistant.threads.setTitle"),
        **_each((), 3, "auth.revoke", "auth.teams.list"),
        **_each((), None, "auth.test", "blocks.validate", "chat.getPermalink"),
        **_each(("bookmarks:read",), 3, "bookmarks.list"),
        **_each(("bookmarks:write",), 2, "bookmarks.add", "bookmarks.edit", "bookmarks.remove"),
        **_each(("bookmarks:read",), 2, "workflows.featured.list"),
        **_each(
            ("bookmarks:write",),
            2,
            *("workflows.featured.add", "workflows.featured.remove", "workflows.featured.set"),
        ),
        **_each(("calls:read",), 3, "calls.info"),
        **_each(
            ("calls:write",),
            3,
            *("calls.add", "calls.end", "calls.participants.add", "calls.participants.remove", "calls.update"),
        ),
        **_each(("canvases:read",), 3, "canvases.getContent", "canvases.sections.lookup"),
        **_each(("canvases:write",), 2, "canvases.create", "conversations.canvases.create"),
        **_each(
            ("canvases:write",), 3, "canvases.access.delete", "canvases.access.set", "canvases.delete", "canvases.edit"
        ),
        **_each(("channels:join",), 3, "conversations.join"),
        **_each(("chat:write",), None, "assistant.threads.setStatus"),
        **_each(("chat:write",), "posting", "chat.postMessage"),
        **_each(("chat:write",), 2, "chat.startStream", "chat.stopStream"),
        **_each(
            ("chat:write",),
            3,
            *("agents.sessions.rename", "agents.sessions.setStatus", "chat.delete", "chat.deleteScheduledMessage"),
            *("chat.meMessage", "chat.scheduleMessage", "chat.update"),
        ),
        **_each(("chat:write",), 4, "chat.appendStream", "chat.postEphemeral"),
        **_each((), 3, "chat.scheduledMessages.list"),
        **_each(("conversations.connect:write",), 2, "conversations.acceptSharedInvite", "conversations.inviteShared"),
        **_each(_CONNECT, 1, "conversations.listConnectInvites", "team.externalTeams.disconnect"),
        **_each(
            _CONNECT,
            2,
            *("conversations.externalInvitePermissions.set", "conversations.requestSharedInvite.approve"),
            *("conversations.requestSharedInvite.deny", "conversations.requestSharedInvite.list"),
            *("team.externalTeams.list", "users.discoverableContacts.lookup"),
        ),
        **_each(_CONNECT, 3, "conversations.approveSharedInvite", "conversations.declineSharedInvite"),
        **_each(_DIRECT, 2, "conversations.close"),
        **_each(_DIRECT, 3, "conversations.open"),
        **_each(_HISTORY, 3, "conversations.history", "conversations.replies"),
        **_each(_READ, 2, "conversations.list"),
        **_each(_READ, 3, "conversations.info", "users.conversations"),
        **_each(_READ, 4, "conversations.members"),
        **_each(
            MANAGE,
            2,
            *("conversations.archive", "conversations.create", "conversations.rename"),
            *("conversations.setPurpose", "conversations.setTopic", "conversations.unarchive"),
        ),
        **_each(
            MANAGE,
            3,
            *("conversations.invite", "conversations.kick", "conversations.leave", "conversations.mark"),
        ),
        **_each(("dnd:read",), 2, "dnd.teamInfo"),
        **_each(("dnd:read",), 3, "dnd.info"),
        **_each(("emoji:read",), 2, "emoji.list"),
        **_each(("files:read",), 3, "files.list"),
        **_each(("files:read",), 4, "files.info"),
        **_each(("files:write",), 2, "files.comments.delete"),
        **_each(("files:write",), 3, "files.delete", "files.revokePublicURL"),
        **_each(("files:write",), 4, "files.completeUploadExternal", "files.getUploadURLExternal"),
        **_each((), 3, "entity.presentDetails", "functions.completeError", "functions.completeSuccess"),
        **_each(("links:write",), 3, "chat.unfurl"),
        **_each(("lists:read",), 2, "slackLists.download.start", "slackLists.items.info", "slackLists.items.list"),
        **_each(("lists:read",), 4, "slackLists.download.get"),
        **_each(
            ("lists:write",),
            2,
            *("slackLists.create", "slackLists.items.delete", "slackLists.items.deleteMultiple"),
            "slackLists.update",
        ),
        **_each(
            ("lists:write",),
            3,
            *("slackLists.access.delete", "slackLists.access.set", "slackLists.items.create"),
            "slackLists.items.update",
        ),
        **_each(("pins:read",), 2, "pins.list"),
        **_each(("pins:write",), 2, "pins.add", "pins.remove"),
        **_each(("reactions:read",), 2, "reactions.list"),
        **_each(("reactions:read",), 3, "reactions.get"),
        **_each(("reactions:write",), 2, "reactions.remove"),
        **_each(("reactions:write",), 3, "reactions.add"),
        **_each(("remote_files:read",), 2, "files.remote.info", "files.remote.list"),
        **_each(("remote_files:share",), 2, "files.remote.share"),
        **_each(("remote_files:write",), 2, "files.remote.add", "files.remote.remove", "files.remote.update"),
        **_each(("team.billing:read",), 3, "team.billing.info"),
        **_each(("team.preferences:read",), 3, "team.preferences.list"),
        **_each(("team:read",), 3, "team.info"),
        **_each(("tokens.basic",), 2, "migration.exchange"),
        **_each(("usergroups:read",), 2, "usergroups.list", "usergroups.users.list"),
        **_each(
            ("usergroups:write",),
            2,
            *("usergroups.create", "usergroups.disable", "usergroups.enable", "usergroups.update"),
            "usergroups.users.update",
        ),
        **_each(("users.profile:read",), 3, "team.profile.get"),
        **_each(("users.profile:read",), 4, "users.profile.get"),
        **_each(("users:read",), 2, "users.list"),
        **_each(("users:read",), 3, "bots.info", "users.getPresence"),
        **_each(("users:read",), 4, "users.info"),
        **_each(("users:read.email",), 3, "users.lookupByEmail"),
        **_each(("users:write",), 2, "users.setPresence"),
        **_each((), 4, "dialog.open", "views.open", "views.publish", "views.push", "views.update"),
    }
)
"""Every method that takes a bot token."""

APP_TOKEN_METHODS: Mapping[str, MethodFacts] = MappingProxyType(
    {
        **_each(("authorizations:read",), 4, "apps.event.authorizations.list"),
        **_each(("connections:write",), 1, "apps.connections.open"),
    }
)
"""Methods that take an app token, and the scopes of that."""
