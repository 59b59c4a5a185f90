"""The on-call rota, from joining it to being called."""

from __future__ import annotations

from tests.conftest import BotUnderTest


async def test_the_first_to_join_is_on_call(examples: BotUnderTest) -> None:
    """Everybody in the channel may ask, by command or in words."""
    alice, bob = (examples.workspace.find_person(name).id for name in ("alice", "bob"))

    await examples.workspace.run_command("alice", "general", "/oncall join").answer
    answer = await examples.workspace.run_command("bob", "general", "/oncall join").answer
    question = examples.workspace.post("carol", "general", "who's on call?")

    assert answer == {"text": f"<@{alice}> is on call; next: <@{bob}>."}
    assert (await examples.answer(thread_ts=question.ts)).text == answer["text"]


async def test_nobody_on_call_says_how_to_join(examples: BotUnderTest) -> None:
    """An empty list explains itself."""
    question = examples.workspace.post("carol", "general", "who is on call")

    assert "/oncall join" in (await examples.answer(thread_ts=question.ts)).text


async def test_handing_over_answers_at_once_and_tells_the_channel(examples: BotUnderTest) -> None:
    """Slack waits 3 seconds for the answer, so it does not wait for the message in #ops."""
    bob = examples.workspace.find_person("bob").id
    for name in ("alice", "bob"):
        await examples.workspace.run_command(name, "general", "/oncall join").answer

    answer = await examples.workspace.run_command("alice", "general", "/oncall next").answer

    assert answer == {"text": "Handing over…"}
    assert (await examples.answer(channel="ops")).text.startswith(f"<@{bob}> is on call")


async def test_leaving_and_typing_nonsense(examples: BotUnderTest) -> None:
    """Whoever leaves is not on call; what cannot be understood is answered with what can."""
    await examples.workspace.run_command("alice", "general", "/oncall join").answer
    left = await examples.workspace.run_command("alice", "general", "/oncall leave").answer
    usage = await examples.workspace.run_command("alice", "general", "/oncall please").answer

    assert "Nobody is on call" in str(left)
    assert "`/oncall next`" in str(usage)


async def test_the_rota_has_its_schedule(examples: BotUnderTest) -> None:
    """A new week begins on Mondays, the other mornings have a reminder."""
    jobs = {job.handler.name.rpartition(".")[2]: job.next_run for job in examples.machine.jobs()}

    assert jobs.keys() == {"new_week", "remind"}
    assert jobs["new_week"] is not None
    assert (jobs["new_week"].weekday(), jobs["new_week"].hour) == (0, 9)


async def test_the_reminder_names_who_is_on_call(examples: BotUnderTest) -> None:
    """Run as its job would run it."""
    await examples.workspace.run_command("alice", "general", "/oncall join").answer
    remind = next(job.handler for job in examples.machine.jobs() if job.handler.name.endswith("remind"))

    await remind.function()

    alice = examples.workspace.find_person("alice").id
    assert (await examples.answer(channel="ops")).text == f"Good morning! <@{alice}> is on call today."


async def test_an_incident_calls_who_is_on_call(examples: BotUnderTest) -> None:
    """Two plugins that know of each other nothing but the name of an event."""
    alice = examples.workspace.find_person("alice").id
    await examples.workspace.run_command("alice", "general", "/oncall join").answer

    report = examples.workspace.post("bob", "ops", "@machine incident API is down")

    call = await examples.answer(2, channel="ops", thread_ts=report.ts)
    assert call.text.startswith(f"<@{alice}>, you are on call")
    direct = examples.workspace.open_dm("alice")
    assert "API is down" in (await examples.answer(channel=direct.id)).text
