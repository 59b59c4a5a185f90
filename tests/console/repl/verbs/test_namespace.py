"""The verbs do in the workspace what they say, and wrong names are told with the near ones."""

from __future__ import annotations

import asyncio
import re

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from machine_console.history.history import History
from machine_console.repl.prompt.completion import ReplCompleter
from machine_console.repl.verbs.namespace import NOUNS, VERBS, build_namespace
from machine_console.repl.verbs.simulation import Deed, Simulator
from tests.console.repl.conftest import PromptUnderTest


def texts(prompt: PromptUnderTest, channel: str = "general") -> list[str]:
    return [message.text for message in prompt.bot.workspace.history(channel) if message.is_by_bot]


@pytest.mark.parametrize("channel", ['"#general"', '"general"', 'channel("#general")', 'channel("#general").id'])
async def test_say_posts(prompt: PromptUnderTest, channel: str) -> None:
    """A channel may be given in any form people have at hand."""
    shown = await prompt(f'say({channel}, "deployed")')

    assert texts(prompt) == ["deployed"]
    assert "deployed" in shown
    assert "#general" in shown


@pytest.mark.parametrize("who", ['"@alice"', '"alice"', '"alice@example.com"', 'user("alice")', '"Alice Andersson"'])
async def test_dm_reaches_the_person(prompt: PromptUnderTest, who: str) -> None:
    """A person too."""
    alice = prompt.bot.workspace.find_person("alice")
    await prompt(f"dm({who if '@example' not in who else repr(alice.email)}, 'hi')")

    dm = prompt.bot.workspace.open_dm("alice")
    assert [message.text for message in prompt.bot.workspace.history(dm)] == ["hi"]


async def test_say_to_a_person_is_a_dm(prompt: PromptUnderTest) -> None:
    """`say("@alice", ...)` means what it says."""
    await prompt('say("@alice", "hi")')

    assert len(prompt.bot.workspace.history(prompt.bot.workspace.open_dm("alice"))) == 1


async def test_react_and_reply_take_the_newest_message(prompt: PromptUnderTest) -> None:
    """Which is what one has just seen."""
    message = prompt.bot.workspace.post("alice", "#general", "look at this")
    await prompt.bot.settled()

    await prompt('react(":tada:")')
    await prompt('reply("nice")')

    [first, answer] = prompt.bot.workspace.history("general", message.ts)
    assert list(first.reactions) == ["tada"]
    assert answer.text == "nice"


async def test_react_takes_a_message_or_its_place(prompt: PromptUnderTest) -> None:
    """The last result, or channel and ts."""
    await prompt('m = await say("#general", "mine"); react("eyes", m)')
    await prompt('react("+1", "#general", m.ts)')
    await prompt('react("wave", message=(await history("#general"))[-1])')

    assert list(prompt.bot.workspace.history("general")[-1].reactions) == ["eyes", "+1", "wave"]


async def test_a_slack_error_is_one_line(prompt: PromptUnderTest) -> None:
    """With what to do about it."""
    shown = await prompt('m = await say("#general", "x"); react("tada", m); react("tada", m)')

    assert shown.splitlines()[-1] == "Slack refused: already_reacted. The bot has already reacted with this emoji."


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ('say("#randm", "x")', "Did you mean #random?"),
        ('user("alise")', "Did you mean @alice?"),
        ('dm("nobody at all", "x")', "There are @alice"),
        ("channel(3)", "3 is not a channel"),
        ('plugins["Greter"]', "Greeter"),
        ('storage["Greter"]', "Greeter"),
        ('react("tada", message=1)', "is not a message"),
    ],
)
async def test_a_wrong_name_lists_the_near_ones(prompt: PromptUnderTest, typed: str, hint: str) -> None:
    """In one line, without a traceback."""
    shown = await prompt(typed)

    assert hint in shown
    assert "\n" not in prompt.outcome.error


async def test_an_ambiguous_name_lists_those_it_may_mean(prompt: PromptUnderTest) -> None:
    """Two people can have the same real name."""
    for number in ("U0000001", "U0000002"):
        data = {"id": number, "name": f"sam{number[-1]}", "profile": {"real_name": "Sam Same"}}
        prompt.bot.machine.slack.directory.remember_user(data)

    shown = await prompt('user("Sam Same")')

    assert "@sam1" in shown
    assert "@sam2" in shown


