"""Threads that do jobs, and the pools that limit how many of a kind run at once."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

MINUTE = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Done:
    """What came back from a worker: the caller's token, and the value or the exception."""

    token: Any
    value: Any = None
    error: BaseException | None = None


class Workers:
    """Threads that are started when work waits and none is idle, and that never keep the program from ending.

    Daemon threads, unlike those of `concurrent.futures`: an interrupted build must not wait for a tool that ignores
    its signal. How much runs at once is the business of `Pools`; a thread that waits for a provider costs no slot.
    """

    def __init__(self) -> None:
        self._work: queue.SimpleQueue[tuple[Any, Callable[[], Any]] | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[Done] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self.running = 0

    def submit(self, token: Any, call: Callable[[], Any]) -> None:
        """Have `call` done by a thread; `wait` returns its result beside the token."""
        self.running += 1
        if self.running > len(self._threads):
            thread = threading.Thread(target=self._serve, name=f"vbmake-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()
        self._work.put((token, call))

    def wait(self, timeout: float | None = None) -> list[Done]:
        """Everything that is finished, at least one result unless `timeout` seconds pass first."""
        try:
            results = [self._done.get(timeout=timeout)]
        except queue.Empty:
            return []
        while not self._done.empty():
            results.append(self._done.get())
        self.running -= len(results)
        return results

    def close(self) -> None:
        """Let idle threads end; busy ones end after their work."""
        for _ in self._threads:
            self._work.put(None)

    def _serve(self) -> None:
        while (item := self._work.get()) is not None:
            token, call = item
            try:
                result = Done(token, value=call())
            except BaseException as error:  # handed to the main thread, which decides
                result = Done(token, error=error)
            self._done.put(result)


class Pools:
    """Named limits, held by the dispatching thread alone: taking a slot never blocks.

    A pool without a limit of its own has that of `default`. A provider that answers "later" pauses its whole pool.
    `rates` are how many may start in a minute, evenly spaced.
    """

    def __init__(
        self,
        limits: Mapping[str, int],
        default: int,
        clock: Callable[[], float] = time.monotonic,
        rates: Mapping[str, int] | None = None,
    ) -> None:
        self._limits = {name: max(1, limit) for name, limit in limits.items()}
        self._rates = {name: max(1, rate) / MINUTE for name, rate in (rates or {}).items()}  # a second
        self._due: dict[str, float] = {}  # when the next one is due in a pool with a rate
        self._default = max(1, default)
        self._used: dict[str, int] = {}
        self._until: dict[str, float] = {}
        self._clock = clock

    def limit(self, pool: str) -> int:
        """How many may run at once in `pool`."""
        return self._limits.get(pool, self._default)

    def used(self, pool: str) -> int:
        """How many run now."""
        return self._used.get(pool, 0)

    def acquire(self, pool: str) -> bool:
        """Take a slot, if one is free and the pool is not paused."""
        now = self._clock()
        if self.used(pool) >= self.limit(pool) or now < self._until.get(pool, 0.0):
            return False
        rate = self._rates.get(pool)
        if rate is not None:
            due = self._due.get(pool, now)
            if due > now + 1e-9:
                self.pause(pool, due - now)
                return False
            self._due[pool] = max(due, now) + 1 / rate
        self._used[pool] = self.used(pool) + 1
        return True

    def release(self, pool: str) -> None:
        """Give a slot back."""
        self._used[pool] = self.used(pool) - 1

    def pause(self, pool: str, seconds: float) -> None:
        """Let nothing start in `pool` for `seconds`."""
        self._until[pool] = max(self._until.get(pool, 0.0), self._clock() + seconds)

    def wake(self) -> float | None:
        """Seconds until a paused pool opens, or None when none is paused."""
        now = self._clock()
        ahead = [until - now for until in self._until.values() if until > now]
        return min(ahead) if ahead else None
