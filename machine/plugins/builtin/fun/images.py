"""Pictures, found by Google's Programmable Search Engine."""

from __future__ import annotations

import random

import structlog

from machine.plugins.base import MachineBasePlugin
from machine.plugins.builtin.fun.http_json import ServiceError, get_json
from machine.plugins.decorators import required_settings, respond_to
from machine.plugins.message import Message

_logger = structlog.stdlib.get_logger(__name__)
_ANIMATED = {"fileType": "gif", "hq": "animated"}


@required_settings(["GOOGLE_CSE_ID", "GOOGLE_API_KEY"])
class ImageSearchPlugin(MachineBasePlugin):
    """Images"""

    @respond_to(r"^(?:image|img)(?: me)? (?P<query>.+)")
    async def image_me(self, msg: Message, query: str) -> None:
        """image <query>: find a picture"""
        await self._answer(msg, query, {})

    @respond_to(r"^animate(?: me)? (?P<query>.+)")
    async def animate_me(self, msg: Message, query: str) -> None:
        """animate <query>: find an animated picture"""
        await self._answer(msg, query, _ANIMATED)

    async def _answer(self, msg: Message, query: str, kind: dict[str, str]) -> None:
        try:
            found = await self._search(query, kind)
        except ServiceError as error:
            _logger.warning("The image search gave no answer", problem=str(error))
            await msg.say("I cannot reach the image search at the moment")
            return
        if found:
            await msg.say(random.choice(found))  # noqa: S311 - a picture is no secret
        else:
            await msg.say(f"I found no picture of {query}")

    async def _search(self, query: str, kind: dict[str, str]) -> list[str]:
        url = str(self.settings.get("GOOGLE_SEARCH_URL", "https://www.googleapis.com/customsearch/v1"))
        parameters = {
            "cx": str(self.settings["GOOGLE_CSE_ID"]),
            "key": str(self.settings["GOOGLE_API_KEY"]),
            "q": query,
            "searchType": "image",
            "safe": "active",
            "fields": "items(link)",
        }
        answer = await get_json(url, {**parameters, **kind})
        return [item["link"] for item in answer.get("items", [])]
