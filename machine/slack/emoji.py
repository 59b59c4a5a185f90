"""Slack's standard emoji: their names, their characters, and which names mean the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).with_name("facts") / "emoji.txt"
_TONES = "\U0001f3fb-\U0001f3ff"
_FIRST_TONE = 0x1F3FB  # which Slack calls skin-tone-2
_TONED_NAME = re.compile(r"(?P<name>[^:]+)(?P<tone>::skin-tone-[2-6](?:-[2-6])?)?")
_TO_PLAIN = re.compile(f"[\ufe0f{_TONES}]")


@dataclass(frozen=True, slots=True)
class Standard:
    """The standard emoji, each way round.

    Attributes:
        names: The main name of each, by its characters without tones and without the sign that asks for colour.
        pictures: The characters of each, by any of its names.
        mains: The main name, by any name.
        pattern: Finds emoji in a text, and what looks like one.
    """

    names: Mapping[str, str]
    pictures: Mapping[str, str]
    mains: Mapping[str, str]
    pattern: re.Pattern[str]


@cache
def standard() -> Standard:
    """The standard emoji, read when they are needed first."""
    names: dict[str, str] = {}
    pictures: dict[str, str] = {}
    mains: dict[str, str] = {}
    for line in _TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        codes, main, *others = line.split(" ")
        written = ["".join(chr(int(code, 16)) for code in sequence.split("-")) for sequence in codes.split(",")]
        names |= {_plain(characters): main for characters in written}
        mains |= dict.fromkeys((main, *others), main)
        pictures |= dict.fromkeys((main, *others), written[0])
    return Standard(names, pictures, mains, _pattern(names))


def names_for_pictures(text: str) -> str:
    """The text with each emoji character written by its name, as Slack's client sends it: `:tada:`."""
    return text if text.isascii() else standard().pattern.sub(_named, text)


def picture_of(name: str) -> str | None:
    """The characters of a standard emoji, or `None`; skin tones are left out."""
    return standard().pictures.get(name.partition("::")[0])


def code_points(name: str) -> str | None:
    """The characters of a standard emoji as Slack writes them in rich text: `1f44d-1f3fd`, or `None`."""
    picture = picture_of(name)
    if picture is None:
        return None
    tones = re.findall(r"-([2-6])", name.partition("::")[2])
    codes = [f"{ord(sign):x}" for sign in picture if not (tones and sign == "\ufe0f")]
    return "-".join((codes[0], *(f"{_FIRST_TONE + int(tone) - 2:x}" for tone in tones[:1]), *codes[1:]))


def main_name(name: str) -> str:
    """The name that Slack keeps: `+1` for `thumbsup`; a name that is not a standard one stays."""
    toned = _TONED_NAME.fullmatch(name)
    if toned is None:
        return name
    return standard().mains.get(toned["name"], toned["name"]) + (toned["tone"] or "")


def _named(match: re.Match[str]) -> str:
    picture = match[0]
    plain = _plain(picture)
    name = standard().names.get(plain)
    if name is None:  # not one emoji, but perhaps several that somebody has joined
        first, joiner, rest = picture.partition("\u200d")
        return f"{names_for_pictures(first)}{joiner}{names_for_pictures(rest)}" if joiner else picture
    signs = re.findall(f"[{_TONES}]", picture) if plain != picture else []
    tones = "-".join(str(ord(sign) - _FIRST_TONE + 2) for sign in signs)
    return f":{name}::skin-tone-{tones}:" if tones else f":{name}:"


def _plain(picture: str) -> str:
    """The characters without tones and without the sign that asks for colour; a tone alone is an emoji itself."""
    return _TO_PLAIN.sub("", picture) or picture


def _pattern(names: Mapping[str, str]) -> re.Pattern[str]:
    """Flags, keycaps, and signs with their tone and whatever is joined to them."""
    signs = "".join(
        sorted({sign for characters in names for sign in characters if sign > "\x7f"} - {"\u200d", "\u20e3"})
    )
    one = f"[{re.escape(signs)}][\ufe0f{_TONES}]{{0,2}}"
    return re.compile(
        f"[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\ufe0f?\u20e3|\U0001f3f4[\U000e0020-\U000e007f]+|{one}(?:\u200d{one})*"
    )
