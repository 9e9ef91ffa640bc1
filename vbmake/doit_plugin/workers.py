"""Threads that do jobs, and the pools that limit how many of a kind run at once."""

from __future__ import annotations

import contextlib
import math
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

MINUTE = 60.0  # seconds
GAP, SHORT = 1.0, 0.01  # seconds between the first two that begin after a pause: at most, and too few to matter


class Done(NamedTuple):
    """What came back from a worker: the caller's token, and the value or the exception; times in s since 1970.

    Without a token it says that the worker is through with the batch.
    """

    batch: Batch
    token: Any = None
    value: Any = None
    error: BaseException | None = None
    began: float = 0.0
    ended: float = 0.0

    @property
    def well(self) -> bool:
        return self.value is None and self.error is None


class Batch:
    """Calls that one worker does one after the other, until one does not end well (with None)."""

    def __init__(self, pool: str, calls: Iterable[tuple[Any, Callable[[], Any]]], hasty: bool = False) -> None:
        """`hasty`: the calls are so quick that another thread which does the like would only be in their way."""
        self.pool = pool
        self.hasty = hasty
        self.here = False  # it was done by who submitted it, and its results are to be taken
        self.waiting = deque(calls)
        self.began = time.monotonic()

    def rest(self) -> list[Any]:
        """Take back the tokens of the calls that were not begun."""
        tokens: list[Any] = []
        with contextlib.suppress(IndexError):
            while True:
                tokens.append(self.waiting.popleft()[0])
        return tokens


