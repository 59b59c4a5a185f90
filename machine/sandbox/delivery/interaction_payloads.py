"""What Slack sends the app when people use something: https://docs.slack.dev/reference/interaction-payloads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from machine.sandbox.rules.element_values import Surface
from machine.sandbox.state.conversations import Conversation
from machine.sandbox.state.messages import Message
from machine.sandbox.state.people import Person
from machine.sandbox.state.views import Values, View
from machine.slack.block_kit.elements import Element, elements_of

if TYPE_CHECKING:
    from machine.sandbox.state.workspace import Workspace

Payload = dict[str, Any]

_NAMES_SHOWN = {"im": "directmessage", "private": "privategroup"}


class InteractionPayloads:
    """Writes the payloads, each with the trigger id and the response URLs that belong to it."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def command(
        self, person: Person, conversation: Conversation, name: str, text: str, thread_ts: str | None
    ) -> Payload:
        """A slash command."""
        workspace = self._workspace
        return {
            "token": workspace.app.verification_token,
            "team_id": workspace.team.id,
            "team_domain": workspace.team.domain,
            "channel_id": conversation.id,
            "channel_name": _shown_name(conversation),
            "user_id": person.id,
            "user_name": person.name,
            "command": name,
            "text": text,
            "api_app_id": workspace.app.id,
            "is_enterprise_install": "false",
            "response_url": workspace.response_urls.issue(person.id, conversation.id, thread_ts=thread_ts),
            "trigger_id": workspace.triggers.issue(person.id),
        }

    def actions(self, person: Person, surface: Surface, action: Mapping[str, Any], values: Values | None) -> Payload:
        """A click or a choice; `values` is the state of a message, as views carry theirs."""
        payload = self._common("block_actions", person) | {
            "trigger_id": self._workspace.triggers.issue(person.id),
            **self._surroundings(person, surface),
            "actions": [action],
        }
        if isinstance(surface, Message):
            url = self._workspace.response_urls.issue(person.id, surface.channel, surface, surface.thread_ts)
            payload |= {"state": {"values": values or {}}, "response_url": url}
        return payload

    def suggestion(self, person: Person, surface: Surface, element: Element, query: str) -> Payload:
        """Typing into an external select."""
        return self._common("block_suggestion", person) | {
            "action_id": element.action_id,
            "block_id": element.block_id,
            "value": query,
            **self._surroundings(person, surface),
        }

    def submission(self, person: Person, view: View) -> Payload:
        """A modal, filled in."""
        return self._common("view_submission", person) | {
            "trigger_id": self._workspace.triggers.issue(person.id),
            "view": self._workspace.shapes.view(view),
            "response_urls": self._response_urls(person, view),
        }

    def closure(self, person: Person, view: View, *, is_cleared: bool) -> Payload:
        """A modal that was closed, alone or with those below it."""
        shape = self._workspace.shapes.view(view)
        return self._common("view_closed", person) | {"view": shape, "is_cleared": is_cleared}

    def shortcut(self, person: Person, callback_id: str) -> Payload:
        """A global shortcut."""
        return self._common("shortcut", person) | {
            "action_ts": self._workspace.timeline.next_ts(),
            "callback_id": callback_id,
            "trigger_id": self._workspace.triggers.issue(person.id),
        }

    def message_shortcut(
        self, person: Person, conversation: Conversation, message: Message, callback_id: str
    ) -> Payload:
        """A shortcut on a message."""
        workspace = self._workspace
        return self._common("message_action", person) | {
            "action_ts": workspace.timeline.next_ts(),
            "callback_id": callback_id,
            "trigger_id": workspace.triggers.issue(person.id),
            "response_url": workspace.response_urls.issue(person.id, message.channel, message),
            "message_ts": message.ts,
            "channel": {"id": conversation.id, "name": _shown_name(conversation)},
            "message": workspace.shapes.message(message),
        }

    def _common(self, kind: str, person: Person) -> Payload:
        team, app = self._workspace.team, self._workspace.app
        return {
            "type": kind,
            "user": {"id": person.id, "username": person.name, "name": person.name, "team_id": team.id},
            "api_app_id": app.id,
            "token": app.verification_token,
            "team": {"id": team.id, "domain": team.domain},
            "enterprise": None,
            "is_enterprise_install": False,
        }

    def _surroundings(self, person: Person, surface: Surface) -> Payload:
        """Where it happened: the view; or the message (left out by Slack if it is ephemeral) and its channel."""
        if isinstance(surface, View):
            container: Payload = {"type": "view", "view_id": surface.id}
            return {"container": container, "view": self._workspace.shapes.view(surface)}
        conversation = self._workspace.channels.known(surface.channel, person.id)
        container = {
            "type": "message",
            "message_ts": surface.ts,
            "channel_id": surface.channel,
            "is_ephemeral": surface.ephemeral_to is not None,
        }
        if surface.thread_ts:
            container["thread_ts"] = surface.thread_ts
        where: Payload = {
            "container": container,
            "channel": {"id": conversation.id, "name": _shown_name(conversation)},
        }
        if surface.ephemeral_to is None:
            where["message"] = self._workspace.shapes.message(surface)
        return where

    def _response_urls(self, person: Person, view: View) -> list[dict[str, str]]:
        """One address for each conversation chosen in an element that has `response_url_enabled`."""
        urls = []
        for element in elements_of(view.blocks):
            state = view.values.get(element.block_id, {}).get(element.action_id, {})
            channel = state.get("selected_conversation") or state.get("selected_channel")
            if element.element.get("response_url_enabled") and channel:
                url = self._workspace.response_urls.issue(person.id, channel)
                urls.append(
                    {
                        "block_id": element.block_id,
                        "action_id": element.action_id,
                        "channel_id": channel,
                        "response_url": url,
                    }
                )
        return urls


def _shown_name(conversation: Conversation) -> str:
    return _NAMES_SHOWN.get(conversation.kind, conversation.name)
