"""Interactive payloads: buttons and inputs, modals, shortcuts, option suggestions."""

from machine.models.interactive.elements import Action, ElementValue, Option, State, Text
from machine.models.interactive.payloads import (
    BlockActionsPayload,
    BlockSuggestionPayload,
    InteractivePayload,
    MessageShortcutPayload,
    ResponseUrlForView,
    ShortcutPayload,
    ViewClosedPayload,
    ViewSubmissionPayload,
    parse_payload,
)
from machine.models.interactive.surroundings import (
    Block,
    Container,
    Enterprise,
    InteractingUser,
    Message,
    Team,
    View,
)

__all__ = [
    "Action",
    "Block",
    "BlockActionsPayload",
    "BlockSuggestionPayload",
    "Container",
    "ElementValue",
    "Enterprise",
    "InteractingUser",
    "InteractivePayload",
    "Message",
    "MessageShortcutPayload",
    "Option",
    "ResponseUrlForView",
    "ShortcutPayload",
    "State",
    "Team",
    "Text",
    "View",
    "ViewClosedPayload",
    "ViewSubmissionPayload",
    "parse_payload",
]
