"""Secrets never print."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from machine.redaction import (
    REDACTED,
    RedactedLater,
    is_secret_name,
    redact,
    redact_start,
    redact_value,
    remember_secrets,
)

SECRET = st.text(st.sampled_from("abcdefXYZ0123456789-"), min_size=8, max_size=60).map(lambda rest: f"1{rest}9")
TOKEN = st.builds(
    lambda kind, rest: f"{kind}-{rest}",
    st.sampled_from(["xoxb", "xoxp", "xoxa", "xoxs", "xoxe", "xoxe.xoxp", "xoxe.xoxb", "xoxd", "xapp", "xwfp"]),
    SECRET,
)
AROUND = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | TOKEN,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8) | TOKEN, inner, max_size=4),
    max_leaves=12,
)


@given(AROUND, TOKEN, st.sampled_from(["", " ", '"', "'", "=", "\n", "(", "/", "%20", "token:", "_"]), AROUND)
def test_no_token_survives(before: str, token: str, delimiter: str, after: str) -> None:
    """Pitfall 42: wherever it stands in a text."""
    secret = token.partition("-")[2]

    assert secret not in redact(f"{before}{delimiter}{token} {after}")


@pytest.mark.parametrize("before", ["token", "é", "_", "0", r"\n", r"\u00e9"])
def test_a_token_glued_to_a_word_does_not_survive(before: str) -> None:
    """Pitfall 42: after an escape in a repr or in JSON, or by a slip of the keyboard."""
    assert "2222" not in redact(f"{before}xoxb-1111-2222-abcd")


@given(st.text() | TOKEN | st.builds("{}{}{}".format, AROUND, TOKEN, AROUND))
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    """Text passes through it more than once on its way to a person."""
    assert redact(redact(text)) == redact(text)


@given(st.text(st.sampled_from("abc xyz,.!-_:/<>@#😀é\n")))
def test_text_without_secrets_is_left_alone(text: str) -> None:
    """What people write must stay readable."""
    assert redact(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("xoxb-1-2-abc", f"xoxb-{REDACTED}"),
        ("a xoxe.xoxp-1-Mi0y in it", f"a xoxe.xoxp-{REDACTED} in it"),
        ("https://hooks.slack.com/services/T1/B1/abc", f"https://hooks.slack.com/services/{REDACTED}"),
        ("<https://hooks.slack.com/commands/T1/1/abc>", f"<https://hooks.slack.com/commands/{REDACTED}>"),
        ("http://127.0.0.1:5/actions/T1/abc", f"http://127.0.0.1:5/actions/{REDACTED}"),
        ("Authorization: Bearer abc.def", f"Authorization: Bearer {REDACTED}"),
        ("see https://example.com/page", "see https://example.com/page"),
    ],
)
def test_what_tells_secrets_apart_is_kept(text: str, shown: str) -> None:
    """The kind of a token, and where a URL leads."""
    assert redact(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Basic hunter22",
        "{'Authorization': 'Basic hunter22'}",
        "('authorization', 'Token hunter22')",
        "[(b'authorization', b'Basic hunter22')]",
        'Authorization: Digest username="bob", response="hunter22", qop=auth',
        "Proxy-Authorization: Basic hunter22",
        "Set-Cookie: sid=hunter22; Path=/",
        "Cookie: a=b; sid=hunter22",
        "X-Api-Key: hunter22",
        '{"accessToken": "hunter22"}',
        r"{\"dbPassword\": \"hunter22\"}",
        "Account(name='x', api_key='hunter22')",
        "{'password': 'hunter22 and it is cut off here",
        "DB_PASS=hunter22",
        """{'text': '{"password": "hunter22"}', 'x': 1}""",
        """{'text': "db_pass='hunter22'"}""",
        "GET /callback?access_token=hunter22&state=1",
        "https://maps.example.com/?key=hunter22",
        "https://bucket.example.com/a?X-Amz-Signature=hunter22&x=1",
        "https://hunter22hunter22@o1.ingest.sentry.io/4",
    ],
)
def test_a8_secrets_are_told_by_header_name_and_place(text: str) -> None:
    """A8: in headers, reprs, JSON, the environment and URLs, and the rest of the text stays."""
    shown = redact(text)

    assert "hunter22" not in shown
    assert REDACTED in shown
    assert redact(shown) == shown


@pytest.mark.parametrize("text", ["token: see below", "password=None", "key='x'", "X-Request-Id: 5", "max_tokens=4096"])
def test_a8_what_only_looks_like_a_secret_is_shown(text: str) -> None:
    """A8: or nothing could be read."""
    assert redact(text) == text


@given(
    st.text(st.characters(exclude_categories=["Cs"])) | st.text(st.sampled_from("token=:'\"\\b-x?&;, \n"), max_size=60)
)
def test_a8_redacting_any_text_twice_changes_nothing_more(text: str) -> None:
    """A8: total, and idempotent, with quotes and backslashes in any order."""
    assert redact(redact(text)) == redact(text)


@given(SECRET, st.integers(0, 3_000), st.integers(1, 600))
def test_a1_a_secret_at_the_cut_is_left_out(secret: str, before: int, limit: int) -> None:
    """A1: half a secret is one too."""
    shown = redact_start("." * before + f"xoxb-{secret}" + "." * 3_000, limit)

    assert len(shown) <= limit + 1
    assert secret[:6] not in shown


@given(JSON)
def test_any_json_can_be_redacted(value: Any) -> None:
    """Total, and idempotent."""
    once = redact_value(value)

    assert redact_value(once) == once


@given(st.lists(TOKEN, min_size=1, max_size=3), st.sampled_from(["text", "blocks", "x"]))
def test_no_token_survives_inside_of_json(tokens: list[str], key: str) -> None:
    """Pitfall 42: at any depth, in lists and tuples."""
    shown = repr(redact_value({key: [tokens, {"deep": tuple(tokens)}]}))

    assert not any(token.partition("-")[2] in shown for token in tokens)


@given(TOKEN)
def test_no_token_survives_as_a_key(token: str) -> None:
    """Pitfall 42: plugins keep data under whatever key they like."""
    assert token.partition("-")[2] not in repr(redact_value({token: 1}))


@pytest.mark.parametrize(
    "name",
    [
        "token",
        "SLACK_BOT_TOKEN",
        "client_secret",
        "password",
        "API_KEY",
        "apikey",
        "cookie",
        "response_url",
        "signing_secret",
        "GITHUB_KEY",
        "AWS_ACCESS_KEY_ID",
        "API_TOKENS",
        "DB_PASS",
        "PGPASSWORD",
        "MYSQL_PWD",
        "SENTRY_DSN",
        "X-Api-Key",
        "Set-Cookie",
        "accessToken",
        "clientSecretV2",
        "TOKEN_1",
        "HTTPPassword",
        "X-Slack-Signature",
    ],
)
def test_fields_named_as_secrets_are_hidden(name: str) -> None:
    """Pitfall 42: their values may look like anything."""
    assert is_secret_name(name)
    assert redact_value({name: "plain looking", "channel": "C1"}) == {name: REDACTED, "channel": "C1"}


@pytest.mark.parametrize(
    "name",
    [
        "channel",
        "tokens_used",
        "trigger_id",
        "text",
        "secretary",
        "url",
        "key",
        "sort_key",
        "publicKey",
        "bypass",
        "token_type",
    ],
)
def test_other_fields_are_shown(name: str) -> None:
    """Or nothing could be debugged."""
    assert redact_value({name: "shown"}) == {name: "shown"}


def test_what_is_given_stays_as_it_is() -> None:
    """The payload goes to the handlers unredacted."""
    given_value = {"token": "xoxb-1-2", "list": ["xoxb-1-2"]}

    redact_value(given_value)

    assert given_value == {"token": "xoxb-1-2", "list": ["xoxb-1-2"]}


def test_values_of_secret_settings_are_known_wherever_they_stand() -> None:
    """An API key looks like any other word: in a text, a repr, JSON or a URL it is told by its value."""
    key, password = 'k3y "of" a/service', "pa55-of-the-queue"
    remember_secrets({"OUR_API_KEY": key, "QUEUES": {"main": f"amqp://bot:{password}@queue/"}, "COLOUR": "ultramarine"})

    for text in (key, repr({"x": key}), json.dumps([key]), f"https://x/?key={quote(key, safe='')}", f"'{password}'"):
        shown = redact(f"before {text} after")
        assert key not in shown
        assert "service" not in shown
        assert password not in shown
        assert shown.startswith("before ")
        assert shown.endswith(" after")
    assert redact("ultramarine") == "ultramarine"


def test_a8_values_in_lists_are_known_too() -> None:
    """A8: `API_TOKENS=[...]`, and whatever else a setting of such a name holds."""
    remember_secrets(
        {"API_TOKENS": ["first-of-them", {"x": "second-of-them"}], "SERVICE_KEY": SecretStr("third-of-them")}
    )

    assert redact("first-of-them second-of-them third-of-them") == f"{REDACTED} {REDACTED} {REDACTED}"


@pytest.mark.parametrize("value", ["", "short", "00000000", "aabbaabb", None, True])
def test_what_stands_in_every_text_is_no_secret(value: object) -> None:
    """Or a password `00000000` would blacken every number."""
    remember_secrets({"SOME_TOKEN": value})

    assert redact(f"it says {value}!") == f"it says {value}!"


@given(st.dictionaries(st.text(max_size=8) | TOKEN, JSON, max_size=4))
def test_redacting_later_shows_the_same(value: dict[str, Any]) -> None:
    """Whatever it is looked at with."""
    later = RedactedLater.of(value)

    assert dict(later) == redact_value(value)
    assert len(later) == len(redact_value(value))
    assert repr(later) == repr(redact_value(value))


def test_redacting_later_shows_what_was_there_then() -> None:
    """A plugin may change what Slack answered."""
    value = {"message": {"text": "before xoxb-1-2-abc"}}
    later = RedactedLater.of(value)
    value["message"]["text"] = "after"

    assert later["message"] == {"text": f"before xoxb-{REDACTED}"}


def test_what_is_no_json_is_redacted_at_once() -> None:
    """Bytes are shown as they are."""
    assert RedactedLater.of({"token": "xoxb-1-2-abc", "content": b"raw"}) == {"token": REDACTED, "content": b"raw"}
