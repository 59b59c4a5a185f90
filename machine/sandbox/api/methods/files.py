"""The files family with the two-step upload: https://docs.slack.dev/reference/methods?family=files."""

from __future__ import annotations

from machine.sandbox.api.methods.call import Answer, Call, Method
from machine.sandbox.api.tokens import upload_ticket
from machine.sandbox.arguments import Arguments
from machine.sandbox.refusal import SlackRefusal
from machine.sandbox.state.objects import Conversation, Draft, File

_MAX_PAGE_SIZE = 1_000


def _get_upload_url(call: Call) -> Answer:
    name, length = call.arguments.required("filename"), call.arguments.number("length")
    file = call.workspace.files.expect(name, length, call.actor.id, call.arguments.maybe_text("alt_txt"))
    ticket = upload_ticket(call.workspace.app, file.id)
    return {"upload_url": f"{call.base_url}/upload/v1/{ticket}", "file_id": file.id}


def _complete_upload(call: Call) -> Answer:
    uploads = call.arguments.items("files") or []
    if not uploads or not all(isinstance(upload, dict) and upload.get("id") for upload in uploads):
        raise SlackRefusal("invalid_arguments", ["[ERROR] must list the files with their ids [json-pointer:/files]"])
    targets = _targets(call)
    channels = [target.id for target in targets]
    files = [call.workspace.files.complete(upload["id"], upload.get("title"), channels) for upload in uploads]
    for target in targets:
        draft = Draft(
            text=call.arguments.text("initial_comment"), files=files, thread_ts=call.arguments.maybe_text("thread_ts")
        )
        call.workspace.posting.post(call.actor, target, draft)
    return {"files": [call.workspace.serializer.file(file) for file in files]}


def _info(call: Call) -> Answer:
    return {"file": call.workspace.serializer.file(_file(call)), "comments": [], **_paging(1, 1, 1)}


def _list(call: Call) -> Answer:
    channel, user = call.arguments.maybe_text("channel"), call.arguments.maybe_text("user")
    files = [
        file
        for file in call.workspace.files.all()
        if (channel is None or channel in file.channels) and user in {None, file.user}
    ]
    count, page = call.arguments.number("count", 100), call.arguments.number("page", 1)
    if not 1 <= count <= _MAX_PAGE_SIZE or page < 1:
        raise SlackRefusal("invalid_arguments", ["[ERROR] count must be 1 to 1000, page 1 or more"])
    shown = files[(page - 1) * count : page * count]
    return {"files": [call.workspace.serializer.file(file) for file in shown], **_paging(count, len(files), page)}


def _delete(call: Call) -> Answer:
    file = _file(call)
    if file.user != call.actor.id:
        raise SlackRefusal("cant_delete_file")
    call.workspace.files.delete(file.id)
    return {}


def _file(call: Call) -> File:
    return call.workspace.files.known(call.arguments.required("file"))


def _targets(call: Call) -> list[Conversation]:
    """The channels to share in, checked before anything is shared."""
    names = _channel_ids(call) or call.arguments.ids("channel_id", required=False)
    channels = call.workspace.channels
    return [channels.writable(name, call.actor.id) for name in names]


def _channel_ids(call: Call) -> list[str]:
    """The argument `channels`; slack_sdk joins its letters by commas (`C,1`) where it was given a string."""
    ids = call.arguments.ids("channels", required=False)
    if len(ids) > 1 and all(len(one) == 1 for one in ids):
        return Arguments({"channels": call.arguments.text("channels")[::2]}).ids("channels")
    return ids


def _paging(count: int, total: int, page: int) -> Answer:
    pages = max(1, -(-total // count))
    return {"paging": {"count": count, "total": total, "page": page, "pages": pages}}


METHODS = (
    Method("files.getUploadURLExternal", _get_upload_url),
    Method("files.completeUploadExternal", _complete_upload),
    Method("files.info", _info),
    Method("files.list", _list),
    Method("files.delete", _delete),
)
