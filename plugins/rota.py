"""Whose turn it is to be on call, with a reminder on weekday mornings."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from machine.plugins import Command, MachineBasePlugin, Message
from machine.plugins.decorators import command, listen_to, on, schedule

USAGE = "Write `/oncall`, `/oncall join`, `/oncall leave` or `/oncall next`."


class OnCallRota(MachineBasePlugin):
    """On-call rota

    The first person of the list is on call, for a week. Setting: `ROTA_CHANNEL`, where people are told; `#ops` by
    default.
    """

    async def init(self) -> None:
        """Two people may change the list at once, and reading and writing it are two steps."""
        self._changing = asyncio.Lock()

    @command("/oncall")
    async def change(self, command: Command) -> AsyncIterator[str]:
        """/oncall [join | leave | next]: see who is on call, take part, or hand over"""
        person = command.sender.id
        match command.text.split():
            case []:
                yield self._list(await self._people())
            case ["join"]:
                yield self._list(await self._change(add=person))
            case ["leave"]:
                yield self._list(await self._change(remove=person))
            case ["next"]:
                yield "Handing over…"  # Slack waits 3 seconds for this; what follows may take its time
                await self._hand_over()
            case _:
                yield USAGE

    @listen_to(r"^who(?:.s| is) on call\b")
    async def who(self, msg: Message) -> None:
        """who is on call: whose turn it is"""
        await msg.reply(self._list(await self._people()), in_thread=True)

    @schedule(day_of_week="mon", hour=9)
    async def new_week(self) -> None:
        """It is the next person's turn."""
        await self._hand_over()

    @schedule(day_of_week="tue-fri", hour=9)
    async def remind(self) -> None:
        """Everybody should know whom to ask."""
        if people := await self._people():
            await self.say(self._channel, f"Good morning! <@{people[0]}> is on call today.")

    @on("incident-opened")
    async def call(self, channel: str, thread_ts: str, title: str) -> None:
        """Fetch who is on call into the thread of an incident; the incidents plugin emits the event."""
        if people := await self._people():
            await self.say(channel, f"<@{people[0]}>, you are on call. Please have a look.", thread_ts=thread_ts)
            await self.send_dm(people[0], f"You are needed in <#{channel}>: {title}")

    @property
    def _channel(self) -> str:
        return str(self.settings.get("ROTA_CHANNEL", "#ops"))

    async def _people(self) -> list[str]:
        return await self.storage.get("people") or []

    async def _change(self, add: str | None = None, remove: str | None = None) -> list[str]:
        async with self._changing:
            people = [person for person in await self._people() if person not in (add, remove)]
            people += [add] if add else []
            await self.storage.set("people", people)
        return people

    async def _hand_over(self) -> None:
        people = await self._people()
        if people:
            people = await self._change(add=people[0])
            await self.say(self._channel, self._list(people))

    def _list(self, people: list[str]) -> str:
        if not people:
            return "Nobody is on call. Take part with `/oncall join`."
        first, *others = (f"<@{person}>" for person in people)
        return f"{first} is on call; next: {', '.join(others)}." if others else f"{first} is on call."
