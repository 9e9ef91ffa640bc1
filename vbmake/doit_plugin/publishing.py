"""Publish what was built: what `doit sync` and `sync: {after: build}` have in common."""

from __future__ import annotations

import os
import socket
import threading
import time
from pathlib import Path
from typing import Any

from vbmake.cache.mirror import Synced, Writer, sync
from vbmake.cache.settings import is_pull_request
from vbmake.doit_plugin.amounts import told_bytes
from vbmake.doit_plugin.project import FilmProject
from vbmake.errors import VbmakeError, WorkspaceError
from vbmake.project.remotes import Sync
from vbmake.run.complete import final_targets
from vbmake.run.private import process_mark
from vbmake.storage.address import storage_at

BUILD = "build/"  # what is published has its path below this folder


def publish(project: FilmProject, address: str, *, delete: bool, dry_run: bool, out: Any) -> Synced:
    """Mirror every final target of a project to an address, and tell it.

    Raises WorkspaceError when something is not built as it is declared, or when the place cannot be used.
    """
    began = time.monotonic()
    storage = storage_at(address)
    files = targets(project)
    digests = project.workspace.digests
    view = _view(out)
    try:
        synced = sync(storage, files, digests.of, writer=writer(), delete=delete, dry_run=dry_run, view=view)
    finally:
        view.close()
    if dry_run:
        for name, size in synced.sent.items():
            out.write(f"would send    {name}  {told_bytes(size)}\n")
    for name, size in synced.deleted.items():
        out.write(f"{'would delete' if dry_run else 'deleted':<13} {name}  {told_bytes(size)}\n")
    out.write(f"sync: {_sentence(synced, storage.url, dry_run)} in {time.monotonic() - began:.1f} s\n")
    return synced


def publish_after(project: FilmProject, declared: Sync, out: Any) -> int:
    """Publish a project that was just built; the exit code. A pull request publishes nothing: anybody may have made it.

    What cannot be published is built all the same, and the next build tries again.
    """
    if is_pull_request(os.environ):
        out.write("sync: left out, as this is the build of a pull request (`sync` publishes all the same)\n")
        return 0
    try:
        publish(project, declared.address, delete=False, dry_run=False, out=out)
    except VbmakeError as error:
        out.write(f"sync failed: {error}\n    the film is built; `sync` or the next build tries again\n")
        return 1
    return 0


def targets(project: FilmProject) -> dict[str, Path]:
    """The final targets by the names under which they are published. Raises WorkspaceError unless all are current."""
    plan = project.plan
    statuses = project.workspace.survey(plan)
    behind = [job for job in plan.jobs if job.final and statuses[job.id].state != "current"]
    if behind or plan.pending:
        shown = ", ".join(project.path(path) for job in behind[:3] for path in job.outputs.values())
        more = f" and {len(behind) - 3} more" if len(behind) > 3 else ""
        what = f"{shown}{more}" if behind else "the film"
        raise WorkspaceError(f"not built as declared: {what}; build first, then sync")
    paths = final_targets(plan)
    cut = len(BUILD) if all(path.startswith(BUILD) for path in paths) else 0
    return {path[cut:]: project.root / path for path in paths}


def writer() -> Writer:
    """This process among all that may sync to the same place."""
    host = socket.gethostname()

    def dead(name: str) -> bool:
        there, _, mark = name.partition("/")
        pid = mark.partition("-")[0]
        return there == host and pid.isdigit() and process_mark(int(pid)) != mark

    return Writer(f"{host}/{process_mark(os.getpid())}", dead)


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
    """One line a file, where there is no terminal."""

    def __init__(self, out: Any) -> None:
        self._out = out
        self._lock = threading.Lock()

    def begin(self, files: int, size: int) -> None:
        """So many files, and bytes, are to be sent."""

    def sent(self, size: int) -> None:
        """So many bytes more were sent."""

    def done(self, name: str, size: int) -> None:
        """A file was sent."""
        with self._lock:
            self._out.write(f"{'sent':<13} {name}  {told_bytes(size)}\n")

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

    def done(self, name: str, size: int) -> None:
        self._progress.console.print(f"{'sent':<13} {name}  {told_bytes(size)}", markup=False, highlight=False)

    def close(self) -> None:
        self._progress.stop()


def _view(out: Any) -> Lines:
    return Bar(out) if getattr(out, "isatty", lambda: False)() else Lines(out)
