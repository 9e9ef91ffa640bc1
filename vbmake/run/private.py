"""The private directories of running jobs below `.vbmake/tmp`, and the removal of those whose process is gone."""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from vbmake.process import process_mark
from vbmake.run.disk import explained

__all__ = ["PrivateDirectories", "process_mark", "remove_stale"]

_count = itertools.count()


@functools.cache
def _own_mark(pid: int) -> str | None:
    return process_mark(pid)


class PrivateDirectories:
    """Empty directories, lent to one job at a time. Thread-safe.

    One whose job went well is lent again when it is empty, as most are (what was made has been moved to its place):
    making and removing a directory takes longer than many jobs. `close` removes those that rest.
    """

    def __init__(self, parent: Path) -> None:
        self._parent = parent
        self._resting: list[Path] = []

    @contextlib.contextmanager
    def one(self) -> Iterator[Path]:
        """An empty directory that nobody else has. Raises WorkspaceError when none can be made.

        What a job that failed has left in it is gone at once, what one that went well has left before long.
        """
        path = self._lent()
        try:
            yield path
        except BaseException:
            shutil.rmtree(path, ignore_errors=True)
            raise
        self._resting.append(path)

    def close(self) -> None:
        """Remove the directories that rest; others may be lent afterwards."""
        while self._resting:
            shutil.rmtree(self._resting.pop(), ignore_errors=True)

    def _lent(self) -> Path:
        with contextlib.suppress(IndexError):
            path = self._resting.pop()
            if _is_empty(path):
                return path
            shutil.rmtree(path, ignore_errors=True)  # its job left scratch files, or it is gone
        path = self._parent / f"{_own_mark(os.getpid())}-{next(_count)}"
        with explained("make", path):
            path.mkdir(parents=True)
        return path


def remove_stale(parent: Path) -> int:
    """Remove the directories of processes that were killed. Returns how many there were."""
    removed = 0
    with contextlib.suppress(OSError):
        for path in sorted(parent.iterdir()):
            mark = path.name.rpartition("-")[0]
            pid = mark.partition("-")[0]
            if pid.isdigit() and process_mark(int(pid)) == mark:
                continue
            shutil.rmtree(path, ignore_errors=True)
            removed += 1
    return removed


def _is_empty(path: Path) -> bool:
    """Whether it is a directory with nothing in it."""
    try:
        return not os.listdir(path)
    except OSError:
        return False
