"""What a workspace is made of, read from a `workspace.toml`; the format is in docs/sandbox.md.

A mistake is reported with file, line, key, and what is expected there.
"""

from __future__ import annotations

import secrets
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from machine.errors import WorkspaceError
from machine.sandbox.state.clock import stable_id
from machine.sandbox.state.conversations import channel_name_problem, composed
from machine.sandbox.state.objects import Person
from machine.sandbox.state.people import nearest
from machine.sandbox.state.team import DEFAULT_SCOPES, App, Team, team_called
from machine.sandbox.workspace_file.errors import Mistake, found_by_pydantic, report
from machine.sandbox.workspace_file.faults import FaultsTable
from machine.sandbox.workspace_file.generated_members import MAX_USERS, generated_channels, generated_people

DEFAULT_DESCRIPTION = Path(__file__).with_name("default_workspace.toml")

_Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=80)]


def _channel_name(name: str) -> str:
    if problem := channel_name_problem(name):
        raise ValueError(f"expected a channel name: {problem}")
    return composed(name)


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _WorkspaceTable(_Table):
    name: str = "Sandbox"
    domain: _Name = "sandbox"


class _AppTable(_Table):
    name: _Name = "machine"
    bot_token: Annotated[str, StringConstraints(pattern=r"^xoxb-[!-~]+$")] | None = None
    app_token: Annotated[str, StringConstraints(pattern=r"^xapp-[!-~]+$")] | None = None
    commands: tuple[Annotated[str, StringConstraints(pattern=r"^/\S+$")], ...] = ()
    events: tuple[str, ...] = ()
    scopes: tuple[Annotated[str, StringConstraints(pattern=r"^[a-z_]+([.:][a-z_]+)*$")], ...] = DEFAULT_SCOPES


class _PersonTable(_Table):
    name: _Name
    id: Annotated[str, StringConstraints(pattern=r"^[UW][A-Z0-9]{2,}$")] | None = None
    real_name: str = ""
    display_name: str = ""
    email: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$")] | None = None
    title: str = ""
    phone: str = ""
    status_text: str = ""
    status_emoji: str = ""
    tz: str = "Etc/UTC"
    presence: Annotated[str, StringConstraints(pattern="^(active|away)$")] = "active"
    is_admin: bool = False
    is_owner: bool = False
    is_restricted: bool = False
    token: Annotated[str, StringConstraints(pattern=r"^xoxp-[!-~]+$")] | None = None

    @field_validator("tz")
    @classmethod
    def _is_known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError("expected the name of a time zone, such as Europe/Stockholm") from error
        return name


class _ChannelTable(_Table):
    name: Annotated[str, AfterValidator(_channel_name)]
    private: bool = False
    topic: Annotated[str, StringConstraints(max_length=250)] = ""
    purpose: Annotated[str, StringConstraints(max_length=250)] = ""
    members: tuple[str, ...] | None = None


class _MessageTable(_Table):
    channel: str
    user: str
    text: Annotated[str, StringConstraints(min_length=1)]


class _UserGroupTable(_Table):
    handle: _Name
    name: str
    members: tuple[str, ...] = ()


class _GenerateTable(_Table):
    users: Annotated[int, Field(ge=0, le=MAX_USERS)] = 0


class _File(_Table):
    workspace: _WorkspaceTable = Field(default_factory=_WorkspaceTable)
    app: _AppTable = Field(default_factory=_AppTable)
    people: tuple[_PersonTable, ...] = Field(min_length=1)
    channels: tuple[_ChannelTable, ...] = ()
    messages: tuple[_MessageTable, ...] = ()
    usergroups: tuple[_UserGroupTable, ...] = ()
    emoji: dict[str, str] = Field(default_factory=dict)
    faults: FaultsTable = Field(default_factory=FaultsTable)
    generate: _GenerateTable = Field(default_factory=_GenerateTable)


@dataclass(frozen=True, slots=True)
class ChannelDescription:
    """A channel to begin with; `members` are user ids, and there is at least one."""

    name: str
    is_private: bool
    members: tuple[str, ...]
    topic: str = ""
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class MessageDescription:
    """A message to begin with, written as a person types it; names as in `workspace.toml`."""

    channel: str
    user: str
    text: str


@dataclass(frozen=True, slots=True)
class Description:
    """Everything a workspace begins with."""

    team: Team
    app: App
    bot: Person
    people: tuple[Person, ...]
    channels: tuple[ChannelDescription, ...]
    messages: tuple[MessageDescription, ...] = ()
    emoji: Mapping[str, str] = field(default_factory=dict)
    usergroups: tuple[Mapping[str, Any], ...] = ()
    faults: FaultsTable = field(default_factory=FaultsTable)

    @classmethod
    def from_file(cls, path: Path, *, users: int | None = None) -> Description:
        """Read a `workspace.toml`; `users` goes before what it says about how many to generate.

        Raises:
            WorkspaceError: The file cannot be read, is not valid TOML, or describes no workspace; one line per mistake.
        """
        try:
            text = path.read_text(encoding="utf-8-sig")  # editors of Windows begin a file with a mark that is no TOML
        except (OSError, UnicodeDecodeError) as error:
            raise WorkspaceError(f"{path} cannot be read: {error}. Expected a TOML file in UTF-8.") from error
        try:
            content = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise WorkspaceError(f"{path} is not valid TOML: {error}") from error
        try:
            described = _File.model_validate(content)
        except ValidationError as error:
            raise WorkspaceError(report(path, text, found_by_pydantic(error))) from error
        if mistakes := list(_wrong_names(described)):
            raise WorkspaceError(report(path, text, mistakes))
        return _build(described, described.generate.users if users is None else users)


