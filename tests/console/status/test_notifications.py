"""What a person is told of, and how often."""

from __future__ import annotations

from datetime import timedelta

from machine.trace import InvocationFailed, LogWritten, PluginFailed, PluginsReloaded
from machine_console.status.notifications import QUIET, Repeats, is_failure_of, notification_of
from tests.console.story import START, ms


def test_a_reload_says_what_changed() -> None:
    """One line, as one saves the file, and the handlers that are other than before."""
    record = PluginsReloaded(
        files=("plugins/greeter.py",),
        modules=("plugins.greeter",),
        added=('plugins.greeter.Greeter.greet listen_to(r"^(hello|hi)$")',),
        removed=('plugins.greeter.Greeter.greet listen_to(r"^hello$")',),
        changed=("plugins.greeter.Greeter.wave command('/wave')",),
        duration=ms(14),
    )
    told = notification_of(record)

    assert told is not None
    assert told.text.splitlines() == [
        "reloaded greeter.py in 14 ms: +1 -1 ~1 handlers",
        '+ Greeter.greet listen_to(r"^(hello|hi)$")',
        '- Greeter.greet listen_to(r"^hello$")',
        "~ Greeter.wave command('/wave')",
    ]


def test_a_reload_of_everything_fits_into_a_notice() -> None:
    """A checkout of another branch."""
    names = tuple(f"plugins.many.Many.handler{number} process('x')" for number in range(100))
    told = notification_of(PluginsReloaded(files=("a.py",), modules=(), added=names, removed=(), duration=ms(14)))

    assert told is not None
    assert told.text.splitlines()[-2:] == ["+ Many.handler4 process('x')", "and 95 more"]
    assert len(told.text.splitlines()) == 7


def test_what_slack_refused_is_said_in_a_few_words() -> None:
    """slack_sdk's own text fills a notice, and what matters comes last."""
    error = (
        "SlackApiError: The request to the Slack API failed. (url: https://slack.com/api/reactions.add, status: 200) "
        "The server responded with: {'ok': False, 'error': 'already_reacted'}"
    )
    told = notification_of(InvocationFailed(handler="plugins.a.A.b", error=error, traceback="", duration=ms(1)))

    assert told is not None
    assert told.text == "SlackApiError: reactions.add answered already_reacted"


def test_a_failed_load_leads_to_the_line_and_says_what_runs() -> None:
    """The old version is still live."""
    record = PluginFailed(
        plugin="plugins.greeter",
        phase="import",
        error="SyntaxError: '(' was never closed",
        traceback="",
        file="/x/plugins/greeter.py",
        line=7,
        is_old_version_live=True,
    )
    told = notification_of(record)

    assert told is not None
    assert told.title == "plugins.greeter failed to import"
    assert is_failure_of("plugins.greeter.Greeter", told.title)
    assert not is_failure_of("plugins.greeter2.Greeter", told.title)
    assert not is_failure_of("plugins.greeter.Greeter", "Greeter.greet failed")
    assert told.text == "greeter.py:7: SyntaxError: '(' was never closed\nThe old version is still live."
    assert told.severity == "error"


def test_most_records_are_no_news() -> None:
    """They belong to their event."""
    assert notification_of(LogWritten(level="info", logger="x", message="y", fields={})) is None


def test_a_storm_of_failures_is_told_once_and_counted() -> None:
    """A thousand notices would hide the first."""
    repeats = Repeats()
    failure = notification_of(InvocationFailed(handler="a.B.c", error="KeyError: 1", traceback="", duration=ms(1)))
    assert failure is not None

    assert repeats.let_through(failure.about, START) == 0
    for second in range(1, 4):
        assert repeats.let_through(failure.about, START + timedelta(seconds=second)) is None
    assert repeats.let_through("something else", START) == 0
    assert repeats.let_through(failure.about, START + QUIET) == 3
