"""Settings: where they come from, what they may be, and what is said of those that cannot be used."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from machine.errors import SettingsError
from machine.settings import CaseInsensitiveDict, Settings

SECRET = "hunter2-marked"
BOT_TOKEN = f"xoxb-1-{SECRET}"
APP_TOKEN = f"xapp-1-{SECRET}"


@pytest.fixture(autouse=True)
def _own_imports(monkeypatch: pytest.MonkeyPatch) -> None:
    """What settings files import, and where from, ends with the test."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "modules", {**sys.modules})


def write(folder: Path, source: str | bytes, name: str = "local_settings.py") -> Path:
    path = folder / name
    path.write_bytes(source if isinstance(source, bytes) else source.encode())
    return path


def mistakes_of(values: Mapping[str, Any]) -> str:
    with pytest.raises(SettingsError) as raised:
        Settings.check(values)
    return str(raised.value)


def test_defaults_apply_where_nothing_is_said(tmp_path: Path) -> None:
    """A newcomer has no settings file."""
    settings = Settings.load(tmp_path, {})

    assert settings.plugin_dir == "plugins"
    assert settings.loglevel == logging.INFO
    assert settings.tz == ZoneInfo("UTC")
    assert settings.slack_bot_token is None


def test_the_file_goes_before_the_defaults_and_the_environment_before_the_file(tmp_path: Path) -> None:
    """The order that is documented, in one look."""
    write(tmp_path, "PLUGIN_DIR = 'from_file'\nALIASES = ['file']\n")

    settings = Settings.load(tmp_path, {"SM_ALIASES": "environment"})

    assert (settings.plugin_dir, settings.aliases) == ("from_file", ("environment",))
    assert settings.loglevel == logging.INFO


def test_another_module_can_stand_in_for_the_file(tmp_path: Path) -> None:
    """`SM_SETTINGS_MODULE` names it, and the usual file is then left alone."""
    write(tmp_path, "PLUGIN_DIR = 'usual'\n")
    write(tmp_path, "PLUGIN_DIR = 'other'\n", "other_settings.py")

    assert Settings.load(tmp_path, {"SM_SETTINGS_MODULE": "other_settings"}).plugin_dir == "other"


@pytest.mark.parametrize("name", ["SM_PLUGIN_DIR", "sm_plugin_dir", "Sm_Plugin_Dir"])
def test_names_in_the_environment_count_in_any_case(tmp_path: Path, name: str) -> None:
    """Names count in any case of letters, the prefix included."""
    assert Settings.load(tmp_path, {name: "elsewhere"}).plugin_dir == "elsewhere"


def test_the_name_of_the_settings_module_counts_in_any_case(tmp_path: Path) -> None:
    """It is a name like the others; and it is no setting that plugins would see."""
    write(tmp_path, "PLUGIN_DIR = 'other'\n", "more_settings.py")

    settings = Settings.load(tmp_path, {"sm_settings_module": "more_settings"})

    assert settings.plugin_dir == "other"
    assert "SETTINGS_MODULE" not in settings.all


@pytest.mark.parametrize("name", ["PLUGIN_DIR", "plugin_dir", "Plugin_Dir"])
def test_names_in_the_file_count_in_any_case(tmp_path: Path, name: str) -> None:
    """The same rule in the file."""
    write(tmp_path, f"{name} = 'elsewhere'\n")

    assert Settings.load(tmp_path, {}).plugin_dir == "elsewhere"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a.B,c.D", ("a.B", "c.D")),
        (" a.B , c.D ,", ("a.B", "c.D")),
        ('["a.B", "c.D"]', ("a.B", "c.D")),
        ("", ()),
        ("[]", ()),
        (["a.B"], ("a.B",)),
        (("a.B",), ("a.B",)),
    ],
)
def test_lists_are_separated_by_commas_or_json(value: object, expected: tuple[str, ...]) -> None:
    """Pitfall 40: an environment holds text only."""
    assert Settings.check({"PLUGINS": value}).plugins == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("true", True), ("1", True), ("on", True), ("Yes", True), ("false", False), ("0", False), ("OFF", False)],
)
def test_booleans_are_read_as_people_write_them(value: str, expected: bool) -> None:
    """Pitfall 40: the text "false" is not true."""
    assert Settings.check({"LISTEN_TO_BOTS": value}).listen_to_bots is expected


