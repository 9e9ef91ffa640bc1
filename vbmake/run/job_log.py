"""The logs of jobs: each begun anew when its job runs, and made only when something is said."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


class JobLog:
    """Takes lines, from whatever thread, while its block lasts. A log that cannot be written fails no job."""

    def __init__(self, begin: Callable[[], Path]) -> None:
        """`begin` is called for the log's path when there is something to say."""
        self._begin = begin
        self._lock = threading.Lock()
        self._stream: TextIO | None = None
        self._open = True

    def __call__(self, line: str) -> None:
        """Append a line, to be read at once."""
        with self._lock, contextlib.suppress(OSError, ValueError):
            if not self._open:
                return
            if self._stream is None:
                self._stream = open(self._begin(), "w", encoding="utf-8", errors="replace")  # noqa: SIM115  # see __exit__
            self._stream.write(line + "\n")
            self._stream.flush()

    def __enter__(self) -> JobLog:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._open = False
            if self._stream is not None:
                with contextlib.suppress(OSError):
                    self._stream.close()


class JobLogs:
    """The folder of the logs. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: bool | None = None  # whether there are any; None: nobody has looked

    def path(self, job_id: str) -> Path:
        """Where the log of a job's last run is: a name that a person can read and that no two jobs share."""
        name = _UNSAFE.sub("_", job_id)[:80]
        return self._folder / f"{name}-{hashlib.sha256(job_id.encode()).hexdigest()[:8]}.log"

    def of(self, job_id: str) -> JobLog:
        """The log of a run that begins; what an earlier run said is gone."""
        if self._made is None:
            self._made = os.path.lexists(self._folder)
        if self._made:
            with contextlib.suppress(OSError):
                os.unlink(self.path(job_id))
        return JobLog(functools.partial(self._begin, job_id))

    def _begin(self, job_id: str) -> Path:
        self._made = True
        self._folder.mkdir(parents=True, exist_ok=True)
        return self.path(job_id)
