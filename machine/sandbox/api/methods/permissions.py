"""Whether the scopes of the app cover a call, and which one is missing if not.

Methods of the conversations family want the scope for the kind of conversation in question: `channels:history` does
not let an app read a private channel.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from machine.sandbox.api.methods.call import Call, Method
from machine.sandbox.refusal import SlackRefusal
from machine.sandbox.state.objects import Kind

_PREFIXES: Mapping[Kind, str] = {"channel": "channels:", "private": "groups:", "im": "im:", "mpim": "mpim:"}
_PREFIXES_BY_TYPE = {"public_channel": "channels:", "private_channel": "groups:", "im": "im:", "mpim": "mpim:"}
_LISTING = {"conversations.list", "users.conversations"}
_CUSTOMIZING = ("username", "icon_emoji", "icon_url")


def check_scopes(method: Method, call: Call, granted: Sequence[str]) -> None:
    """Refuse a call that the app has no scope for.

    Raises:
        SlackRefusal: `missing_scope`, with the scope in `needed` and those of the app in `provided`.
    """
    if not method.facts.scopes:
        return
    lacking = [scope for scope in _needed(method, call) if scope not in granted]
    if not lacking and any(scope in granted for scope in method.facts.scopes):
        return
    details = {"needed": ",".join(lacking or method.facts.scopes), "provided": ",".join(granted)}
    raise SlackRefusal("missing_scope", details=details)


def _needed(method: Method, call: Call) -> Iterator[str]:
    """The scopes that this call needs in any case; others of the method will do for other kinds of conversations."""
    if len(method.facts.scopes) == 1:
        yield method.facts.scopes[0]
    for prefix in _prefixes(method, call):
        yield from (scope for scope in method.facts.scopes if scope.startswith(prefix))
    if "chat:write" in method.facts.scopes and any(call.arguments.maybe_text(name) for name in _CUSTOMIZING):
        yield "chat:write.customize"


def _prefixes(method: Method, call: Call) -> Iterator[str]:
    """What the scopes for the conversations in question begin with; nothing where none is named yet."""
    arguments = call.arguments
    if method.name in _LISTING:
        types = arguments.ids("types", required=False) or ["public_channel"]
        yield from (_PREFIXES_BY_TYPE[name] for name in types if name in _PREFIXES_BY_TYPE)
    elif method.name == "conversations.create":
        yield "groups:" if arguments.flag("is_private") else "channels:"
    elif method.name == "conversations.open" and "users" in arguments:
        yield "im:" if len(arguments.ids("users")) == 1 else "mpim:"
    elif (conversation := call.workspace.channels.get(arguments.text("channel"))) is not None:
        yield _PREFIXES[conversation.kind]
