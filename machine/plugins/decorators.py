"""Decorators that say when a plugin's methods run.

Each may be given several times, and together with others, on one method; each application is a trigger of its own. A
decorator only writes down what was asked for. The loader checks it against the method when the plugin is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any, ParamSpec, Protocol, TypeVar

from machine.errors import PluginError
from machine.near_names import did_you_mean
from machine.plugins.declarations import Combine, RequiredRoles, declare
from machine.plugins.triggers import (
    Action,
    HomeOpened,
    Identifier,
    ListenTo,
    MessageShortcut,
    ModalClosed,
    ModalSubmitted,
    On,
    Options,
    Process,
    RespondTo,
    Schedule,
    Shortcut,
    SlashCommand,
    Trigger,
    Webhook,
)

__all__ = [
    "action",
    "command",
    "home_opened",
    "listen_to",
    "message_shortcut",
    "modal",
    "modal_closed",
    "on",
    "options",
    "process",
    "require_all_roles",
    "require_any_role",
    "required_settings",
    "respond_to",
    "schedule",
    "shortcut",
    "timeout",
    "webhook",
]

_TABS = ("home", "messages")

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")
P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)


class DecoratedPluginFunc(Protocol[P, R_co]):
    """A decorated method, in the annotations of plugins for slack-machine."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Call the method."""


def process(slack_event_type: str) -> Callable[[F], F]:
    """Run the method for every event of a type.

    The method receives the event as Slack sent it, as a dict of its own; or as a pydantic model, where its argument is
    annotated with one, such as those of `machine.models.events`.

    Args:
        slack_event_type: A type of the [Events API](https://docs.slack.dev/reference/events).
    """
    return _triggered_by(Process(_text("process", "slack_event_type", slack_event_type)))


def listen_to(
    regex: str, flags: re.RegexFlag | int = re.IGNORECASE, handle_message_changed: bool = False
) -> Callable[[F], F]:
    """Run the method for every message in which a pattern is found, wherever the bot is a member.

    The method receives a [`Message`][machine.plugins.message.Message], and the pattern's named groups as keyword
    arguments. Where a message addresses the bot, the mention is left out of the text that is searched.

    Args:
        regex: Searched for anywhere in the text; anchor it with `^` and `$` to match the whole.
        flags: Flags of the `re` module.
        handle_message_changed: Also run when somebody edits a message so that its text changes.
    """
    return _triggered_by(ListenTo(_compiled("listen_to", regex, flags), handle_message_changed))


def respond_to(
    regex: str, flags: re.RegexFlag | int = re.IGNORECASE, handle_message_changed: bool = False
) -> Callable[[F], F]:
    """Run the method for messages that address the bot and in which a pattern is found.

    A message addresses the bot when it begins with a mention of it, its name or one of the `ALIASES`, and always in
    a direct message. The mention is not part of the text that is searched. Otherwise like `listen_to`.

    Args:
        regex: Searched for anywhere in the text; anchor it with `^` and `$` to match the whole.
        flags: Flags of the `re` module.
        handle_message_changed: Also run when somebody edits a message so that its text changes.
    """
    return _triggered_by(RespondTo(_compiled("respond_to", regex, flags), handle_message_changed))


def command(slash_command: str) -> Callable[[F], F]:
    """Run the method for a slash command.

    The method receives a [`Command`][machine.plugins.command.Command]. Where it is a generator, the first value it
    yields (a text or a message as a dict) is what Slack shows at once; Slack waits 3 seconds for it. See
    [slash commands](https://docs.slack.dev/interactivity/implementing-slash-commands).

    Args:
        slash_command: The command as people type it; a missing slash is added.

    Raises:
        PluginError: There is a blank in it.
    """
    name = _text("command", "slash_command", slash_command)
    if re.search(r"\s", name):
        raise _misuse("command", f'has a blank in "{name}"; what people type after the command is in command.text')
    return _triggered_by(SlashCommand(name if name.startswith("/") else f"/{name}"))


def action(action_id: Identifier | None = None, block_id: Identifier | None = None) -> Callable[[F], F]:
    """Run the method when somebody uses an interactive block element.

    The method receives a [`BlockAction`][machine.plugins.block_action.BlockAction]. At least one of the two ids must
    be given; where both are, both must match. See [block actions](
    https://docs.slack.dev/reference/interaction-payloads/block_actions-payload).

    Args:
        action_id: The element's id, exactly; or a compiled pattern that it must match from its beginning.
        block_id: The same for the block around the element.

    Raises:
        PluginError: When neither id is given.
    """
    if action_id is None and block_id is None:
        raise _misuse("action", 'needs an action_id or a block_id, for example @action("approve")')
    return _triggered_by(Action(action_id, block_id))


