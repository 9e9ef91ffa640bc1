"""One build at a time in a project: an advisory lock that dies with its holder."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from vbmake.disk import explained
from vbmake.errors import WorkspaceError


@contextlib.contextmanager
def project_lock(path: Path, *, reading: bool = False) -> Iterator[None]:
    """Hold the project's lock. Raises WorkspaceError that names the process and the host of another holder.

    Who says `reading` writes nothing, and is let in where nothing can be written, unless a build can be seen to run.
    The file stays: removing a lock file that another process has just opened would let two hold it.
    """
    handle = _opened(path, reading)
    if handle is None:
        yield
        return
    try:
        writable = fcntl.fcntl(handle, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY
        try:
            fcntl.flock(handle, (fcntl.LOCK_EX if writable else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            raise WorkspaceError(f"another build runs here{_holder(handle)}; wait for it, or end it") from None
        if writable:
            with explained("write", path):
                os.ftruncate(handle, 0)
                os.pwrite(handle, json.dumps({"pid": os.getpid(), "host": socket.gethostname()}).encode(), 0)
        yield
    finally:
        os.close(handle)


def _opened(path: Path, reading: bool) -> int | None:
    """The lock file, opened for writing; for one who only reads as far as it may be, and None where it may not."""
    try:
        with explained("write", path):
            path.parent.mkdir(parents=True, exist_ok=True)
            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except WorkspaceError:
        if not reading:
            raise
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None


def _holder(handle: int) -> str:
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        found = json.loads(os.pread(handle, 4096, 0))
        return f" (process {int(found['pid'])} on {found['host']})"
    return ""
