"""Stored values changed by hand: asked for in dialogs, done in the bot."""

from __future__ import annotations

import ast
from typing import Any

from machine.errors import StorageError
from machine_console.panes.base import Pane
from machine_console.screens.dialogs import ConfirmScreen, TextScreen
from machine_console.session.bot_session import BotSession
from machine_console.session.stored_values import StoredValue


def parse_value(text: str) -> Any:
    """The Python value that was written: a literal, such as `{"a": 1}`.

    Raises:
        StorageError: It is none.
    """
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        raise StorageError("That is no Python literal; write 'text' (in quotes), 12, [1, 2] or {'a': None}.") from None


class StorageEditing:
    """Changes what is stored, as a person answers.

    Args:
        session: The bot.
        pane: Shows the dialogs.
    """

    def __init__(self, session: BotSession, pane: Pane) -> None:
        self._session = session
        self._pane = pane

    async def change(self, what: str, value: StoredValue | None) -> str | None:
        """`edit` or `delete` a value, `add` one beside it, or `undo` the last change; returns what was done.

        Raises:
            MachineError: It cannot be done.
        """
        if what == "undo":
            key = await self._session.undo_storage()
            return f"{key} is as it was" if key else "There is nothing to undo"
        if what == "add":
            return await self._add(value)
        if value is None:
            return None
        return await (self._delete if what == "delete" else self._edit)(value)

    async def _delete(self, value: StoredValue) -> str | None:
        asked = ConfirmScreen(f"Delete {value.key}?", f"Stored by {value.plugin}.")
        if not await self._pane.app.push_screen_wait(asked):
            return None
        await self._session.delete_value(value.full_key)
        return f"{value.key} is deleted, u brings it back"

    async def _edit(self, value: StoredValue) -> str | None:
        text = await self._ask_for_value(value.key, repr(value.value))
        if text is None:
            return None
        await self._session.set_value(value.full_key, parse_value(text))
        return f"{value.key} is changed, u takes it back"

    async def _add(self, beside: StoredValue | None) -> str | None:
        prefix = beside.full_key.removesuffix(beside.key) if beside is not None else ""
        key = await self._pane.app.push_screen_wait(TextScreen("The key, with its plugin", prefix, example="key"))
        if not key:
            return None
        text = await self._ask_for_value(key, "")
        if text is None:
            return None
        await self._session.set_value(key, parse_value(text))
        return f"{key} is stored, u takes it back"

    async def _ask_for_value(self, key: str, text: str) -> str | None:
        screen = TextScreen(f"{key}, as Python", text, is_multiline=True, check=parse_value)
        return await self._pane.app.push_screen_wait(screen)
