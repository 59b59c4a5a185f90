"""Plugins that help to see what arrives."""

from __future__ import annotations

from typing import Any

from machine.plugins.base import MachineBasePlugin
from machine.plugins.decorators import process


class EchoPlugin(MachineBasePlugin):
    """Echo"""

    @process("message")
    async def echo_message(self, event: dict[str, Any]) -> None:
        """Say what was said, where it was said; only messages with a text that a person wrote."""
        text, channel = event.get("text"), event.get("channel")
        if text and channel and event.get("subtype") is None and "bot_id" not in event:
            await self.say(channel, text, thread_ts=event.get("thread_ts"))
