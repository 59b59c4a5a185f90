"""The kinds of blocks and elements in Block Kit: where blocks may stand, and where elements keep their values.

Read in November 2026 off https://docs.slack.dev/reference/block-kit/blocks,
https://docs.slack.dev/reference/block-kit/block-elements and
https://docs.slack.dev/reference/interaction-payloads/block_actions-payload. What each kind needs is in
`machine.slack.block_kit.validation`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

MAX_BLOCKS: Mapping[str, int] = MappingProxyType({"message": 50, "modal": 100, "home": 100})
"""How many blocks each surface takes."""

_EVERYWHERE = tuple(MAX_BLOCKS)

BLOCK_SURFACES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        **dict.fromkeys(
            ("actions", "context", "divider", "header", "image", "input", "rich_text", "section", "video"), _EVERYWHERE
        ),
        **dict.fromkeys(
            (
                *("auth_provider", "call", "card", "carousel", "container", "context_actions", "data_table"),
                *("data_visualization", "file", "markdown", "plan", "table", "task_card"),
            ),
            ("message",),
        ),
        "alert": ("modal",),
    }
)
"""Every kind of block, and the surfaces that show it."""

BUTTONS = frozenset({"button", "workflow_button", "icon_button"})
TOGGLES = frozenset({"radio_buttons", "checkboxes"})
TEXT_INPUTS = frozenset({"plain_text_input", "email_text_input", "url_text_input", "number_input", "rich_text_input"})
PICKERS = frozenset({"datepicker", "timepicker", "datetimepicker"})

VALUE_FIELDS: Mapping[str, tuple[str, str | None]] = MappingProxyType(
    {
        "static_select": ("selected_option", "initial_option"),
        "external_select": ("selected_option", "initial_option"),
        "users_select": ("selected_user", "initial_user"),
        "conversations_select": ("selected_conversation", "initial_conversation"),
        "channels_select": ("selected_channel", "initial_channel"),
        "multi_static_select": ("selected_options", "initial_options"),
        "multi_external_select": ("selected_options", "initial_options"),
        "multi_users_select": ("selected_users", "initial_users"),
        "multi_conversations_select": ("selected_conversations", "initial_conversations"),
        "multi_channels_select": ("selected_channels", "initial_channels"),
        "overflow": ("selected_option", None),
        "radio_buttons": ("selected_option", "initial_option"),
        "checkboxes": ("selected_options", "initial_options"),
        "datepicker": ("selected_date", "initial_date"),
        "timepicker": ("selected_time", "initial_time"),
        "datetimepicker": ("selected_date_time", "initial_date_time"),
        "plain_text_input": ("value", "initial_value"),
        "email_text_input": ("value", "initial_value"),
        "url_text_input": ("value", "initial_value"),
        "number_input": ("value", "initial_value"),
        "rich_text_input": ("rich_text_value", "initial_value"),
        "file_input": ("files", None),
    }
)
"""By kind of element: the field of its state that holds the value, and its own field that the app fills beforehand."""

INTERACTIVE = BUTTONS | {"feedback_buttons"} | VALUE_FIELDS.keys()
"""Elements that people use, and that Slack therefore gives an `action_id` where the app gave none."""

STATELESS = frozenset({"overflow"})
"""Elements that send a value, but keep none."""

LIST_FIELDS = frozenset({"selected_options", "selected_users", "selected_conversations", "selected_channels", "files"})
"""Fields that hold several values."""

TYPED_FIELDS = frozenset({"value", "selected_date", "selected_time", "selected_date_time", "rich_text_value"})
"""Fields that hold what a person typed or picked, not one of several choices."""
