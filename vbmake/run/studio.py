"""Where the jobs of a project ask providers: its accounts, the journal of what was asked, and what it cost."""

from __future__ import annotations

import os
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vbmake.errors import FatalError
from vbmake.plan.types import JobSpec, Ref
from vbmake.project.generated import service_of
from vbmake.project.models import Project
from vbmake.providers.types import Account, Adapter, Generation
from vbmake.services import LOCAL, SERVICES
from vbmake.switches import OFFLINE, is_on

if TYPE_CHECKING:
    from vbmake.providers.engine import Engine, Made
    from vbmake.providers.ledger import Ledger
    from vbmake.providers.money import Budget, Estimate, Prices

NO_KEY = "none"

_STANDING = {
    "intent": "it may have been asked for, and paid: `resume` tells what to do",
    "abandoned": "its request was abandoned: `resume --resubmit` asks again",
    "accepted": "its request was accepted, and is paid: the result is asked for",
    "result": "it is paid: its files are fetched",
    "fetched": "it is paid, and here",
}


class Studio:
    """The providers of one project. What talks to the network is imported when the first job asks."""

    def __init__(self, project: Project | None, state: Path, environ: Mapping[str, str] = os.environ) -> None:
        self.accounts = accounts_of(project, environ)
        self._project = project
        self._state = state
        self._environ = environ
        self._lock = threading.Lock()
        self._adapters: dict[str, Adapter] = {}
        self._engine: Engine | None = None
        self._ledger: Ledger | None = None
        self._prices: Prices | None = None
        self.agreed = Decimal(0)  # what a person has agreed to spend in this build, in USD
        self.run = uuid.uuid4().hex[:12]  # names this build in the ledger

    @property
    def offline(self) -> bool:
        """Whether no provider may be asked."""
        return is_on(self._environ, OFFLINE)

    @property
    def spent(self) -> Decimal:
        """What this build has spent and reserved so far, in USD."""
        if self._ledger is None:
            return Decimal(0)
        return sum((entry.counts for entry in self._ledger.entries() if entry.run == self.run), Decimal(0))

    @property
    def spent_ever(self) -> Decimal:
        """What all builds have spent and reserved, in USD."""
        from vbmake.providers.book import read_book

        return sum((entry.counts for entry in read_book(self._state / "costs.jsonl").entries), Decimal(0))

    @property
    def prices(self) -> Prices:
        """What models cost, with what the project says of it."""
        if self._prices is None:
            from vbmake.providers.money import Prices

            film = self._project.films[0] if self._project is not None else None
            rows = [price.model_dump(exclude_none=True) for price in film.prices] if film is not None else []
            declared = dict(film.providers) if film is not None else {}
            self._prices = Prices.load([{**row, "service": service_of(row["service"], declared)} for row in rows])
        return self._prices

    def estimate(self, job: JobSpec) -> Estimate | None:
        """What a job may cost when it is asked for; None for jobs that ask no provider."""
        if not job.account:
            return None
        from vbmake.providers.asked import generation_of

        return self.prices.estimate(generation_of(job.options))

    @property
    def budget(self) -> Budget | None:
        """What generated assets may cost, if the project says so."""
        declared = self._project.films[0].budget if self._project is not None else None
        if declared is None:
            return None
        from vbmake.providers.money import Budget

        def amount(text: str | None) -> Decimal | None:
            return Decimal(text) if text is not None else None

        return Budget(
            amount(declared.total), amount(declared.run), amount(declared.confirm), declared.unpriced == "allow"
        )

    @property
    def ledger(self) -> Ledger:
        """What was spent and is reserved."""
        with self._lock:
            if self._ledger is None:
                from vbmake.providers.ledger import Ledger

                self._ledger = Ledger(self._state / "costs.jsonl", self.prices, self.budget, self.run)
            return self._ledger

    @property
    def engine(self) -> Engine:
        """The engine with this project's journal."""
        ledger = self.ledger
        with self._lock:
            if self._engine is None:
                from vbmake.providers.engine import Engine

                self._engine = Engine(
                    self._state / "generations", environ=self._environ, ledger=ledger, offline=self.offline
                )
            return self._engine

    def ask(
        self,
        job: JobSpec,
        key: str,
        generation: Generation,
        log: Callable[[str], None],
        progress: Callable[[int, int], None],
    ) -> Made:
        """Have an asset made, exactly once for a key. Raises RetryableError or FatalError."""
        account = self.accounts.get(job.account)
        if account is None:
            raise FatalError(f"{job.id}: there is no provider called {job.account!r}")
        return self.engine.generate(key, generation, account, job=job.id, log=log, progress=progress)

    def refusal(self, job: JobSpec, path: Callable[[Ref], Path]) -> str:
        """Why the provider of a job cannot be asked for it, as far as shows without asking; "" when it can.

        `path` tells where the file of an input is.
        """
        from vbmake.providers.asked import generation_of
        from vbmake.providers.registry import adapter

        account = self.accounts.get(job.account)
        if account is None:
            return f"there is no provider called {job.account!r}"
        files = {role: path(refs[0]) for role, refs in job.inputs.items() if refs}
        generation = generation_of(job.options, files)
        try:
            if account.service not in self._adapters:
                self._adapters[account.service] = adapter(account.service)
            found = self._adapters[account.service]
            if generation.kind not in found.kinds:
                return f"{account.service} makes no {generation.kind}; it makes {', '.join(found.kinds)}"
            return found.check(generation)
        except FatalError as error:
            return str(error)
        except Exception as error:  # of a stranger's adapter
            return f"the adapter of {account.service} cannot check this: {type(error).__name__}: {error}"

    def keyless(self, name: str) -> str:
        """The environment variable that must hold the key of an account, and does not; "" where nothing lacks."""
        account = self.accounts.get(name)
        variable = account.key if account is not None else ""
        return variable if not self._environ.get(variable, "").strip() else ""

    def standing(self, key: str) -> str:
        """What an earlier build has left of a request for this key, in a sentence; "" when there is none."""
        if not (self._state / "generations" / "journal.jsonl").exists():
            return ""
        step = self.engine.journal.get(key)
        return _STANDING.get(step.state, "") if step is not None else ""

    def under_way(self) -> list[str]:
        """What providers go on with although this build has ended, in sentences."""
        if self._engine is None:
            return []
        names = [str(step.facts.get("account", "")) for step in self._engine.journal.all() if step.state == "accepted"]
        return [
            f"{name} goes on with {'a job' if count == 1 else f'{count} jobs'} that it accepted: "
            f"the next build asks for {'its result' if count == 1 else 'their results'}"
            for name, count in sorted(Counter(names).items())
        ]

    def settled(self, key: str) -> None:
        """What came for a key is kept elsewhere now."""
        if self._engine is not None:
            self._engine.settled(key)

    def bill(self) -> list[str]:
        """What this build paid, in sentences; nothing when it asked nobody."""
        if self._ledger is None:
            return []
        from vbmake.providers.money import told

        own = [entry for entry in self._ledger.entries() if entry.run == self.run]
        paid = sum((entry.amount for entry in own if entry.state == "spent" and entry.amount is not None), Decimal(0))
        unpriced = sum(entry.state == "spent" and entry.amount is None for entry in own)
        unknown = sum(entry.state == "unknown" for entry in own)
        parts = [f"{unpriced} unpriced"] * bool(unpriced) + [f"{unknown} in question"] * bool(unknown)
        found = [f"paid {told(paid)}" + (f" ({', '.join(parts)})" if parts else "")] if own else []
        return [*found, *(f"costs: {problem}" for problem in self._ledger.problems)]

    @property
    def asking(self) -> int:
        """How many requests that cost are out and not answered yet."""
        return self._engine.asking if self._engine is not None else 0

    def close(self) -> None:
        """Close every connection."""
        if self._engine is not None:
            self._engine.close()

    @property
    def limits(self) -> dict[str, int]:
        """How many requests may be under way at once, by account."""
        return {name: account.limit for name, account in self.accounts.items()}

    @property
    def rates(self) -> dict[str, int]:
        """How many requests may begin in a minute, by account, where that is limited."""
        return {name: account.rpm for name, account in self.accounts.items() if account.rpm is not None}


