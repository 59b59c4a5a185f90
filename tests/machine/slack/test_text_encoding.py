"""What people type arrives as Slack's client sends it (D4)."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machine.slack.emoji import main_name, names_for_pictures, picture_of, standard
from machine.slack.text_encoding import Named, decode, encode_typed, rich_text, unescape

_CHANNELS = {"general": "C1", "été-2026": "C2", "हिन्दी": "C3"}


class _Names:
    """Somebody, some channels and a user group."""

    def person_named(self, name: str) -> Named | None:
        return Named("U1", name) if name == "alice" else None

    def group_named(self, handle: str) -> Named | None:
        return Named("S1", handle) if handle == "oncall" else None

    def channel_named(self, name: str) -> Named | None:
        return Named(_CHANNELS[name], name) if name in _CHANNELS else None


_NAMES = _Names()


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("api.example.com", "<http://api.example.com|api.example.com>"),
        ("See GitHub.com/a?b=1&c, now.", "See <http://GitHub.com/a?b=1&amp;c|GitHub.com/a?b=1&amp;c>, now."),
        ("(www.example.co.uk:8080)", "(<http://www.example.co.uk:8080|www.example.co.uk:8080>)"),
        ("über.de", "<http://über.de|über.de>"),
        ("setup.py", "<http://setup.py|setup.py>"),  # .py is Paraguay
        ("bob@acme.example", "<mailto:bob@acme.example|bob@acme.example>"),
        ("to bob.b+x@acme.example!", "to <mailto:bob.b+x@acme.example|bob.b+x@acme.example>!"),
        ("@oncall: @alice, @here", "<!subteam^S1|@oncall>: <@U1>, <!here>"),
        ("#general #été-2026 #हिन्दी।", "<#C1|general> <#C2|été-2026> <#C3|हिन्दी>।"),
        ("🎉", ":tada:"),
        ("👍🏽👍 ❤️ 👩🏽\u200d🍳 🇩🇪 1️⃣", ":+1::skin-tone-4::+1: :heart: :female-cook::skin-tone-4: :de: :one:"),
        ("https://example.com/🎉?a=1&b", "<https://example.com/🎉?a=1&amp;b>"),
        ("`api.example.com 🎉` 🎉", "`api.example.com 🎉` :tada:"),
        ("```\nbob@acme.example < 1\n```", "```\nbob@acme.example &lt; 1\n```"),
        ("<http://a.io|a.io> <mailto:b@a.io|b@a.io>", "<http://a.io|a.io> <mailto:b@a.io|b@a.io>"),
    ],
)
def test_text_arrives_as_the_client_sends_it(typed: str, sent: str) -> None:
    """Addresses without `https://`, mail, user groups, channels of any script, emoji; none of it in code."""
    assert encode_typed(typed, _NAMES) == sent
    assert encode_typed(sent, _NAMES) == sent or "`" in typed or "&" in typed


@pytest.mark.parametrize(
    "typed",
    [
        "v1.2.3",
        "e.g. this",
        "10.0.0.1:8080",
        "localhost:3000",
        "foo.bar.baz()",
        "os.name()",
        "a@b",
        "It ended.It",
        "1..2",
    ],
)
def test_what_is_no_address_stays(typed: str) -> None:
    """Slack's client links only what ends like one."""
    assert encode_typed(typed, _NAMES) == typed


@given(st.text())
def test_encoding_loses_nothing(text: str) -> None:
    """Whatever is typed: undone, it reads as it did, but for emoji, which are names, and what was marked up already."""
    sent = encode_typed(text, _NAMES)

    plain = re.sub(r"<(?:https?://|mailto:)[^<>|]*\|([^<>]*)>", r"\1", sent)
    shown = unescape(re.sub(r"<(?:https?://)([^<>|]*)>", r"\1", plain))
    assert shown.replace("<!", "@").replace("<@U1>", "@alice").count("@") >= text.count("@") or "<" in text
    assert names_for_pictures(sent) == sent or "`" in text or "://" in text


@pytest.mark.parametrize(
    "kept", ["see :tada: and :+1::skin-tone-4:", "<https://a.io/?b&amp;c>", "<http://a.io|a.io> 10:30:45"]
)
def test_emoji_and_links_are_decoded_to_what_can_be_typed(kept: str) -> None:
    """C2, D4: the playground begins with the text of an event, in which emoji keep their names."""
    typed = decode(kept)

    assert typed == kept.replace("<https://a.io/?b&amp;c>", "https://a.io/?b&c")
    assert encode_typed(typed, _NAMES) == kept


@given(st.text())
def test_rich_text_says_what_the_text_says(text: str) -> None:
    """It never fails, and no letter is lost beside references and emoji."""
    if any(sign in text for sign in "<>&:"):
        assert rich_text(text, "b")["type"] == "rich_text"
        return
    section = rich_text(text, "b")["elements"][0]
    assert "".join(part["text"] for part in section["elements"]) == text


@given(st.sampled_from(sorted(standard().pictures)))
def test_every_emoji_has_one_name(name: str) -> None:
    """Its character becomes the main name, which is what Slack keeps; and its rich text says so."""
    picture = picture_of(name)
    assert picture is not None

    assert names_for_pictures(picture) == f":{main_name(name)}:"
    (element,) = rich_text(f":{name}:", "b")["elements"][0]["elements"]
    assert (element["type"], element["name"]) == ("emoji", main_name(name))


def test_emoji_in_rich_text_has_its_tone() -> None:
    """As Slack writes it; what else stands between colons is text."""
    section = rich_text("10:30:45 :thumbsup::skin-tone-4: :shipit:", "b")["elements"][0]

    assert section["elements"] == [
        {"type": "text", "text": "10:30:45 "},
        {"type": "emoji", "name": "+1", "unicode": "1f44d-1f3fd", "skin_tone": 4},
        {"type": "text", "text": " :shipit:"},
    ]
