"""A project's ledger: what may be spent is set aside first, within the budget, and settled afterwards."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from vbmake.errors import RateLimited
from vbmake.providers.book import Book, Entry, Event, exact, explained, read_book
from vbmake.providers.failures import ProviderError
from vbmake.providers.money import Budget, Estimate, Prices, told, told_range
from vbmake.providers.types import Generation


class Ledger:
    """A project's ledger as one run writes it. Safe for threads; one process at a time (builds hold the lock).

    `problems` are lines that cannot be read; tell them once.
    """

    def __init__(
        self,
        path: Path,
        prices: Prices,
        budget: Budget | None,
        run: str,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.path = path
        self.prices = prices
        self.budget = budget or Budget()
        self.run = run
        self._clock = clock
        self._lock = threading.Lock()
        self._read: Book | None = None
        self._under_way: set[str] = set()  # keys that this process is asking for now

    @property
    def problems(self) -> list[str]:
        """The lines that cannot be read, each in a sentence."""
        with self._lock:
            return list(self._book.problems)

    def entries(self) -> list[Entry]:
        """Every request that was reserved, in order."""
        with self._lock:
            return list(self._book.entries)

    def spent(self) -> Decimal:
        """What is known to be spent, in USD, in the project's whole life."""
        with self._lock:
            return self._book.total("spent")

    def pending(self) -> Decimal:
        """What is reserved or unknown, at its upper end: it counts towards the budget like what is spent."""
        with self._lock:
            return self._book.total("reserved", "unknown")

    @contextlib.contextmanager
    def under_way(self, key: str) -> Iterator[None]:
        """A key is being asked for: what is set aside for it may come free in a moment."""
        with self._lock:
            self._under_way.add(key)
        try:
            yield
        finally:
            with self._lock:
                self._under_way.discard(key)

    def reserve(self, key: str, job: str, generation: Generation) -> Estimate:
        """Set aside what a generation may cost, before it is asked for; other threads see it at once.

        A reservation of the same key that is still open goes on; after `keep`, both count. Raises RateLimited when the
        budget may hold it as soon as a request that is under way is settled; ProviderError (sort "budget") when it
        does not, or when nobody knows the price and a budget is set.
        """
        estimate = self.prices.estimate(generation)
        with self._lock:
            before = self._book.open(key)
            if before is not None and before.high is not None and (estimate.high or Decimal(0)) <= before.high:
                return estimate
            self._check(key, estimate, generation, before)
            self._write("reserve", key, job, generation, low=estimate.low, high=estimate.high)
        return estimate

    def settle(self, key: str, generation: Generation, usage: Mapping[str, float]) -> Decimal | None:
        """The generation was delivered: what it cost takes the place of what was set aside. None: unpriced.

        May be called again for the same delivery (a run that was killed after it): it is paid once.
        """
        amount = self.prices.cost(generation, usage)
        with self._lock:
            last = self._book.last(key)
            if last is not None and last.state == "spent":
                return last.amount
            if amount is None and last is not None:
                amount = last.high  # its price was known when it was asked for
            self._write("settle", key, last.job if last else "", generation, amount=amount)
        return amount

    def release(self, key: str) -> None:
        """Nothing was charged: what was set aside is free again."""
        self._end(key, "release")

    def keep(self, key: str) -> None:
        """Nobody knows whether it was charged: what was set aside stays counted."""
        self._end(key, "keep")

    def _end(self, key: str, event: Event) -> None:
        with self._lock:
            if (entry := self._book.open(key)) is not None:
                self._write(event, key, entry.job, entry, entry.low, entry.high)

    @property
    def _book(self) -> Book:
        if self._read is None:
            self._read = read_book(self.path)
        return self._read

    def _check(self, key: str, estimate: Estimate, generation: Generation, before: Entry | None) -> None:
        if not self.budget.limited:
            return
        name = f"{generation.service} {generation.model}".rstrip()
        if estimate.high is None:
            if self.budget.unpriced:
                return
            raise ProviderError(
                f"there is a budget, and no price is known for {name}: declare its price (`prices: [{{service: "
                f"{generation.service}, model: {generation.model or '...'}, unit: run, price: 0.05}}]`, in USD), allow "
                "models without a price (`budget: {unpriced: allow}`), or take the budget away",
                sort="budget",
                paid="nothing",
            )
        for limit, run, where in ((self.budget.total, None, "the project"), (self.budget.run, self.run, "a run")):
            if limit is None:
                continue
            own = before.counts if before is not None and run in (None, before.run) else Decimal(0)
            spent = self._book.total("spent", run=run)
            pending = self._book.total("reserved", "unknown", run=run) - own
            if spent + pending + estimate.high <= limit:
                continue
            passing = self._passing(key, run)
            if passing and spent + pending - passing + estimate.high <= limit:
                raise RateLimited(
                    f"{name} would cost {_upto(estimate)}, and of the budget of {told(limit)} for {where} "
                    f"{told(passing)} are reserved for what is being asked for: waiting for what that costs"
                )
            raise ProviderError(
                f"{name} would cost {_upto(estimate)}, which the budget of {told(limit)} for {where} does not hold: "
                f"{told(spent)} are spent and {told(pending)} are reserved or may have been spent; raise `budget:`, "
                "ask for less or for a cheaper model, or take `provider: local`; `doit costs` shows what was spent",
                sort="budget",
                paid="nothing",
            )

    def _passing(self, key: str, run: str | None) -> Decimal:
        """What is reserved for other keys that this process is asking for: more than it will cost, as a rule."""
        open_ = (self._book.open(other) for other in self._under_way if other != key)
        return sum((one.counts for one in open_ if one is not None and run in (None, one.run)), Decimal(0))

    def _write(
        self,
        event: Event,
        key: str,
        job: str,
        what: Generation | Entry,
        low: Decimal | None = None,
        high: Decimal | None = None,
        amount: Decimal | None = None,
    ) -> None:
        """Enter one event, on the disk first. Raises WorkspaceError; nothing is entered then."""
        record = {
            "time": self._clock().isoformat(timespec="milliseconds"),
            "run": self.run,
            "job": job,
            "key": key,
            "service": what.service,
            "model": what.model,
            "event": event,
            "low": exact(low),
            "high": exact(high),
            "amount": exact(amount),
        }
        line = json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n"
        with explained("write", self.path):
            self._append(line.encode("utf-8", "replace"))
        self._book.apply(record)

    def _append(self, line: bytes) -> None:
        new = not self.path.exists()
        if new:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            if self._book.torn is not None:
                os.ftruncate(handle, self._book.torn)
                self._book.torn = None
            end = os.lseek(handle, 0, os.SEEK_END)
            if end and os.pread(handle, 1, end - 1) != b"\n":
                line = b"\n" + line
            try:
                while line:
                    line = line[os.write(handle, line) :]
                os.fsync(handle)
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(handle, end)
                raise
        finally:
            os.close(handle)
        if new:
            directory = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)


def _upto(estimate: Estimate) -> str:
    same = estimate.low == estimate.high
    return told(estimate.high) if same else told_range(estimate.low, estimate.high)
