"""One build at a time in a project: an advisory lock that dies with its holder."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from vbmake.errors import WorkspaceError
from vbmake.run.disk import explained


@contextlib.contextmanager
def project_lock(path: Path) -> Iterator[None]:
    """Hold the project's lock. Raises WorkspaceError that names the process and the host of another holder.

    The file stays: removing a lock file that another process has just opened would let two hold it.
    """
    with explained("write", path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise WorkspaceError(f"another build runs here{_holder(handle)}; wait for it, or end it") from None
        with explained("write", path):
            os.ftruncate(handle, 0)
            os.pwrite(handle, json.dumps({"pid": os.getpid(), "host": socket.gethostname()}).encode(), 0)
        yield
    finally:
        os.close(handle)


def _holder(handle: int) -> str:
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        found = json.loads(os.pread(handle, 4096, 0))
        return f" (process {int(found['pid'])} on {found['host']})"
    return ""
