"""An engine at work against the stand-in, with a clock that only sleeping moves, and what it wrote down."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.providers.stand_in import Charge, StandIn
from vbmake.errors import JobError
from vbmake.providers.engine import Engine, Made
from vbmake.providers.ledger import Ledger
from vbmake.providers.money import Prices
from vbmake.providers.types import Account, Generation
from vbmake.services import SERVICES, Kind

KEY = "ab" * 32
JOB = "generated-image:hill"
SHORT = 0.04  # seconds: the deadline of what hangs


class Clock:
    """Seconds that pass when somebody sleeps, and otherwise never."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@dataclass
class Office:
    """One project's engine, for one build after the other: `restart` forgets what is not on the disk."""

    server: StandIn
    directory: Path
    environ: dict[str, str] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.environ = self.server.environ() | self.environ
        self.before = len(self.server.charges())
        self.seen = len(self.server.requests())
        self.restart()

    def restart(self, **more: Any) -> Office:
        """A new process on the same directory."""
        self.ledger = Ledger(self.directory / "costs.jsonl", Prices.load(), None, "run")
        made = {"environ": self.environ, "ledger": self.ledger, "clock": self.clock, "sleep": self.clock.sleep}
        self.engine = Engine(self.directory / "generations", **{**made, **more})
        return self

    def account(self, service: str, **more: Any) -> Account:
        base = more.pop("base_url", self.server.url(service))
        return Account(service, service, base, key=SERVICES[service].key, **more)

    def make(
        self,
        service: str = "openai",
        kind: Kind = "image",
        *,
        key: str = KEY,
        timeout: float | None = None,
        **more: Any,
    ) -> Made:
        """Have it made; the prompt is the key unless one is given."""
        account = self.account(
            service, timeout=timeout, **({"base_url": more.pop("base_url")} if "base_url" in more else {})
        )
        return self.engine.generate(
            key,
            generation(service, kind, **{"prompt": f"a hill {key[:4]}", **more}),
            account,
            job=JOB,
            log=self.said.append,
        )

    def fails(self, service: str = "openai", kind: Kind = "image", **more: Any) -> JobError:
        """How it fails."""
        try:
            self.make(service, kind, **more)
        except JobError as error:
            return error
        raise AssertionError("it did not fail")

    @property
    def charges(self) -> list[Charge]:
        """What was charged since this office opened."""
        return self.server.charges()[self.before :]

    def requests(self, route: str) -> int:
        """How many requests of a route or phase came since."""
        return sum(route in (one.route, one.phase) for one in self.server.requests()[self.seen :])

    def states(self, key: str = KEY) -> list[str]:
        """The steps of a key, as the journal has them."""
        return [line["state"] for line in self.lines() if line["key"] == key]

    def lines(self) -> list[dict[str, Any]]:
        path = self.directory / "generations" / "journal.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def booked(self) -> list[str]:
        """The states of the ledger's entries."""
        return [entry.state for entry in self.ledger.entries()]

    def texts(self) -> str:
        """Everything that the engine wrote and said."""
        files = [path.read_bytes().decode("latin-1") for path in self.directory.rglob("*") if path.is_file()]
        return "\n".join([*files, *self.said])


def generation(service: str, kind: Kind = "image", model: str = "", **more: Any) -> Generation:
    """Something small to ask for."""
    sizes: Mapping[str, Any] = {"width": 64, "height": 64} if kind == "image" else {}
    voice = SERVICES[service].voice if kind == "speech" else ""
    asked = {"prompt": "a hill", "voice": voice, "seed": 7, **sizes, **more}
    return Generation(kind, service, model or SERVICES[service].models[kind], **asked)


class Killed(BaseException):
    """The process ends here."""


def killed_at(state: str) -> Callable[[str], None]:
    """A checkpoint that ends the process once `state` is on the disk."""

    def check(found: str) -> None:
        if found == state:
            raise Killed

    return check
