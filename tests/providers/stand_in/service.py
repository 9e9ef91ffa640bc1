"""What every imitated service has: a prefix, a way to send keys, a form for errors, and routes."""

from __future__ import annotations

import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from tests.providers.stand_in.faults import Fault
from tests.providers.stand_in.state import Charge, Job, State, Ticket
from tests.providers.stand_in.wire import Answer, Recorded


class World(Protocol):
    """What a service needs of the server that it lives in."""

    state: State
    polls: int
    seconds: float | None
    varies: bool
    hears: str
    says: Callable[[Mapping[str, Any]], Any] | None

    def origin(self, *, elsewhere: bool = False) -> str:
        """The scheme, the host and the port."""
        ...

    def keep(self, service: str, content: bytes, extension: str, *, elsewhere: bool = False) -> str:
        """Keep a result, and say under which URL it can be fetched."""
        ...


@dataclass
class Asked:
    """A request that has been let in, on its way through a route."""

    world: World
    request: Recorded
    parameters: tuple[str, ...]
    fault: Fault | None
    ticket: Ticket | None

    @property
    def deed(self) -> str:
        """What goes wrong with it; "" mostly."""
        return self.fault.do if self.fault is not None else ""

    def charge(self, model: str, asked: Any) -> Charge:
        """Have it paid."""
        return self.world.state.charge(self.request, model, asked, varies=self.world.varies)

    def job(self, charge: Charge, input: dict[str, Any], **facts: Any) -> Job:
        """Begin a job with it; it takes the ticket over."""
        end = self.deed if self.deed in ("failed", "aborted", "stuck") else "succeeded"
        state = self.world.state
        with state.lock:
            job = Job(
                id=charge.seed.hex()[:24],
                charge=charge,
                input=input,
                created=time.monotonic(),
                polls=self.world.polls,
                seconds=self.world.seconds,
                fault=self.fault,
                end=end,
                facts=facts,
            )
            while job.id in state.jobs:  # the same request again, and nothing varies
                job.id = f"{job.id}{charge.number}"
            state.jobs[job.id] = job
            if self.ticket is not None:
                self.ticket.job = job
            return job


@dataclass(frozen=True)
class Route:
    """A method and a path. `phase` is submit, poll, result, cancel, upload or look."""

    method: str
    pattern: str
    name: str
    phase: str
    call: Callable[[Asked], Answer]


class Service(ABC):
    """One imitated service. `prefix` is its place on the server, `version` the part of the path that base URLs hold."""

    name: ClassVar[str]
    version: ClassVar[str] = ""
    key: ClassVar[str]

    @abstractmethod
    def routes(self) -> tuple[Route, ...]:
        """All that can be asked; the first that fits is taken."""

    @abstractmethod
    def presented(self, headers: Mapping[str, str]) -> str | None:
        """The key that came with a request; None without any."""

    @abstractmethod
    def error(self, status: int, message: str = "", code: str = "", field: str = "") -> Answer:
        """An error in the form of the service."""

    def throttled(self, seconds: float) -> Answer:
        """Too many requests; a bit later, please."""
        answer = self.error(429)
        answer.headers["Retry-After"] = f"{seconds:g}"
        return answer

    def find(self, method: str, path: str) -> tuple[Route, tuple[str, ...]] | None:
        """The route of a path, and what stands in its places."""
        for route in self.routes():
            found = re.fullmatch(route.pattern, path)
            if found and route.method == method:
                return route, found.groups()
        return None
