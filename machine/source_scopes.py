"""The bot scopes that a piece of Python needs, as far as can be seen from the calls in it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from machine.slack.facts.methods import MANAGE, METHODS


def _each(scopes: tuple[str, ...], *names: str) -> dict[str, tuple[str, ...]]:
    return dict.fromkeys(names, scopes)


_VERBS = {  # what plugins call by a name of the plugin API, or of slack_sdk's client
    **_each(("chat:write",), "say", "say_scheduled", "reply", "reply_scheduled", "update", "delete"),
    **_each(("chat:write", "im:write", "mpim:write"), "send_dm", "send_dm_scheduled", "reply_dm", "reply_dm_scheduled"),
    **_each(("im:write", "mpim:write"), "open_im"),
    **_each(("reactions:write",), "react"),
    **_each(("pins:write",), "pin_message", "unpin_message"),
    **_each(MANAGE, "set_topic"),
    **_each(("files:write",), "upload", "files_upload_v2"),
    **_each(("users:read.email",), "get_user_by_email"),
    **{method.replace(".", "_"): facts.scopes for method, facts in METHODS.items()},
}
_READS = {"email": "users:read.email", "users_by_email": "users:read.email", "files": "files:read"}
_CUSTOMIZING = {"username", "icon_emoji", "icon_url"}
_NOT_SLACK = ("storage", "settings")  # `self.storage.delete()` does not call Slack


def scopes_of_source(source: str) -> set[str]:
    """The scopes that the calls in a piece of Python need, as far as can be seen from their names.

    Raises:
        SyntaxError: It is not valid Python.
    """
    return {scope for node in ast.walk(ast.parse(source)) for scope in _scopes_of(node)}


def _scopes_of(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Attribute) and node.attr in _READS:
        yield _READS[node.attr]
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return
    name, receiver = node.func.attr, ast.unparse(node.func.value)
    if receiver.endswith(_NOT_SLACK):
        return
    yield from _VERBS.get(name, ())
    if name == "api_call" and node.args and isinstance(node.args[0], ast.Constant):
        facts = METHODS.get(str(node.args[0].value))
        yield from facts.scopes if facts is not None else ()
    if "chat:write" in _VERBS.get(name, ()) and any(keyword.arg in _CUSTOMIZING for keyword in node.keywords):
        yield "chat:write.customize"