class Workers:
    """Threads that are started when work waits and none is idle, and that never keep the program from ending.

    Daemon threads, unlike those of `concurrent.futures`: an interrupted build must not wait for a tool that ignores
    its signal. How much runs at once is the business of `Pools`; a thread that waits for a provider costs no slot.
    """

    def __init__(self) -> None:
        self._work: queue.SimpleQueue[Batch | None] = queue.SimpleQueue()
        self._done: deque[Done] = deque()
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._batches: list[Batch] = []

    @property
    def running(self) -> int:
        """How many batches a worker has, as far as `wait` has told."""
        return len(self._batches)

    @property
    def waiting(self) -> bool:
        """Whether calls wait for others of their batch."""
        return any(batch.waiting for batch in self._batches)

    @property
    def hasty(self) -> bool:
        """Whether hasty calls wait for others of their batch, or their results wait to be taken."""
        return any(batch.hasty and (batch.waiting or batch.here) for batch in self._batches)

    def submit(self, batch: Batch) -> None:
        """Have a batch done by a thread; `wait` returns the result of each call beside its token."""
        self._batches.append(batch)
        if self.running > len(self._threads):
            thread = threading.Thread(target=self._serve, name=f"vbmake-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()
        self._work.put(batch)

    def perform(self, batch: Batch) -> None:
        """Do a batch in this thread, now; `wait` returns the results as if another had done it."""
        batch.here = True
        self._batches.append(batch)
        self._carry_out(batch)

    def wait(self, timeout: float | None = None) -> list[Done]:
        """Everything that is finished, once a worker is through with its batch or `timeout` seconds have passed."""
        with contextlib.suppress(queue.Empty):
            self._wake.get(timeout=timeout)
        while not self._wake.empty():
            self._wake.get()
        found = []
        while self._done:
            found.append(self._done.popleft())
            if found[-1].token is None:
                self._batches.remove(found[-1].batch)
        return found

    def reclaim(self, age: float = 0.0) -> list[Any]:
        """Take back the tokens of calls that were not begun, of batches that were submitted `age` seconds ago."""
        old = [batch for batch in self._batches if batch.waiting and time.monotonic() - batch.began >= age]
        return [token for batch in old for token in batch.rest()]

    def close(self) -> None:
        """Let idle threads end; busy ones end after their work."""
        for _ in self._threads:
            self._work.put(None)

    def _serve(self) -> None:
        while (batch := self._work.get()) is not None:
            self._carry_out(batch)

    def _carry_out(self, batch: Batch) -> None:
        done = True
        while done:
            try:
                token, call = batch.waiting.popleft()
            except IndexError:  # all done, or taken back
                break
            began = time.time()
            try:
                result = Done(batch, token, call(), None, began, time.time())
            except BaseException as error:  # handed to the main thread, which decides
                result = Done(batch, token, None, error, began, time.time())
            self._done.append(result)
            done = result.well
        self._done.append(Done(batch))
        self._wake.put(None)


class Pools:
    """Named limits, held by the dispatching thread alone: taking a slot never blocks.

    A pool without a limit of its own has that of `default`. A provider that answers "later" pauses its whole pool. It
    opens one by one then, ever faster: of all at once, most would be sent away again.
    `rates` are how many may start in a minute, evenly spaced. `within`: who has a slot of the one pool has one of the
    other, too.
    """

    def __init__(
        self,
        limits: Mapping[str, int],
        default: int,
        clock: Callable[[], float] = time.monotonic,
        rates: Mapping[str, int] | None = None,
        within: Mapping[str, str] | None = None,
    ) -> None:
        self._within = dict(within or {})
        self._limits = {name: max(1, limit) for name, limit in limits.items()}
        self._rates = {name: max(1, rate) / MINUTE for name, rate in (rates or {}).items()}  # a second
        self._due: dict[str, float] = {}  # when the next one is due in a pool with a rate
        self._default = max(1, default)
        self._used: dict[str, int] = {}
        self._until: dict[str, float] = {}
        self._gap: dict[str, float] = {}  # since a pause: seconds between the next that begins and the one after
        self._clock = clock

    def limit(self, pool: str) -> int:
        """How many may run at once in `pool`."""
        return self._limits.get(pool, self._default)

    def used(self, pool: str) -> int:
        """How many run now."""
        return self._used.get(pool, 0)

    def learn(self, limits: Mapping[str, int], rates: Mapping[str, int]) -> None:
        """Take limits and rates of further pools; of two for one pool, which two films may name, the lower holds."""
        for name, limit in limits.items():
            self._limits[name] = max(1, min(limit, self._limits.get(name, limit)))
        for name, rate in rates.items():
            self._rates[name] = min(max(1, rate) / MINUTE, self._rates.get(name, math.inf))

    def acquire(self, pool: str) -> bool:
        """Take a slot, if one is free and the pool is not paused."""
        now = self._clock()
        whole = self._within.get(pool)
        if whole is not None and self.used(whole) >= self.limit(whole):
            return False
        if self.used(pool) >= self.limit(pool) or now < self._until.get(pool, 0.0):
            return False
        rate = self._rates.get(pool)
        if rate is not None:
            due = self._due.get(pool, now)
            if due > now + 1e-9:
                self._shut(pool, due - now)
                return False
            self._due[pool] = max(due, now) + 1 / rate
        if (gap := self._gap.pop(pool, 0.0)) > SHORT:
            self._shut(pool, gap)
            self._gap[pool] = gap / 2
        for one in (pool, *([whole] if whole is not None else [])):
            self._used[one] = self.used(one) + 1
        return True

    def release(self, pool: str) -> None:
        """Give a slot back."""
        whole = self._within.get(pool)
        for one in (pool, *([whole] if whole is not None else [])):
            self._used[one] = self.used(one) - 1

    def pause(self, pool: str, seconds: float) -> None:
        """Let nothing start in `pool` for `seconds`, and then not all at once."""
        self._shut(pool, seconds)
        self._gap[pool] = min(seconds, GAP)

    def _shut(self, pool: str, seconds: float) -> None:
        self._until[pool] = max(self._until.get(pool, 0.0), self._clock() + seconds)

    def wake(self) -> float | None:
        """Seconds until a paused pool opens, or None when none is paused."""
        now = self._clock()
        ahead = [until - now for until in self._until.values() if until > now]
        return min(ahead) if ahead else None