def accounts_of(project: Project | None, environ: Mapping[str, str]) -> dict[str, Account]:
    """The accounts of a project by name: those of `providers`, the services that are known, installed plugins."""
    declared: Mapping[str, Any] = dict(project.films[0].providers) if project is not None and project.films else {}
    found = {}
    for name in (*SERVICES, *declared):
        given = declared.get(name)
        service = SERVICES.get(service_of(name, dict(declared)))
        told = environ.get(service.address, "") if service is not None and service.address else ""
        base = (given.base_url if given is not None else None) or told.rstrip("/")
        key = given.key if given is not None and given.key else service.key if service is not None else ""
        found[name] = Account(
            name=name,
            service=service_of(name, dict(declared)),
            base_url=base or (service.base_url if service is not None else ""),
            key="" if key == NO_KEY else key,
            limit=(given.limit if given is not None and given.limit else None) or (service.limit if service else 2),
            rpm=given.rpm if given is not None else None,
            timeout=float(given.timeout) if given is not None and given.timeout is not None else None,
        )
    return found | _plugins(found)


def _plugins(known: Mapping[str, Account]) -> dict[str, Account]:
    from vbmake.project.accounts import plugins

    return {name: Account(name, name, "", limit=2) for name in plugins() if name not in known and name != LOCAL}
