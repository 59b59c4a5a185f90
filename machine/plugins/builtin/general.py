"""Small talk: a sign of life, and a greeting."""

from __future__ import annotations

import random

from machine.plugins.base import MachineBasePlugin
from machine.plugins.decorators import listen_to, respond_to
from machine.plugins.message import Message

_GREETINGS = ("Oh, hi!", "Hello!", "Hey there!", "Good to see you!")


class PingPongPlugin(MachineBasePlugin):
    """Playing ping pong"""

    @listen_to(r"^ping$")
    async def listen_to_ping(self, msg: Message) -> None:
        """ping: serving the ball"""
        await msg.say("pong")

    @listen_to(r"^pong$")
    async def listen_to_pong(self, msg: Message) -> None:
        """pong: returning the ball"""
        await msg.say("ping")


class HelloPlugin(MachineBasePlugin):
    """Greetings"""

    @respond_to(r"^(?:hi|hello)\b")
    async def hello(self, msg: Message) -> None:
        """hi, hello: say hello to the bot"""
        await msg.reply(random.choice(_GREETINGS))  # noqa: S311 - a greeting is no secret
