"""What a stand-in remembers: requests, charges, jobs, files, faults, limits, and how much is under way at once."""

from __future__ import annotations

import hashlib
import json
import math
import socket
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.providers.stand_in.faults import Fault
from tests.providers.stand_in.wire import Recorded, gone


@dataclass(frozen=True)
class Charge:
    """Something that was paid for. `sha` is of what was asked (canonical, so a form's boundary is not in it).

    `ordinal` counts the charges for the very same request; `seed` (32 bytes) is what the result is made from.
    """

    number: int
    service: str
    route: str
    model: str
    sha: str
    ordinal: int
    seed: bytes = field(repr=False)
    time: float
    key: str = field(repr=False)
    asked: Any = field(repr=False, default=None)


@dataclass
class Job:
    """Work that ends later: after `polls` of them, or `seconds`; `end` is what it comes to."""

    id: str
    charge: Charge
    input: dict[str, Any]
    created: float
    polls: int
    seconds: float | None
    fault: Fault | None = None
    end: str = "succeeded"
    asked: int = 0
    canceled: bool = False
    output: Any = None
    facts: dict[str, Any] = field(default_factory=dict)

    def state(self, now: float) -> str:
        """starting, processing, or what it came to."""
        if self.canceled:
            return "canceled"
        over = self.asked >= self.polls if self.seconds is None else now - self.created >= self.seconds
        if self.end != "stuck" and over:
            return self.end
        return "processing" if self.asked else "starting"

    def over(self, now: float) -> bool:
        """Whether nothing of it runs any more."""
        return self.state(now) not in ("starting", "processing")


@dataclass
class File:
    """A result that can be fetched: `fetches` times (None: for ever), and until so many polls were answered."""

    id: str
    service: str
    content: bytes
    extension: str
    fetches: int | None = None
    dies_at_poll: int | None = None
    fetched: int = 0


@dataclass
class Limit:
    """What a service puts up with; `wait` is the Retry-After of a request that was one too many at once."""

    concurrent: int | None = None
    per_second: float | None = None
    burst: int = 1
    latency: float = 0.0
    wait: float = 0.02
    tokens: float = 0.0
    filled: float = 0.0

    def take(self, now: float) -> float:
        """0 when the token bucket has one for this request, else the seconds until it has."""
        if self.per_second is None:
            return 0.0
        self.tokens = min(self.burst, self.tokens + (now - self.filled) * self.per_second)
        self.filled = now
        if self.tokens >= 1:
            self.tokens -= 1
            return 0.0
        return math.ceil((1 - self.tokens) / self.per_second * 1000) / 1000


@dataclass(eq=False)
class Ticket:
    """A piece of work that is under way: a request that is being answered, or the job that came of it."""

    service: str
    connection: socket.socket
    job: Job | None = None

    def over(self, now: float) -> bool:
        """Whether it needs no room any more, be it because nobody waits for it."""
        return self.job.over(now) if self.job is not None else gone(self.connection)


class State:
    """Everything, under one lock; `changed` wakes those who wait for something to happen."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.requests: list[Recorded] = []
        self.charges: list[Charge] = []
        self.jobs: dict[str, Job] = {}
        self.files: dict[str, File] = {}
        self.faults: list[Fault] = []
        self.limits: dict[str, Limit] = {}
        self.tickets: set[Ticket] = set()
        self.peaks: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.polls = 0
        self.releases = 0
        self.hanging = 0
        self.texts: dict[str, str] = {}  # sha256 of a recording -> what is said in it
        self.closed = False

    def record(self, request: Recorded) -> None:
        """Another request has come."""
        with self.changed:
            request.number = len(self.requests) + 1
            self.requests.append(request)
            self.changed.notify_all()

    def fault_for(self, request: Recorded) -> Fault | None:
        """The first fault that is meant for the request; it is used up by that."""
        with self.lock:
            found = next((fault for fault in self.faults if fault.meant_for(request)), None)
            if found is not None and found.times is not None:
                found.times -= 1
            return found

    def limit(self, service: str) -> Limit:
        """What the service puts up with."""
        return self.limits.setdefault(service, Limit())

    def begin(self, service: str, connection: socket.socket) -> tuple[Ticket, float]:
        """Work is asked for: its ticket, and 0 or in how many seconds it is welcome (it is refused until then)."""
        with self.changed:
            now = time.monotonic()
            self.tickets = {ticket for ticket in self.tickets if not ticket.over(now)}
            ticket = Ticket(service, connection)
            self.tickets.add(ticket)
            running = sum(1 for other in self.tickets if other.service == service)
            self.peaks[service] = max(self.peaks[service], running)
            limit = self.limit(service)
            crowded = limit.concurrent is not None and running > limit.concurrent
            delay = limit.wait if crowded else limit.take(now)
            if delay:
                self.refused[service] += 1
            self.changed.notify_all()
            return ticket, delay

    def end(self, ticket: Ticket | None) -> None:
        """The work of a ticket is done, unless a job goes on with it."""
        with self.changed:
            if ticket is not None and ticket.job is None:
                self.tickets.discard(ticket)
            self.changed.notify_all()

    def running(self, service: str) -> int:
        """How much of a service is under way now."""
        with self.lock:
            now = time.monotonic()
            return sum(1 for ticket in self.tickets if ticket.service == service and not ticket.over(now))

    def charge(self, request: Recorded, model: str, asked: Any, *, varies: bool) -> Charge:
        """Money is owed for the request. With `varies` no charge gives what an earlier one gave."""
        text = json.dumps([request.service, request.path, asked], sort_keys=True, default=_digest)
        sha = hashlib.sha256(text.encode()).hexdigest()
        with self.changed:
            ordinal = 1 + sum(1 for charge in self.charges if charge.sha == sha)
            seed = hashlib.sha256(f"{sha} {ordinal if varies else 1}".encode()).digest()
            number = len(self.charges) + 1
            key = request.headers.get("xi-api-key") or request.headers.get("authorization", "").partition(" ")[2]
            charge = Charge(number, request.service, request.route, model, sha, ordinal, seed, time.time(), key, asked)
            self.charges.append(charge)
            self.changed.notify_all()
            return charge

    def summary(self) -> dict[str, Any]:
        """All of it as JSON, for those who are in another process. Keys are left out."""
        with self.lock:
            charges = [
                {**asdict(charge), "seed": charge.seed.hex(), "asked": None, "key": ""} for charge in self.charges
            ]
            now = time.monotonic()
            return {
                "charges": charges,
                "requests": [_told(request) for request in self.requests],
                "jobs": {
                    job.id: {"service": job.charge.service, "state": job.state(now)} for job in self.jobs.values()
                },
                "peaks": dict(self.peaks),
                "refused": dict(self.refused),
                "hanging": self.hanging,
                "faults": sum(1 for fault in self.faults if fault.times != 0),
            }


def _digest(value: object) -> str:
    """Bytes in what was asked (uploaded files) count by their digest."""
    assert isinstance(value, bytes), value
    return hashlib.sha256(value).hexdigest()


def _told(request: Recorded) -> dict[str, Any]:
    names = ("number", "service", "method", "path", "route", "phase", "status")
    return {name: getattr(request, name) for name in names} | {"authorised": carries_key(request)}


def carries_key(request: Recorded) -> bool:
    """Whether any of the headers that services read a key from is there."""
    return "authorization" in request.headers or "xi-api-key" in request.headers
