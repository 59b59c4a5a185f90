from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from machine.errors import WorkspaceError
from machine.sandbox import Workspace
from machine.sandbox.delivery.app_requests import Request
from machine.sandbox.workspace_file.parser import Description

FULL = """
[workspace]
name = "Acme"
domain = "acme"

[app]
name = "deploy-bot"
bot_token = "xoxb-own"
app_token = "xapp-own"
commands = ["/deploy"]
events = ["message"]

[[people]]
name = "ada"
id = "U0ADA"
real_name = "Ada Lovelace"
email = "Ada@acme.example"
tz = "Europe/London"
presence = "away"

[[people]]
name = "grace"

[[channels]]
name = "general"

[[channels]]
name = "lab"
private = true
members = ["@ada", "deploy-bot"]
topic = "Engines"

[[messages]]
channel = "#lab"
user = "ada"
text = "hello @deploy-bot"

[[usergroups]]
handle = "oncall"
name = "On call"
members = ["grace"]

[emoji]
shipit = "https://emoji.example.com/shipit.png"
"""


def _write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "workspace.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_file_describes_the_whole_workspace(tmp_path: Path) -> None:
    """One's own people and channels instead of alice and bob."""
    workspace = Workspace.from_toml(_write(tmp_path, FULL))

    ada, lab = workspace.find_person("ada"), workspace.find_channel("lab")
    assert (workspace.team.name, workspace.team.domain) == ("Acme", "acme")
    assert (workspace.app.bot_token, workspace.app.app_token) == ("xoxb-own", "xapp-own")
    assert (workspace.app.commands, workspace.app.events) == (("/deploy",), ("message",))
    assert (ada.id, ada.email, ada.presence) == ("U0ADA", "ada@acme.example", "away")
    assert (lab.kind, lab.topic, list(lab.members)) == ("private", "Engines", ["U0ADA", workspace.bot.id])
    assert list(workspace.find_channel("general").members) == list(workspace.people)
    assert workspace.history("#lab")[0].text == f"hello <@{workspace.bot.id}>"
    assert workspace.extras.usergroups[0]["users"] == [workspace.find_person("grace").id]
    assert workspace.extras.emoji["shipit"].endswith("shipit.png")


def test_app_hears_nothing_of_what_was_there_before(tmp_path: Path) -> None:
    """Else a bot would answer old messages at every start."""
    workspace = Workspace.from_toml(_write(tmp_path, FULL))
    requests: list[Request] = []

    workspace.outbox.carry_with(requests.append)

    assert requests == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[[people]\n", "is not valid TOML"),
        ("", "workspace.toml:1: people: is missing"),
        ('[[people]]\nreal_name = "Ada"\n', "workspace.toml:1: people[1].name: is missing"),
        (
            '[[people]]\nname = "ada"\n\n[[people]]\nname = "bob"\nx = 1\n',
            ":6: people[2].x: is not known here",
        ),
        ('[[people]]\nname = "ada"\ntz = "Mars/Base"\n', ":3: people[1].tz: expected the name of a time zone"),
        ('[[people]]\nname = "ada"\nis_admin = "perhaps"\n', ":3: people[1].is_admin: input should be a valid boolean"),
        ('[[people]]\nname = "ada"\n[[people]]\nname = "ada"\n', ":4: people[2].name: 'ada' is there twice"),
        ('[[people]]\nname = "machine"\n', "app.name: 'machine' is the name of the app"),
        (
            '[[people]]\nname = "alice"\n[[channels]]\nname = "x"\nmembers = ["alcie"]\n',
            ":5: channels[1].members: there is no 'alcie'. Did you mean alice",
        ),
        (
            '[[people]]\nname = "ada"\n[[channels]]\nname = "x"\nmembers = []\n',
            ":5: channels[1].members: expected somebody",
        ),
        (
            '[[people]]\nname = "ada"\n[[channels]]\nname = "Not Good"\n',
            ":4: channels[1].name: expected a channel name: lower-case letters of any script",
        ),
        (
            """[[people]]\nname="ada"\n[[channels]]\nname="x"\n[[messages]]\nchannel="y"\nuser="ada"\ntext="a\"""",
            ":6: messages[1].channel: there is no 'y'. Channels: x.",
        ),
        ("people = 7\n", ":1: people: expected tables, each begun with [[people]]"),
        ('[people]\nname = "ada"\n', ":1: people: expected tables, each begun with [[people]]"),
        ('app = 7\n[[people]]\nname = "ada"\n', ":1: app: expected a table, begun with [app]"),
        ('[app]\ncommands = "/x"\n[[people]]\nname = "ada"\n', ":2: app.commands: expected a list: commands = [...]"),
    ],
)
def test_mistake_names_line_key_and_what_is_expected(tmp_path: Path, text: str, expected: str) -> None:
    """Nobody should have to search a file of people."""
    with pytest.raises(WorkspaceError) as caught:
        Workspace.from_toml(_write(tmp_path, text))

    assert expected in str(caught.value)


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    """One line each."""
    text = '[workspace]\ndomain = "No"\n[[people]]\nname = "ada"\ntz = "x"\n'

    with pytest.raises(WorkspaceError) as caught:
        Workspace.from_toml(_write(tmp_path, text))

    assert [line.split(":")[1] for line in str(caught.value).splitlines()] == ["2", "5"]


