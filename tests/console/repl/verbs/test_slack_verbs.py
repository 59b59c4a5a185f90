"""The verbs that write do in the workspace what they say; a live workspace is asked about first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machine.read_only import is_read_only
from machine_console.repl.language.confirmation import asker
from machine_console.repl.language.errors import ReplError
from machine_console.repl.verbs.times import moment
from tests.console.repl.conftest import PromptUnderTest

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def texts(prompt: PromptUnderTest, channel: str = "general") -> list[str]:
    return [message.text for message in prompt.bot.workspace.history(channel) if message.is_by_bot]


async def test_update_changes_the_last_message_posted_here(prompt: PromptUnderTest) -> None:
    """A typing mistake is put right with one word."""
    await prompt('say("#general", "deploooyed")')
    await prompt('update("deployed")')

    assert texts(prompt) == ["deployed"]


async def test_delete_takes_back_what_was_said(prompt: PromptUnderTest) -> None:
    """The last one, or a message of the history."""
    await prompt('say("#general", "one"); say("#general", "two")')
    await prompt("delete()")
    assert texts(prompt) == ["one"]

    await prompt('delete((await history("#general"))[-1])')
    assert texts(prompt) == []
    assert "Nothing has been posted from here yet" in await prompt("delete()")


async def test_pin_and_topic(prompt: PromptUnderTest) -> None:
    """What belongs to a channel."""
    await prompt('say("#general", "read this"); pin(_)')
    await prompt('topic("general", "release day")')

    shown = await prompt('len((await web.pins_list(channel=channel("#general").id))["items"])')
    assert shown == "1"
    assert prompt.bot.workspace.find_channel("general").topic == "release day"


async def test_upload_shares_a_file_or_a_text(prompt: PromptUnderTest, tmp_path: Path) -> None:
    """A path is read, a text is the content."""
    report = tmp_path / "report.csv"
    report.write_text("a,b\n")

    await prompt(f'upload("#general", file={str(report)!r}, comment="numbers")')
    await prompt('upload("#general", "hello", "hello.txt")')

    files = [file.name for message in prompt.bot.workspace.history("general") for file in message.files]
    assert files == ["report.csv", "hello.txt"]
    assert "nowhere.txt does not exist" in await prompt('upload("#general", file="nowhere.txt")')


async def test_schedule_says_something_later(prompt: PromptUnderTest) -> None:
    """Slack keeps it until then."""
    shown = await prompt('schedule("1h", "#general", "an hour is over")')

    assert "scheduled in #general" in shown
    assert "an hour is over" in await prompt("web.chat_scheduledMessages_list()")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("90s", NOON + timedelta(seconds=90)),
        ("1h30m", NOON + timedelta(minutes=90)),
        (60, NOON + timedelta(minutes=1)),
        (timedelta(days=1), NOON + timedelta(days=1)),
        ("17:30", NOON.replace(hour=17, minute=30)),
        ("9:00", NOON.replace(hour=9) + timedelta(days=1)),
        (datetime(2026, 3, 2, 8), datetime(2026, 3, 2, 8, tzinfo=UTC)),  # noqa: DTZ001 - what people type
    ],
)
def test_times_as_people_say_them(said: object, meant: datetime) -> None:
    """A clock time that is over today means tomorrow's."""
    assert moment(said, NOON) == meant  # type: ignore[arg-type]  # one of the accepted types each


@given(st.text())
def test_any_other_text_is_refused_in_one_line(text: str) -> None:
    """Whatever was typed."""
    try:
        assert moment(text, NOON) >= NOON
    except (ReplError, OverflowError) as error:
        assert "\n" not in str(error)  # noqa: PT017 - some texts are times


class Person:
    """Somebody who is asked.

    Attributes:
        questions: What they were asked.
    """

    def __init__(self, prompt: PromptUnderTest, *, says_yes: bool) -> None:
        self.questions: list[str] = []
        self._says_yes = says_yes
        prompt.session.evaluator.context.run(asker.set, self._ask)

    async def _ask(self, question: str) -> bool:
        self.questions.append(question)
        return self._says_yes


async def test_a_live_workspace_is_asked_about_once(live_prompt: PromptUnderTest) -> None:
    """Posting to several places and deleting cannot be taken back with a word."""
    person = Person(live_prompt, says_yes=True)

    await live_prompt('say(["#general", "#ops", "@alice"], "all hands"); delete()')
    await live_prompt('storage["Greeter"].delete("x")')
    await live_prompt('say("#ops", "one place")')

    assert [question.partition("?")[0][:22] for question in person.questions] == [
        "Post to 3 places",
        "Delete the message in ",
        "Delete 'x' from the st",
    ]
    assert texts(live_prompt) == ["all hands"]
    assert texts(live_prompt, "ops") == ["all hands", "one place"]


async def test_no_means_no(live_prompt: PromptUnderTest) -> None:
    """Nothing is done, not even a part of it."""
    Person(live_prompt, says_yes=False)

    shown = await live_prompt('say(["#general", "#ops"], "all hands")')

    assert shown == "Nothing was done."
    assert texts(live_prompt) == texts(live_prompt, "ops") == []


async def test_confirm_false_asks_nobody(live_prompt: PromptUnderTest) -> None:
    """For scripts, where nobody is there to be asked."""
    refused = await live_prompt('say(["#general", "#ops"], "all hands")')
    assert "confirm=False" in refused
    assert texts(live_prompt) == []

    await live_prompt('say(["#general", "#ops"], "all hands", confirm=False); delete(confirm=False)')
    assert texts(live_prompt) == ["all hands"]


async def test_the_sandbox_is_not_asked_about(prompt: PromptUnderTest) -> None:
    """There is nobody to be disturbed."""
    person = Person(prompt, says_yes=False)

    await prompt('say(["#general", "#ops"], "all hands")')

    assert person.questions == []
    assert texts(prompt) == ["all hands"]


@pytest.mark.parametrize(
    "code",
    [
        'say("#general", "hi")',
        'dm("alice", "hi")',
        'react("tada", "#general", "1.0")',
        'topic("#general", "x")',
        'upload("#general", "x")',
        'schedule("1h", "#general", "x")',
        'update("x", "nothing")',
        'web.chat_postMessage(channel="C1", text="x")',
        'bot.slack.say("#general", "x")',
        'storage["Greeter"].set("a", 1)',
        'storage["Greeter"].delete("a")',
        'simulate("hello world")',
        "replay(last)",
        "reload()",
        'await asyncio.create_task(say("#general", "hi"))',
    ],
)
async def test_a_read_only_session_changes_nothing(prompt: PromptUnderTest, code: str) -> None:
    """By verb, by the raw client, or in a task; looking goes on."""
    await prompt("import asyncio")
    await prompt('simulate("hello world")')
    await prompt('m = await say("#general", "mine")')
    prompt.session.evaluator.context.run(is_read_only.set, True)

    shown = await prompt(code.replace('"nothing"', "m"))

    assert "read-only" in shown
    assert await prompt('len(await history("#general"))') == "3"
    assert await prompt('storage["Greeter"].keys()') == "['greeted']"
