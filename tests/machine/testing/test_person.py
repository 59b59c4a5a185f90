"""What people do in a test, and what they get back."""

from __future__ import annotations

from datetime import date

import pytest

from machine.errors import WorkspaceError
from machine.sandbox import SlackRefusal
from machine.testing import Bot, SentMessage
from tests.machine.testing.workshop import Workshop


async def question_for(bot: Bot) -> SentMessage:
    """The bot's message with every kind of element."""
    return await bot.user("alice").asks("@machine deploy api to prod", channel="#ops")


async def test_deploy_asks_for_approval(bot: Bot) -> None:
    """The example of the guide, word for word."""
    alice = bot.user("alice")
    reply = await alice.says("@machine deploy api to prod", channel="#ops")
    assert reply is not None
    assert reply.text == "Deploy api to prod?"
    await alice.clicks(reply, "approve")
    assert await bot.said("Deploying api", channel="#ops")


async def test_without_a_channel_people_speak_with_the_bot_alone(bot: Bot) -> None:
    """There every message is for the bot, so no mention is needed."""
    reply = await bot.user("bob").asks("deploy api to prod")

    assert (reply.channel, reply.author) == ("@bob", "machine")


async def test_what_the_bot_ignores_has_no_reply(bot: Bot) -> None:
    """`says()` gives back `None`, and `asks()` fails."""
    alice = bot.user("alice")

    assert await alice.says("nothing for you", channel="#ops") is None
    with pytest.raises(AssertionError, match="did not reply to 'nobody there' of alice"):
        await alice.asks("nobody there")


async def test_a_reply_in_a_thread_or_a_dm_is_one(bot: Bot) -> None:
    """Bots answer where it suits, and a test asks what they answered."""
    greeting = await bot.user("alice").asks("good morning", channel="#ops")
    secret = await bot.user("alice").asks("whisper", channel="#ops")

    assert greeting.text == "and to you, @alice"
    assert greeting.thread_ts == (bot.history("#ops")[0].ts)
    assert (secret.channel, secret.text, secret.mrkdwn) == ("@alice", "Psst & hush", "Psst &amp; hush")


async def test_people_answer_in_a_thread(bot: Bot) -> None:
    """`thread=` takes any message, and its channel with it."""
    alice = bot.user("alice")
    first = await alice.asks("good morning", channel="#ops")

    second = await alice.asks("good evening", thread=first)

    assert second.channel == "#ops"
    assert [message.author for message in bot.history("#ops")[0].thread] == ["machine", "alice", "machine"]


async def test_people_edit_delete_and_react(bot: Bot) -> None:
    """Each reaches the bot as Slack's event."""
    alice = bot.user("alice")
    await alice.says("hm", channel="#ops")

    reply = await alice.edits("good morning")
    await alice.says("oh no", channel="#ops")
    await alice.deletes()
    assert reply is not None
    await alice.reacts(reply, ":eyes:")
    shown = dict(reply.reactions)
    await alice.unreacts(reply, "eyes")

    assert bot.plugin(Workshop).heard == ["deleted oh no", ":eyes:", "no :eyes:"]
    assert shown == {"eyes": ["alice"]}
    assert alice.last is not None
    assert alice.last.is_edited


async def test_people_share_files(bot: Bot) -> None:
    """With their names and content."""
    alice = bot.user("alice")

    await alice.uploads("log.txt", "it broke", channel="#ops")

    assert alice.last is not None
    assert alice.last.files == {"log.txt": b"it broke"}
    assert bot.plugin(Workshop).heard == ["file log.txt"]


async def test_a_command_gives_its_answer(bot: Bot) -> None:
    """Also one that is shown to the person alone."""
    answer = await bot.user("alice").runs("/deploy api", channel="#ops")

    assert answer is not None
    assert (answer.text, answer.only_for) == ("On it: api", "alice")


async def test_buttons_are_found_by_what_is_on_them(bot: Bot) -> None:
    """Which is what a person sees."""
    question = await question_for(bot)

    refusal = await bot.user("bob").clicks(question, "Deny")

    assert question.buttons == ["Approve", "Deny"]
    assert refusal is not None
    assert (refusal.text, refusal.only_for) == ("A pity", "bob")


