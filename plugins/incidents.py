"""Incidents: a thread for each, notes written in it, and the whole story as a file in the end."""

from __future__ import annotations

import asyncio
import html
import re
from datetime import datetime
from typing import TypedDict
from zoneinfo import ZoneInfo

from machine.plugins import MachineBasePlugin, Message
from machine.plugins.decorators import listen_to, respond_to

MAX_TOPIC = 250  # https://docs.slack.dev/reference/methods/conversations.setTopic


class Incident(TypedDict):
    """An open incident, as it is stored."""

    number: int
    title: str
    channel: str
    ts: str
    old_topic: str
    notes: list[str]


class Incidents(MachineBasePlugin):
    """Incidents"""

    async def init(self) -> None:
        """Notes come in at once, and reading and writing them are two steps."""
        self._writing = asyncio.Lock()

    @respond_to(r"^incident:? (?P<title>.+)")
    async def open(self, msg: Message, title: str) -> None:
        """incident <title>: open an incident; its story is told in the thread"""
        async with self._writing:
            incidents = await self._open_incidents()
            number: int = (await self.storage.get("last number") or 0) + 1
            incident = Incident(
                number=number,
                title=title,
                channel=msg.channel.id,
                ts=msg.ts,
                old_topic=msg.channel.topic.value,
                notes=[self._note(msg, f"opened: {title}")],
            )
            await self.storage.set("last number", number)
            await self.storage.set("open", {**incidents, key(msg.channel.id, msg.ts): incident})
        await msg.react("rotating_light")
        await msg.reply(
            f"Incident {number} is open. `note <text>` in this thread is written down, `resolved` ends it.",
            in_thread=True,
        )
        self.emit("incident-opened", channel=msg.channel.id, thread_ts=msg.ts, title=title)
        await msg.pin_message()
        if not msg.is_dm:
            await self.set_topic(msg.channel, html.unescape(f"Incident {number}: {title}")[:MAX_TOPIC])

    @listen_to(r"^note:? (?P<text>.+)", re.IGNORECASE | re.DOTALL)
    async def note(self, msg: Message, text: str) -> None:
        """note <text>: in the thread of an incident, write something down"""
        async with self._writing:
            incidents = await self._open_incidents()
            incident = incidents.get(key(msg.channel.id, msg.thread_ts))
            if incident is None:
                return
            incident["notes"].append(self._note(msg, text))
            await self.storage.set("open", incidents)
        await msg.react("memo")

    @listen_to(r"^resolved\b")
    async def resolve(self, msg: Message) -> None:
        """resolved: in the thread of an incident, end it"""
        async with self._writing:
            incidents = await self._open_incidents()
            incident = incidents.pop(key(msg.channel.id, msg.thread_ts), None)
            if incident is None:
                return
            await self.storage.set("open", incidents)
        story = [*incident["notes"], self._note(msg, "resolved")]
        await msg.upload("\n".join(story), f"incident-{incident['number']}.md", comment="The story:", in_thread=True)
        await self.unpin_message(msg.channel, incident["ts"])
        await self.react(msg.channel, incident["ts"], "white_check_mark")
        if not msg.is_dm:
            await self.set_topic(msg.channel, incident["old_topic"])
        self.emit("incident-resolved", channel=msg.channel.id, thread_ts=incident["ts"], title=incident["title"])

    @respond_to(r"^incidents$")
    async def list_open(self, msg: Message) -> None:
        """incidents: list the open ones"""
        incidents = (await self._open_incidents()).values()
        lines = [f"• {incident['number']}: {incident['title']} (<#{incident['channel']}>)" for incident in incidents]
        await msg.reply("\n".join(lines) or "Nothing is on fire.", in_thread=True)

    async def _open_incidents(self) -> dict[str, Incident]:
        return await self.storage.get("open") or {}

    def _note(self, msg: Message, text: str) -> str:
        when = datetime.fromtimestamp(float(msg.ts), ZoneInfo(self.settings["TZ"]))
        return f"- {when:%Y-%m-%d %H:%M} {msg.sender.display_name}: {html.unescape(text)}"


def key(channel: str, ts: str | None) -> str:
    """What an incident is stored under; a `ts` is unique in its channel only."""
    return f"{channel} {ts}"
