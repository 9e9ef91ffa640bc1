"""The private directories of running jobs below `.vbmake/tmp`, and the removal of those whose process is gone."""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from vbmake.disk import explained
from vbmake.process import end_orphans, process_mark
from vbmake.rules.environment import GIVEN

__all__ = ["PrivateDirectories", "process_mark", "remove_stale"]

MOMENT = 0.01  # seconds: what was clear so shortly ago is not looked at again
_count = itertools.count()


@functools.cache
def _own_mark(pid: int) -> str | None:
    return process_mark(pid)


class PrivateDirectories:
    """Empty directories, lent to one job at a time. Thread-safe.

    One whose job went well is cleared of what it has left, and lent again if it is still clear then: to make and remove
    directories takes longer than many jobs. `close` removes those that rest.
    """

    def __init__(self, parent: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._parent = parent
        self._clock = clock
        self._resting: list[tuple[Path, float]] = []  # with the time at which each was seen to be clear

    def one(self) -> _Loan:
        """A block that has an empty directory to itself. Raises WorkspaceError when none can be made.

        What a job that failed has left in it is gone at once, what one that went well has left before long.
        """
        return _Loan(self)

    def take_back(self, path: Path) -> None:
        """Clear a directory, and keep it to lend it again."""
        try:
            if os.listdir(path):
                for left in _left(path):
                    _remove(left)
            self._resting.append((path, self._clock()))
        except OSError:
            shutil.rmtree(path, ignore_errors=True)

    def close(self) -> None:
        """Remove the directories that rest; others may be lent afterwards."""
        while self._resting:
            shutil.rmtree(self._resting.pop()[0], ignore_errors=True)

    def lend(self) -> Path:
        """An empty directory, until it is given back."""
        try:
            path, seen = self._resting.pop()
        except IndexError:
            return self._new()
        if self._clock() - seen < MOMENT or _is_clear(path):
            return path
        shutil.rmtree(path, ignore_errors=True)  # a program that outlived its job writes there, or it is gone
        return self._new()

    def _new(self) -> Path:
        path = self._parent / f"{_own_mark(os.getpid())}-{next(_count)}"
        with explained("make", path):
            path.mkdir(parents=True)
        return path


class _Loan:
    """The block of `PrivateDirectories.one`. (A generator would take longer.)"""

    __slots__ = ("_directories", "_path")

    def __init__(self, directories: PrivateDirectories) -> None:
        self._directories = directories

    def __enter__(self) -> Path:
        self._path = self._directories.lend()
        return self._path

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is None:
            self._directories.take_back(self._path)
        else:
            shutil.rmtree(self._path, ignore_errors=True)


def remove_stale(parent: Path) -> int:
    """Remove the directories of processes that were killed, and end what still works there. Returns how many."""
    removed = 0
    with contextlib.suppress(OSError):
        for path in sorted(parent.iterdir()):
            mark = path.name.rpartition("-")[0]
            pid = mark.partition("-")[0]
            if pid.isdigit() and process_mark(int(pid)) == mark:
                continue
            end_orphans(path)
            shutil.rmtree(path, ignore_errors=True)
            removed += 1
    return removed


def _is_clear(path: Path) -> bool:
    """Whether it is a directory that a job can be given."""
    try:
        return next(_left(path), None) is None
    except OSError:
        return False


def _left(path: Path) -> Iterator[str]:
    """What is in a directory beside what every command is given (`vbmake.rules.environment`). Raises OSError."""
    for name in os.listdir(path):
        inner = os.path.join(path, name)
        if name not in GIVEN or not stat.S_ISDIR(os.lstat(inner).st_mode):
            yield inner
            continue
        for file in os.listdir(inner):
            one = os.path.join(inner, file)
            if file not in GIVEN[name] or not stat.S_ISREG(os.lstat(one).st_mode):
                yield one


def _remove(path: str) -> None:
    """Remove a file, a link, or a folder with all that is in it. Raises OSError."""
    try:
        os.unlink(path)
    except (IsADirectoryError, PermissionError):  # (the latter on macOS)
        shutil.rmtree(path)
