"""Brings a running workspace in line with a `workspace.toml` that was changed."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from machine.sandbox.state.objects import Person
from machine.sandbox.workspace import Workspace
from machine.sandbox.workspace_file.parser import ChannelDescription, Description

# What a person does in the running workspace (status, presence) is kept where the file says nothing new.
_DESCRIBED = tuple(
    field.name for field in dataclasses.fields(Person) if field.name not in ("id", "name", "updated", "is_deleted")
)


def reload_workspace(workspace: Workspace, path: Path) -> list[str]:
    """Add the people and channels that a changed description names, and change what it says differently.

    Everything causes the events Slack would send. What the file no longer names stays, and so does what was written;
    tokens and messages count only when a workspace begins.

    Returns:
        What was done, an entry each, for people to read.

    Raises:
        WorkspaceError: The file cannot be used; nothing was done.
    """
    description = Description.from_file(path)
    done: list[str] = []
    for person in description.people:
        done += _reload_person(workspace, person)
    for channel in description.channels:
        done += _reload_channel(workspace, channel)
    return done


def _reload_person(workspace: Workspace, person: Person) -> list[str]:
    known = workspace.people.get(person.id)
    if known is None:
        workspace.people.join(person)
        return [f"@{person.name} joined"]
    changes = {name: getattr(person, name) for name in _DESCRIBED if getattr(person, name) != getattr(known, name)}
    if not changes:
        return []
    workspace.change_person(known, **changes)
    return [f"@{person.name} changed: {', '.join(changes)}"]


def _reload_channel(workspace: Workspace, described: ChannelDescription) -> list[str]:
    done: list[str] = []
    creator = described.members[0]
    channel = workspace.channels.named(described.name)
    if channel is None:
        channel = workspace.create_channel(
            described.name, creator, is_private=described.is_private, members=described.members
        )
        done.append(f"#{described.name} was created")
    for member in described.members:
        if member not in channel.members:
            workspace.invite(next(iter(channel.members)), channel, member)
            done.append(f"@{workspace.people[member].name} is in #{described.name}")
    for what, wanted in (("topic", described.topic), ("purpose", described.purpose)):
        if wanted and getattr(channel, what) != wanted:
            set_it = workspace.channels.set_topic if what == "topic" else workspace.channels.set_purpose
            set_it(channel, wanted, creator)
            done.append(f"#{described.name} has another {what}")
    return done
