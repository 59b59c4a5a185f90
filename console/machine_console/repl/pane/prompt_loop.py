"""What goes on in the REPL pane: one input after another, read and run, whatever becomes of each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import RenderableType
from rich.text import Text

from machine_console.repl.language.errors import describe
from machine_console.repl.language.session import Conversation
from machine_console.repl.pane.ptk_bridge import no_winch_handler
from machine_console.repl.prompt.echo import echo
from machine_console.repl.prompt.prompt import Prompt
from machine_console.repl.prompt.rendering import render_error

_SHOW_RUNNING_AFTER_S = 0.3
_MAX_FAILURES = 3
"""Failures of the prompt one after another that end it, so that it cannot fail for ever and hold up the bot."""


@dataclass(frozen=True, slots=True)
class Reactions:
    """What the pane does when something happens in the loop.

    Attributes:
        write: Shows an output.
        entered: An input has been read, and begins to run.
        hidden: The prompt is not on the screen for now.
        running: An input has been running for a while (true), or has ended (false).
        left: The person asked to leave.
    """

    write: Callable[[RenderableType], None]
    entered: Callable[[], None]
    hidden: Callable[[], None]
    running: Callable[[bool], None]
    left: Callable[[], object]


class PromptLoop:
    """Reads inputs and runs them.

    Args:
        prompt: Where they are typed.
        conversation: Runs them.
        reactions: Of the pane around.
    """

    def __init__(self, prompt: Prompt, conversation: Conversation, reactions: Reactions) -> None:
        self._prompt = prompt
        self._conversation = conversation
        self._reactions = reactions

    async def run(self) -> None:
        """Go on until cancelled, or until the prompt itself fails again and again."""
        failures = 0
        while failures < _MAX_FAILURES:
            try:
                await self._exchange()
                failures = 0
            except Exception as error:  # noqa: BLE001 - the prompt must survive what goes wrong in drawing it
                failures += 1
                self._reactions.write(render_error(f"The prompt failed: {describe(error)}"))

    async def _exchange(self) -> None:
        """One input and what becomes of it."""
        reactions = self._reactions
        try:
            with no_winch_handler():
                source = await self._prompt.ask()
        except EOFError:
            reactions.left()
            return
        finally:
            reactions.hidden()
        if not source.strip():
            return
        reactions.entered()
        reactions.write(echo(source, self._prompt.label))
        reminder = asyncio.get_running_loop().call_later(_SHOW_RUNNING_AFTER_S, reactions.running, True)
        try:
            outcome = await self._conversation.run(source)
        finally:
            reminder.cancel()
            reactions.running(False)
        if outcome.exit_code is not None:
            reactions.write(Text("The REPL stays with the console.", style="dim"))
            reactions.left()
