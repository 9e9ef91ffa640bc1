"""The private directory of each running job below `.vbmake/tmp`, and the removal of those whose process is gone."""

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

__all__ = ["private_directory", "process_mark", "remove_stale"]

_count = itertools.count()


@functools.cache
def _own_mark(pid: int) -> str | None:
    return process_mark(pid)


@contextlib.contextmanager
def private_directory(parent: Path) -> Iterator[Path]:
    """A new empty directory that is gone when the block is left, however it is left."""
    path = parent / f"{_own_mark(os.getpid())}-{next(_count)}"
    with explained("make", path):
        path.mkdir(parents=True)
    try:
        yield path
    finally:
        try:
            os.rmdir(path)  # as jobs leave it: what they made has been moved to its place
        except OSError:
            shutil.rmtree(path, ignore_errors=True)


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
