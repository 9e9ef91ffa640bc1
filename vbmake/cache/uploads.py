"""Uploads beside the build: a few at once, on threads that do not keep an interrupted program from ending."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

HEEDFUL = 0.2  # seconds between two looks: an end may be told to another who waits


class Uploads:
    """Calls that are made in order, at most `most` at once. Thread-safe.

    Daemon threads, unlike those of `concurrent.futures`, which the interpreter waits for at its end, deaf to Ctrl-C.
    Whoever waits, or has calls forgotten, takes no lock: Ctrl-C can leave a lock of Python's in disorder, and a wait
    without end can miss it.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self._busy = 0
        self._lock = threading.Lock()
        self._ended: SimpleQueue[None] = SimpleQueue()
        self._abandoned = False

    @property
    def under_way(self) -> int:
        """How many calls have begun and not ended."""
        return self._busy

    def submit(self, call: Callable[..., None], *given: Any) -> None:
        """Have a call made."""
        with self._lock:
            self._waiting.append((call, given))
            if self._busy < self._most:
                self._busy += 1
                threading.Thread(target=self._serve, name=f"cache-upload-{self._busy}", daemon=True).start()

    def drop(self) -> None:
        """Forget the calls that have not begun."""
        self._waiting.clear()

    def abandon(self) -> None:
        """Forget also those under way: nobody waits for them any more."""
        self.drop()
        self._abandoned = True

    def wait(self) -> None:
        """Return when every call has ended."""
        while self._busy and not self._abandoned:
            with contextlib.suppress(Empty):
                self._ended.get(timeout=HEEDFUL)

    def _serve(self) -> None:
        while True:
            with self._lock:
                try:
                    call, given = self._waiting.popleft()
                except IndexError:  # nothing waits, or what did was dropped
                    self._busy -= 1
                    self._ended.put(None)
                    return
            with contextlib.suppress(Exception):  # what a storage fails at was told; no other fault fails a build
                call(*given)
