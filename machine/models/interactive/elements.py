"""What the elements of Block Kit hold, and the actions they send.

One class for the values of all element types: `type` tells which field is filled, and Slack's names for the fields are
the same for elements of a kind. An element type that Slack adds needs no change here; what it sends is an attribute
under Slack's own name.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, time
from typing import Annotated, Any, Self, TypeAlias

from pydantic import (
    AwareDatetime,
    ModelWrapValidatorHandler,
    OnErrorOmit,
    PrivateAttr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from machine.models.slack_object import Name, Names, OptionalStr, OrElse, SlackObject


class Text(SlackObject):
    """A text object; see https://docs.slack.dev/reference/block-kit/composition-objects/text-object.

    Attributes:
        type: `plain_text` or `mrkdwn`.
        emoji: Whether Slack turns `:name:` into emoji; only in `plain_text`, and not always sent.
        verbatim: Whether Slack leaves links and names alone; only in `mrkdwn`, and not always sent.
    """

    type: Name = ""
    text: Name = ""
    emoji: Annotated[bool | None, OrElse(None)] = None
    verbatim: Annotated[bool | None, OrElse(None)] = None


OptionalText: TypeAlias = Annotated[Text | None, OrElse(None)]


class Option(SlackObject):
    """A choice in a select menu, an overflow menu, checkboxes or radio buttons."""

    text: OptionalText = None
    value: Name = ""
    description: OptionalText = None


class ElementValue(SlackObject):
    """What an element holds. A field is `None` (or empty) where the element has no such field or the person cleared it.

    Attributes:
        type: Slack's name of the element type, such as `plain_text_input` or `users_select`.
        value: Of buttons and of text, e-mail, URL and number inputs; a number for `number_input`, text for the others.
        selected_option: Of a static or external select, an overflow menu, radio buttons.
        selected_options: Of checkboxes and of a static or external multi-select.
        selected_date: Of a date picker.
        selected_time: Of a time picker, in the person's time zone.
        selected_date_time: Of a date and time picker (aware, UTC).
        selected_user: Id; likewise `selected_channel` and `selected_conversation`.
        selected_users: Ids, of a multi-select; likewise `selected_channels` and `selected_conversations`.
        rich_text_value: A `rich_text` block, of a rich text input.
        files: File objects, of a file input.
    """

    type: Name = ""
    value: Annotated[str | int | float | None, OrElse(None)] = None
    selected_option: Annotated[Option | None, OrElse(None)] = None
    selected_options: Annotated[tuple[OnErrorOmit[Option], ...], OrElse(())] = ()
    selected_date: Annotated[date | None, OrElse(None)] = None
    selected_time: Annotated[time | None, OrElse(None)] = None
    selected_date_time: Annotated[AwareDatetime | None, OrElse(None)] = None
    selected_user: OptionalStr = None
    selected_users: Names = ()
    selected_channel: OptionalStr = None
    selected_channels: Names = ()
    selected_conversation: OptionalStr = None
    selected_conversations: Names = ()
    rich_text_value: Annotated[dict[str, Any] | None, OrElse(None)] = None
    files: Annotated[tuple[OnErrorOmit[dict[str, Any]], ...], OrElse(())] = ()

    _raw: dict[str, Any] = PrivateAttr(default_factory=dict)

    @property
    def raw(self) -> Mapping[str, Any]:
        """What Slack sent, for elements with fields of another shape than these; empty where this was made by hand."""
        return self._raw

    @model_validator(mode="wrap")
    @classmethod
    def _keep_raw(cls, data: Any, read: ModelWrapValidatorHandler[Self]) -> Self:
        element = read(data)
        if isinstance(data, dict):
            element._raw = data  # noqa: SLF001  # its own class
        return element

    @field_validator("value")
    @classmethod
    def _read_number(cls, value: str | float | None, info: ValidationInfo) -> str | float | None:
        """Slack sends the number of a `number_input` as text."""
        if info.data.get("type") == "number_input" and isinstance(value, str):
            return _number(value)
        return value


class Action(ElementValue):
    """What a person did with an element: pressed a button, chose an option, picked a date.

    See https://docs.slack.dev/reference/interaction-payloads/block_actions-payload.

    Attributes:
        action_ts: When it was done, in seconds since 1970, as text.
        text: What is written on a button.
        style: `primary` or `danger`, of a button that has one.
        url: Where a link button leads.
    """

    action_id: Name = ""
    block_id: Name = ""
    action_ts: Name = ""
    text: OptionalText = None
    style: OptionalStr = None
    url: OptionalStr = None


_Values: TypeAlias = dict[str, Annotated[ElementValue, OrElse(ElementValue())]]


class State(SlackObject):
    """What the input elements of a message or view hold: `state.values[block_id][action_id]`."""

    values: Annotated[dict[str, Annotated[_Values, OrElse({})]], OrElse({})] = {}  # noqa: RUF012  # pydantic copies it


def _number(text: str) -> str | int | float:
    for parse in (int, float):
        try:
            number = parse(text)
        except ValueError:
            continue
        if math.isfinite(number):
            return number
    return text
