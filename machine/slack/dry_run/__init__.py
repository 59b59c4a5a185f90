"""What calls answer that are captured instead of sent: the same as Slack, as far as anybody can without asking it.

A handler that reads the `ts` of what it posted, or the id of the modal it opened, then goes on as it would in earnest.
Ids are made up; what a call changes is answered as changed, though nothing is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from machine.slack.dry_run import channels, extras, files, messages, views
from machine.slack.dry_run.call import Answers, CapturedCall

if TYPE_CHECKING:
    from machine.slack.directory import Directory
    from machine.slack.identity import Identity

_ANSWERS: Answers = {**messages.ANSWERS, **views.ANSWERS, **channels.ANSWERS, **files.ANSWERS, **extras.ANSWERS}


def captured_answer(
    method: str, arguments: Mapping[str, Any], identity: Identity, directory: Directory
) -> dict[str, Any]:
    """What Slack would answer to a call that it is not sent.

    A method that is not known here answers `ok` and no more. Each answer has `captured` set, as none of Slack's has.
    """
    answer = _ANSWERS.get(method)
    return {"ok": True, **(answer(CapturedCall(arguments, identity, directory)) if answer else {}), "captured": True}