async def test_simulate_lets_a_person_post(prompt: PromptUnderTest) -> None:
    """In the sandbox the message is really there, and the result tells what it led to."""
    shown = await prompt('simulate("hello world", user="bob", channel="#random")')

    [question, answer] = prompt.bot.workspace.history("random")
    assert question.user == prompt.bot.workspace.find_person("bob").id
    assert answer.text == "hello world, this is the bot"
    assert "✓ Greeter.greet" in shown
    assert "chat.postMessage ok" in shown


async def test_simulate_tells_when_nobody_listens(prompt: PromptUnderTest) -> None:
    """And does not wait for an answer that will not come."""
    assert "no handler" in await prompt('simulate("nothing to see")')
    assert "There is no channel called '#secret'" in await prompt('simulate("hello x", channel="#secret")')


async def test_simulate_refuses_where_the_bot_hears_nothing(prompt: PromptUnderTest) -> None:
    """A private channel without the bot, known by its id."""
    secret = prompt.bot.workspace.find_channel("#secret")

    assert "not in #secret" in await prompt(f'simulate("hello x", channel="{secret.id}")')


async def test_simulate_shows_a_failing_handler(prompt: PromptUnderTest) -> None:
    """An exception in a plugin is part of the result."""
    shown = await prompt('simulate("break")')

    assert "✗ Greeter.broken" in shown
    assert "broken on purpose" in shown


async def test_simulate_without_a_workspace_posts_nothing(prompt: PromptUnderTest) -> None:
    """Against Slack the event is made up, marked as simulated, and handled by the bot alone."""
    history = History()
    prompt.bot.machine.trace.subscribe(history.record)
    before = len(prompt.bot.workspace.history("general"))

    event = await Simulator(prompt.bot.machine, history, None).simulate(Deed("hello @alice"), "bob", "#general")

    assert event.envelope.is_simulated
    assert event.envelope.text == f"hello <@{prompt.bot.workspace.find_person('alice').id}>"
    assert len(prompt.bot.workspace.history("general")) == before


async def test_handlers_explains_without_running(prompt: PromptUnderTest) -> None:
    """Which would match, and why."""
    shown = await prompt('handlers("hello you")')

    assert "✓" in next(line for line in shown.splitlines() if "greet" in line)
    assert prompt.bot.workspace.history("general") == []
    assert "Greeter.morning" in await prompt("handlers()")


async def test_storage_shows_what_a_plugin_keeps(prompt: PromptUnderTest) -> None:
    """By the plugin's class, and it can be changed."""
    await prompt('simulate("hello storage")')

    assert "'storage'" in await prompt('storage["Greeter"].items()')
    await prompt('storage["Greeter"].set("greeted", "changed"); storage.set("shared key", 1)')
    assert "'changed'" in await prompt('storage["Greeter"].get("greeted")')
    assert await prompt('storage.get("shared key")') == "1"
    await prompt('storage["Greeter"].delete("greeted")')
    assert await prompt('storage["Greeter"].keys()') == "[]"


async def test_history_shows_messages_as_people_read_them(prompt: PromptUnderTest) -> None:
    """Mentions and escapes are undone, reactions counted."""
    message = prompt.bot.workspace.post("alice", "#general", "@bob: a < b")
    prompt.bot.workspace.react("bob", "#general", message.ts, "eyes")

    shown = await prompt('history("#general", 5)')

    assert "@bob: a < b" in shown
    assert ":eyes: 1" in shown


async def test_collections_are_tables(prompt: PromptUnderTest) -> None:
    """And are asked by name, index or condition."""
    assert "@alice" in await prompt("users")
    assert "#general" in await prompt("channels")
    assert "Greeter" in await prompt("plugins")
    assert "Greeter.morning" in await prompt("jobs")
    assert "Alice" in await prompt('users["alice"]')
    assert "machine" not in await prompt("users.where(is_bot=False)")
    assert await prompt("events") == "no events"
    await prompt('simulate("hello events", user="bob")')
    assert "bob" in await prompt("events")


async def test_last_follows_what_happens(prompt: PromptUnderTest) -> None:
    """`last` is the newest event whenever it is looked at."""
    await prompt('simulate("first")')
    assert "first" in await prompt("last")
    await prompt('simulate("second")')
    assert await prompt("last.envelope.text") == "'second'"


