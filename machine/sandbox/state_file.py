"""The state of a workspace in a JSON file, so that it outlives its process.

What people, channels, messages and files there are is saved; the team, the app and its tokens, emoji and user groups
stay with `workspace.toml`. Open modals, trigger ids and response URLs live for minutes and are left out.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from machine.errors import WorkspaceError
from machine.sandbox.state.objects import Conversation, File, Message, Person, View
from machine.sandbox.state.schedule import ScheduledMessage
from machine.sandbox.workspace import Workspace

_MAX_MISTAKES = 5


class _Bookmark(BaseModel):
    model_config = ConfigDict(extra="allow")

    id: str
    channel_id: str


class _State(BaseModel):
    """What is in the file; the files in messages are without their content."""

    model_config = ConfigDict(extra="forbid", val_json_bytes="base64")

    version: Literal[1] = 1
    bot: str
    last_moment: int
    people: list[Person]
    channels: list[Conversation]
    messages: list[Message]
    pins: dict[str, dict[str, tuple[str, int]]] = Field(default_factory=dict)
    files: list[File] = Field(default_factory=list)
    bookmarks: list[_Bookmark] = Field(default_factory=list)
    scheduled: list[ScheduledMessage] = Field(default_factory=list)
    homes: list[View] = Field(default_factory=list)


def save_state(workspace: Workspace, path: Path) -> None:
    """Write the state to a file, which is replaced only once the new one is complete.

    Raises:
        WorkspaceError: The file cannot be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with draft.open("wb") as file:
            file.write(_as_json(_captured(workspace)))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise WorkspaceError(
            f"{path}: the state of the workspace cannot be saved: {error.strerror or error}. Choose another --state."
        ) from error


def load_state(workspace: Workspace, path: Path) -> None:
    """Put into a fresh workspace what the file holds; what only `workspace.toml` describes stays.

    Raises:
        WorkspaceError: The file cannot be read or holds no state of this workspace; the workspace is as it was.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise WorkspaceError(f"{path} cannot be read: {error.strerror or error}.") from error
    try:
        state = _State.model_validate_json(text)
    except ValidationError as error:
        raise _unusable(path, [_told(item) for item in error.errors(include_url=False)]) from error
    if mistakes := list(_contradictions(state, workspace)):
        raise _unusable(path, mistakes)
    _put(state, workspace)


@contextlib.contextmanager
def kept_state(workspace: Workspace, path: Path) -> Iterator[None]:
    """Go on from the file if there is one, and save the state there in the end, whatever happened meanwhile.

    Raises:
        WorkspaceError: See `load_state` and `save_state`; a file that could not be loaded is left as it is.
    """
    if path.exists():
        load_state(workspace, path)
    else:
        save_state(workspace, path)  # to find out now, not in the end, that it cannot be written
    try:
        yield
    finally:
        save_state(workspace, path)


def _captured(workspace: Workspace) -> _State:
    return _State.model_construct(
        bot=workspace.bot.id,
        last_moment=workspace.timeline.last,
        people=list(workspace.people.values()),
        channels=list(workspace.channels.values()),
        messages=[_without_content(message) for message in workspace.messages.all()],
        pins={channel: dict(pinned) for channel, pinned in workspace.messages.pinned.items() if pinned},
        files=list(reversed(workspace.files.all())),
        bookmarks=[_Bookmark(**bookmark) for bookmark in workspace.bookmarks.all()],
        scheduled=workspace.schedule.pending(),
        homes=workspace.views.homes(),
    )


def _as_json(state: _State) -> bytes:
    """The file; characters that are half a pair, which JSON in UTF-8 cannot hold, become question marks."""
    plain = state.model_dump(exclude_defaults=True)
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"), default=_base64).encode("utf-8", "replace")


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode()


def _put(state: _State, workspace: Workspace) -> None:
    files = {file.id: file for file in state.files}
    workspace.people.restore(state.people)
    workspace.channels.restore(state.channels)
    workspace.files.restore(state.files)
    workspace.messages.clear(channel.id for channel in state.channels)
    workspace.messages.restore((_with_content(message, files) for message in state.messages), state.pins)
    workspace.bookmarks.restore(bookmark.model_dump() for bookmark in state.bookmarks)
    workspace.schedule.restore(state.scheduled)
    workspace.views.restore(state.homes)
    workspace.timeline.go_on_after(state.last_moment)


def _without_content(message: Message) -> Message:
    if not message.files:
        return message
    return replace(message, files=tuple(replace(file, content=b"") for file in message.files))


def _with_content(message: Message, files: dict[str, File]) -> Message:
    if not message.files:
        return message
    return replace(message, files=tuple(files.get(file.id, file) for file in message.files))


def _contradictions(state: _State, workspace: Workspace) -> Iterator[str]:
    """What is there in form, but cannot be: the state of another workspace, names that lead nowhere."""
    if state.bot != workspace.bot.id or state.bot not in {person.id for person in state.people}:
        yield f"bot: is {state.bot}, but the app of this workspace is {workspace.bot.name} ({workspace.bot.id})"
    people = {person.id for person in state.people}
    channels = {channel.id for channel in state.channels}
    for index, channel in enumerate(state.channels):
        if unknown := channel.members.keys() - people:
            yield f"channels[{index}].members: there is no person {min(unknown)}"
    written = {(message.channel, message.ts) for message in state.messages}
    for index, message in enumerate(state.messages):
        if message.channel not in channels:
            yield f"messages[{index}].channel: there is no channel {message.channel}"
        if lost := [ts for ts in message.replies if (message.channel, ts) not in written]:
            yield f"messages[{index}].replies: there is no message {lost[0]}"
    for channel_id, pinned in state.pins.items():
        yield from (f"pins.{channel_id}: there is no message {ts}" for ts in pinned if (channel_id, ts) not in written)


def _told(error: Any) -> str:
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error["loc"]).removeprefix(".")
    problem = "is missing" if error["type"] == "missing" else str(error["msg"])
    return f"{place}: {problem}" if place else problem


def _unusable(path: Path, mistakes: list[str]) -> WorkspaceError:
    lines = [f"{path}: {mistake}" for mistake in mistakes[:_MAX_MISTAKES]]
    lines.append("The file holds no state of this workspace. Move it away to begin anew, or choose another --state.")
    return WorkspaceError("\n".join(lines))
