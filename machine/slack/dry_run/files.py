"""The files family with the two-step upload: https://docs.slack.dev/reference/methods?family=files."""

from __future__ import annotations

import mimetypes
import time
from collections.abc import Mapping
from typing import Any

from machine.slack.dry_run.call import Answers, DryRunCall, Json, new_id

_NO_UPLOAD = "https://captured.invalid/upload/"
"""A host that can never be (RFC 2606), so that what is uploaded there goes nowhere."""


def _begun(call: DryRunCall) -> Json:  # noqa: ARG001 - as all of them
    file_id = new_id("F")
    return {"upload_url": f"{_NO_UPLOAD}{file_id}", "file_id": file_id}


def _completed(call: DryRunCall) -> Json:
    return {"files": [_file(call, one) for one in call.objects("files")]}


def _uploaded(call: DryRunCall) -> Json:
    """What slack_sdk's `files_upload_v2` answers: several files, or one that stands there twice."""
    files = [_file(call, one) for one in call.objects("file_uploads") or [call.arguments]]
    return {"files": files, **({"file": files[0]} if len(files) == 1 else {})}


def _file(call: DryRunCall, about: Mapping[str, Any]) -> Json:
    file_id = str(about.get("id") or new_id("F"))
    name = str(about.get("filename") or about.get("title") or "untitled")
    kind = name.rpartition(".")[2].lower() if "." in name else "binary"
    place = f"https://files.slack.com/files-pri/{call.identity.team_id}-{file_id}"
    channels = [call.text("channel_id") or call.channel_id, *call.names("channels")]
    now = int(time.time())
    return {
        "id": file_id,
        "created": now,
        "timestamp": now,
        "name": name,
        "title": str(about.get("title") or name),
        "mimetype": mimetypes.guess_type(name)[0] or "application/octet-stream",
        "filetype": kind,
        "pretty_type": kind.upper(),
        "user": call.identity.user_id,
        "user_team": call.identity.team_id,
        "editable": False,
        "size": length if isinstance(length := about.get("length"), int) else 0,
        "mode": "hosted",
        "is_external": False,
        "external_type": "",
        "is_public": True,
        "public_url_shared": False,
        "username": "",
        "url_private": f"{place}/{name}",
        "url_private_download": f"{place}/download/{name}",
        "permalink": f"https://slack.com/files/{call.identity.user_id}/{file_id}/{name}",
        "channels": [channel for channel in channels if channel],
        "groups": [],
        "ims": [],
        "comments_count": 0,
    }


ANSWERS: Answers = {
    "files.getUploadURLExternal": _begun,
    "files.completeUploadExternal": _completed,
    "files.uploadV2": _uploaded,
}
