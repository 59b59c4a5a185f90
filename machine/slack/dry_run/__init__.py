"""Answers calls that are captured instead of sent, as Slack would, as far as that can be known without asking it.

A handler that reads the `ts` of what it posted, or the id of the modal it opened, then goes on as it would in earnest.
Ids are made up; what a call changes is answered as changed, though nothing is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from machine.slack.directory import Directory
from machine.slack.dry_run import channels, extras, files, messages, views
from machine.slack.dry_run.call import Answers, DryRunCall
from machine.slack.identity import Identity

_ANSWERS: Answers = {**messages.ANSWERS, **views.ANSWERS, **channels.ANSWERS, **files.ANSWERS, **extras.ANSWERS}


def dry_run_answer(
    method: str, arguments: Mapping[str, Any], identity: Identity, directory: Directory
) -> dict[str, Any]:
    """What Slack would answer to a call that it is not sent.

    A method that is not known here answers `ok` and no more. Each answer has `captured` set, as none of Slack's has.
    """
    answer = _ANSWERS.get(method)
    return {"ok": True, **(answer(DryRunCall(arguments, identity, directory)) if answer else {}), "captured": True}