def test_wrong_token_is_not_shown(tmp_path: Path) -> None:
    """Somebody may have put a real one there."""
    with pytest.raises(WorkspaceError) as caught:
        Workspace.from_toml(_write(tmp_path, '[app]\nbot_token = "very-secret"\n[[people]]\nname = "ada"\n'))

    assert ":2: app.bot_token" in str(caught.value)
    assert "very-secret" not in str(caught.value)


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_unreadable_file_is_told(tmp_path: Path, content: bytes | None) -> None:
    """Absent, or not UTF-8."""
    path = tmp_path / "workspace.toml"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(WorkspaceError, match=r"workspace\.toml cannot be read"):
        Workspace.from_toml(path)


_VALUES = st.recursive(
    st.one_of(st.integers(-9, 9), st.booleans(), st.text("abc@#-", max_size=4)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=4,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=60)
@given(
    key=st.sampled_from(["workspace", "app", "people", "channels", "messages", "usergroups", "emoji", "other"]),
    value=_VALUES,
)
def test_any_toml_is_either_used_or_explained(tmp_path: Path, key: str, value: object) -> None:
    """Never another error than `WorkspaceError`."""
    path = _write(tmp_path, f"{key} = {_toml(value)}\n")

    with pytest.raises(WorkspaceError, match=r"workspace\.toml"):
        Description.from_file(path)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {_toml(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def test_byte_order_mark_and_names_of_any_script_are_read(tmp_path: Path) -> None:
    """B15: as editors of Windows save the file, and as Slack takes the names; accents in either form."""
    text = """
[[people]]
name = "ada"
[[channels]]
name = "été-2026"
[[messages]]
channel = "#e\u0301te\u0301-2026"
user = "ada"
text = "bonjour"
"""
    path = tmp_path / "workspace.toml"
    path.write_text(text.replace("\n", "\r\n"), encoding="utf-8-sig")

    workspace = Workspace.from_toml(path)

    assert [message.text for message in workspace.history("été-2026")] == ["bonjour"]


@pytest.mark.parametrize("name", ["Été", "a b", "a.b", "🎉", "x" * 81])
def test_channel_name_that_slack_refuses_is_told(tmp_path: Path, name: str) -> None:
    """B15: capitals, blanks and signs, in any script."""
    with pytest.raises(WorkspaceError, match=r":4: channels\[1\].name: expected a channel name: "):
        Workspace.from_toml(_write(tmp_path, f'[[people]]\nname = "ada"\n[[channels]]\nname = "{name}"\n'))
