"""Watches the files a bot is made of, and tells which have changed.

The operating system gives notice where it can. Network and shared file systems give none, or not of what others write:
there the files are looked at every second instead.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import watchfiles

from machine.loading.source_files import is_source, sources_in
from machine.loading.symlinks import behind_symlinks
from machine.logger import get_logger

# How long changes are collected at most, and how long a pause ends a batch, in ms: 14 ms from save to notice (p50).
DEBOUNCE_MS = 50
STEP_MS = 10
# The project's own folder holds settings and helpers, which change seldom: a longer step costs less when idle.
ROOT_DEBOUNCE_MS = 200
ROOT_STEP_MS = 50
SCAN_INTERVAL_S = 1.0
# A reload that takes longer, as one whose `init()` hangs, is not waited for: the next save may put an end to it.
PATIENCE_S = 0.2
# A file changed this recently is compared by content: some file systems keep time in steps of seconds.
RECENT_S = 5.0

_WATCHES = 3  # at once: the project's folder, those below, and those behind symbolic links
_SILENT_FILE_SYSTEMS = ("nfs", "cifs", "smb", "9p", "drvfs", "vboxsf", "fuse.sshfs", "fuse.vmhgfs", "afs", "prl_fs")

_logger = get_logger(__name__)


class Watcher:
    """Calls `changed` with the files that changed, until it is closed.

    A reload that takes long does not keep it from noticing the next save.

    Args:
        root: The project's folder; files directly in it are watched.
        folders: The folders that are watched with all that is below; asked again after each change, and those that do
            not exist yet are watched as soon as they do.
        changed: Told of files that were written, created or deleted: source code, `*.toml`, and `files`.
        files: Files that may really lie elsewhere, as symbolic links do; they are watched there. Asked again after each
            change.
        scan: Look at the files instead of waiting for notices; by default where the file system gives none.
    """

    def __init__(
        self,
        root: Path,
        folders: Callable[[], Iterable[Path]],
        changed: Callable[[set[Path]], Awaitable[object]],
        *,
        files: Callable[[], Collection[Path]] = tuple,
        scan: bool | None = None,
    ) -> None:
        self._root = root
        self._folders = folders
        self._changed = changed
        self._files = files
        self._scan = gives_no_notice(root) if scan is None else scan
        self._stop = asyncio.Event()
        self._stop_threads = threading.Event()
        # Not `watchfiles.awatch`: its idle threads end with the event loop only, and a bot that stops would wait.
        self._threads = ThreadPoolExecutor(_WATCHES, thread_name_prefix="watching")
        self._appeared = asyncio.Event()
        self._moved = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._telling: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin to watch."""
        if self._scan:
            _logger.info("Files are looked at every second: this file system gives no notice of changes")
            self._tasks = [asyncio.create_task(self._watch_by_scanning(), name="watcher")]
        else:
            self._tasks = [
                asyncio.create_task(self._watch_root(), name="watcher of the project"),
                asyncio.create_task(self._watch_folders(), name="watcher of the folders"),
                asyncio.create_task(self._watch_behind_symlinks(), name="watcher behind symbolic links"),
            ]

    async def close(self) -> None:
        """Stop watching, after a reload that is under way."""
        self._stop.set()
        self._stop_threads.set()
        self._appeared.set()
        self._moved.set()
        await asyncio.gather(*self._tasks)
        await asyncio.gather(*self._telling)
        self._threads.shutdown(wait=False)

    async def _watch_root(self) -> None:
        is_first_pause = True
        async for batch in self._batches(
            [self._root],
            recursive=False,
            debounce=ROOT_DEBOUNCE_MS,
            step=ROOT_STEP_MS,
        ):
            paths = batch
            if is_first_pause and not batch:
                is_first_pause, paths = False, set(self._root.iterdir())  # see `_notices`
            if not paths:
                continue
            if any(path.is_dir() for path in paths):
                self._appeared.set()
            known = self._files()  # of which the settings may have any name
            await self._tell(path for path in paths if is_source(path, [self._root]) or path in known)

    async def _watch_folders(self) -> None:
        known: set[Path] = set()
        while not self._stop.is_set():
            folders = {folder for folder in self._folders() if folder.is_dir()}
            if appeared := folders - known:  # what was written before the watching began
                await self._tell(path for folder in appeared if known for path in sources_in(folder))
            known = folders
            self._appeared.clear()
            if not folders:
                known = {self._root}
                await self._appeared.wait()
                continue
            async for paths in self._notices(folders):
                await self._tell(paths)
                if {folder for folder in self._folders() if folder.is_dir()} != folders:
                    break

    async def _notices(self, folders: set[Path]) -> AsyncIterator[set[Path]]:
        """Changes below `folders`; an empty set when the folders may be others now."""
        is_first_pause = True
        async for batch in self._batches(
            folders,
            is_wanted=lambda path: is_source(path, folders),
            debounce=DEBOUNCE_MS,
            step=STEP_MS,
        ):
            if is_first_pause and not batch:
                is_first_pause = False
                # What was saved while the watching began would go unnoticed; contents are compared anyway.
                yield {path for folder in folders for path in sources_in(folder)}
            else:
                yield batch

    async def _watch_behind_symlinks(self) -> None:
        while not self._stop.is_set():
            places = await self._places()
            folders = _there(real.parent for real in places)
            if not folders:
                with contextlib.suppress(TimeoutError):  # a folder that is not there gives no notice when it comes
                    async with asyncio.timeout(SCAN_INTERVAL_S if places else None):
                        await self._moved.wait()
                continue
            async for paths in self._notices_behind_symlinks(places, folders):
                await self._tell(paths)
                is_other = _there(real.parent for real in places) != folders
                if is_other or (self._moved.is_set() and await self._places() != places):
                    break

    async def _places(self) -> Mapping[Path, set[Path]]:
        self._moved.clear()
        return await asyncio.to_thread(lambda: behind_symlinks(self._files(), self._root, self._folders()))

    async def _notices_behind_symlinks(
        self, places: Mapping[Path, set[Path]], folders: Iterable[Path]
    ) -> AsyncIterator[set[Path]]:
        """Changes of files that really lie at `places`, by the names that the bot knows."""
        is_first_pause = True
        async for batch in self._batches(
            folders,
            recursive=False,
            debounce=ROOT_DEBOUNCE_MS,
            step=ROOT_STEP_MS,
        ):
            seen = places if is_first_pause and not batch else batch  # see above
            is_first_pause = is_first_pause and bool(batch)
            yield {known for real in seen for known in places.get(real, ())}

    async def _batches(
        self,
        folders: Iterable[Path],
        *,
        debounce: int,
        step: int,
        recursive: bool = True,
        is_wanted: Callable[[Path], bool] = lambda _: True,
    ) -> AsyncIterator[set[Path]]:
        """What has changed in folders, until the watcher is closed; an empty set at each second without a change."""
        changes = watchfiles.watch(
            *folders,
            watch_filter=lambda _change, path: is_wanted(Path(path)),
            debounce=debounce,
            step=step,
            stop_event=self._stop_threads,
            rust_timeout=1000,
            yield_on_timeout=True,
            raise_interrupt=False,
            recursive=recursive,
        )
        loop = asyncio.get_running_loop()
        while (batch := await loop.run_in_executor(self._threads, next, changes, None)) is not None:
            yield {Path(path) for _, path in batch}

    async def _watch_by_scanning(self) -> None:
        before = await asyncio.to_thread(self._look)
        while not self._stop.is_set():
            try:
                async with asyncio.timeout(SCAN_INTERVAL_S):
                    await self._stop.wait()
            except TimeoutError:
                now = await asyncio.to_thread(self._look)
                await self._tell(path for path in before.keys() | now.keys() if before.get(path) != now.get(path))
                before = now

    def _look(self) -> dict[Path, tuple[object, ...]]:
        found = [path for path in self._root.iterdir() if is_source(path, [self._root])]
        for folder in self._folders():
            if folder.is_dir():
                found += [path for path in folder.rglob("*") if is_source(path, [folder])]
        return {path: _signature(path) for path in (*found, *self._files())}

    async def _tell(self, paths: Iterable[Path]) -> None:
        """Tell of changes; returns when they are dealt with, or when that takes long."""
        changed = set(paths)
        if not changed:
            return
        task = asyncio.create_task(self._deal_with(changed))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)
        await asyncio.wait({task}, timeout=PATIENCE_S)

    async def _deal_with(self, changed: set[Path]) -> None:
        try:
            await self._changed(changed)
        except Exception as error:  # the watcher must live on, whatever a reload does
            _logger.error("Reload failed", files=sorted(map(str, changed)), exc_info=error)
        finally:
            self._moved.set()


def gives_no_notice(path: Path) -> bool:
    """Whether a folder lies on a file system that does not tell of changes, as far as the system says."""
    try:
        mounts = Path("/proc/mounts").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    best, kind = "", ""
    for mount in mounts:
        _, point, mount_kind, *_ = mount.split()
        if len(point) >= len(best) and path.is_relative_to(point.replace("\\040", " ")):
            best, kind = point, mount_kind
    return kind.startswith(_SILENT_FILE_SYSTEMS)


def _there(folders: Iterable[Path]) -> dict[Path, int]:
    """Those of the folders that exist, each with what tells it from another that takes its place."""
    found = {}
    for folder in set(folders):
        with contextlib.suppress(OSError):
            found[folder] = folder.stat().st_ino
    return found


def _signature(path: Path) -> tuple[object, ...]:
    try:
        state = path.stat()
        recent = path.read_bytes() if time.time() - state.st_mtime < RECENT_S else b""
    except OSError:
        return ()
    return (state.st_mtime_ns, state.st_size, state.st_ino, hash(recent) if recent else 0, os.fspath(path))
