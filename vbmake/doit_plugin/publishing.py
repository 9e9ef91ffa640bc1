"""Publish what was built: what `doit sync` and `sync: {after: build}` have in common."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from typing import Any

from vbmake.cache.mirror import Synced
from vbmake.cache.settings import is_pull_request
from vbmake.doit_plugin.amounts import told_bytes
from vbmake.doit_plugin.events import Events
from vbmake.doit_plugin.project import FilmProject
from vbmake.doit_plugin.terminal import drawable
from vbmake.doit_plugin.unknown import listed
from vbmake.errors import VbmakeError, WorkspaceError
from vbmake.project.remotes import Sync
from vbmake.run.leftovers import old_targets
from vbmake.run.mirroring import mirror
from vbmake.storage.address import storage_at


def publish(
    project: FilmProject,
    address: str,
    *,
    delete: bool = False,
    dry_run: bool = False,
    check: bool = False,
    out: Any,
    events: Events,
) -> Synced:
    """Mirror every final target of a project to an address, tell it, and record it (a dry run does nothing to record).

    Raises WorkspaceError when something is not built as it is declared, or when the place cannot be used.
    """
    began = time.monotonic()
    storage = storage_at(address)
    view = _view(out)
    synced: Synced | None = None
    error = "interrupted"
    try:
        synced = mirror(
            project.workspace,
            project.plan,
            address,
            delete=delete,
            dry_run=dry_run,
            check=check,
            view=view,
            base=project.base,
        )
    except VbmakeError as failure:
        error = str(failure)
        raise
    finally:
        view.close()
        seconds = time.monotonic() - began
        if not dry_run:
            counts = {"ok": synced is not None, "sent": view.files, "bytes": view.bytes, "seconds": round(seconds, 3)}
            told = {"files": synced.files, "deleted": len(synced.deleted)} if synced is not None else {"error": error}
            with contextlib.suppress(WorkspaceError):  # a record that cannot be kept makes no sync fail
                events.write("sync", to=storage.url, **counts, **told)
    if dry_run:
        for name, size in synced.sent.items():
            out.write(f"would send    {name}  {told_bytes(size)}\n")
    for name, size in synced.deleted.items():
        out.write(f"{'would delete' if dry_run else 'deleted':<13} {name}  {told_bytes(size)}\n")
    for name in synced.foreign:
        out.write(f"{'left alone':<13} {name}: it is not what a sync has sent\n")
    if synced.unguarded:
        out.write(f"{storage.url} takes no conditional writes: see that no two syncs go there at once\n")
    if old := old_targets(project.workspace, project.plan):
        out.write(f"not sent, as they are made no more: {listed(old)} (`gc --targets` removes them)\n")
    out.write(f"sync: {_sentence(synced, storage.url, dry_run)} in {seconds:.1f} s\n")
    return synced


def publish_after(project: FilmProject, declared: Sync, out: Any, events: Events) -> int | None:
    """Publish a project that was just built; the exit code, or None where that is left to a later build.

    A pull request publishes nothing: anybody may have made it.
    What cannot be published is built all the same, and the next build tries again.
    """
    if is_pull_request(os.environ):
        out.write("sync: left out, as this is the build of a pull request (`sync` publishes all the same)\n")
        return None
    try:
        publish(project, declared.address, out=out, events=events)
    except VbmakeError as error:
        out.write(f"sync failed: {error}\n    the film is built; `sync` or the next build tries again\n")
        return 1
    return 0


def _sentence(synced: Synced, url: str, dry_run: bool) -> str:
    files = f"{synced.files} {'file' if synced.files == 1 else 'files'}"
    text = f"{url} is as built ({files})"
    if synced.sent:
        verb = "would go" if dry_run else "sent"
        text = f"{len(synced.sent)} of {files} {verb} to {url} ({told_bytes(sum(synced.sent.values()))})"
    if synced.deleted:
        text += f", {len(synced.deleted)} {'would be deleted' if dry_run else 'deleted'}"
    if synced.old:
        text += f", {len(synced.old)} there that are no longer made (--delete removes them)"
    return text


class Lines:
    """One line a file, where there is no terminal. `files` and `bytes` count what was sent, whatever came then."""

    def __init__(self, out: Any) -> None:
        self._out = out
        self._lock = threading.Lock()
        self.files = 0
        self.bytes = 0

    def begin(self, files: int, size: int) -> None:
        """So many files, and bytes, are to be sent."""

    def sent(self, size: int) -> None:
        """So many bytes more were sent."""

    def done(self, name: str, size: int) -> None:
        """A file was sent."""
        with self._lock:
            self.files += 1
            self.bytes += size
            self.tell(f"{'sent':<13} {name}  {told_bytes(size)}")

    def tell(self, text: str) -> None:
        """A line, on its way to the reader."""
        self._out.write(f"{text}\n")

    def close(self) -> None:
        """The sync is over."""


class Bar(Lines):
    """One bar for all files, on a terminal."""

    def __init__(self, out: Any) -> None:
        super().__init__(out)
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
        from rich.progress import TransferSpeedColumn as Speed

        columns = (TextColumn("sync"), BarColumn(bar_width=30), DownloadColumn(), Speed(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=Console(file=out), transient=True)
        self._row = self._progress.add_task("sync", visible=False)

    def begin(self, files: int, size: int) -> None:
        self._progress.start()
        self._progress.update(self._row, total=size, completed=0, visible=True)

    def sent(self, size: int) -> None:
        self._progress.advance(self._row, size)

    def tell(self, text: str) -> None:
        self._progress.console.print(text, markup=False, highlight=False)

    def close(self) -> None:
        self._progress.stop()


def _view(out: Any) -> Lines:
    return Bar(out) if drawable(out) else Lines(out)
