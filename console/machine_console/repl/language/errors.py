"""What went wrong at the prompt, told in as few lines as it takes.

An error that the person can put right (a wrong name, Slack said no) is one line. Everything else is a traceback that
begins in what the person typed: how the REPL came to run it helps nobody.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from pathlib import Path

from slack_sdk.errors import SlackApiError

from machine.errors import MachineError
from machine.redaction import redact
from machine.tracebacks import printable

INPUT_PREFIX = "<repl "
"""File names of code typed at the prompt begin with this."""

MAX_LINES = 60
_HERE = str(Path(__file__).parent)

_REMEDIES = {
    "account_inactive": "The token belongs to a deleted app or user; install the app again.",
    "already_reacted": "The bot has already reacted with this emoji.",
    "cant_delete_message": "A bot can delete only its own messages.",
    "cant_update_message": "A bot can change only its own messages.",
    "channel_not_found": "Check the name, or invite the bot if the channel is private.",
    "edit_window_closed": "The workspace no longer allows this message to be changed.",
    "invalid_auth": "Check SLACK_BOT_TOKEN.",
    "invalid_blocks": "Check the blocks with Slack's Block Kit Builder.",
    "invalid_name": "Slack knows no emoji of this name; leave out the colons.",
    "is_archived": "Unarchive the channel first.",
    "message_not_found": "Check channel and ts; the message may have been deleted.",
    "msg_too_long": "Slack takes at most 40,000 characters; send it in parts.",
    "no_text": "Give a text, blocks or attachments.",
    "not_authed": "Set SLACK_BOT_TOKEN.",
    "not_in_channel": "Invite the bot to the channel first.",
    "restricted_action": "A setting of the workspace forbids this.",
    "token_revoked": "Install the app again to get a new token.",
    "user_not_found": "Check the user's name or id.",
}


class ReplError(MachineError):
    """A mistake at the prompt; shown as one line, so it must say what to do instead."""


def describe(error: BaseException) -> str:
    """What to show a person for `error`: redacted, one line where that is enough, else a short traceback."""
    try:
        text = _describe(error)
    except Exception as problem:  # noqa: BLE001 - an exception's own methods may raise anything
        text = f"{type(error).__name__} (it cannot be shown: {type(problem).__name__})"
    return redact(text)


def _describe(error: BaseException) -> str:
    if isinstance(error, SlackApiError):
        return describe_slack_error(error)
    if isinstance(error, MachineError):
        return str(error)
    summary = traceback.TracebackException.from_exception(printable(error))
    _trim(summary, set())
    lines = "".join(summary.format()).rstrip("\n").splitlines()
    if len(lines) > MAX_LINES:
        half = MAX_LINES // 2
        lines = [*lines[:half], f"  … {len(lines) - MAX_LINES} lines left out …", *lines[-half:]]
    return "\n".join(lines)


def _trim(summary: traceback.TracebackException | None, seen: set[int]) -> None:
    """Let the stack of `summary`, and of the errors behind it, begin in the person's code."""
    if summary is None or id(summary) in seen:
        return
    seen.add(id(summary))
    frames = list(summary.stack)
    own = [index for index, frame in enumerate(frames) if frame.filename.startswith(INPUT_PREFIX)]
    if own:
        start = own[0]
    else:
        start = next((index for index, frame in enumerate(frames) if not _is_internal(frame)), len(frames))
    summary.stack[:] = frames[start:]
    _trim(summary.__cause__, seen)
    _trim(summary.__context__, seen)
    for inner in getattr(summary, "exceptions", None) or ():
        _trim(inner, seen)


def _is_internal(frame: traceback.FrameSummary) -> bool:
    return frame.filename.startswith(_HERE)


def describe_slack_error(error: SlackApiError) -> str:
    """One line: Slack's error name and what to do about it."""
    response = error.response
    data = response if isinstance(response, Mapping) else getattr(response, "data", None)
    fields = data if isinstance(data, Mapping) else {}
    name = str(fields.get("error") or "an error without a name")
    return f"Slack refused: {name}. {_remedy(name, fields, response)}".rstrip()


def _remedy(name: str, fields: Mapping[str, object], response: object) -> str:
    if name == "missing_scope":
        return f"Give the app the scope {fields.get('needed', '?')} and install it again."
    if name == "ratelimited":
        headers = getattr(response, "headers", None) or {}
        seconds = headers.get("Retry-After") if isinstance(headers, Mapping) else None
        return f"Try again in {seconds} seconds." if seconds else "Try again in a while."
    remedy = _REMEDIES.get(name)
    if remedy is not None:
        return remedy
    metadata = fields.get("response_metadata")
    messages = metadata.get("messages") if isinstance(metadata, Mapping) else None
    return " ".join(str(message) for message in messages) if isinstance(messages, list) else ""
