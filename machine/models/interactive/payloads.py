"""The payloads that Slack sends when a person interacts with the app.

Each needs only the person's id: it is who the answer goes to, and everything else can be missing for good reasons (no
`message` for ephemeral ones, no `channel` in a modal, no `team` where the app is installed in a whole organisation).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import OnErrorOmit

from machine.models.channel import Channel
from machine.models.interactive.elements import Action, State
from machine.models.interactive.surroundings import Container, Enterprise, InteractingUser, Message, Team, View
from machine.models.slack_object import Flag, Name, OptionalStr, OrElse, SlackObject


class InteractivePayload(SlackObject):
    """What all of these payloads share; also those of a type that has no class here.

    Attributes:
        token: Slack's old verification token; nothing checks it.
        is_enterprise_install: The app is installed in an organisation rather than a workspace; `team` may be `None`.
    """

    type: Name = ""
    user: InteractingUser
    team: Annotated[Team | None, OrElse(None)] = None
    enterprise: Annotated[Enterprise | None, OrElse(None)] = None
    is_enterprise_install: Flag = False
    api_app_id: OptionalStr = None
    token: OptionalStr = None


class BlockActionsPayload(InteractivePayload):
    """A person used an element of a message, modal or home tab.

    See https://docs.slack.dev/reference/interaction-payloads/block_actions-payload.

    Attributes:
        actions: What was done; one, save in old clients.
        trigger_id: Opens a modal, within 3 seconds.
        response_url: Answers in the channel, up to 5 times within 30 minutes; `None` in views.
        message: The message with the element; `None` in views and where it is ephemeral.
        channel: Where the message is; `None` in views.
        view: The modal or home tab with the element; `None` in messages.
        state: What the inputs of the message hold; for a view see `view.state`.
    """

    actions: Annotated[tuple[OnErrorOmit[Action], ...], OrElse(())] = ()
    container: Annotated[Container | None, OrElse(None)] = None
    trigger_id: OptionalStr = None
    response_url: OptionalStr = None
    channel: Annotated[Channel | None, OrElse(None)] = None
    message: Annotated[Message | None, OrElse(None)] = None
    view: Annotated[View | None, OrElse(None)] = None
    state: Annotated[State | None, OrElse(None)] = None


class ResponseUrlForView(SlackObject):
    """Where to answer in the channel that a person chose in a modal with `response_url_enabled`."""

    block_id: Name = ""
    action_id: Name = ""
    channel_id: Name = ""
    response_url: Name = ""


class ViewSubmissionPayload(InteractivePayload):
    """A person submitted a modal.

    See https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload.
    """

    view: Annotated[View, OrElse(View())] = View()
    trigger_id: OptionalStr = None
    response_urls: Annotated[tuple[OnErrorOmit[ResponseUrlForView], ...], OrElse(())] = ()


class ViewClosedPayload(InteractivePayload):
    """A person closed a modal that was opened with `notify_on_close`.

    See https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload.

    Attributes:
        is_cleared: The person closed the whole stack of modals.
    """

    view: Annotated[View, OrElse(View())] = View()
    is_cleared: Flag = False


class ShortcutPayload(InteractivePayload):
    """A person used a global shortcut.

    See https://docs.slack.dev/reference/interaction-payloads/shortcuts-interaction-payload.

    Attributes:
        trigger_id: Opens a modal, within 3 seconds.
    """

    callback_id: Name = ""
    trigger_id: OptionalStr = None
    action_ts: Name = ""


class MessageShortcutPayload(ShortcutPayload):
    """A person used a shortcut on a message.

    Attributes:
        message: The message.
        message_ts: Its `ts`, also where `message` is missing.
        response_url: Answers in the channel, up to 5 times within 30 minutes.
    """

    channel: Annotated[Channel | None, OrElse(None)] = None
    message: Annotated[Message | None, OrElse(None)] = None
    message_ts: OptionalStr = None
    response_url: OptionalStr = None


class BlockSuggestionPayload(InteractivePayload):
    """A person types in an external select, and Slack wants the options within 3 seconds.

    See https://docs.slack.dev/reference/interaction-payloads/block_suggestion-payload.

    Attributes:
        value: What was typed so far.
    """

    action_id: Name = ""
    block_id: Name = ""
    value: Name = ""
    container: Annotated[Container | None, OrElse(None)] = None
    channel: Annotated[Channel | None, OrElse(None)] = None
    message: Annotated[Message | None, OrElse(None)] = None
    view: Annotated[View | None, OrElse(None)] = None


_PAYLOADS: Mapping[str, type[InteractivePayload]] = {
    "block_actions": BlockActionsPayload,
    "view_submission": ViewSubmissionPayload,
    "view_closed": ViewClosedPayload,
    "shortcut": ShortcutPayload,
    "message_action": MessageShortcutPayload,
    "block_suggestion": BlockSuggestionPayload,
}


def parse_payload(payload: Mapping[str, Any]) -> InteractivePayload:
    """The payload as the model of its `type`; a plain `InteractivePayload` for types without one.

    Raises:
        pydantic.ValidationError: It does not say who interacted.
    """
    return _PAYLOADS.get(str(payload.get("type")), InteractivePayload).model_validate(payload)
