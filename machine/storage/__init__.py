"""Where plugins keep their data.

`PluginStorage` is what a plugin has as `self.storage`. The backends behind it are in `machine.storage.backends`, one
module each, chosen by the setting `STORAGE_BACKEND`.
"""

from machine.storage.plugin_storage import PluginStorage

__all__ = ["PluginStorage"]
