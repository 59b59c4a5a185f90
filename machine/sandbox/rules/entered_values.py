"""What Slack's client refuses to submit: it says so below the input, and the app hears nothing.

The limits are those of https://docs.slack.dev/reference/block-kit/block-elements.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from machine.slack.block_kit.elements import Element

MISSING = "Please complete this required field."
_MAX_TEXT_LENGTH = 3_000
_MAX_FILES = 10
_NUMBER = re.compile(r"-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_EMAIL = re.compile(r"[^\s@<>,;]+@[^\s@<>,;.]+(?:\.[^\s@<>,;.]+)+")
_URL = re.compile(r"https?://[^\s/?#]+(?:[/?#]\S*)?", re.IGNORECASE)


def refusal_of(element: Element, value: Any) -> str | None:
    """What Slack shows below an input that holds this value, or `None` where the value can be submitted."""
    if _is_empty(value):
        return None if element.block.get("optional") else MISSING
    return limit_broken(element, value)


def limit_broken(element: Element, value: Any) -> str | None:
    """As `refusal_of`, for elements that may be empty."""
    if _is_empty(value):
        return None
    check = _CHECKS.get(element.type)
    if check is not None:
        return check(element.element, value)
    return _too_many(element.element.get("max_selected_items"), value) if isinstance(value, list) else None


def _is_empty(value: Any) -> bool:
    """Whether a person has entered nothing; formatted text that shows nothing counts as nothing."""
    if isinstance(value, Mapping) and value.get("type") == "rich_text":
        sections = [section for section in value.get("elements") or () if isinstance(section, Mapping)]
        return all(_shows_nothing(section) for section in sections)
    return not value


def _shows_nothing(section: Mapping[str, Any]) -> bool:
    """Whether a part of formatted text shows nothing."""
    parts = section.get("elements") or ()
    return not any(part.get("type") != "text" or part.get("text") for part in parts if isinstance(part, Mapping))


def _text(element: Mapping[str, Any], value: Any) -> str | None:
    length = len(str(value))
    least, most = _number(element.get("min_length")), _number(element.get("max_length")) or Decimal(_MAX_TEXT_LENGTH)
    if least is not None and length < least:
        return f"Must be at least {_counted(least, 'character')}; it has {length}."
    return f"Must be at most {_counted(most, 'character')}; it has {length}." if length > most else None


def _number_input(element: Mapping[str, Any], value: Any) -> str | None:
    text = str(value).strip()
    number = _number(text) if _NUMBER.fullmatch(text) else None
    if number is None:
        return "Must be a number."
    if not element.get("is_decimal_allowed") and "." in text:
        return "Must be a whole number."
    least, most = _number(element.get("min_value")), _number(element.get("max_value"))
    if least is not None and number < least:
        return f"Must be at least {least}."
    return f"Must be at most {most}." if most is not None and number > most else None


def _email(_: Mapping[str, Any], value: Any) -> str | None:
    return None if _EMAIL.fullmatch(str(value).strip()) else "Must be an email address."


def _url(_: Mapping[str, Any], value: Any) -> str | None:
    return None if _URL.fullmatch(str(value).strip()) else "Must be a URL that begins with http:// or https://."


def _files(element: Mapping[str, Any], value: Any) -> str | None:
    if problem := _too_many(element.get("max_files") or _MAX_FILES, value):
        return problem
    allowed = [str(kind).lower() for kind in element.get("filetypes") or ()]
    wrong = [file for file in value if allowed and file.get("filetype") not in allowed]
    return f"{wrong[0].get('name')} is not of type {' or '.join(allowed)}." if wrong else None


def _too_many(most: Any, value: Sequence[Any]) -> str | None:
    limit = _number(most)
    if limit is None or len(value) <= limit:
        return None
    return f"Choose at most {_counted(limit, 'item')}; there are {len(value)}."


def _counted(number: Decimal, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _number(given: Any) -> Decimal | None:
    """A number as an app or a person writes it, or `None` where it is none."""
    try:
        number = Decimal(str(given))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


_CHECKS: Mapping[str, Callable[[Mapping[str, Any], Any], str | None]] = {
    "plain_text_input": _text,
    "number_input": _number_input,
    "email_text_input": _email,
    "url_text_input": _url,
    "file_input": _files,
}
