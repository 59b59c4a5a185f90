"""What a method of the Web API is, and what its handler gets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from machine.sandbox.arguments import Arguments
from machine.sandbox.state.objects import Conversation, Person
from machine.sandbox.workspace import Workspace
from machine.slack.facts.methods import APP_TOKEN_METHODS, METHODS, MethodFacts

Answer: TypeAlias = dict[str, Any]
"""What a method answers; `ok` is added on the way out."""

Caller: TypeAlias = Literal["member", "app", "either", "anybody"]
"""Whose token a method wants: `member` is the bot or a person; `anybody` needs none."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a method, by the app or by a person.

    Attributes:
        workspace: Where it is made.
        actor: Who acts: the bot user, or the person whose token it is.
        arguments: What was given.
        base_url: Where the server listens, without a slash at the end.
        open_connection: Gives the address for a new Socket Mode connection.
    """

    workspace: Workspace
    actor: Person
    arguments: Arguments
    base_url: str
    open_connection: Callable[[bool], str]

    def channel(self, name: str = "channel") -> Conversation:
        """The conversation that the argument names by id, as far as the one who calls can see it.

        Raises:
            SlackRefusal: `channel_not_found`, `invalid_arguments`.
        """
        return self.workspace.channels.known(self.arguments.required(name), self.actor.id)

    def joined_channel(self, name: str = "channel") -> Conversation:
        """As `channel`, and whoever calls must be in it (`not_in_channel`)."""
        return self.workspace.channels.joined(self.channel(name).id, self.actor.id)


@dataclass(frozen=True, slots=True)
class Method:
    """A row of the method table.

    Attributes:
        name: For example `chat.postMessage`.
        run: Answers a call, or raises `SlackRefusal`.
        caller: Whose token it is called with.
    """

    name: str
    run: Callable[[Call], Answer]
    caller: Caller = "member"

    @property
    def facts(self) -> MethodFacts:
        """Its scopes and its tier; `permissions` tells which scope, where that depends on the call."""
        return METHODS[self.name] if self.caller != "app" else APP_TOKEN_METHODS[self.name]
