"""Time as slack-machine's plugins compute it."""

from __future__ import annotations

from datetime import datetime, tzinfo

__all__ = ["calculate_epoch"]


def calculate_epoch(dt: datetime, tz: tzinfo) -> int:
    """Seconds since 1970; a time without a time zone is in `tz`."""
    return round((dt if dt.utcoffset() is not None else dt.replace(tzinfo=tz)).timestamp())
