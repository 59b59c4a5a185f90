"""Files: uploaded in two steps as Slack wants it (ask for an address, then complete), shared in channels, deleted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from machine.sandbox.refusal import SlackRefusal
from machine.sandbox.state.changes import Announce, FileChanged
from machine.sandbox.state.clock import Timeline
from machine.sandbox.state.objects import File


class Files:
    """The files by id, and the uploads that wait for their bytes."""

    def __init__(self, timeline: Timeline, announce: Announce) -> None:
        self._timeline = timeline
        self._announce = announce
        self._files: dict[str, File] = {}

    def expect(self, name: str, size: int, user: str, alt_text: str | None = None) -> File:
        """Begin an upload; the file's id is also the ticket of the upload address.

        Raises:
            SlackRefusal: `file_upload_size_restricted` for a size that is not positive.
        """
        if size <= 0:
            raise SlackRefusal("file_upload_size_restricted")
        file = File(self._timeline.next_id("F"), name, name, user, int(self._timeline.now), size, alt_text=alt_text)
        self._files[file.id] = file
        return file

    def receive(self, file_id: str, content: bytes) -> File:
        """Take the bytes of an upload that has begun.

        Raises:
            SlackRefusal: `file_not_found` for an unknown ticket.
        """
        file = self._files.get(file_id)
        if file is None or file.is_complete:
            raise SlackRefusal("file_not_found")
        self._files[file_id] = replace(file, content=content, size=len(content))
        return self._files[file_id]

    def complete(self, file_id: str, title: str | None, channels: Sequence[str]) -> File:
        """End an upload, so that the file exists.

        Raises:
            SlackRefusal: `file_not_found` for an unknown upload or one without bytes.
        """
        file = self._files.get(file_id)
        if file is None or file.is_complete or not file.content:
            raise SlackRefusal("file_not_found")
        file = replace(file, title=title or file.name, channels=tuple(channels), is_complete=True)
        self._files[file_id] = file
        self._announce(FileChanged(file, "created"))
        for channel in channels:
            self._announce(FileChanged(file, "shared", channel))
        return file

    def known(self, file_id: str) -> File:
        """The complete file with this id.

        Raises:
            SlackRefusal: `file_not_found`.
        """
        file = self._files.get(file_id)
        if file is None or not file.is_complete:
            raise SlackRefusal("file_not_found")
        return file

    def all(self) -> list[File]:
        """Every complete file, newest first."""
        return [file for file in reversed(self._files.values()) if file.is_complete]

    def restore(self, files: Iterable[File]) -> None:
        """Take files in as they were, oldest first, without announcing them."""
        self._files |= {file.id: file for file in files}

    def delete(self, file_id: str) -> None:
        """Delete a file.

        Raises:
            SlackRefusal: `file_not_found`.
        """
        file = self.known(file_id)
        del self._files[file_id]
        self._announce(FileChanged(file, "deleted"))
