"""A conversation as a document: threads, headings, blocks, and nodes that stay."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from machine_console.panes.chat.transcript import Transcript
from machine_console.session.chat import ChatMessage
from machine_console.text.formatting import IdsOnly
from machine_console.text.styled_text import plain
from tests.console.story import Names


def test_replies_whose_message_is_gone_are_still_shown() -> None:
    """The newest messages are kept, and a thread may have begun long ago."""
    nodes = Transcript().nodes([ChatMessage("2.0", "bob", "a reply", thread_ts="1.0")])

    assert [plain(node.line) for node in nodes][1] == "  a reply"


def test_what_was_there_before_keeps_its_nodes() -> None:
    """Only what is new is written; what people are called may change, so mentions are written again."""
    people = {"U1": "alice"}

    class Names(IdsOnly):
        def person(self, user_id: str) -> str:
            return people[user_id]

    said = [ChatMessage("1.0", "bob", "one"), ChatMessage("2.0", "bob", "hi @alice", mrkdwn="hi <@U1>")]
    transcript = Transcript(names=Names())
    before = transcript.nodes(said)
    people["U1"] = "alicia"
    after = transcript.nodes([*said, ChatMessage("3.0", "bob", "three")])

    assert all(new is old for new, old in zip(after[:2], before[:2], strict=True))
    assert [plain(node.line).strip() for node in after][1:] == ["one", "hi @alicia", "three"]


def test_a_message_under_another_one_gets_its_heading() -> None:
    """What stands above it was deleted, or came late; and an edit is seen."""
    transcript = Transcript()
    first, second = ChatMessage("1.0", "bob", "one"), ChatMessage("2.0", "bob", "two")
    transcript.nodes([first, second])

    alone = [plain(node.line).strip() for node in transcript.nodes([second])]
    edited = [plain(node.line).strip() for node in transcript.nodes([replace(second, text="too", is_edited=True)])]

    assert alone == ["bob  00:00:02", "two"]
    assert edited == ["bob  00:00:02", "too  edited"]


def test_blocks_are_drawn_in_place_of_the_text() -> None:
    """With what could be pressed; what nobody knows is named."""
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": "Deploy"}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "<@U1> wants\nto"}, "fields": [{"text": "a"}]},
        {"type": "divider"},
        {"type": "actions", "elements": [{"type": "button", "text": {"text": "Go"}}, {"type": "datepicker"}]},
        {"type": "image", "alt_text": "a cat"},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "small"}]},
        {
            "type": "rich_text",
            "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "rich"}]}],
        },
        {"type": "unheard_of", "elements": "nonsense", "text": 3},
    ]

    nodes = Transcript(names=Names()).nodes([ChatMessage("1.0", "bob", "fallback", blocks=tuple(blocks))])

    assert [plain(node.line).strip() for node in nodes][1:] == [
        "Deploy",
        "@alice wants",
        "to",
        "a",
        "─" * 36,
        "[ Go ] [ Pick a date ▦ ]",
        "▣ a cat",
        "small",
        "rich",
        "[unheard_of]",
    ]
