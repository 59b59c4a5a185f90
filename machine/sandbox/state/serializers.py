"""How Slack writes people, conversations, messages, views and files as JSON.

One function per object; the Web API and the events use the same ones, because Slack does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from machine.sandbox.state.objects import Conversation, File, Message, Person, View
from machine.sandbox.state.team import App, Team
from machine.slack.text_encoding import rich_text

Json = dict[str, Any]

_CHANNEL_TYPES = {"channel": "channel", "private": "group", "im": "im", "mpim": "mpim"}
_ZONE_LIFETIME_S = 900  # clocks are changed on the quarter of an hour
_TYPED = {None, "thread_broadcast", "file_share"}  # the subtypes of what people write themselves
_PICTURE_SIZES = (24, 32, 48, 72, 192, 512)


class Serializer:
    """Writes the objects of one workspace as JSON, always as the installed app sees them.

    Attributes:
        files_url: Where files are read from, without a slash at the end.
    """

    def __init__(self, team: Team, app: App, bot: Person, find_message: Callable[[str, str], Message | None]) -> None:
        self._team = team
        self._app = app
        self._bot = bot
        self._find_message = find_message
        self.files_url = "https://files.slack.com"

    def person(self, person: Person) -> Json:
        """A user object: https://docs.slack.dev/reference/objects/user-object."""
        tz_label, tz_offset = _zone(person.tz, int(time.time() // _ZONE_LIFETIME_S))
        return {
            "id": person.id,
            "team_id": self._team.id,
            "name": person.name,
            "deleted": person.is_deleted,
            "color": "9f69e7",
            "real_name": person.real_name or person.name,
            "tz": person.tz,
            "tz_label": tz_label,
            "tz_offset": tz_offset,
            "profile": self.profile(person),
            "is_admin": person.is_admin,
            "is_owner": person.is_owner,
            "is_primary_owner": False,
            "is_restricted": person.is_restricted,
            "is_ultra_restricted": False,
            "is_bot": person.is_bot,
            "is_app_user": False,
            "updated": person.updated,
            "is_email_confirmed": not person.is_bot,
            "who_can_share_contact_card": "EVERYONE",
        }

    def profile(self, person: Person) -> Json:
        """A profile, as `users.profile.get` answers it."""
        profile: Json = {
            "title": person.title,
            "phone": person.phone,
            "skype": "",
            "real_name": person.real_name or person.name,
            "real_name_normalized": person.real_name or person.name,
            "display_name": person.display_name,
            "display_name_normalized": person.display_name,
            "fields": {},
            "status_text": person.status_text,
            "status_emoji": person.status_emoji,
            "status_expiration": 0,
            "avatar_hash": f"g{person.id.lower()}",
            "first_name": (person.real_name or person.name).partition(" ")[0],
            "last_name": (person.real_name or person.name).partition(" ")[2],
            "team": self._team.id,
            **self._pictures(person, _PICTURE_SIZES),
        }
        if person.email and "users:read.email" in self._app.scopes:
            profile["email"] = person.email
        if person.is_bot:
            profile |= {"bot_id": person.bot_id, "api_app_id": self._app.id, "always_active": True}
        return profile

    def conversation(self, conversation: Conversation) -> Json:
        """A conversation object: https://docs.slack.dev/reference/objects/conversation-object."""
        common: Json = {
            "id": conversation.id,
            "created": conversation.created,
            "is_archived": conversation.is_archived,
            "is_im": conversation.kind == "im",
            "is_org_shared": False,
            "context_team_id": self._team.id,
            "updated": conversation.created * 1000,
        }
        if conversation.is_dm:
            return common | {
                "user": conversation.partner_of(self._bot.id),
                "is_user_deleted": False,
                "is_open": conversation.is_open,
                "priority": 0,
            }
        topic_by, topic_at = conversation.topic_set
        purpose_by, purpose_at = conversation.purpose_set
        return common | {
            "name": conversation.name,
            "name_normalized": conversation.name,
            "is_channel": conversation.kind == "channel",
            "is_group": conversation.kind == "private",
            "is_mpim": conversation.kind == "mpim",
            "is_private": conversation.kind != "channel",
            "is_general": conversation.is_general,
            "is_shared": False,
            "is_ext_shared": False,
            "is_pending_ext_shared": False,
            "is_member": self._bot.id in conversation.members,
            "unlinked": 0,
            "creator": conversation.creator,
            "shared_team_ids": [self._team.id],
            "pending_shared": [],
            "previous_names": list(conversation.previous_names),
            "topic": {"value": conversation.topic, "creator": topic_by, "last_set": topic_at},
            "purpose": {"value": conversation.purpose, "creator": purpose_by, "last_set": purpose_at},
        }

    @staticmethod
    def channel_type(conversation: Conversation) -> str:
        """What events call the kind of a conversation: `channel`, `group`, `im` or `mpim`."""
        return _CHANNEL_TYPES[conversation.kind]

    def message(self, message: Message) -> Json:
        """A message as it stands in `conversations.history` and, with its channel added, in events."""
        shape: Json = {"user": message.user, "type": "message", "ts": message.ts}
        if message.subtype:
            shape["subtype"] = message.subtype
        if message.bot_id:
            shape |= {"bot_id": message.bot_id, "app_id": self._app.id, "bot_profile": self.bot_profile()}
        elif message.subtype in _TYPED:
            shape["client_msg_id"] = _client_msg_id(message.ts)
        shape |= {"text": message.text, "team": self._team.id}
        if blocks := self._blocks(message):
            shape["blocks"] = blocks
        self._add_optional(shape, message)
        return shape

    def bot_profile(self) -> Json:
        """The app as it appears beside its messages."""
        return {
            "id": self._bot.bot_id,
            "app_id": self._app.id,
            "name": self._app.name,
            "icons": self._pictures(self._bot, (36, 48, 72)),
            "deleted": False,
            "updated": self._bot.updated,
            "team_id": self._team.id,
        }

    def file(self, file: File) -> Json:
        """A file object: https://docs.slack.dev/reference/objects/file-object."""
        folder = f"{self.files_url}/files-pri/{self._team.id}-{file.id}"
        name = quote(file.name, safe="")
        return {
            "id": file.id,
            "created": file.created,
            "timestamp": file.created,
            "name": file.name,
            "title": file.title,
            "mimetype": file.mimetype,
            "filetype": file.filetype,
            "pretty_type": file.filetype.upper(),
            "user": file.user,
            "user_team": self._team.id,
            "editable": False,
            "size": file.size,
            "mode": "hosted",
            "is_external": False,
            "external_type": "",
            "is_public": True,
            "public_url_shared": False,
            "username": "",
            "url_private": f"{folder}/{name}",
            "url_private_download": f"{folder}/download/{name}",
            "permalink": f"{self._team.url}files/{file.user}/{file.id}/{name}",
            "channels": list(file.channels),
            "groups": [],
            "ims": [],
            "comments_count": 0,
            **({"alt_txt": file.alt_text} if file.alt_text else {}),
        }

    def view(self, view: View) -> Json:
        """A view object: https://docs.slack.dev/reference/views."""
        content = view.content
        shape: Json = {
            "id": view.id,
            "team_id": self._team.id,
            "type": view.type,
            "blocks": list(view.blocks),
            "private_metadata": content.get("private_metadata") or "",
            "callback_id": content.get("callback_id") or "",
            "state": {"values": view.values},
            "hash": view.hash,
            "title": content.get("title"),
            "clear_on_close": bool(content.get("clear_on_close")),
            "notify_on_close": bool(content.get("notify_on_close")),
            "close": content.get("close"),
            "submit": content.get("submit"),
            "previous_view_id": view.previous_id,
            "root_view_id": view.root_id,
            "app_id": self._app.id,
            "external_id": content.get("external_id") or "",
            "app_installed_team_id": self._team.id,
            "bot_id": self._bot.bot_id,
        }
        if view.type == "modal":
            shape["submit_disabled"] = bool(content.get("submit_disabled"))
        return shape

    def _blocks(self, message: Message) -> list[Any]:
        if message.blocks or message.is_by_bot or message.subtype not in _TYPED or not message.text:
            return list(message.blocks)
        return [rich_text(message.text, message.ts[-5:])]

    def _add_optional(self, shape: Json, message: Message) -> None:
        if message.attachments:
            shape["attachments"] = list(message.attachments)
        if message.files:
            shape |= {"files": [self.file(file) for file in message.files], "upload": False}
        if message.edited:
            shape["edited"] = {"user": message.edited[0], "ts": message.edited[1]}
        if message.reactions:
            shape["reactions"] = [
                {"name": name, "users": list(users), "count": len(users)} for name, users in message.reactions.items()
            ]
        if message.metadata:
            shape["metadata"] = dict(message.metadata)
        if message.username:
            shape["username"] = message.username
        if message.icons:
            shape["icons"] = dict(message.icons)
        if message.thread_ts:
            shape["thread_ts"] = message.thread_ts
        if message.is_broadcast and (root := self._find_message(message.channel, message.thread_ts or "")):
            shape["root"] = self.message(root)
        if message.replies:
            shape |= {
                "reply_count": len(message.replies),
                "reply_users_count": len(message.repliers),
                "latest_reply": message.replies[-1],
                "reply_users": list(message.repliers),
                "is_locked": False,
                "subscribed": self._bot.id in message.repliers,
            }
        shape |= message.details

    def _pictures(self, person: Person, sizes: Iterable[int]) -> dict[str, str]:
        address = f"{self._team.url}avatars/{person.id}"
        return {f"image_{size}": f"{address}_{size}.png" for size in sizes}


@lru_cache(maxsize=1024)
def _zone(name: str, period: int) -> tuple[str, int]:
    """Label and offset in seconds of a time zone at that time: most people share one, and looking it up is slow."""
    at = datetime.fromtimestamp(period * _ZONE_LIFETIME_S, ZoneInfo(name))
    offset = at.utcoffset()
    return at.tzname() or name, int(offset.total_seconds()) if offset else 0


def _client_msg_id(ts: str) -> str:
    digits = ts.replace(".", "").rjust(32, "0")
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
