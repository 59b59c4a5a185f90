"""Where an interaction happened: the person, the workspace, the message or view."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import PlainSerializer, PlainValidator
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block as SlackSdkBlock

from machine.models.interactive.elements import OptionalText, State
from machine.models.slack_object import Flag, Name, OptionalInt, OptionalStr, OrElse, SlackObject


class InteractingUser(SlackObject):
    """Who interacted. Slack tells less here than of a `User`; shortcuts have `username` only."""

    id: str
    username: Name = ""
    name: Name = ""
    team_id: OptionalStr = None


class Team(SlackObject):
    """The workspace in which it happened."""

    id: OptionalStr = None
    domain: OptionalStr = None


class Enterprise(SlackObject):
    """The Enterprise organisation in which it happened."""

    id: OptionalStr = None
    name: OptionalStr = None


class Container(SlackObject):
    """What holds the element that was used.

    Attributes:
        type: `message`, `message_attachment` or `view`.
        is_ephemeral: Only one person sees the message; Slack then sends no `message` with the payload.
    """

    type: Name = ""
    message_ts: OptionalStr = None
    thread_ts: OptionalStr = None
    channel_id: OptionalStr = None
    attachment_id: OptionalInt = None
    view_id: OptionalStr = None
    is_ephemeral: Flag = False
    is_app_unfurl: Flag = False


def _find_block_types(base: type[SlackSdkBlock]) -> dict[str, type[SlackSdkBlock]]:
    found: dict[str, type[SlackSdkBlock]] = {}
    for kind in base.__subclasses__():
        if isinstance(name := getattr(kind, "type", None), str):
            found[name] = kind
        found |= _find_block_types(kind)
    return found


_BLOCK_TYPES = _find_block_types(SlackSdkBlock)


def _read_block(raw: Any) -> Any:
    """slack_sdk's object for a block it knows, which plugins can change and send back; else the block as it came."""
    kind = _BLOCK_TYPES.get(str(raw.get("type"))) if isinstance(raw, dict) else None
    if kind is None:
        return raw
    try:
        block = kind(**raw)
        block.to_dict()  # checks it, as sending it back would
        return block
    except (SlackObjectFormationError, TypeError, ValueError, AttributeError, KeyError):
        return raw  # slack_sdk insists on more than Slack promises


def _write_block(block: Any) -> Any:
    return block.to_dict() if isinstance(block, SlackSdkBlock) else block


Block: TypeAlias = Annotated[Any, PlainValidator(_read_block), PlainSerializer(_write_block)]
"""A slack_sdk `Block`, or a dict where slack_sdk does not know the block's type."""

Blocks: TypeAlias = Annotated[tuple[Block, ...], OrElse(())]


class Message(SlackObject):
    """The message with the element, or the one a shortcut was used on.

    Attributes:
        user: Id of the author.
        ts: Names the message within its channel.
        thread_ts: Of the thread's first message, where it is in one.
    """

    type: Name = ""
    subtype: OptionalStr = None
    ts: Name = ""
    thread_ts: OptionalStr = None
    user: OptionalStr = None
    text: Name = ""
    team: OptionalStr = None
    bot_id: OptionalStr = None
    app_id: OptionalStr = None
    blocks: Blocks = ()
    attachments: Annotated[tuple[dict[str, Any], ...], OrElse(())] = ()


class View(SlackObject):
    """A modal or home tab; see https://docs.slack.dev/reference/views.

    Attributes:
        type: `modal` or `home`.
        private_metadata: What the app put there when it opened the view.
        state: What the inputs hold.
        hash: Changes with the view; give it to `views.update` to lose no update.
        root_view_id: The first of a stack of modals.
        previous_view_id: The modal below this one.
    """

    id: Name = ""
    team_id: OptionalStr = None
    type: Name = ""
    callback_id: Name = ""
    external_id: Name = ""
    private_metadata: Name = ""
    title: OptionalText = None
    submit: OptionalText = None
    close: OptionalText = None
    blocks: Blocks = ()
    state: Annotated[State, OrElse(State())] = State()
    hash: Name = ""
    clear_on_close: Flag = False
    notify_on_close: Flag = False
    root_view_id: OptionalStr = None
    previous_view_id: OptionalStr = None
    app_id: OptionalStr = None
    app_installed_team_id: OptionalStr = None
    bot_id: OptionalStr = None