def _build(described: _File, users: int) -> Description:
    app_name = described.app.name
    people = tuple(_person(table) for table in described.people)
    others = tuple(generated_people(users, {app_name, *(person.name for person in people)}))
    ids = {person.name: person.id for person in (*people, *others)}
    app = App(
        id=stable_id("A", app_name),
        name=app_name,
        bot_token=described.app.bot_token or f"xoxb-sandbox-{secrets.token_hex(16)}",
        app_token=described.app.app_token or f"xapp-1-sandbox-{secrets.token_hex(16)}",
        commands=described.app.commands,
        events=described.app.events,
        scopes=described.app.scopes,
        user_tokens={
            person.id: table.token for person, table in zip(people, described.people, strict=False) if table.token
        },
    )
    bot = Person(
        id=stable_id("U", app_name), name=app_name, real_name=app_name, is_bot=True, bot_id=stable_id("B", app_name)
    )
    ids[bot.name] = bot.id
    return Description(
        team=team_called(described.workspace.name, described.workspace.domain),
        app=app,
        bot=bot,
        people=(*people, *others),
        channels=(
            *(_channel(table, ids) for table in described.channels),
            *_generated_channels(described, others, bot),
        ),
        messages=tuple(MessageDescription(table.channel, table.user, table.text) for table in described.messages),
        emoji=described.emoji,
        usergroups=tuple(_usergroup(table, ids) for table in described.usergroups),
        faults=described.faults,
    )


def _generated_channels(described: _File, people: Sequence[Person], bot: Person) -> Iterator[ChannelDescription]:
    taken = {table.name for table in described.channels}
    for name, members in generated_channels(people, bot):
        if name not in taken:
            yield ChannelDescription(name, is_private=False, members=members)


def _person(table: _PersonTable) -> Person:
    given = table.model_dump(exclude={"id", "email", "token"})
    email = (table.email or f"{table.name}@example.com").lower()
    return Person(id=table.id or stable_id("U", table.name), email=email, **given)


def _channel(table: _ChannelTable, ids: Mapping[str, str]) -> ChannelDescription:
    members = tuple(ids) if table.members is None else table.members
    return ChannelDescription(
        name=table.name,
        is_private=table.private,
        members=tuple(ids[_bare(member)] for member in members),
        topic=table.topic,
        purpose=table.purpose,
    )


def _usergroup(table: _UserGroupTable, ids: Mapping[str, str]) -> Mapping[str, Any]:
    return {
        "id": stable_id("S", table.handle),
        "is_usergroup": True,
        "name": table.name,
        "handle": table.handle,
        "description": "",
        "is_external": False,
        "date_create": 0,
        "date_update": 0,
        "date_delete": 0,
        "users": [ids[_bare(member)] for member in table.members],
        "user_count": len(table.members),
    }


def _wrong_names(described: _File) -> Iterator[Mistake]:
    """Names that are used twice, and names of people and channels that are not there."""
    people = [person.name for person in described.people] + [described.app.name]
    channels = [channel.name for channel in described.channels]
    yield from _repeated(people, "people", described.app.name)
    yield from _repeated(channels, "channels")
    for index, channel in enumerate(described.channels):
        yield from _unknown(channel.members or (), people, "People", ("channels", index, "members"))
        if channel.members == ():
            yield Mistake(("channels", index, "members"), "expected somebody, or no `members` at all for everybody")
    for index, group in enumerate(described.usergroups):
        yield from _unknown(group.members, people, "People", ("usergroups", index, "members"))
    for index, message in enumerate(described.messages):
        yield from _unknown([message.user], people, "People", ("messages", index, "user"))
        yield from _unknown([message.channel], channels, "Channels", ("messages", index, "channel"))


def _repeated(names: Sequence[str], key: str, app_name: str = "") -> Iterator[Mistake]:
    for index, name in enumerate(names):
        if name in names[:index]:
            which = f"{name!r} is the name of the app" if name == app_name else f"{name!r} is there twice"
            place = ("app", "name") if name == app_name else (key, index, "name")
            yield Mistake(place, f"{which}; expected a name of its own")


def _unknown(names: Sequence[str], known: Sequence[str], title: str, place: tuple[int | str, ...]) -> Iterator[Mistake]:
    for name in names:
        if _bare(name) not in known:
            yield Mistake(place, f"there is no {name!r}. {nearest(_bare(name), known, title)}")


def _bare(name: str) -> str:
    return composed(name.removeprefix("@").removeprefix("#"))
