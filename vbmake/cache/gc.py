"""Trim the local cache: what was not used for long goes first, until it is small enough."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from vbmake.errors import WorkspaceError
from vbmake.storage.packed import FILE
from vbmake.storage.small import DAMAGED, SmallObjects

DAY = 86_400


@dataclass(frozen=True)
class Trimmed:
    """What a collection removed (or would), and what is left: objects and bytes."""

    removed: int
    removed_bytes: int
    kept: int
    kept_bytes: int


@dataclass(frozen=True, order=True, slots=True)
class _Object:
    """Something in a cache, the longest unused first; with a file of its own, or packed with the other small ones."""

    used: float
    size: int
    name: str
    packed: bool

    @property
    def left_over(self) -> bool:
        """Whether nobody will read it: a temporary file, a damaged one."""
        return not self.packed and (os.path.basename(self.name).startswith(".") or self.name.endswith(DAMAGED))


def collect(
    directory: Path,
    *,
    max_bytes: int | None = None,
    max_age_days: float | None = None,
    dry_run: bool = False,
    clock: Callable[[], float] = time.time,
) -> Trimmed:
    """Remove what was not used for `max_age_days` from a local cache, then the longest unused above `max_bytes`.

    A cache marks what it reads as used, at most once a day. Builds may run meanwhile: what they miss, they make again.
    With `dry_run` nothing is removed. Raises WorkspaceError when something cannot be read or removed.
    """
    now = clock()
    small = SmallObjects(directory / FILE)
    with contextlib.closing(small):
        with _told("read", small.path):
            objects = sorted([*_files(directory), *_packed(small)])
        total = sum(one.size for one in objects)
        gone: list[_Object] = []
        for one in objects:
            old = max_age_days is not None and now - one.used > max_age_days * DAY
            large = max_bytes is not None and total > max_bytes
            # A temporary file may be a writer's; after a day, of one that was killed: no writer takes so long.
            if now - one.used > DAY if one.left_over else old or large:
                gone.append(one)
                total -= one.size
        if not dry_run:
            _remove(gone, small)
    return Trimmed(len(gone), sum(one.size for one in gone), len(objects) - len(gone), total)


def mark_used(path: Path, clock: Callable[[], float] = time.time) -> None:
    """Note that a file of the cache was read; costs a write at most once a day."""
    try:
        now = clock()
        if now - path.stat().st_mtime > DAY:
            os.utime(path, (now, now))
    except OSError:
        return  # gone meanwhile, packed with others, or a cache that is shared read-only


def _remove(gone: list[_Object], small: SmallObjects) -> None:
    for one in gone:
        if not one.packed:
            with _told("remove", Path(one.name)):
                Path(one.name).unlink(missing_ok=True)
    names = [one.name for one in gone if one.packed]
    if names:
        with _told("remove from", small.path):
            small.remove(names)


def _packed(small: SmallObjects) -> Iterator[_Object]:
    return (_Object(row.used, row.size, row.name, True) for row in small.rows())


def _files(directory: Path) -> Iterator[_Object]:
    """Every file but those that small objects lie in."""
    packed = {str(directory / f"{FILE}{end}") for end in ("", "-journal")}
    for top, _, names in os.walk(directory / "v1"):
        for path in (os.path.join(top, name) for name in names):
            with contextlib.suppress(OSError):
                if path not in packed:
                    stat = os.stat(path)
                    yield _Object(stat.st_mtime, stat.st_size, path, False)


@contextlib.contextmanager
def _told(verb: str, path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WorkspaceError(f"cannot {verb} {path}: {error.strerror or error}") from error