async def test_last_without_events_says_so(prompt: PromptUnderTest) -> None:
    """Instead of a traceback."""
    namespace = build_namespace(prompt.bot.machine, History(), prompt.bot.workspace)
    prompt.session.namespace.update(namespace)

    assert "Nothing has happened yet" in await prompt("last")


async def test_embedded_workspace_is_at_hand(prompt: PromptUnderTest) -> None:
    """To act as people, and to let Slack fail."""
    await prompt('workspace.faults.fail("chat.postMessage", error="restricted_action", times=1)')

    assert "restricted_action" in await prompt('say("#ops", "hi")') + prompt.outcome.error
    assert await prompt('workspace.post("alice", "#ops", "hello").text') == "'hello'"


async def test_reload_takes_over_changed_files(prompt: PromptUnderTest) -> None:
    """And says whether there were any."""
    assert "Nothing was replaced" in await prompt("reload()")


async def test_help_lists_every_name(prompt: PromptUnderTest) -> None:
    """And explains one."""
    shown = await prompt("help")

    assert all(re.search(rf"^(await )?{name}\b", shown, re.MULTILINE) for name in [*VERBS, *NOUNS])
    assert "Post a message as the bot" in await prompt("help(say)")


async def test_tokens_are_never_shown(prompt: PromptUnderTest) -> None:
    """Not in settings, not in the client, not in what is printed."""
    token = prompt.bot.sandbox.bot_token
    for typed in ("bot.settings.all", "web.token", "print(web.token)", "raise ValueError(web.token)", "web.headers"):
        assert token not in await prompt(typed), typed


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ('say("#ge', "#general"),
        ('dm("', "@alice"),
        ('react("ta', "tada"),
        ('storage["', "tests.console.repl.conftest.Greeter"),
        ('simulate("x", user="', "@bob"),
        ('say("#ops", "thanks @car', "@carol"),
        ("last.env", "envelope"),
        ("web.chat_postM", "chat_postMessage"),
        ("bot.slack.dir", "directory"),
    ],
)
async def test_completion_knows_the_workspace(prompt: PromptUnderTest, typed: str, expected: str) -> None:
    """People, channels, emoji and plugins where they belong."""
    completer = ReplCompleter(prompt.session.namespace)

    offered = [one.text for one in completer.get_completions(Document(typed), CompleteEvent(text_inserted=True))]

    assert expected in offered


@pytest.mark.parametrize("plugin", ["Greeter", "tests.console.repl.conftest.Greeter"])
async def test_keys_of_a_storage_are_completed(prompt: PromptUnderTest, plugin: str) -> None:
    """The menu never waits for the storage: what it did not know yet is there the next time."""
    await prompt('simulate("hello bob", user="alice")')
    await prompt(f"""storage["{plugin}"].set("it's", 1)""")
    typed = f'await storage["{plugin}"].get("gr'

    assert _offered(prompt, typed) == {}
    await _looked_up()
    assert await asyncio.to_thread(_offered, prompt, typed) == {"greeted": "key of Greeter"}
    assert _offered(prompt, f'storage["{plugin}"].get("it') == {}  # it would end the string


async def test_keys_are_looked_up_while_the_plugin_is_chosen(prompt: PromptUnderTest) -> None:
    """So that people who type see them at the first time."""
    await prompt('simulate("hello bob", user="alice")')
    assert "tests.console.repl.conftest.Greeter" in _offered(prompt, 'storage["')
    await _looked_up()

    assert "greeted" in _offered(prompt, 'storage["Greeter"].delete("')


async def test_a_storage_without_keys_offers_none(prompt: PromptUnderTest) -> None:
    """A plugin that is gone, or a name that never was one."""
    _offered(prompt, 'storage["no.Such"].get("')
    await _looked_up()

    assert _offered(prompt, 'storage["no.Such"].get("') == {}


def _offered(prompt: PromptUnderTest, text: str) -> dict[str, str]:
    completer = ReplCompleter(prompt.session.namespace)
    completions = completer.get_completions(Document(text), CompleteEvent(text_inserted=True))
    return {one.text: one.display_meta_text for one in completions}


async def _looked_up() -> None:
    await asyncio.sleep(0)  # it is begun by the event loop
    await asyncio.gather(*(task for task in asyncio.all_tasks() if task.get_name() == "stored-keys"))