def modal(callback_id: Identifier) -> Callable[[F], F]:
    """Run the method when somebody submits a modal.

    The method receives a [`ModalSubmission`][machine.plugins.modals.ModalSubmission]. Where it is a generator, the
    first value it yields (a dict with a `response_action`) tells Slack what becomes of the modal, within 3 seconds.
    See [view submissions](https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload).

    Args:
        callback_id: The view's `callback_id`, exactly; or a compiled pattern that it must match from its beginning.
    """
    return _triggered_by(ModalSubmitted(callback_id))


def modal_closed(callback_id: Identifier) -> Callable[[F], F]:
    """Run the method when somebody closes a modal without submitting it.

    The method receives a [`ModalClosure`][machine.plugins.modals.ModalClosure]. Slack tells of closures only for
    views with `notify_on_close` set.

    Args:
        callback_id: The view's `callback_id`, exactly; or a compiled pattern that it must match from its beginning.
    """
    return _triggered_by(ModalClosed(callback_id))


def shortcut(callback_id: Identifier) -> Callable[[F], F]:
    """Run the method when somebody runs one of the app's global shortcuts.

    The method receives a [`Shortcut`][machine.plugins.shortcut.Shortcut]. See
    [shortcuts](https://docs.slack.dev/interactivity/implementing-shortcuts).

    Args:
        callback_id: The shortcut's, exactly; or a compiled pattern that it must match from its beginning.
    """
    return _triggered_by(Shortcut(callback_id))


def message_shortcut(callback_id: Identifier) -> Callable[[F], F]:
    """Run the method when somebody runs one of the app's shortcuts on a message.

    The method receives a [`MessageShortcut`][machine.plugins.shortcut.MessageShortcut].

    Args:
        callback_id: The shortcut's, exactly; or a compiled pattern that it must match from its beginning.
    """
    return _triggered_by(MessageShortcut(callback_id))


def options(action_id: Identifier | None = None, block_id: Identifier | None = None) -> Callable[[F], F]:
    """Run the method when Slack asks for the options of an external select.

    The method receives an [`OptionsRequest`][machine.plugins.options_request.OptionsRequest] and returns the options
    (at most 100) within 3 seconds: texts, dicts or slack_sdk's objects. See [external selects](
    https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element#external_select).

    Args:
        action_id: The element's id, exactly; or a compiled pattern that it must match from its beginning.
        block_id: The same for the block around the element.

    Raises:
        PluginError: When neither id is given.
    """
    if action_id is None and block_id is None:
        raise _misuse("options", 'needs an action_id or a block_id, for example @options("city")')
    return _triggered_by(Options(action_id, block_id))


def home_opened(tab: str | None = "home") -> Callable[[F], F]:
    """Run the method when somebody opens the app's home.

    The method receives a [`HomeOpened`][machine.plugins.home.HomeOpened].

    Args:
        tab: `home` or `messages`; `None` for both.

    Raises:
        PluginError: The app's home has no such tab.
    """
    if tab not in (None, *_TABS):
        raise _misuse(
            "home_opened", f'knows the tabs "home" and "messages", not {tab!r}.{did_you_mean(str(tab), _TABS)}'
        )
    return _triggered_by(HomeOpened(tab))


def schedule(
    year: int | str | None = None,
    month: int | str | None = None,
    day: int | str | None = None,
    week: int | str | None = None,
    day_of_week: int | str | None = None,
    hour: int | str | None = None,
    minute: int | str | None = None,
    second: int | str | None = None,
    start_date: datetime | str | None = None,
    end_date: datetime | str | None = None,
    timezone: tzinfo | str | None = None,
) -> Callable[[F], F]:
    """Run the method at set times, in the manner of cron.

    The method receives no argument. At least one field is needed. Fields take what APScheduler's
    [cron trigger](https://apscheduler.readthedocs.io/en/3.x/modules/triggers/cron.html) takes, such as `"*/5"`,
    `"9-17"` and `"mon,wed"`; fields smaller than the smallest one given are at their lowest value.
    When the clocks change, a fixed hour runs once, and one with a wildcard or step whenever the clock shows it.

    Args:
        year: Four digits.
        month: 1 to 12.
        day: Day of the month, 1 to 31.
        week: ISO week, 1 to 53.
        day_of_week: 0 (Monday) to 6, or `mon` to `sun`.
        hour: 0 to 23.
        minute: 0 to 59.
        second: 0 to 59.
        start_date: Not before this time.
        end_date: Not after this time.
        timezone: In which the fields are read; the `TZ` setting by default.
    """
    fields = {
        "year": year,
        "month": month,
        "day": day,
        "week": week,
        "day_of_week": day_of_week,
        "hour": hour,
        "minute": minute,
        "second": second,
    }
    given = {name: value for name, value in fields.items() if value is not None}
    return _triggered_by(Schedule(given, start_date, end_date, timezone))


