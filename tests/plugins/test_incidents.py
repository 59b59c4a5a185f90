"""An incident, from the alarm to the story."""

from __future__ import annotations

from tests.conftest import BotUnderTest


async def test_an_incident_is_opened_noted_and_resolved(examples: BotUnderTest) -> None:
    """Thread, pin and topic follow it, and the story ends up in a file."""
    ops = examples.workspace.find_channel("ops")
    topic = ops.topic
    report = examples.workspace.post("bob", "ops", "@machine incident API is <down>")
    await examples.answer(channel="ops", thread_ts=report.ts)
    await examples.settled()

    assert examples.workspace.find_channel("ops").topic == "Incident 1: API is <down>"
    assert examples.calls("pins.add")

    examples.workspace.post("alice", "ops", "note: it was the cache", thread_ts=report.ts)
    examples.workspace.post("alice", "ops", "note: nothing to do with it")
    examples.workspace.post("alice", "ops", "resolved, it seems", thread_ts=report.ts)
    await examples.answer(2, channel="ops", thread_ts=report.ts)
    await examples.settled()

    [share] = [message for message in examples.said("ops", report.ts) if message.files]
    [file] = share.files
    lines = file.content.decode().splitlines()
    assert [line.partition(" ")[2][17:] for line in lines] == [
        "Bob Brown: opened: API is <down>",
        "Alice Andersson: it was the cache",
        "Alice Andersson: resolved",
    ]
    assert examples.workspace.find_channel("ops").topic == topic
    assert examples.calls("pins.remove")


async def test_open_incidents_are_listed(examples: BotUnderTest) -> None:
    """Those that are resolved are not."""
    first = examples.workspace.post("bob", "ops", "@machine incident one")
    await examples.settled()
    examples.workspace.post("bob", "general", "@machine incident two")
    await examples.settled()
    examples.workspace.post("bob", "ops", "resolved", thread_ts=first.ts)
    await examples.settled()

    question = examples.workspace.post("carol", "random", "@machine incidents")

    listed = (await examples.answer(channel="random", thread_ts=question.ts)).text
    assert listed == f"• 2: two (<#{examples.workspace.find_channel('general').id}>)"


async def test_notes_at_the_same_time_are_all_kept(examples: BotUnderTest) -> None:
    """Reading and writing the notes are two steps; no note may fall between them."""
    report = examples.workspace.post("bob", "ops", "@machine incident one")
    await examples.settled()

    notes = [examples.workspace.post("alice", "ops", f"note {number}", thread_ts=report.ts) for number in range(20)]
    await examples.settled()

    assert all("memo" in message.reactions for message in examples.workspace.history("ops", report.ts)[-20:])
    storage = examples.machine.plugin_storage("plugins.incidents.Incidents")
    [incident] = ((await storage.get("open")) or {}).values()
    assert len(incident["notes"]) == 1 + len(notes)


async def test_help_shows_every_command_of_the_examples(examples: BotUnderTest) -> None:
    """Their docstrings are their help."""
    examples.workspace.post("alice", "general", "@machine help")

    text = (await examples.answer()).text
    for heading in ("*On-call rota*", "*Polls*", "*Incidents*"):
        assert heading in text
    for command in ("/oncall", "/poll", "who is on call", "incident &lt;title&gt;", "note &lt;text&gt;", "resolved"):
        assert f"`{command}" in text
