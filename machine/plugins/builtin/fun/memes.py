"""Memes, drawn by a Memegen server."""

from __future__ import annotations

from urllib.parse import quote, urlencode

import structlog
from slack_sdk.models.blocks import ImageBlock, PlainTextObject

from machine.plugins.base import MachineBasePlugin
from machine.plugins.builtin.fun.http_json import ServiceError, get_json
from machine.plugins.decorators import respond_to
from machine.plugins.message import Message
from machine.slack.long_text import split

_logger = structlog.stdlib.get_logger(__name__)

# How Memegen wants these characters written; https://memegen.link
_ESCAPES = str.maketrans(
    {"_": "__", "-": "--", " ": "_", "?": "~q", "&": "~a", "%": "~p", "#": "~h", "/": "~s", "\\": "~b", '"': "''"}
)
_MAX_ALT_TEXT = 2_000  # https://docs.slack.dev/reference/block-kit/blocks/image-block


class MemePlugin(MachineBasePlugin):
    """Images"""

    @respond_to(r"^meme (?P<meme>\S+) (?P<top>.+);(?P<bottom>.+)")
    async def meme(self, msg: Message, meme: str, top: str, bottom: str) -> None:
        """meme <template> <top text>;<bottom text>: draw a meme from a template, or from the URL of a picture"""
        title = f"{top.strip()} - {bottom.strip()}"[:_MAX_ALT_TEXT]
        url = self._image_url(meme.strip("<>"), top.strip(), bottom.strip())
        await msg.say(title, blocks=[ImageBlock(image_url=url, alt_text=title, title=PlainTextObject(text=title))])

    @respond_to(r"^list memes$")
    async def list_memes(self, msg: Message) -> None:
        """list memes: list the templates"""
        ephemeral = not msg.is_dm
        try:
            templates = await get_json(f"{self._service}/templates/")
        except ServiceError as error:
            _logger.warning("The meme service gave no list", problem=str(error))
            await msg.say("I cannot reach the meme service at the moment", ephemeral=ephemeral)
            return
        names = [f"• `{template['id']}`: {template['name']}" for template in templates]
        for text in split(["*You can choose from these templates:*", *names]):
            await msg.say(text, ephemeral=ephemeral)

    @property
    def _service(self) -> str:
        return str(self.settings.get("MEMEGEN_URL", "https://api.memegen.link")).rstrip("/")

    def _image_url(self, template: str, top: str, bottom: str) -> str:
        query = {"font": str(self.settings.get("MEMEGEN_FONT", "impact"))}
        if template.startswith(("http://", "https://")):
            query["background"] = template
            template = "custom"
        texts = "/".join(quote(text.translate(_ESCAPES), safe="~'") for text in (top, bottom))
        return f"{self._service}/images/{quote(template)}/{texts}.jpg?{urlencode(query)}"
