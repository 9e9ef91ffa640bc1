"""The sha256 of files, computed once for each content: a memo by what stat tells, with git's rule for racy files."""

from __future__ import annotations

import contextlib
import hashlib
import operator
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vbmake.errors import WorkspaceError
from vbmake.run.journal import Journal

RACY_COARSE = 2.0  # seconds: file systems may keep times of 1 or 2 s (FAT, HFS+, some network mounts)
RACY_FINE = 0.05  # seconds: a file system that shows nanoseconds ticks at least every 10 ms (a kernel jiffy)
SMALL = 32 << 10  # bytes

Stamp = tuple[int, int, int, int, int]  # device, inode, size, mtime_ns, ctime_ns


# What of a stat must be equal for the content to be taken as equal. ctime cannot be set back by a program.
stamp_of: Callable[[os.stat_result], Stamp] = operator.attrgetter(
    "st_dev", "st_ino", "st_size", "st_mtime_ns", "st_ctime_ns"
)


def is_racy(stat: os.stat_result, now: float) -> bool:
    """Whether the file could still change without its times changing: its last change is too near to `now`, or ahead.

    Git's rule: a stamp taken in the same tick of the clock as the last write proves nothing. A change that lies ahead
    means that the clock has jumped back; it will come by that tick once more. (A modification time ahead proves
    nothing of the kind: programs set it, `touch` and `unzip` for example. The change time is the kernel's.)
    """
    window = RACY_FINE if stat.st_ctime_ns % 1_000_000 else RACY_COARSE
    return now - stat.st_ctime_ns / 1e9 < window or abs(now - stat.st_mtime_ns / 1e9) < window


def sha256_of(path: Path) -> str:
    """sha256 (hex) of a file's bytes, at the speed of the processor. Raises OSError."""
    with open(path, "rb") as stream:
        head = stream.read(SMALL)
        if len(head) < SMALL:  # that is all of it, for which the library would clear a buffer several times as large
            return hashlib.sha256(head).hexdigest()
        stream.seek(0)
        return hashlib.file_digest(stream, "sha256").hexdigest()


class Digests:
    """The memo: in memory for this process, on disk (`.vbmake/digests.jsonl`) for the next. Thread-safe.

    A file hashed in the same tick as its last write is not remembered: it may change again without its stamp changing.
    """

    def __init__(self, journal: Journal, clock: Callable[[], float] = time.time) -> None:
        self._journal = journal
        self._clock = clock
        self._lock = threading.Lock()
        self._busy: dict[str, threading.Lock] = {}
        self._memo: dict[str, tuple[str, Stamp]] = {}
        self.hashed = 0  # how many files were read, for tests and figures

    def of(self, path: Path | str) -> str:
        """sha256 (hex) of the file. Raises OSError (FileNotFoundError ...)."""
        return self.look(path)[0]

    def hold(self, name: str, size: int, sha256: str) -> bool:
        """Whether the file has these bytes; one of another size is not read. Raises OSError."""
        stat = os.stat(name)
        return stat.st_size == size and (self._known(name, stamp_of(stat)) or self.look(name))[0] == sha256

    def look(self, path: Path | str) -> tuple[str, Stamp]:
        """The digest with the stamp it was true for. Raises OSError."""
        name = os.fspath(path)
        known = self._known(name, stamp_of(os.stat(name)))
        if known is not None:
            return known
        with self._lock:
            one = self._busy.setdefault(name, threading.Lock())
        with one:  # of several threads that ask for one file, one reads it
            return self._known(name, stamp_of(os.stat(name))) or self._hash(name)

    def remembered(self, path: Path | str) -> str | None:
        """The digest of a file that is as it was when it was last read, or None."""
        name = os.fspath(path)
        try:
            known = self._known(name, stamp_of(os.stat(name)))
        except OSError:
            return None
        return None if known is None else known[0]

    def record(self, path: Path | str, sha256: str, *, keep: bool) -> None:
        """Remember the digest of a file that this process has just written; with `keep` for later ones too.

        Only what was flushed to the disk may be kept: a power cut can leave other bytes behind the same stamp.
        Raises OSError.
        """
        name = os.fspath(path)
        stat = os.stat(name)
        self._remember(name, stamp_of(stat), sha256, keep=keep and bool(stat.st_ctime_ns % 1_000_000))

    def forget_missing(self) -> None:
        """Forget files that are not there any more. Only for the holder of the project's lock."""
        for name in self._journal.names():
            if not os.path.lexists(name):
                self._memo.pop(name, None)
                with contextlib.suppress(WorkspaceError):  # full or read-only: remembering too much harms nobody
                    self._journal.drop(name)
        self._journal.compact()

    def _known(self, name: str, stamp: Stamp) -> tuple[str, Stamp] | None:
        """The digest of a file that has this stamp, with it."""
        memo = self._memo.get(name)
        if memo is not None:
            return memo if memo[1] == stamp else None
        record = self._journal.get(name)
        if record is None or record.get("stamp") != list(stamp) or not isinstance(record.get("sha256"), str):
            return None
        memo = self._memo[name] = (str(record["sha256"]), stamp)
        return memo

    def _hash(self, name: str) -> tuple[str, Stamp]:
        for _ in range(5):
            before = os.stat(name)
            began = self._clock()
            sha256 = sha256_of(Path(name))
            self.hashed += 1
            if stamp_of(before) == stamp_of(os.stat(name)):  # else it was written while it was read: of neither content
                if not is_racy(before, began):
                    self._remember(name, stamp_of(before), sha256, keep=True)
                break
        return sha256, stamp_of(before)

    def _remember(self, name: str, stamp: Stamp, sha256: str, keep: bool) -> None:
        self._memo[name] = (sha256, stamp)
        if keep:
            record: dict[str, Any] = {"path": name, "stamp": list(stamp), "sha256": sha256}
            if self._journal.get(name) != record:
                with contextlib.suppress(WorkspaceError):  # full or read-only: forgetting a digest costs only time
                    self._journal.put(record)
