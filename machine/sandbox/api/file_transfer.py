"""Files over HTTP: the address an upload goes to, and the address a file is read from with a token."""

from __future__ import annotations

from aiohttp import web

from machine.sandbox.api.tokens import bearer_token, holder_of, uploaded_file
from machine.sandbox.refusal import SlackRefusal
from machine.sandbox.state.objects import File
from machine.sandbox.traffic_log import Witness
from machine.sandbox.workspace import Workspace

_LOGIN_PAGE = "<!DOCTYPE html><html><head><title>Slack</title></head><body>Sign in to see this file.</body></html>"


class FileTransfer:
    """Takes and gives the bytes of files."""

    def __init__(self, workspace: Workspace, witness: Witness) -> None:
        self._workspace = workspace
        self._witness = witness

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Listen where `files.getUploadURLExternal` and `url_private` point."""
        router.add_post("/upload/v1/{ticket}", self._receive)
        router.add_get("/files-pri/{team}-{file_id}/{name}", self._send)
        router.add_get("/files-pri/{team}-{file_id}/{kind:download}/{name}", self._send)

    async def _receive(self, request: web.Request) -> web.Response:
        """Take the bytes of a file, as the whole body or as the first file of a form."""
        if request.content_type == "multipart/form-data":
            fields = [field for field in (await request.post()).values() if isinstance(field, web.FileField)]
            content = fields[0].file.read() if fields else b""
        else:
            content = await request.read()
        try:
            file_id = uploaded_file(self._workspace.app, request.match_info["ticket"])
            file = self._workspace.files.receive(file_id, content)
        except SlackRefusal as refusal:
            return web.Response(status=404, text=refusal.error)
        self._witness("upload", {"file": file.id, "size": file.size})
        return web.Response(text=f"OK - {file.size}")

    async def _send(self, request: web.Request) -> web.Response:
        """Give a file to who can see it; to anybody else the page to sign in, with status 200 as Slack does."""
        try:
            file = self._workspace.files.known(request.match_info["file_id"])
        except SlackRefusal:
            return web.Response(status=404, text="file_not_found")
        is_allowed = self._may_read(request, file)
        self._witness("download", {"file": file.id, "is_allowed": is_allowed})
        if not is_allowed:
            return web.Response(text=_LOGIN_PAGE, content_type="text/html")
        disposition = "attachment" if "kind" in request.match_info else "inline"
        headers = {"Content-Disposition": disposition, "X-Content-Type-Options": "nosniff"}
        return web.Response(body=file.content, content_type=file.mimetype, headers=headers)

    def _may_read(self, request: web.Request, file: File) -> bool:
        try:
            holder = holder_of(self._workspace, bearer_token(request.headers))
        except SlackRefusal:
            return False
        if "files:read" not in holder.scopes:
            return False
        channels, reader = self._workspace.channels, holder.person.id
        shared_in = [channels[channel] for channel in file.channels if channel in channels]
        return file.user == reader or any(channels.can_see(reader, channel) for channel in shared_in)
