"""What can go wrong with the disk, told in words: full, read-only, forbidden."""

from __future__ import annotations

import errno
import os

from vbmake.errors import WorkspaceError

ROOM = 16 << 10  # bytes with which nothing can be done
FULL = "the disk is full; free some space and build again: everything finished so far is kept"
_WORDS = {
    errno.ENOSPC: FULL,
    errno.EDQUOT: "the disk quota is used up; free some space and build again: everything finished so far is kept",
    errno.EROFS: "the file system is read-only; build in a directory that can be written",
    errno.EACCES: "permission denied; make it writable for this user",
    errno.EPERM: "permission denied; make it writable for this user",
    errno.EISDIR: "a directory stands where a file is made; move it away",
    errno.ENOTDIR: "a file stands where a directory is needed; move it away",
    errno.ENAMETOOLONG: "the name is too long for this file system; shorten it",
}


def is_full(error: OSError) -> bool:
    """Whether a write failed for want of room, and not of what was read."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def has_no_room(path: os.PathLike[str] | str) -> bool:
    """Whether the disk on which this is has no room left."""
    try:
        found = os.statvfs(path)
    except OSError:
        return False
    return found.f_bavail * found.f_frsize < ROOM


def words(error: OSError) -> str:
    """What happened and what to do, for people."""
    return _WORDS.get(error.errno or 0, error.strerror or str(error))


class explained:  # a class, and named as what it does: a generator takes five times as long, several times a job
    """Turn an OSError in the block into a WorkspaceError that names the path and the mend."""

    __slots__ = ("_path", "_verb")

    def __init__(self, verb: str, path: os.PathLike[str] | str) -> None:
        self._verb = verb
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, OSError):
            raise WorkspaceError(f"cannot {self._verb} {os.fspath(self._path)}: {words(error)}") from error
