"""A memory of arrays that were costly to make, bounded in bytes and shared by the jobs that run in this process."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.uint8]


class Memo:
    """Least recently used arrays are dropped when all together exceed `budget` bytes. Safe to use from many threads.

    Two threads that want the same array at once make it once: the second waits for the first.
    """

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self.held = 0
        self._arrays: OrderedDict[Hashable, Array] = OrderedDict()
        self._makers: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Array]) -> Array:
        """The array under `key`, made by `make()` if it is not remembered. It is shared: nobody may write to it."""
        with self._lock:
            maker = self._makers.setdefault(key, threading.Lock())
        with maker:
            with self._lock:
                found = self._arrays.get(key)
                if found is not None:
                    self._arrays.move_to_end(key)
                    return found
            try:
                made = make()
            finally:
                with self._lock:
                    self._makers.pop(key, None)
            made.flags.writeable = False
            with self._lock:
                self._keep(key, made)
        return made

    def _keep(self, key: Hashable, made: Array) -> None:
        if made.nbytes > self.budget or key in self._arrays:
            return
        self._arrays[key] = made
        self.held += made.nbytes
        while self.held > self.budget:
            _, dropped = self._arrays.popitem(last=False)
            self.held -= dropped.nbytes


pictures = Memo(384 * 2**20)
"""Decoded and scaled pictures of this process."""
