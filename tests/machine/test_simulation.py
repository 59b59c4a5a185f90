"""Envelopes for what nobody did are as Slack would send them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machine.envelope import Envelope
from machine.errors import MachineError
from machine.models import Channel, User
from machine.sandbox import Workspace
from machine.simulation import INTERACTIVE, DirectoryNames, Simulation, again, is_command
from machine.slack.text_encoding import decode, encode_typed
from machine.testing import Bot, Clock
from tests.payloads import load_sample, sample_files

WORKSPACE = Workspace.default()
ALICE = User(id=WORKSPACE.find_person("alice").id, name="alice")
GENERAL = Channel(id="C1", name="general", is_channel=True)
SIMULATION = Simulation(WORKSPACE.names, "T1")

WORDS = st.sampled_from(
    [
        "@alice",
        "@Bob",
        "@nobody",
        "@here",
        "#ops",
        "#secret",
        "#none",
        "<@U1>",
        "https://x.org/?a&b=<c>",
        "api.example.com/?a&b",
        "bob@acme.example",
        "🎉👍🏽",
        ":tada:",
        "`a.io & 🎉`",
        "a&b",
        "<",
        ">",
    ]
)
SAMPLES = [path for path in sample_files() if load_sample(path)[0] in {"events_api", "slash_commands", *INTERACTIVE}]
TYPED = st.lists(WORDS | st.text(max_size=6), max_size=8).map(" ".join)


@given(TYPED)
def test_what_is_decoded_can_be_typed_again(text: str) -> None:
    """The playground begins with the text of an event; Slack makes the same of it."""
    kept = encode_typed(text, WORKSPACE.names)

    assert encode_typed(decode(kept), WORKSPACE.names) == kept


async def test_the_bot_knows_the_same_names_as_the_people(tmp_path: Path) -> None:
    """Against Slack, what the bot has learnt of people and channels takes the place of the sandbox."""
    typed = "@alice @Bob @nobody @here #ops #secret #none a & b <c> https://x.org/?a=1&b=2."
    workspace = Workspace.default()
    async with Bot(workspace=workspace, clock=Clock(), project=tmp_path) as bot:
        names = DirectoryNames(bot.machine.slack.directory)

        assert encode_typed(typed, names) == encode_typed(typed, workspace.names)
        assert encode_typed("@Andersson", names) == "@Andersson"


@pytest.mark.parametrize(
    ("channel", "kind"),
    [
        (GENERAL, "channel"),
        (Channel(id="C2", is_private=True), "group"),
        (Channel(id="C3", is_mpim=True, is_private=True), "mpim"),
        (Channel(id="D1", is_im=True), "im"),
        (Channel(id="D2"), "im"),
    ],
)
def test_a_message_says_what_kind_of_channel_it_is_in(channel: Channel, kind: str) -> None:
    """In a direct message nobody has to mention the bot."""
    event = SIMULATION.typed("hi @alice", ALICE, channel).event

    assert event["channel_type"] == kind
    assert event["text"] == f"hi <@{ALICE.id}>"
    assert event["blocks"][0]["elements"][0]["elements"][1] == {"type": "user", "user_id": ALICE.id}


def test_a_command_goes_out_as_it_is_typed() -> None:
    """Slack escapes names in commands only where the app asks for it."""
    envelope = SIMULATION.typed("/deploy api @alice", ALICE, GENERAL)

    assert envelope.kind == "slash_commands"
    assert (envelope.payload["command"], envelope.payload["text"]) == ("/deploy", "api @alice")
    assert [is_command(text) for text in ("/x", "/", " /x", "x/")] == [True, True, False, False]


INTERACTIONS = [
    ("block_actions", SIMULATION.action("approve", "yes", ALICE, "C1", "1.0")),
    ("shortcut", SIMULATION.shortcut("ticket", ALICE)),
    ("message_action", SIMULATION.message_shortcut("keep", ALICE, "C1", "1.0")),
    ("view_submission", SIMULATION.interaction("view_submission", ALICE, view={"id": "V1"})),
    ("view_closed", SIMULATION.interaction("view_closed", ALICE, view={"id": "V1"}, is_cleared=False)),
    ("block_suggestion", SIMULATION.interaction("block_suggestion", ALICE, action_id="city", value="Am")),
]


@pytest.mark.parametrize(("kind", "envelope"), INTERACTIONS)
def test_interactions_say_who_does_it(kind: str, envelope: Envelope) -> None:
    """They are simulated, each one unlike the others."""
    assert (envelope.kind, envelope.user_id, envelope.is_simulated) == (kind, ALICE.id, True)
    assert {one for one, _ in INTERACTIONS} == INTERACTIVE
    assert len({one.payload["trigger_id"] for _, one in INTERACTIONS}) == len(INTERACTIONS)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_every_payload_that_slack_documents_can_be_simulated(path: Path) -> None:
    """As it is, and again; only the ids of events are new, or the bot would take them for repetitions."""
    kind, payload = load_sample(path)
    if kind == "events_api":
        payload |= {"type": "event_callback"}  # some are recorded without it

    first = SIMULATION.payload(payload)
    second = again(first, may_send=True)

    assert first.kind == second.kind == kind
    assert _without_ids(first.payload) == _without_ids(second.payload) == _without_ids(payload)
    assert first.delivery_key != second.delivery_key
    assert (first.is_simulated, second.is_simulated) == (True, False)


def test_what_is_not_from_slack_is_refused() -> None:
    """The message says what was looked for."""
    with pytest.raises(MachineError, match='neither a "type" nor a "command"'):
        SIMULATION.payload({"x": 1})
    with pytest.raises(MachineError, match="cannot be replayed"):
        again(Envelope("1", "job", {}))


def _without_ids(payload: Any) -> dict[str, Any]:
    return {name: value for name, value in payload.items() if name not in {"event_id", "event_time"}}
