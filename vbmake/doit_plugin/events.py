"""The record of a build: `.vbmake/events.jsonl`, one JSON object a line, written before one waits: a kill loses none.

Every line has `event`, `time` (ISO 8601, UTC) and `run`; lines about jobs have `job`. The events:

    begin   jobs            a build begins (or a later round of planning: `round` counts from 1)
    start   pool            a job's action begins
    retry   seconds, error  a job failed in a way that may pass and is tried again after so many seconds
    job     how, seconds    a job ended: how = ran, fetched, current, failed, ignored or blocked (what it needs failed);
            error, place    for a failed one
    sync    to, ok, sent, bytes, seconds   targets were mirrored (by `sync`, or after a build that says so): so many
            files, deleted   files and bytes went there; how many there are now, and were deleted
            error            where it failed, or was interrupted
    end     exit, seconds, totals   the build ended, and the sync after it

The record is trimmed to its newest half when it has grown large and nobody has it open to write.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vbmake.disk import explained
from vbmake.plan.canonical import compact_json
from vbmake.run.publish import replacing

EVENTS = Path(".vbmake") / "events.jsonl"
LARGE = 64_000_000  # bytes: some three hundred thousand jobs


@functools.lru_cache(maxsize=16)
def _second(second: int) -> str:
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%S}"


def _told(at: float) -> str:
    """ISO 8601, UTC, of a time in s since 1970. (`isoformat` takes several times as long, twice a job.)"""
    second, millisecond = divmod(int(at * 1000), 1000)
    return f"{_second(second)}.{millisecond:03d}+00:00"


def trim(root: Path) -> None:
    """Keep the newest half of a record that has grown large. Only for the holder of the project's lock."""
    path = root / EVENTS
    with contextlib.suppress(OSError):  # a record that cannot be trimmed, or in which somebody writes, grows
        if path.stat().st_size <= LARGE:
            return
        with open(path, "rb+") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            stream.seek(-(LARGE // 2), os.SEEK_END)
            stream.readline()  # the rest of a line
            with replacing(path) as newest:
                newest.write(stream.read())


class Events:
    """Appends the events of one run of one project. Written by the dispatching thread alone."""

    def __init__(self, root: Path, run: str = "", clock: Callable[[], float] = time.time) -> None:
        self._path = root / EVENTS
        self._clock = clock
        self._handle: int | None = None
        self._noted: list[bytes] = []
        began = datetime.fromtimestamp(clock(), UTC)
        self.run = run or f"{began:%Y%m%dT%H%M%S}-{os.getpid()}-{secrets.token_hex(2)}"

    def write(self, event: str, **fields: Any) -> None:
        """Append one event. Raises WorkspaceError when the directory cannot be written."""
        self.note(event, **fields)
        self.flush()

    def note(self, event: str, at: float | None = None, **fields: Any) -> None:
        """An event (of now, or of `at` in s since 1970) that `flush` appends, with others: before one waits."""
        when = _told(self._clock() if at is None else at)
        self._noted.append(compact_json({"event": event, "time": when, "run": self.run, **fields}))

    def flush(self) -> None:
        """Append what was noted. Raises WorkspaceError when the directory cannot be written."""
        if not self._noted:
            return
        lines = b"\n".join([*self._noted, b""])
        self._noted.clear()
        told = lines.decode("utf-8", "replace").encode()  # (names of files may be no Unicode)
        with explained("write", self._path):
            while self._handle is None:
                self._handle = self._opened()
            os.write(self._handle, told)  # whole lines at once: two builds never mix in one

    def _opened(self) -> int | None:
        """The record, held against trimming; None when it was trimmed just now, and so is another file."""
        self._path.parent.mkdir(exist_ok=True)
        handle = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)  # (NFS wants who holds to read)
        with contextlib.suppress(FileNotFoundError):
            fcntl.flock(handle, fcntl.LOCK_SH)
            if os.path.samestat(os.fstat(handle), os.stat(self._path)):
                return handle
        os.close(handle)
        return None

    def close(self) -> None:
        """Close the file."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