@pytest.mark.parametrize("value", ["debug", "DEBUG", "Debug", " debug ", "10", 10, logging.DEBUG])
def test_the_log_level_is_read_in_any_case_and_as_a_number(value: object) -> None:
    """Pitfall 39."""
    assert Settings.check({"LOGLEVEL": value}).loglevel == logging.DEBUG


def test_unknown_settings_reach_plugins_as_they_are(tmp_path: Path) -> None:
    """A plugin's own settings, in any case of letters, from file and environment."""
    write(tmp_path, "GREETING = {'text': 'Ahoy'}\n")

    settings = Settings.load(tmp_path, {"SM_Port": "8080"}).all

    assert settings["greeting"] == settings["GREETING"] == {"text": "Ahoy"}
    assert settings["port"] == "8080"
    assert "Greeting" in settings


def test_known_settings_reach_plugins_in_plain_text() -> None:
    """What plugins read has the types that plugins of the same API expect."""
    settings = Settings.check({"SLACK_BOT_TOKEN": BOT_TOKEN, "TZ": "Europe/Amsterdam", "ALIASES": "!,?"}).all

    assert settings["slack_bot_token"] == BOT_TOKEN
    assert settings["tz"] == "Europe/Amsterdam"
    assert settings["aliases"] == ["!", "?"]


def test_checking_settings_again_changes_nothing() -> None:
    """What `all` gives is what `check` takes."""
    settings = Settings.check({"SLACK_BOT_TOKEN": BOT_TOKEN, "TZ": "Asia/Tokyo", "OWN": [1], "LOGLEVEL": "error"})

    assert Settings.check(settings.all) == settings


def test_every_mistake_is_told_at_once_one_line_each() -> None:
    """Nobody wants to start five times to learn of five mistakes."""
    lines = mistakes_of(
        {
            "SLACK_BOT_TOKEN": "abc",
            "SLACK_APP_TOKEN": "abc",
            "LOGLEVEL": "loud",
            "TZ": "Mars/Phobos",
            "PLUGINS": "[1, 2]",
            "LISTEN_TO_BOTS": "perhaps",
            "HTTP_PROXY": "proxy:8080",
        }
    ).splitlines()

    assert sorted(line.split()[0] for line in lines) == [
        "HTTP_PROXY",
        "LISTEN_TO_BOTS",
        "LOGLEVEL",
        "PLUGINS",
        "SLACK_APP_TOKEN",
        "SLACK_BOT_TOKEN",
        "TZ",
    ]
    assert all(". Expected: " in line for line in lines)


@pytest.mark.parametrize(
    ("name", "value", "shown", "expected"),
    [
        ("LOGLEVEL", "loud", "'loud'", "DEBUG, INFO"),
        ("LOGLEVEL", True, "True", "DEBUG, INFO"),
        ("LISTEN_TO_BOTS", "perhaps", "'perhaps'", "true or false"),
        ("TZ", "Mars/Phobos", "'Mars/Phobos'", "Europe/Amsterdam"),
        ("TZ", "", "''", "Europe/Amsterdam"),
        ("TZ", 5, "5", "Europe/Amsterdam"),
        ("PLUGINS", None, "None", "a list"),
        ("PLUGINS", "[broken", "'[broken'", "JSON"),
        ("PLUGINS", "[" * 50_000, "'[[[", "JSON"),
        ("PLUGIN_DIR", 7, "7", "a text"),
        ("SLACK_API_URL", "slack.com/api", "'slack.com/api'", "http://"),
        ("SLACK_API_URL", "http://[", "'http://['", "http://"),
        ("SLACK_API_URL", "https://", "'https://'", "a host"),
        ("SLACK_API_URL", "http://host:port/", "'http://host:port/'", "http://"),
    ],
)
def test_a_mistake_names_setting_value_and_what_is_expected(
    name: str, value: object, shown: str, expected: str
) -> None:
    """And does so in words of people who have not read the code."""
    message = mistakes_of({name: value})

    assert message.startswith(f"{name} is {shown}")
    assert expected in message
    assert len(message) < 400


