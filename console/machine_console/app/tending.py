"""Storage and plugins changed by hand: what the panes ask for, done in the bot."""

from __future__ import annotations

from machine.errors import MachineError
from machine_console.app.chatting import ChattingWindow
from machine_console.panes.plugins.pane import PluginsPane
from machine_console.panes.storage.editing import StorageChanges, parse_value
from machine_console.panes.storage.pane import StoragePane
from machine_console.panes.storage.stored_values import StoredValue
from machine_console.screens.dialogs import ConfirmScreen, TextScreen


class TendingWindow(ChattingWindow):
    """The window in which values and plugins can be changed."""

    _changes: StorageChanges | None = None

    def on_storage_pane_change_requested(self, event: StoragePane.ChangeRequested) -> None:
        """Change what is stored."""
        if self.machine is not None:
            machine = self.machine
            self._changes = self._changes or StorageChanges(machine.storage, machine.settings.storage_secret)
            changes = self._changes
            self.run_worker(self._change(changes, event), group="change", exit_on_error=False)

    async def _change(self, changes: StorageChanges, event: StoragePane.ChangeRequested) -> None:
        try:
            done = await self._do(changes, event.what, event.value)
        except MachineError as error:
            self.tell(str(error), title="Storage", severity="error")
            return
        if done:
            self.tell(done, title="Storage")
            self.storage_pane.action_look_again()

    async def _do(self, changes: StorageChanges, what: str, value: StoredValue | None) -> str | None:
        if what == "undo":
            key = await changes.undo()
            return f"{key} is as it was" if key else "There is nothing to undo"
        if what == "add":
            return await self._add(changes, value)
        if value is None:
            return None
        return await (self._delete_value if what == "delete" else self._edit_value)(changes, value)

    async def _delete_value(self, changes: StorageChanges, value: StoredValue) -> str | None:
        if not await self.push_screen_wait(ConfirmScreen(f"Delete {value.key}?", f"Stored by {value.plugin}.")):
            return None
        await changes.delete(value.full_key)
        return f"{value.key} is deleted, u brings it back"

    async def _edit_value(self, changes: StorageChanges, value: StoredValue) -> str | None:
        text = await self._ask_for_value(value.key, repr(value.value))
        if text is None:
            return None
        await changes.set(value.full_key, parse_value(text))
        return f"{value.key} is changed, u takes it back"

    async def _ask_for_value(self, key: str, text: str) -> str | None:
        screen = TextScreen(f"{key}, as Python", text, is_multiline=True, check=parse_value)
        return await self.push_screen_wait(screen)

    async def _add(self, changes: StorageChanges, beside: StoredValue | None) -> str | None:
        prefix = beside.full_key.removesuffix(beside.key) if beside is not None else ""
        key = await self.push_screen_wait(TextScreen("The key, with its plugin", prefix, example="key"))
        if not key:
            return None
        text = await self._ask_for_value(key, "")
        if text is None:
            return None
        await changes.set(key, parse_value(text))
        return f"{key} is stored, u takes it back"

    def on_plugins_pane_switch_requested(self, event: PluginsPane.SwitchRequested) -> None:
        """Switch a plugin off, or on."""
        if self.machine is None or event.plugin.name not in self.machine.plugins:
            return
        if event.plugin.is_off:
            self.machine.enable_plugin(event.plugin.name)
        else:
            self.machine.disable_plugin(event.plugin.name)
        self.show_plugins()

    def on_plugins_pane_run_requested(self, event: PluginsPane.RunRequested) -> None:
        """Run a job at once."""
        if self.machine is None:
            return
        try:
            self.machine.run_job_now(event.job.id)
        except MachineError as error:
            self.tell(str(error), title="Jobs", severity="error")

    def show_plugins(self) -> None:
        """Show how the plugins stand."""
        raise NotImplementedError
