"""Trim the local cache: what was not used for long goes first, until it is small enough."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vbmake.errors import WorkspaceError

DAY = 86_400


@dataclass(frozen=True)
class Trimmed:
    """What a collection removed (or would), and what is left: files and bytes."""

    removed: int
    removed_bytes: int
    kept: int
    kept_bytes: int


def collect(
    directory: Path,
    *,
    max_bytes: int | None = None,
    max_age_days: float | None = None,
    dry_run: bool = False,
    clock: Callable[[], float] = time.time,
) -> Trimmed:
    """Remove files of a local cache that were not used for `max_age_days`, then the longest unused above `max_bytes`.

    A cache marks what it reads as used, at most once a day. Builds may run meanwhile: what they miss, they make again.
    With `dry_run` nothing is removed. Raises WorkspaceError when a file cannot be removed.
    """
    now = clock()
    files = sorted(_files(directory / "v1"))  # the longest unused first
    total = sum(size for _, size, _ in files)
    gone: list[tuple[Path, int]] = []
    for used, size, path in files:
        old = max_age_days is not None and now - used > max_age_days * DAY
        large = max_bytes is not None and total > max_bytes
        # A temporary file of a writer that was killed: no writer takes a day.
        left_over = path.name.startswith(".") and now - used > DAY
        if left_over or (not path.name.startswith(".") and (old or large)):
            gone.append((path, size))
            total -= size
    if not dry_run:
        for path, _ in gone:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise WorkspaceError(f"cannot remove {path}: {error.strerror or error}") from error
    return Trimmed(len(gone), sum(size for _, size in gone), len(files) - len(gone), total)


def mark_used(path: Path, clock: Callable[[], float] = time.time) -> None:
    """Note that a file of the cache was read; costs a write at most once a day."""
    try:
        now = clock()
        if now - path.stat().st_mtime > DAY:
            os.utime(path, (now, now))
    except OSError:
        return  # gone meanwhile, or a cache that is shared read-only


def _files(directory: Path) -> list[tuple[float, int, Path]]:
    """(time of last use, bytes, path) of every file."""
    found = []
    for top, _, names in os.walk(directory):
        for name in names:
            path = Path(top) / name
            try:
                stat = path.stat()
            except OSError:
                continue
            found.append((stat.st_mtime, stat.st_size, path))
    return found