@pytest.mark.parametrize("name", ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"])
@pytest.mark.parametrize(
    "value",
    [
        f"xoxp-1-{SECRET}",
        f"{SECRET} xoxb-1 {SECRET}",
        f"xoxb-1.{SECRET} and",
        f'"xoxb-{SECRET}"',
        f"xoxb-1\n{SECRET}",
        f"xapp-é{SECRET}",
        SECRET,
        [SECRET],
    ],
)
def test_a_wrong_token_is_never_shown(name: str, value: object) -> None:
    """Pitfall 42: not even the parts of it that do not look like a token."""
    message = mistakes_of({name: value})

    assert SECRET not in message
    assert name in message


def test_blanks_around_a_token_are_forgiven() -> None:
    """Tokens are pasted, with the newline after them."""
    token = Settings.check({"SLACK_BOT_TOKEN": f" {BOT_TOKEN}\n"}).slack_bot_token

    assert token is not None
    assert token.get_secret_value() == BOT_TOKEN


@pytest.mark.parametrize("value", ["", "  ", None])
def test_an_empty_token_is_none(value: str | None) -> None:
    """`SM_SLACK_BOT_TOKEN=` unsets it, as people expect of an environment."""
    assert Settings.check({"SLACK_BOT_TOKEN": value}).slack_bot_token is None


def test_printed_settings_show_no_secret() -> None:
    """Pitfall 42: known and unknown secrets, passwords in URLs, and secrets within values."""
    settings = Settings.check(
        {
            "SLACK_BOT_TOKEN": BOT_TOKEN,
            "SLACK_APP_TOKEN": APP_TOKEN,
            "HTTP_PROXY": f"http://me:{SECRET}@proxy:3128",
            "REDIS_URL": f"redis://:{SECRET}@host/0",
            "MY_PASSWORD": SECRET,
            "SIGNING_SECRET": SECRET,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "OAUTH": {"client_secret": SECRET},
            "HEADER": f"Bearer {SECRET}",
        }
    )

    for shown in (repr(settings), str(settings), repr(settings.all), str(settings.all), f"{settings.all!r}"):
        assert SECRET not in shown
        assert "proxy:3128" in shown


def test_a_wrong_url_is_shown_without_its_password() -> None:
    """Pitfall 42."""
    assert SECRET not in mistakes_of({"HTTP_PROXY": f"socks5://me:{SECRET}@proxy"})


@pytest.mark.parametrize(
    ("source", "line", "problem"),
    [
        ("X = 1\nY = = 2\n", 2, "SyntaxError"),
        ("X = 1\n\nraise ValueError('no')\n", 3, "ValueError: no"),
        ("X = 1\nraise ValueError('first\\nsecond')\n", 2, "ValueError: first second"),
        ("X = 1\nimport no_such_module\n", 2, "No module named 'no_such_module'"),
        (b"X = 1\nY = '\xff'\n", 2, "utf-8"),
        ("import sys\nsys.exit(3)\n", 2, "SystemExit: 3"),
    ],
)
def test_a_broken_file_is_named_with_its_line(tmp_path: Path, source: str | bytes, line: int, problem: str) -> None:
    """Pitfall 25: what failed, and not "no settings found"."""
    path = write(tmp_path, source)

    with pytest.raises(SettingsError) as raised:
        Settings.load(tmp_path, {})

    assert f"{path}, line {line} " in str(raised.value)
    assert problem in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A folder of that name stands for whatever the operating system refuses."""
    (tmp_path / "local_settings.py").mkdir()

    with pytest.raises(SettingsError, match=r"local_settings\.py cannot be read: IsADirectoryError"):
        Settings.load(tmp_path, {})


def test_an_error_in_the_file_shows_no_token(tmp_path: Path) -> None:
    """Pitfall 42: the file is where tokens stand."""
    write(tmp_path, f"TOKEN = '{BOT_TOKEN}'\nraise ValueError(TOKEN)\n")

    with pytest.raises(SettingsError) as raised:
        Settings.load(tmp_path, {})

    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("name", ["nowhere", "nowhere.settings", "a..b", ".relative", "1 2", "-"])
def test_a_settings_module_that_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    """A typing error in `SM_SETTINGS_MODULE` must not start a bot with defaults."""
    with pytest.raises(SettingsError) as raised:
        Settings.load(tmp_path, {"SM_SETTINGS_MODULE": name})

    assert name in str(raised.value)


def test_an_import_that_fails_within_the_settings_module_is_named(tmp_path: Path) -> None:
    """Pitfall 25: the settings module is there, what it imports is not."""
    write(tmp_path, "import no_such_module\n", "broken_settings.py")

    with pytest.raises(SettingsError, match="No module named 'no_such_module'"):
        Settings.load(tmp_path, {"SM_SETTINGS_MODULE": "broken_settings"})


def test_settings_can_be_spread_over_several_files(tmp_path: Path) -> None:
    """`local_settings.py` may import its neighbours, wherever `machine` itself is installed."""
    write(tmp_path, "from neighbouring_settings import *\n")
    write(tmp_path, "PLUGIN_DIR = 'neighbour'\n", "neighbouring_settings.py")

    assert Settings.load(tmp_path, {}).plugin_dir == "neighbour"


def test_a_file_read_again_is_read_afresh(tmp_path: Path) -> None:
    """A `local_settings` that was imported earlier must not stand in for it."""
    write(tmp_path, "PLUGIN_DIR = 'aaaa'\n")
    Settings.load(tmp_path, {})
    write(tmp_path, "PLUGIN_DIR = 'bbbb'\n")

    assert Settings.load(tmp_path, {}).plugin_dir == "bbbb"


_names = st.one_of(
    st.sampled_from([f"SM_{name.upper()}" for name in Settings.model_fields] + ["SM_SETTINGS_MODULE", "SM_", "sm_tz"]),
    st.text(max_size=8).map(lambda name: f"SM_{name}"),
    st.text(max_size=8),
)
_values = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["true", "UTC", "http://", "http://[", "[1]", '["a"]', "xoxb-1", "xapp-\n1", "INFO", "9" * 5000]),
)


@given(st.dictionaries(_names, _values, max_size=6))
@example({"SM_SLACK_API_URL": "http://\x00"})
@example({"SM_LOGLEVEL": "9" * 5000})
@example({"SM_TZ": "\udc80"})
@example({"SM_SETTINGS_MODULE": "\udc80"})
def test_any_environment_loads_or_says_what_is_wrong(environment: dict[str, str]) -> None:
    """Whatever stands in an environment, nobody sees a traceback."""
    try:
        settings = Settings.load(Path("/nonexistent"), environment)
    except SettingsError:
        return
    assert Settings.check(settings.all) == settings


@given(st.dictionaries(st.text(max_size=6), st.integers()), st.text(max_size=6))
def test_settings_behave_like_a_dictionary_of_upper_case_names(values: dict[str, int], name: str) -> None:
    """Plugins treat `self.settings` as the dictionary it seems to be."""
    settings = CaseInsensitiveDict(values)

    assert dict(settings) == {key.upper(): value for key, value in values.items()}
    assert (name in settings) == (name.upper() in dict(settings))
    settings[name] = 1
    assert settings[name.lower()] == 1 or name.lower().upper() != name.upper()
    del settings[name]
    assert name not in settings


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("LOG_LEVEL", "LOGLEVEL"),
        ("log_level", "LOGLEVEL"),
        ("PLUGNS", "PLUGINS"),
        ("PLUGIN", "PLUGINS"),
        ("ALIAS", "ALIASES"),
        ("REDIS_URI", "REDIS_URL"),
        ("SLACK_API_TOKEN", "SLACK_BOT_TOKEN"),
        ("SQLITE_FILE", "SQLITE_PATH"),
        ("LISTEN_TO_BOT", "LISTEN_TO_BOTS"),
        ("TIMEZONE", "TZ"),
    ],
)
def test_a_misspelt_setting_is_found(name: str, meant: str) -> None:
    """B10: it passes through to plugins, which may know it, and the log asks what was meant."""
    [mistake] = Settings.check({name: "1"}).misspelt()

    assert mistake.setting == name.upper()
    assert f"Did you mean {meant}" in mistake.remedy


@pytest.mark.parametrize(
    "name", ["GOOGLE_API_KEY", "WEATHER_KEY", "REDIS_URL", "REPL_MODE", "DYNAMODB_TABLE_NAME", "X"]
)
def test_a_setting_of_a_plugin_is_not_taken_for_a_mistake(name: str) -> None:
    """B10: nor are those of storage backends and the REPL."""
    assert Settings.check({name: "1"}).misspelt() == []
