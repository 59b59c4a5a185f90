"""Every payload that Slack documents, filled with values such as Slack sends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from machine.envelope import Envelope

_TESTS = Path(__file__).parent
_VALUES = {
    "id": "X0123ABCD",
    "user": "U0123ABCD",
    "user_id": "U0123ABCD",
    "channel": "C0123ABCD",
    "channel_id": "C0123ABCD",
    "ts": "1700000000.000100",
    "command": "/deploy",
    "url": "https://hooks.slack.com/actions/T1/2/abc",
    "text": "hello <@U0123ABCD>",
    "email": "ada@example.com",
}


def sample_files() -> list[Path]:
    """The skeletons of all payloads."""
    folders = [_TESTS / "samples" / "events", _TESTS / "samples", _TESTS / "machine" / "models" / "samples"]
    return [path for folder in folders for path in sorted(folder.glob("*.json"))]


def load_sample(path: Path) -> tuple[str, dict[str, Any]]:
    """The kind of envelope that a payload comes in, and the payload."""
    payload = _filled(json.loads(path.read_text(encoding="utf-8")))
    if path.parent.name == "events":
        return "events_api", payload
    return ("slash_commands" if "command" in payload else str(payload["type"])), payload


def envelope(kind: str, payload: dict[str, Any], number: int) -> Envelope:
    """An envelope of its own."""
    return Envelope(f"sample-{number}", kind, payload)


def _filled(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        if not value and key == "channel":
            return {"id": _VALUES["channel"]}  # im_created is recorded without what it is about
        return {name: _filled(item, name) for name, item in value.items() if name != "event_id"}
    if isinstance(value, list):
        return [_filled(item, key) for item in value]
    if value == "0000000000.000000":
        return _VALUES["ts"]
    if value != "":
        return value
    return _VALUES.get(key) or _VALUES.get(key.rpartition("_")[2]) or f"some {key}"
