"""What the setting `INBOX` can say."""

from __future__ import annotations

from enum import StrEnum


class InboxPolicy(StrEnum):
    """What becomes of events that a killed process did not finish.

    Attributes:
        RERUN: Their handlers run again, from the beginning.
        REPORT: The log says which they are.
        OFF: Nothing; events are not noted.
    """

    RERUN = "rerun"
    REPORT = "report"
    OFF = "off"
