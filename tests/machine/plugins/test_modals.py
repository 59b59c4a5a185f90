"""Modals that are submitted and closed, and what a handler tells Slack to do with them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_sdk.models.views import View

from machine.envelope import Envelope
from machine.plugins import MachineBasePlugin, ModalClosure, ModalSubmission
from machine.plugins.decorators import modal, modal_closed
from machine.sandbox.state.objects import View as ShownView
from machine.trace import EnvelopeAcknowledged, InvocationFailed
from tests.conftest import BotUnderTest
from tests.machine.plugins.catching import catcher, caught

MODAL: dict[str, Any] = {
    "type": "modal",
    "callback_id": "deploy",
    "private_metadata": "api",
    "notify_on_close": True,
    "title": {"type": "plain_text", "text": "Deploy"},
    "submit": {"type": "plain_text", "text": "Go"},
    "blocks": [
        {
            "type": "input",
            "block_id": "why",
            "label": {"type": "plain_text", "text": "Why?"},
            "element": {"type": "plain_text_input", "action_id": "reason"},
        }
    ],
}


async def show(bot: BotUnderTest, plugin: MachineBasePlugin, **changes: Any) -> ShownView:
    """A modal on the screen of alice."""
    alice = bot.workspace.find_person("alice")
    await plugin.open_modal(bot.workspace.triggers.issue(alice.id), {**MODAL, **changes})
    return on_screen(bot)


def on_screen(bot: BotUnderTest) -> ShownView:
    """The modal on top for alice."""
    view = bot.workspace.views.shown_to(bot.workspace.find_person("alice").id)
    assert view is not None
    return view


@pytest.fixture
async def submission(bot: BotUnderTest) -> ModalSubmission:
    """Alice said why, and submitted."""
    await show(bot, await catcher(bot))
    bot.workspace.submit_view("alice", {"reason": "because"})
    return await caught(bot, ModalSubmission)


@pytest.fixture
async def closure(bot: BotUnderTest) -> ModalClosure:
    """Alice closed the modal."""
    await show(bot, await catcher(bot))
    bot.workspace.close_view("alice")
    return await caught(bot, ModalClosure)


async def test_what_a_submission_tells(bot: BotUnderTest, submission: ModalSubmission) -> None:
    """Who, which modal, and what was entered."""
    assert (submission.user.id, submission.user.name) == (bot.workspace.find_person("alice").id, "alice")
    assert (submission.view.callback_id, submission.view.private_metadata) == ("deploy", "api")
    assert submission.view.state.values["why"]["reason"].value == "because"
    assert submission.trigger_id
    assert submission.payload.type == "view_submission"
    assert "deploy" in repr(submission)


async def test_a_submission_opens_further_modals(bot: BotUnderTest, submission: ModalSubmission) -> None:
    """`views.open` with its trigger id."""
    opened = await submission.open_modal({**MODAL, "callback_id": "next"})

    assert bot.calls("views.open")[-1].arguments["trigger_id"] == submission.trigger_id
    assert on_screen(bot).id == opened["view"]["id"]


async def test_a_submission_pushes_and_updates(bot: BotUnderTest) -> None:
    """`views.push` over it and `views.update` of it, while it is still open."""

    class Pusher(MachineBasePlugin):
        @modal("deploy")
        async def push(self, submission: ModalSubmission) -> AsyncIterator[dict[str, Any]]:
            await submission.push_modal(View(**{**MODAL, "callback_id": "pushed"}))
            await submission.update_modal({**MODAL, "callback_id": "updated"})
            yield {"response_action": "errors", "errors": {"why": "stay open"}}

    await bot.start(Pusher)
    [pusher] = [loaded.instance for loaded in bot.machine.plugins.values()]
    view = await show(bot, pusher)

    await bot.workspace.submit_view("alice", {"reason": "x"}).answer

    assert bot.calls("views.update")[0].arguments["view_id"] == view.id
    stack = bot.workspace.views.stack_of(view.user)
    assert [each.callback_id for each in stack] == ["updated", "pushed"]


@pytest.mark.parametrize("kind", ["submission", "closure"])
async def test_send_dm_goes_to_the_person(bot: BotUnderTest, kind: str, request: pytest.FixtureRequest) -> None:
    """A modal belongs to no channel, so this is where an answer can go."""
    plugin = await catcher(bot)
    await show(bot, plugin)
    thing: ModalSubmission | ModalClosure
    if kind == "submission":
        bot.workspace.submit_view("alice", {"reason": "because"})
        thing = await caught(bot, ModalSubmission)
    else:
        bot.workspace.close_view("alice")
        thing = await caught(bot, ModalClosure)

    response = await thing.send_dm("thank you", attachments=[{"text": "a"}])

    [said] = bot.workspace.history(bot.workspace.open_dm("alice"))
    assert (said.ts, said.text, said.attachments[0]["text"]) == (response["ts"], "thank you", "a")


async def test_what_a_closure_tells(bot: BotUnderTest, closure: ModalClosure) -> None:
    """Who, and which modal."""
    assert closure.user.name == "alice"
    assert (closure.view.callback_id, closure.payload.is_cleared) == ("deploy", False)
    assert closure.payload.type == "view_closed"
    assert "deploy" in repr(closure)


class Answers(MachineBasePlugin):
    """Answers submissions in every way."""

    ran: list[str]

    async def init(self) -> None:
        self.ran = []

    @modal("plain")
    async def plain(self, submission: ModalSubmission) -> None:
        self.ran.append("plain")

    @modal("errors")
    async def errors(self, submission: ModalSubmission) -> AsyncIterator[dict[str, Any]]:
        yield {"response_action": "errors", "errors": {"why": "no good reason"}}
        self.ran.append("after errors")

    @modal("update")
    async def change(self, submission: ModalSubmission) -> AsyncIterator[dict[str, Any]]:
        yield {"response_action": "update", "view": {**MODAL, "callback_id": "updated"}}

    @modal("object")
    async def update_with_object(self, submission: ModalSubmission) -> AsyncIterator[dict[str, Any]]:
        yield {"response_action": "update", "view": View(**{**MODAL, "callback_id": "updated"})}

    @modal("never")
    async def never(self, submission: ModalSubmission) -> AsyncIterator[dict[str, Any]]:
        if submission.view.callback_id != "never":
            yield {}

    @modal("raises")
    async def raises(self, submission: ModalSubmission) -> AsyncIterator[dict[str, Any]]:
        if submission.view.callback_id == "raises":
            raise LookupError
        yield {}

    @modal_closed("plain")
    async def closed(self, closure: ModalClosure) -> None:
        self.ran.append("closed")

    @modal_closed(re.compile("pl"))
    async def closed_by_pattern(self, closure: ModalClosure) -> None:
        self.ran.append("closed by pattern")

    @modal_closed(re.compile("ain"))
    async def closed_by_pattern_in_the_middle(self, closure: ModalClosure) -> None:
        self.ran.append("never")


async def answering(bot: BotUnderTest, callback_id: str) -> Answers:
    """A bot whose modal of this callback id is on screen."""
    await bot.start(Answers)
    [answers] = [loaded.instance for loaded in bot.machine.plugins.values()]
    assert isinstance(answers, Answers)
    await show(bot, answers, callback_id=callback_id)
    return answers


@pytest.mark.parametrize(
    ("callback_id", "on_top"),
    [
        ("plain", None),
        ("errors", "errors"),
        ("update", "updated"),
        ("object", "updated"),
        ("never", None),
        ("raises", None),
        ("nobody-listens", None),
    ],
)
async def test_a_submission_is_answered_exactly_once(bot: BotUnderTest, callback_id: str, on_top: str | None) -> None:
    """Pitfalls 16 and 17: the first thing a generator yields tells what becomes of the modal; else it closes."""
    await answering(bot, callback_id)

    await bot.workspace.submit_view("alice", {"reason": "x"}).answer
    await bot.settled()

    stack = bot.workspace.views.stack_of(bot.workspace.find_person("alice").id)
    assert [view.callback_id for view in stack] == ([on_top] if on_top else [])
    assert len(bot.traced(EnvelopeAcknowledged)) == 1
    assert len(bot.traced(InvocationFailed)) == (callback_id == "raises")


async def test_what_is_wrong_with_an_input_is_shown_at_it(bot: BotUnderTest) -> None:
    """`response_action: errors`; code after the yield runs."""
    answers = await answering(bot, "errors")

    await bot.workspace.submit_view("alice", {"reason": "x"}).answer
    await bot.settled()

    assert on_screen(bot).errors == {"why": "no good reason"}
    assert answers.ran == ["after errors"]


async def test_closures_match_by_text_and_by_pattern(bot: BotUnderTest) -> None:
    """Exactly, or from the beginning."""
    answers = await answering(bot, "plain")

    bot.workspace.close_view("alice")
    await bot.settled()

    assert sorted(answers.ran) == ["closed", "closed by pattern"]


@pytest.mark.parametrize("kind", ["view_submission", "view_closed"])
@pytest.mark.parametrize(
    "payload",
    [{}, {"view": None, "user": {"id": "U1"}}, {"view": {"callback_id": None}}, {"user": 1, "view": {"state": []}}],
)
async def test_no_payload_prevents_its_acknowledgement(bot: BotUnderTest, kind: str, payload: dict[str, Any]) -> None:
    """Pitfall 13: also those that nobody has seen yet."""
    await catcher(bot)

    await bot.machine.handle(Envelope("e1", kind, payload))

    assert [ack.envelope_id for ack in bot.traced(EnvelopeAcknowledged)] == ["e1"]