def on(event: str) -> Callable[[F], F]:
    """Run the method when a plugin, or the framework itself, emits an event.

    The method receives what was emitted with the event as keyword arguments. The framework emits:

    - `unauthorized-access` with `message`, when somebody lacks the role for a handler;
    - `handler-error` with `handler` (its name), `error` (the exception) and `payload` (what Slack sent), when a
      handler fails.

    Args:
        event: The name; names are shared by all plugins.
    """
    return _triggered_by(On(_text("on", "event", event)))


def webhook(path: str, methods: Sequence[str] = ("POST",)) -> Callable[[F], F]:
    """Run the method for requests to a path of the bot's own HTTP server, which the setting `HTTP` turns on.

    The method receives a `WebhookRequest`. What it returns is answered: a text, a dict or list as JSON, a
    `WebhookResponse`, or nothing (204). An exception is answered with 500. Anybody may send such requests: check
    who did.

    Args:
        path: Exactly, from the first slash on: `/github`. If two plugins name the same, the one loaded first is asked.
        methods: Which HTTP methods are taken.

    Raises:
        PluginError: The path does not begin with a slash, or is Slack's (`/slack/...`).
    """
    _text("webhook", "path", path)
    if not path.startswith("/") or path.startswith("/slack/"):
        raise _misuse("webhook", 'needs a path such as "/github", and not below /slack/, which is for Slack')
    if isinstance(methods, str) or not methods:
        raise _misuse("webhook", 'needs a list with at least one method, for example ["GET", "POST"]')
    return _triggered_by(Webhook(path, tuple(method.upper() for method in methods)))


def required_settings(settings: list[str] | str) -> Callable[[T], T]:
    """Load the plugin only where these settings are defined.

    Goes on a plugin class or on one of its methods. What a subclass requires stays with the subclass.

    Args:
        settings: One name or several, in any case of letters.
    """
    names = [settings] if isinstance(settings, str) else list(settings)

    def decorate(target: T) -> T:
        declare(target).required_settings.extend(name.upper() for name in names)
        return target

    return decorate


def require_any_role(required_roles: list[str]) -> Callable[[F], F]:
    """Run the method only for people who have at least one of these roles.

    Everybody else is told so and the `unauthorized-access` event is emitted. Works on handlers of messages, commands,
    actions and modals, above or below their decorators. `ROOT_USER` has the role `root`.

    Args:
        required_roles: Names of roles, as granted with the RBAC plugin.
    """
    return _requires(required_roles, Combine.ANY)


def require_all_roles(required_roles: list[str]) -> Callable[[F], F]:
    """Run the method only for people who have every one of these roles; otherwise like `require_any_role`.

    Args:
        required_roles: Names of roles, as granted with the RBAC plugin.
    """
    return _requires(required_roles, Combine.ALL)


def timeout(limit: float | timedelta) -> Callable[[F], F]:
    """Stop the method when it takes longer than this; it then counts as failed.

    Args:
        limit: Seconds, or a `timedelta`; more than nothing.

    Raises:
        PluginError: When the limit is zero or less.
    """
    duration = limit if isinstance(limit, timedelta) else timedelta(seconds=limit)
    if duration <= timedelta(0):
        raise _misuse("timeout", "needs a limit above 0 seconds, for example @timeout(5)")

    def decorate(function: F) -> F:
        declare(function).timeout = duration
        return function

    return decorate


def _triggered_by(trigger: Trigger) -> Callable[[F], F]:
    def decorate(function: F) -> F:
        # Decorators apply bottom up; kept in the order in which they read.
        declare(function).triggers.insert(0, trigger)
        return function

    return decorate


def _requires(roles: Sequence[str], combine: Combine) -> Callable[[F], F]:
    if isinstance(roles, str) or not roles:
        raise _misuse(f"require_{combine.value}_role", 'needs a list with at least one role, for example ["admin"]')
    required = RequiredRoles(tuple(roles), combine)

    def decorate(function: F) -> F:
        declare(function).required_roles.append(required)
        return function

    return decorate


def _compiled(decorator: str, regex: str, flags: re.RegexFlag | int) -> re.Pattern[str]:
    if isinstance(regex, re.Pattern):
        flags = re.RegexFlag(regex.flags & ~re.UNICODE)
        raise _misuse(decorator, f'takes the pattern as a text: @{decorator}(r"{regex.pattern}", {flags!r})')
    if not isinstance(regex, str):
        raise _misuse(decorator, f'needs a pattern, for example @{decorator}(r"^hello$")')
    try:
        return re.compile(regex, flags)
    except re.error as error:
        raise _misuse(decorator, f'has a pattern that is no regular expression: r"{regex}": {error}') from None


def _text(decorator: str, parameter: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise _misuse(decorator, f'needs {parameter} as a text, for example @{decorator}("name")')
    return value


def _misuse(decorator: str, problem: str) -> PluginError:
    end = "" if problem.endswith("?") else "."
    return PluginError(decorator, f"@{decorator} {problem}{end}", phase="register")
