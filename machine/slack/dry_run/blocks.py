"""Block Kit as Slack gives it back: with the ids that it adds where there are none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from machine.slack.dry_run.call import Json, new_id, objects_in

_STILL = frozenset({"image", "mrkdwn", "plain_text"})
"""Elements that nobody can use, and which therefore have no `action_id`."""


def with_ids(blocks: Iterable[Mapping[str, Any]]) -> list[Json]:
    """Copies of the blocks with the `block_id` and `action_id` that Slack adds where the app gave none."""
    return [_with_block_id(block) for block in blocks]


def _with_block_id(block: Mapping[str, Any]) -> Json:
    shape = {**block, "block_id": block.get("block_id") or new_id("")}
    for key in ("accessory", "element"):
        if isinstance(shape.get(key), Mapping):
            shape[key] = _with_action_id(shape[key])
    if shape.get("type") == "actions":
        shape["elements"] = [_with_action_id(element) for element in objects_in(shape.get("elements"))]
    return shape


def _with_action_id(element: Mapping[str, Any]) -> Json:
    if element.get("action_id") or str(element.get("type")) in _STILL:
        return dict(element)
    return {**element, "action_id": new_id("")}
