"""Where plugins written for slack-machine import some classes from; nothing here is used by the framework itself."""

from machine.storage.plugin_storage import human_size as sizeof_fmt

__all__ = ["sizeof_fmt"]
