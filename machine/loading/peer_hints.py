"""What to do about plugins that import what slack-machine had and this project has not."""

from __future__ import annotations

import re
from collections.abc import Mapping

GUIDE = "docs/coming-from-slack-machine.md"
BEFORE_030 = (
    "Plugins for slack-machine before 0.30 were not async: write `async def`, and `await` before what talks to Slack "
    f"or the storage (see {GUIDE})."
)

_BEFORE_030 = frozenset({"machine.singletons", "machine.client", "machine.clients.singletons", "slackclient"})
_NAMES_BEFORE_030 = frozenset({"MessagingClient", "Scheduler", "Slack", "Storage", "EventDispatcher"})
_REMEDIES: Mapping[str, str] = {
    "machine.core": "Start the bot with `machine run`",
    "machine.handlers": "Test plugins with `machine.testing`",
    "machine.models.core": "Read `self.host.handlers`, in place of the manual",
    "machine.plugins.metadata": "Read `self.host.handlers`, or test plugins with `machine.testing`",
    "machine.plugins.ee": "Use `self.emit()` and `@on`",
    "machine.plugins.builtin.fun.regexes": "Copy the pattern into your plugin",
    "machine.settings.import_settings": "Use `machine.settings.Settings.load()`",
    "machine.utils.logging": "Logging is configured by the setting LOGLEVEL",
    "machine.utils.redis": "Use `redis.asyncio.Redis.from_url()`",
    "machine.Machine": "Start the bot with `machine run`",
    "httpx": "It came with slack-machine: add it to your project",
    "pyee": "It came with slack-machine: add it to your project, or use `self.emit()` and `@on`",
    "multidict": "It came with slack-machine: add it to your project",
}
_ELEMENTS = re.compile(r"\w+(?:Actions?|Values?|Container)|PlainText|MarkdownText|TypedModel|User|Channel")
_NAME = re.compile(r"cannot import name '(\w+)'")


def remedy(error: BaseException) -> str:
    """What to do about an import of slack-machine's that failed; empty where it is another one."""
    if not isinstance(error, ImportError):
        return ""
    module = error.name or ""
    named = _NAME.match(str(error))
    name = named[1] if named else ""
    if any(module == old or module.startswith(f"{old}.") for old in _BEFORE_030) or (
        name in _NAMES_BEFORE_030 and module.startswith("machine.")
    ):
        return BEFORE_030
    if module == "machine.models.interactive" and _ELEMENTS.fullmatch(name):
        return f"Annotate with Action, ElementValue, Text or Container, and compare their `type` (see {GUIDE})."
    found = _REMEDIES.get(f"{module}.{name}") or next(
        (remedy for old, remedy in _REMEDIES.items() if module == old or module.startswith(f"{old}.")), ""
    )
    return f"{found} (see {GUIDE})." if found else ""
