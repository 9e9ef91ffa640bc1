"""The log of a job: begun anew with each run, and made only when something is said."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path
from typing import TextIO


class JobLog:
    """Takes lines, from whatever thread, while its block lasts. A log that cannot be written fails no job."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._stream: TextIO | None = None
        self._open = True

    def __call__(self, line: str) -> None:
        """Append a line, to be read at once."""
        with self._lock, contextlib.suppress(OSError, ValueError):
            if not self._open:
                return
            if self._stream is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._stream = open(self._path, "w", encoding="utf-8", errors="replace")  # noqa: SIM115  # see __exit__
            self._stream.write(line + "\n")
            self._stream.flush()

    def __enter__(self) -> JobLog:
        with contextlib.suppress(OSError):
            os.unlink(self._path)  # what an earlier run said
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock, contextlib.suppress(OSError):
            self._open = False
            if self._stream is not None:
                self._stream.close()
