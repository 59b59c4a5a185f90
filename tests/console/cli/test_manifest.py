"""`machine manifest`: printed as YAML or JSON, and compared with a file."""

from __future__ import annotations

import importlib
import json
import shutil
import textwrap
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machine.errors import MachineError
from machine_console.cli.manifest import as_yaml, read_manifest, request_url
from tests.console.processes import outcome

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]

yaml: Any = importlib.import_module("yaml")

POLLS = '''
from machine.plugins import MachineBasePlugin
from machine.plugins.decorators import command


class Polls(MachineBasePlugin):
    @command("/poll")
    async def poll(self, command):
        """/poll <question>: let people "vote" """
        await tell(self)
'''
TELLING = """
async def tell(plugin):
    await plugin.say("#general", "x")
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A bot whose plugin says something by way of another module."""
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "polls.py").write_text(f"from telling import tell\n{POLLS}")
    (tmp_path / "telling.py").write_text(TELLING)
    (tmp_path / "local_settings.py").write_text("PLUGINS = []\n")
    (tmp_path / "workspace.toml").write_text('[app]\nname = "poller"\n[[people]]\nname = "ada"\n')
    return tmp_path


async def test_over_http_everything_has_a_request_url(project: Path) -> None:
    """And Socket Mode is off; the file that was printed does not differ from what is wanted."""
    shown = await outcome(project, "manifest", "--http", "https://bot.example.com", "--json")
    (project / "kept.json").write_text(shown.out)
    same = await outcome(project, "manifest", "--http", "https://bot.example.com/", "--diff", "kept.json")
    other = await outcome(project, "manifest", "--http", "https://bot.example.com/elsewhere", "--diff", "kept.json")

    manifest, url = json.loads(shown.out), "https://bot.example.com/slack/events"
    assert manifest["settings"]["socket_mode_enabled"] is False
    assert manifest["settings"]["event_subscriptions"]["request_url"] == url
    assert manifest["features"]["slash_commands"][0]["url"] == url
    assert same.code == 0, same.everything
    assert other.code == 1
    assert "+ request URL of /poll https://bot.example.com/elsewhere: the plugins need it" in other.out


@pytest.mark.parametrize("url", ["bot.example.com", "http://bot.example.com", "https://", "https://[", "https://a:0"])
def test_an_address_that_slack_would_not_send_to(url: str) -> None:
    """Slack wants TLS."""
    with pytest.raises(MachineError, match=r"is not an address that Slack sends to\. Give one like https://"):
        request_url(url)


async def test_settings_for_http_are_pointed_out(project: Path) -> None:
    """The manifest for Socket Mode would leave the bot without events."""
    shown = await outcome(project, "manifest", HTTP="127.0.0.1:8080", SLACK_SIGNING_SECRET="a secret of the app")

    assert shown.code == 0
    assert "Add --http URL" in shown.err


async def test_yaml_and_json_say_the_same(project: Path) -> None:
    """And name the bot as `workspace.toml` does."""
    as_text = await outcome(project, "manifest")
    as_json = await outcome(project, "manifest", "--json")

    manifest = json.loads(as_json.out)
    assert yaml.safe_load(as_text.out) == manifest, as_text.everything
    assert manifest["display_information"]["name"] == "poller"
    assert manifest["features"]["slash_commands"][0]["usage_hint"] == "<question>"
    assert {"chat:write", "commands"} <= set(manifest["oauth_config"]["scopes"]["bot"])
    assert (as_text.code, as_json.code) == (0, 0)


async def test_a_manifest_is_held_against_the_plugins(project: Path) -> None:
    """Exit code 1 where it differs, 0 where not."""
    printed = (await outcome(project, "manifest")).out
    (project / "same.yaml").write_text(printed)
    (project / "other.yaml").write_text(printed.replace("/poll", "/vote").replace("    - chat:write\n", ""))

    same = await outcome(project, "manifest", "--diff", "same.yaml")
    other = await outcome(project, "manifest", "--diff", "other.yaml")

    assert (same.code, same.out) == (0, "same.yaml has what the plugins need, and nothing else.\n")
    assert other.code == 1
    assert other.out.splitlines() == [
        "+ command /poll: the plugins need it, other.yaml lacks it",
        "+ scope chat:write: the plugins need it, other.yaml lacks it",
        "- command /vote: other.yaml has it, no plugin needs it",
    ]


async def test_the_manifest_in_the_guide_has_what_the_examples_need(tmp_path: Path) -> None:
    """A reader pastes it, and the example plugins must work; it has more, for what a reader will write."""
    page = (ROOT / "docs" / "slack.md").read_text(encoding="utf-8")
    indented = page.partition("    ```yaml\n")[2].partition("    ```")[0]
    (tmp_path / "manifest.yaml").write_text(textwrap.dedent(indented))
    shutil.copytree(ROOT / "plugins", tmp_path / "plugins")

    ended = await outcome(tmp_path, "manifest", "--diff", "manifest.yaml", "--json")

    assert json.loads(ended.out)["lacks"] == []


async def test_a_plugin_that_fails_keeps_the_manifest_from_being_wrong(project: Path) -> None:
    """What it needs is not known, and a manifest without it would switch it off in Slack."""
    (project / "plugins" / "broken.py").write_text("import no_such_thing\n")

    ended = await outcome(project, "manifest")

    assert (ended.code, ended.out) == (1, "")
    assert "plugins.broken" in ended.err
    assert "`machine plugins` tells why" in ended.err


@pytest.mark.parametrize("text", ["", "just text", "[]", "{", "a: [", "{}", "a: 1", "\t", "x: !!python/object:os.x"])
def test_what_is_no_manifest_is_refused(tmp_path: Path, text: str) -> None:
    """With the name of the file."""
    file = tmp_path / "manifest.yaml"
    file.write_text(text)

    with pytest.raises(MachineError, match=r"manifest\.yaml"):
        read_manifest(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Instead of a traceback."""
    with pytest.raises(MachineError, match="No such file"):
        read_manifest(tmp_path / "manifest.yaml")


# Without control characters: PyYAML writes some of them in a way that it reads as a line break.
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]))
VALUES = TEXTS | st.booleans() | st.integers() | st.sampled_from(["yes", "1.5", "a: b", "- x", "~", "2024-01-01"])


@given(
    st.dictionaries(
        st.sampled_from(["name", "scopes", "bot_events"]),
        st.recursive(
            VALUES, lambda inner: st.lists(st.dictionaries(st.just("key"), inner, min_size=1)) | st.lists(VALUES)
        ),
        min_size=1,
    )
)
def test_yaml_reads_what_was_written(value: Any) -> None:
    """Whatever stands in a docstring."""
    assert yaml.safe_load(as_yaml(value)) == value
