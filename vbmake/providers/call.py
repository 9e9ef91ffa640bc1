"""One generation on its way through the engine: what is asked, by whom, and what is written down of it."""

from __future__ import annotations

import contextlib
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import quote, urlsplit

from vbmake.providers.answers import sentence
from vbmake.providers.exchange import Exchange
from vbmake.providers.http import is_loopback
from vbmake.providers.journal import Journal, State, Step
from vbmake.providers.kept import Kept
from vbmake.providers.types import Account, Adapter, Failure, Generation
from vbmake.redact import scrub
from vbmake.services import SERVICES, Kind

DEADLINES: Final[Mapping[Kind, float]] = {  # seconds that one asset may take
    "image": 300,
    "speech": 180,
    "clip": 1800,
    "music": 900,
    "effect": 300,
    "script": 600,
    "words": 300,
}

SHORTEST: Final = 8  # characters of a key; what is shorter ("none") is a word, and no secret

Log = Callable[[str], None]
Progress = Callable[[int, int], None]


class Books(Protocol):
    """What the engine needs of a ledger (`vbmake.providers.ledger.Ledger` is one)."""

    def under_way(self, key: str) -> AbstractContextManager[None]: ...
    def reserve(self, key: str, job: str, generation: Generation) -> Any: ...
    def settle(self, key: str, generation: Generation, usage: Mapping[str, float]) -> Decimal | None: ...
    def release(self, key: str) -> None: ...
    def keep(self, key: str) -> None: ...


class NoBooks:
    """A ledger for those who keep none."""

    def under_way(self, key: str) -> AbstractContextManager[None]:
        """Nobody waits for it."""
        return contextlib.nullcontext()

    def reserve(self, key: str, job: str, generation: Generation) -> None:
        """Nothing is set aside."""

    def settle(self, key: str, generation: Generation, usage: Mapping[str, float]) -> None:
        """No price is known."""

    def release(self, key: str) -> None:
        """Nothing was set aside."""

    def keep(self, key: str) -> None:
        """Nothing was set aside."""


@dataclass
class Desk:
    """What all calls of an engine share. `clock` is monotonic, in seconds."""

    directory: Path
    journal: Journal
    environ: Mapping[str, str]
    books: Books
    offline: bool
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _exchange: Exchange | None = None
    asking: int = 0  # requests that cost and are out

    @contextlib.contextmanager
    def counted(self) -> Iterator[None]:
        """A request that costs is out, until its answer is kept."""
        with self._lock:
            self.asking += 1
        try:
            yield
        finally:
            with self._lock:
                self.asking -= 1

    @property
    def exchange(self) -> Exchange:
        """The connections, made when the first is needed."""
        with self._lock:
            if self._exchange is None:
                self._exchange = Exchange(self.clock)
            return self._exchange

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.close()


@dataclass(frozen=True, slots=True)
class Call:
    """One `generate`. Whatever it says or writes down is without the account's key."""

    key: str
    generation: Generation
    account: Account
    adapter: Adapter
    job: str
    log: Log
    progress: Progress
    desk: Desk

    @property
    def who(self) -> str:
        """The provider and the model, for messages."""
        return " ".join(part for part in (self.account.name, self.generation.model) if part)

    @property
    def seconds(self) -> float:
        """How long it may take."""
        return self.account.timeout or DEADLINES[self.generation.kind]

    @property
    def kept(self) -> Kept:
        """What is kept of it on the disk."""
        return Kept(self.desk.directory / self.key)

    @property
    def step(self) -> Step | None:
        """How far it came, in this run or an earlier one."""
        return self.desk.journal.get(self.key)

    def secret(self) -> str:
        """The account's key; "" where none is needed. Raises Failure when nobody may ask, or there is no key."""
        if self.desk.offline:
            raise Failure(
                "offline",
                f"this build is offline and {self.job or 'this'} is in no cache: build it once online, and share "
                "vbmake.lock and the cache",
            )
        try:
            base = urlsplit(self.account.base_url)
        except ValueError as error:
            raise Failure("invalid", f"its base_url {self.account.base_url!r} is no address: {error}") from None
        if base.username or base.password:
            raise Failure("invalid", "its base_url holds a user name or a password: keys come from the environment")
        name = self.account.key
        if not name:
            return ""
        secret = self._own_key
        if not secret:
            service = SERVICES.get(self.account.service)
            whose = f"your key of {service.name}" if service is not None else "its key"
            raise Failure("auth", f"there is no key: set the environment variable {name} to {whose}")
        if not secret.isascii() or not secret.isprintable() or " " in secret:
            raise Failure("auth", f"the environment variable {name} holds what is no key: copy the key anew, alone")
        if base.scheme != "https" and not is_loopback(base.hostname or ""):
            raise Failure(
                "auth",
                f"the key in {name} is not sent without encryption: give an https:// base_url, or say `key: none`",
            )
        return secret

    @property
    def secrets(self) -> tuple[str, ...]:
        """The texts that must not be told: the account's key, the keys of every known service, as they may be written.

        Longest first, so that none leaves a part of another.
        """
        names = {self.account.key, *(service.key for service in SERVICES.values())} - {""}
        values = {self.desk.environ.get(name, "").strip() for name in names}
        known = {value for value in values if len(value) >= SHORTEST}
        forms = {form for one in known for form in (one, quote(one, safe=""), b64encode(one.encode()).decode())}
        return tuple(sorted(forms, key=len, reverse=True))

    def scrub(self, text: str) -> str:
        """A text without keys."""
        for secret in self.secrets:
            text = text.replace(secret, "[key]")
        return text

    def say(self, text: str) -> None:
        """A line of the job's log."""
        self.log(scrub(self.scrub(text)))

    def note(self, state: State, **facts: Any) -> Step:
        """Take a step: it is on the disk when this returns. Raises WorkspaceError when that cannot be."""
        return self.desk.journal.write(self.key, state, **self.scrubbed(facts))

    def scrubbed(self, value: Any) -> Any:
        """JSON without keys."""
        if isinstance(value, Mapping):
            return {str(name): self.scrubbed(item) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.scrubbed(item) for item in value]
        return self.scrub(value) if isinstance(value, str) else value

    # how it may end

    def unasked(self, failure: Failure) -> Failure:
        """Nothing was charged, nothing is open."""
        self.desk.books.release(self.key)
        self.note("failed", reason=scrub(failure.message), paid="nothing")
        return failure

    def in_vain(self, failure: Failure) -> Failure:
        """It was carried out, and charged or perhaps charged, and there is nothing to show for it."""
        if failure.sort == "unknown":
            return self.in_question(failure.message)
        if failure.paid == "nothing":
            return self.unasked(failure)
        if failure.paid == "yes":
            self.desk.books.settle(self.key, self.generation, {})
        else:
            self.desk.books.keep(self.key)
        self.note("failed", reason=scrub(failure.message), paid=failure.paid)
        return failure

    def in_question(self, why: str) -> Failure:
        """Nobody knows whether it was carried out: it stays open, and a person decides."""
        self.desk.books.keep(self.key)
        return Failure(
            "unknown",
            f"{sentence(why)}. It may have been carried out: look into the provider's own history, then "
            f"`doit resume --resubmit {self.job}` (asks again, and pays) or `doit resume --abandon {self.job}`",
            paid="maybe",
        )

    @property
    def _own_key(self) -> str:
        return self.desk.environ.get(self.account.key, "").strip() if self.account.key else ""
