"""What a project spent on generated assets and may yet have to pay: the lines of `.vbmake/costs.jsonl`.

One JSON object a line, fsynced before the call returns: {time, run, job, key, service, model, event, low, high,
amount}, amounts in USD as text, null where no price is known. An entry begins with `reserve` and ends with one of
the others:

    reserve   up to `high` may be spent: it counts at `high` until it is known
    settle    `amount` was spent
    release   nothing was spent
    keep      it is not known whether it was spent: it counts at `high` from now on
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal

from vbmake.errors import WorkspaceError
from vbmake.providers.price import decimal

COSTS: Final = Path(".vbmake") / "costs.jsonl"
Event = Literal["reserve", "settle", "release", "keep"]
State = Literal["reserved", "spent", "released", "unknown"]
_AFTER: Final[Mapping[Any, State]] = {
    "reserve": "reserved",
    "settle": "spent",
    "release": "released",
    "keep": "unknown",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One request that may cost money, and what became of it. `run` and `time` are those of the reservation.

    `amount` is what was spent; None while that is not known, and for models without a price.
    """

    key: str
    job: str
    service: str
    model: str
    run: str
    time: str
    state: State
    low: Decimal | None
    high: Decimal | None
    amount: Decimal | None = None

    @property
    def counts(self) -> Decimal:
        """What a budget takes it for, in USD."""
        if self.state == "released":
            return Decimal(0)
        return (self.amount if self.state == "spent" else self.high) or Decimal(0)


@dataclass
class Book:
    """The entries that the lines of a ledger make, and what is wrong with those that make none."""

    entries: list[Entry] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    torn: int | None = None  # where a last line begins that a crash cut off
    _open: dict[str, int] = field(default_factory=dict)  # by key: the entry whose outcome is still to come
    _last: dict[str, int] = field(default_factory=dict)  # by key: its last entry

    def apply(self, record: Mapping[str, Any]) -> Entry:
        """Enter one line. Raises ValueError when it is none."""
        event = record.get("event")
        if not isinstance(event, str) or event not in _AFTER:
            raise ValueError(f"there is no event {event!r}")
        state = _AFTER[event]
        texts = {name: record.get(name, "") for name in ("key", "job", "service", "model", "run", "time")}
        if not all(isinstance(text, str) for text in texts.values()) or not texts["key"]:
            raise ValueError("a text is missing")
        low, high, amount = (_amount(record.get(name)) for name in ("low", "high", "amount"))
        key = texts["key"]
        index = self._open.pop(key, None)
        last = self._last.get(key)
        if index is None and state == "spent" and last is not None and self.entries[last].state == "unknown":
            index = last  # an answer came after all
        if index is None:
            # An outcome without its reservation is entered, too: a line that was lost must not make it free.
            index = len(self.entries)
            self.entries.append(Entry(**texts, state=state, low=low, high=high, amount=amount))
        elif state == "reserved":
            self.entries[index] = Entry(**texts, state=state, low=low, high=high)
        else:
            self.entries[index] = replace(self.entries[index], state=state, amount=amount)
        self._last[key] = index
        if state == "reserved":
            self._open[key] = index
        return self.entries[index]

    def open(self, key: str) -> Entry | None:
        """The reservation of a key whose outcome is still to come."""
        index = self._open.get(key)
        return None if index is None else self.entries[index]

    def last(self, key: str) -> Entry | None:
        """The last entry of a key."""
        index = self._last.get(key)
        return None if index is None else self.entries[index]

    def total(self, *states: State, run: str | None = None) -> Decimal:
        """The sum of the entries in these states, of one run or of all."""
        counted = (one.counts for one in self.entries if one.state in states and run in (None, one.run))
        return sum(counted, Decimal(0))


def read_book(path: Path) -> Book:
    """A project's ledger; empty when there is none. Raises WorkspaceError when it cannot be read."""
    book = Book()
    with explained("read", path):
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return book
    lines = content.split(b"\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            if not isinstance(record, dict):
                raise ValueError("it is no object")
            book.apply(record)
        except (ValueError, RecursionError):
            if number == len(lines):  # cut off while it was written: what it was to say had not been done yet
                book.torn = len(content) - len(line)
            else:
                book.problems.append(
                    f"{path}:{number}: this line cannot be read, so what it recorded may be missing from the sum: "
                    "compare with the services' own bills"
                )
    return book


def exact(amount: Decimal | None) -> str | None:
    """An amount as the file holds it: digits, without an exponent."""
    if amount is None:
        return None
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@contextlib.contextmanager
def explained(verb: str, path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WorkspaceError(f"cannot {verb} {path}: {error.strerror or error}") from error


def _amount(value: object) -> Decimal | None:
    return None if value is None else decimal(value)