async def test_a_wrong_button_names_those_there_are(bot: Bot) -> None:
    """A typing error in a test should take seconds to find."""
    question = await question_for(bot)

    with pytest.raises(SlackRefusal, match="no element 'publish' to use; there are: approve, deny, colour, city, day"):
        await bot.user("alice").clicks(question, "publish")


async def test_people_choose_and_pick(bot: Bot) -> None:
    """By text or value; external options after a search, dates as dates."""
    alice = bot.user("alice")
    question = await question_for(bot)

    chosen = await alice.chooses(question, "colour", "Green")
    offered = await alice.searches(question, "city", "am")
    city = await alice.chooses(question, "city", "Amiens")
    picked = await alice.picks(question, "day", date(2026, 5, 1))

    assert offered == ["Amsterdam", "Amiens"]
    assert [reply and reply.text for reply in (chosen, city, picked)] == [
        "So it is green",
        "So it is Amiens",
        "So it is 2026-05-01",
    ]


async def test_a_modal_is_filled_refused_and_submitted(bot: Bot) -> None:
    """It stays while something is wrong, and says what."""
    alice = bot.user("alice")
    await alice.runs("/ticket", channel="#ops")
    modal = alice.modal
    assert modal is not None

    await alice.fills({"title": "Help"})
    await alice.submits()
    shown, errors = (modal.title, modal.shown, modal.values), modal.errors
    filed = await alice.submits({"title": "The build is broken"})

    assert shown == ("New ticket", "Title", {"title": "Help"})
    assert errors == {"title": "Say a little more."}
    assert not modal.is_open
    assert alice.modal is None
    assert filed is not None
    assert (filed.channel, filed.text) == ("#ops", "@alice filed: The build is broken")


async def test_a_modal_is_closed(bot: Bot) -> None:
    """The bot that asked to is told."""
    alice = bot.user("alice")
    await alice.runs("/ticket")

    reply = await alice.closes_modal()

    assert reply is not None
    assert reply.text == "No ticket was filed."
    with pytest.raises(SlackRefusal, match="alice has no modal open"):
        await alice.submits()


async def test_the_home_tab_is_opened(bot: Bot) -> None:
    """And shows what the bot publishes then."""
    home = await bot.user("carol").opens_home()

    assert home is not None
    assert home.shown == "Good to see you, @carol"


async def test_shortcuts_are_run(bot: Bot) -> None:
    """From the search box, and on a message."""
    alice = bot.user("alice")
    await alice.says("to be or not", channel="#ops")
    assert alice.last is not None

    hello = await alice.runs_shortcut("hello")
    quote = await alice.runs_message_shortcut(alice.last, "quote")

    assert [reply and reply.mrkdwn for reply in (hello, quote)] == ["Hello", "> to be or not"]


async def test_a_wrong_name_tells_who_there_is(bot: Bot) -> None:
    """Those that are near first."""
    with pytest.raises(WorkspaceError, match=r"nobody called 'alcie'. Did you mean alice.*People: alice, bob, carol"):
        bot.user("alcie")
    with pytest.raises(WorkspaceError, match=r"'#opsy'. Did you mean .*ops"):
        await bot.user("alice").says("hi", channel="#opsy")


async def test_somebody_who_is_not_in_a_channel_cannot_speak_there(bot: Bot) -> None:
    """The refusal says who is in it."""
    await bot.add_channel("#board", "bob")

    with pytest.raises(SlackRefusal) as refusal:
        await bot.user("alice").says("hi", channel="#board")

    assert refusal.value.__notes__ == ["alice is not in #board. Its members: bob, machine."]
    await bot.user("alice").joins("#board")
    await bot.user("alice").asks("good morning", channel="#board")
    await bot.user("alice").leaves("#board")


async def test_people_are_added(bot: Bot) -> None:
    """With a profile of their own."""
    erin = await bot.add_user("erin", real_name="Erin Evans", is_admin=True)

    await erin.asks("deploy api to prod")
    assert (erin.profile.real_name, erin.mention) == ("Erin Evans", f"<@{erin.id}>")
