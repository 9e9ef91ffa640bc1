"""Uploads beside the build: a few at once, on threads that do not keep an interrupted program from ending."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable
from typing import Any


class Uploads:
    """Calls that are made in order, at most `most` at once. Thread-safe.

    Daemon threads, unlike those of `concurrent.futures`, which the interpreter waits for at its end, deaf to Ctrl-C.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self._busy = 0
        self._changed = threading.Condition()
        self._abandoned = False

    @property
    def under_way(self) -> int:
        """How many calls have begun and not ended."""
        return self._busy

    def submit(self, call: Callable[..., None], *given: Any) -> None:
        """Have a call made."""
        with self._changed:
            self._waiting.append((call, given))
            if self._busy < self._most:
                self._busy += 1
                threading.Thread(target=self._serve, name=f"cache-upload-{self._busy}", daemon=True).start()

    def drop(self) -> None:
        """Forget the calls that have not begun."""
        with self._changed:
            self._waiting.clear()

    def abandon(self) -> None:
        """Forget also those under way: nobody waits for them any more."""
        self.drop()
        self._abandoned = True

    def wait(self) -> None:
        """Return when every call has ended."""
        with self._changed:
            while self._busy and not self._abandoned:
                self._changed.wait()

    def _serve(self) -> None:
        while True:
            with self._changed:
                if not self._waiting:
                    self._busy -= 1
                    self._changed.notify_all()
                    return
                call, given = self._waiting.popleft()
            with contextlib.suppress(Exception):  # what a storage fails at was told; no other fault fails a build
                call(*given)
