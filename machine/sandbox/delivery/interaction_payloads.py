"""What Slack sends the app when people use something: https://docs.slack.dev/reference/interaction-payloads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from machine.sandbox.delivery.response_urls import ResponseUrls
from machine.sandbox.state.clock import Timeline
from machine.sandbox.state.conversations import Conversations
from machine.sandbox.state.objects import Conversation, Message, Person, Surface, Values, View
from machine.sandbox.state.serializers import Serializer
from machine.sandbox.state.team import App, Team
from machine.sandbox.state.views import Triggers
from machine.slack.block_kit.elements import Element, elements_of

Payload = dict[str, Any]

_NAMES_SHOWN = {"im": "directmessage", "private": "privategroup"}


class InteractionPayloads:
    """Writes the payloads, each with the trigger id and the response URLs that belong to it."""

    def __init__(
        self,
        team: Team,
        app: App,
        channels: Conversations,
        serializer: Serializer,
        response_urls: ResponseUrls,
        triggers: Triggers,
        timeline: Timeline,
    ) -> None:
        self._team = team
        self._app = app
        self._channels = channels
        self._serializer = serializer
        self._response_urls = response_urls
        self._triggers = triggers
        self._timeline = timeline

    def command(
        self, person: Person, conversation: Conversation, name: str, text: str, thread_ts: str | None
    ) -> Payload:
        """A slash command."""
        return {
            "token": self._app.verification_token,
            "team_id": self._team.id,
            "team_domain": self._team.domain,
            "channel_id": conversation.id,
            "channel_name": _shown_name(conversation),
            "user_id": person.id,
            "user_name": person.name,
            "command": name,
            "text": text,
            "api_app_id": self._app.id,
            "is_enterprise_install": "false",
            "response_url": self._response_urls.issue(person.id, conversation.id, thread_ts=thread_ts),
            "trigger_id": self._triggers.issue(person.id),
        }

    def actions(self, person: Person, surface: Surface, action: Mapping[str, Any], values: Values | None) -> Payload:
        """A click or a choice; `values` is the state of a message, as views carry theirs."""
        payload = self._common("block_actions", person) | {
            "trigger_id": self._triggers.issue(person.id),
            **self._surroundings(person, surface),
            "actions": [action],
        }
        if isinstance(surface, Message):
            url = self._response_urls.issue(person.id, surface.channel, surface, surface.thread_ts)
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
            "trigger_id": self._triggers.issue(person.id),
            "view": self._serializer.view(view),
            "response_urls": self._urls_for(person, view),
        }

    def closure(self, person: Person, view: View, *, is_cleared: bool) -> Payload:
        """A modal that was closed, alone or with those below it."""
        shape = self._serializer.view(view)
        return self._common("view_closed", person) | {"view": shape, "is_cleared": is_cleared}

    def shortcut(self, person: Person, callback_id: str) -> Payload:
        """A global shortcut."""
        return self._common("shortcut", person) | {
            "action_ts": self._timeline.next_ts(),
            "callback_id": callback_id,
            "trigger_id": self._triggers.issue(person.id),
        }

    def message_shortcut(
        self, person: Person, conversation: Conversation, message: Message, callback_id: str
    ) -> Payload:
        """A shortcut on a message."""
        return self._common("message_action", person) | {
            "action_ts": self._timeline.next_ts(),
            "callback_id": callback_id,
            "trigger_id": self._triggers.issue(person.id),
            "response_url": self._response_urls.issue(person.id, message.channel, message),
            "message_ts": message.ts,
            "channel": {"id": conversation.id, "name": _shown_name(conversation)},
            "message": self._serializer.message(message),
        }

    def _common(self, kind: str, person: Person) -> Payload:
        team, app = self._team, self._app
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
            return {"container": container, "view": self._serializer.view(surface)}
        conversation = self._channels.known(surface.channel, person.id)
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
            where["message"] = self._serializer.message(surface)
        return where

    def _urls_for(self, person: Person, view: View) -> list[dict[str, str]]:
        """One address for each conversation chosen in an element that has `response_url_enabled`."""
        urls = []
        for element in elements_of(view.blocks):
            state = view.values.get(element.block_id, {}).get(element.action_id, {})
            channel = state.get("selected_conversation") or state.get("selected_channel")
            if element.element.get("response_url_enabled") and channel:
                url = self._response_urls.issue(person.id, channel)
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
