"""An incident, from the alarm to the story."""

from __future__ import annotations

import asyncio

from machine.testing import Bot, SentMessage


async def report(bot: Bot, title: str, channel: str = "#ops") -> SentMessage:
    """Bob opens an incident; gives back his message, whose thread it is."""
    bob = bot.user("bob")
    await bob.says(f"@machine incident {title}", channel=channel)
    assert bob.last is not None
    return bob.last


async def test_an_incident_is_opened_noted_and_resolved(bot: Bot) -> None:
    """Thread, pin and topic follow it, and the story ends up in a file."""
    alice = bot.user("alice")
    topic = bot.workspace.find_channel("ops").topic

    incident = await report(bot, "API is <down>")
    assert bot.workspace.find_channel("ops").topic == "Incident 1: API is <down>"
    assert bot.calls("pins.add")
    await alice.says("note: it was the cache", thread=incident)
    await alice.says("note: nothing to do with it", channel="#ops")
    await alice.says("resolved, it seems", thread=incident)

    [story] = [content for reply in incident.thread for content in reply.files.values()]
    assert [line.partition(" ")[2][17:] for line in story.decode().splitlines()] == [
        "Bob Brown: opened: API is <down>",
        "Alice Andersson: it was the cache",
        "Alice Andersson: resolved",
    ]
    assert bot.workspace.find_channel("ops").topic == topic
    assert bot.calls("pins.remove")


async def test_open_incidents_are_listed(bot: Bot) -> None:
    """Those that are resolved are not."""
    first = await report(bot, "one")
    await report(bot, "two", channel="#general")
    await bot.user("bob").says("resolved", thread=first)

    listed = await bot.user("carol").asks("@machine incidents", channel="#random")

    assert listed.text == "• 2: two (#general)"
    assert listed.message.is_reply


async def test_notes_at_the_same_time_are_all_kept(bot: Bot) -> None:
    """Reading and writing the notes are two steps; no note may fall between them."""
    alice, incident = bot.user("alice"), await report(bot, "one")

    await asyncio.gather(*(alice.says(f"note {number}", thread=incident) for number in range(20)))

    assert all(note.reactions == {"memo": ["machine"]} for note in incident.thread[-20:])
    [kept] = ((await bot.storage("Incidents").get("open")) or {}).values()
    assert len(kept["notes"]) == 1 + 20


async def test_help_shows_every_command_of_the_examples(bot: Bot) -> None:
    """Their docstrings are their help."""
    text = (await bot.user("alice").asks("@machine help", channel="#general")).text

    for heading in ("*On-call rota*", "*Polls*", "*Incidents*"):
        assert heading in text
    for command in ("/oncall", "/poll", "who is on call", "incident <title>", "note <text>", "resolved"):
        assert f"`{command}" in text
