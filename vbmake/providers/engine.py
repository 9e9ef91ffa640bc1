"""The engine: has an asset made by a provider, exactly once for a key, whatever happens in between.

    submit   the request is written down, sent once, and its answer kept; sent again only if it surely never arrived
    poll     a job that was accepted is asked for until it is done: as often as it takes, it costs nothing
    fetch    the files of the result are brought, checked and kept

Every step is on the disk before the next is taken (journal.py). A run that comes after a kill goes on from there.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Protocol

from vbmake.errors import RateLimited, RetryableError
from vbmake.providers import registry
from vbmake.providers.exchange import Exchange
from vbmake.providers.failures import ProviderError, error_of
from vbmake.providers.journal import Journal, Step
from vbmake.providers.provenance import provenance
from vbmake.providers.types import Accepted, Account, Adapter, Failure, Generation, Ready, Response, Running
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
FIRST_POLL, SLOWER, LONGEST_POLL = 1.0, 1.5, 10.0  # seconds between polls
PATIENCE: Final = 3600.0  # seconds that `generate_patiently` waits for a provider without room
FETCHES: Final = 4  # tries to bring a file
_BACKOFF: Final = 30.0  # seconds: the longest own wait for a provider that names none

Log = Callable[[str], None]
Progress = Callable[[int, int], None]


class Books(Protocol):
    """What the engine needs of a ledger (`vbmake.providers.ledger.Ledger` is one)."""

    def reserve(self, key: str, job: str, generation: Generation) -> Any: ...
    def settle(self, key: str, generation: Generation, usage: Mapping[str, float]) -> Decimal | None: ...
    def release(self, key: str) -> None: ...
    def keep(self, key: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Made:
    """What came: files (the first is the asset), word times in seconds, a script's data; what was used and paid.

    `cost` is in USD, None when the model's price is not known. `provenance` is JSON-ready and holds no secret.
    """

    files: tuple[Path, ...] = ()
    words: tuple[Mapping[str, Any], ...] | None = None
    data: Any = None
    usage: Mapping[str, float] = field(default_factory=dict)
    cost: Decimal | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Question:
    """A request whose outcome is unknown (`state` intent), or was given up (abandoned)."""

    key: str
    job: str
    account: str
    state: str
    time: str


class Engine:
    """Asks providers for one project. Safe for many threads, as long as no two ask for one key."""

    def __init__(
        self,
        directory: Path,
        *,
        environ: Mapping[str, str],
        ledger: Books | None = None,
        offline: bool = False,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        adapters: Callable[[str], Adapter] = registry.adapter,
        checkpoint: Callable[[str], None] = lambda _state: None,
    ) -> None:
        """`directory` holds the journal, and a directory for each key. `clock` is monotonic, in seconds."""
        self.directory = directory
        self.journal = Journal(directory / "journal.jsonl", checkpoint=checkpoint)
        self._environ = environ
        self._ledger = ledger
        self._offline = offline
        self._clock = clock
        self._sleep = sleep
        self._adapters = adapters
        self._lock = threading.Lock()
        self._busy: dict[str, int] = {}  # how often in a row an account had no room and named no delay
        self._exchange: Exchange | None = None

    def generate(
        self,
        key: str,
        generation: Generation,
        account: Account,
        *,
        job: str = "",
        log: Log = lambda _: None,
        progress: Progress = lambda _done, _total: None,
    ) -> Made:
        """Have it made, or take what was made for this key before.

        Raises RateLimited (the provider has no room), RetryableError, or ProviderError, which says what was paid.
        """
        adapter = self._adapters(account.service)
        call = _Call(key, generation, account, adapter, job, log, progress)
        step = self.journal.get(key)
        state = step.state if step is not None else ""
        if step is not None and state in ("fetched", "done") and (made := self._kept(call, step)) is not None:
            return made
        if step is not None and state == "intent":
            raise self._in_question(call, step)
        if step is not None and state == "abandoned":
            raise ProviderError(
                f"{call.who}: this request was abandoned on {step.time}; `doit resume --resubmit {job}` asks again, "
                f"`doit reroll {job}` asks for another take",
                sort="unknown",
                paid="maybe",
            )
        until = self._clock() + (account.timeout or DEADLINES[generation.kind])
        try:
            if step is not None and state == "result":
                return self._finish(call, until)
            if step is None or state != "accepted":
                accepted = self._submit(call, until)
                if accepted is None:
                    return self._finish(call, until)
            else:
                accepted = _accepted(step)
                log(f"{call.who} had accepted this as {accepted.id} on {step.time}: asking for its result")
            self._poll(call, accepted, until, resumed=state == "accepted")
            return self._finish(call, until)
        except Failure as failure:
            raise self._error(call, failure) from None

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.close()

    def generate_patiently(self, key: str, generation: Generation, account: Account, **more: Any) -> Made:
        """As `generate`, for callers without a queue of their own: waits and tries again where that may help."""
        until, tries = self._clock() + PATIENCE, 0
        while True:
            try:
                return self.generate(key, generation, account, **more)
            except RetryableError as error:
                tries += not isinstance(error, RateLimited)
                seconds = error.retry_after if error.retry_after is not None else 2.0**tries
                if tries > 4 or self._clock() + seconds > until:
                    raise
                more.get("log", lambda _: None)(f"{error}: trying again in {seconds:.0f} s")
                self._sleep(seconds)

    def settled(self, key: str) -> None:
        """What was made for a key is recorded elsewhere: what the engine kept of it may go."""
        step = self.journal.get(key)
        if step is not None and step.state == "fetched":
            self.journal.write(key, "done")
            shutil.rmtree(self.directory / key, ignore_errors=True)

    def open_questions(self) -> list[Question]:
        """The requests whose outcome is unknown, and those that were abandoned."""
        return [
            Question(
                step.key, str(step.facts.get("job", "")), str(step.facts.get("account", "")), step.state, step.time
            )
            for step in self.journal.all()
            if step.state in ("intent", "abandoned")
        ]

    def resubmit(self, key: str) -> None:
        """Let the next build ask again; what was reserved stays counted, because it may have been paid."""
        if self._ledger is not None:
            self._ledger.keep(key)
        self.journal.write(key, "failed", reason="to be submitted again")

    def abandon(self, key: str) -> None:
        """Let nobody ask again."""
        if self._ledger is not None:
            self._ledger.keep(key)
        self.journal.write(key, "abandoned")

    # submit

    def _submit(self, call: _Call, until: float) -> Accepted | None:
        """Send the request, once. None when the answer is the result already. Raises Failure."""
        wrong = call.adapter.check(call.generation)
        if wrong:
            raise Failure("invalid", wrong)
        request = call.adapter.submit(call.generation, call.account)
        secret = self._secret(call)
        if self._ledger is not None:
            self._ledger.reserve(call.key, call.job, call.generation)
        directory = self.directory / call.key
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True, exist_ok=True)
        facts = {"job": call.job, "account": call.account.name, "service": call.account.service}
        facts |= {"model": call.generation.model, "kind": call.generation.kind}
        self.journal.write(call.key, "intent", **facts)
        call.log(f"asking {call.who}")
        response = self._http.submit(call, request, secret, until, self._lost)
        if response.status // 100 != 2:
            raise self._refused(call, call.adapter.failure(response))
        try:
            answer = call.adapter.accepted(call.generation, response, call.account)
        except Failure as failure:
            raise self._came_to_nothing(call, failure) from None
        self._has_room(call.account)
        if isinstance(answer, Accepted):
            self.journal.write(call.key, "accepted", handle=_handle(answer))
            call.log(f"accepted as {answer.id}")
            return answer
        self._keep(call, "submit", response, secret)
        return None

    def _lost(self, call: _Call, sent: bool, why: str) -> Failure:
        """The failure of a request that was not answered. What may have arrived stays an open question."""
        if not sent or call.adapter.idempotent:
            self._close(call, "not sent" if not sent else "no answer")
            return Failure("transient", f"{'it could not be reached' if not sent else 'the answer was lost'}: {why}")
        if self._ledger is not None:
            self._ledger.keep(call.key)
        return Failure(
            "unknown",
            f"the answer was lost ({why}), so it may have been carried out: look into the provider's own history, then "
            f"`doit resume --resubmit {call.job}` or `doit resume --abandon {call.job}`",
            paid="maybe",
        )

    def _refused(self, call: _Call, failure: Failure) -> Failure:
        """An answer that is not 2xx. What may have been carried out all the same is as good as lost."""
        if failure.sort == "transient" and failure.paid != "nothing" and not call.adapter.idempotent:
            return self._lost(call, True, failure.message)
        if failure.sort == "unknown":
            return self._lost(call, True, failure.message)
        if failure.paid == "nothing":
            self._close(call, failure.message)
        else:
            return self._came_to_nothing(call, failure)
        return failure

    def _came_to_nothing(self, call: _Call, failure: Failure) -> Failure:
        """A request that was carried out, and charged or perhaps charged, without a result."""
        if failure.sort == "unknown":
            return self._lost(call, True, failure.message)
        if self._ledger is not None:
            if failure.paid == "yes":
                self._ledger.settle(call.key, call.generation, {})
            elif failure.paid == "maybe":
                self._ledger.keep(call.key)
            else:
                self._ledger.release(call.key)
        self.journal.write(call.key, "failed", reason=self._http.scrub(call, failure.message), paid=failure.paid)
        return failure

    def _close(self, call: _Call, reason: str) -> None:
        """Nothing was charged, nothing is open."""
        if self._ledger is not None:
            self._ledger.release(call.key)
        self.journal.write(call.key, "failed", reason=self._http.scrub(call, reason), paid="nothing")

    # poll

    def _poll(self, call: _Call, accepted: Accepted, until: float, *, resumed: bool) -> None:
        """Ask for an accepted job until its result is kept. Raises Failure."""
        secret, wait = self._secret(call), 0.0 if resumed else FIRST_POLL
        while True:
            self._sleep(min(wait, max(0.0, until - self._clock())))
            try:
                response = self._http.poll(call, accepted, secret)
                if response.status // 100 != 2:
                    raise call.adapter.failure(response)
                answer = call.adapter.polled(call.generation, response, call.account)
            except Failure as failure:
                wait = self._poll_again(call, failure, wait)
                answer = Running()
            else:
                if isinstance(answer, Ready):
                    self._keep(call, "poll", response, secret)
                    return
                if isinstance(answer, Accepted):  # the result stands elsewhere
                    facts = {**accepted.facts, **answer.facts}
                    accepted = Accepted(answer.id or accepted.id, answer.poll, answer.cancel or accepted.cancel, facts)
                    self.journal.write(call.key, "accepted", handle=_handle(accepted))
                    wait = 0.0
                    continue
                if answer.note:
                    call.log(answer.note)
                wait = answer.after if answer.after is not None else max(FIRST_POLL, min(LONGEST_POLL, wait * SLOWER))
            if self._clock() >= until:
                raise self._out_of_time(call, accepted, secret)

    def _poll_again(self, call: _Call, failure: Failure, wait: float) -> float:
        """How long to wait after a poll that failed in passing. Raises the failure when it is final."""
        if failure.sort in ("rate", "transient"):
            call.log(f"{failure.message}; asking again")
            own = max(FIRST_POLL, min(LONGEST_POLL, wait * SLOWER))
            return failure.retry_after if failure.retry_after is not None else own
        if failure.sort in ("auth", "offline"):
            raise failure  # the job goes on there: it is asked for again when the key is right
        paid = failure.paid if failure.paid != "nothing" else "maybe"
        raise self._came_to_nothing(call, Failure(failure.sort, failure.message, failure.retry_after, paid))

    def _out_of_time(self, call: _Call, accepted: Accepted, secret: str) -> Failure:
        """Nobody waits any longer: the provider is asked to stop, so that it charges no more than it has."""
        stopped = self._http.cancel(call, accepted, secret)
        seconds = call.account.timeout or DEADLINES[call.generation.kind]
        call.log(f"no result after {seconds:.0f} s; {'cancelled' if stopped else 'it could not be cancelled'}")
        return self._came_to_nothing(
            call,
            Failure(
                "failed",
                f"{accepted.id} was not done after {seconds:.0f} s, and was "
                f"{'cancelled' if stopped else 'left'}; `timeout` of the provider gives it more",
                paid="maybe",
            ),
        )

    # fetch

    def _finish(self, call: _Call, until: float) -> Made:
        """Bring what the kept answer tells of. Raises Failure."""
        step = self.journal.get(call.key)
        assert step is not None
        ready = self._ready(call, step)
        directory = self.directory / call.key
        files: list[dict[str, Any]] = []
        for number, payload in enumerate(ready.payloads):
            path = directory / f"{number}{f'.{payload.extension}' if payload.extension.isalnum() else ''}"
            if payload.content is not None:
                _write(path, payload.content)
            else:
                self._http.fetch(call, payload.url, path, until, self._sleep, FETCHES)
            size = path.stat().st_size
            if not size:
                raise self._came_to_nothing(call, Failure("failed", "the file that it made is empty", paid="yes"))
            files.append({"name": path.name, "size": size, "sha256": _sha256(path)})
        cost = self._ledger.settle(call.key, call.generation, ready.usage) if self._ledger is not None else None
        step = self.journal.write(call.key, "fetched", files=files, cost=str(cost) if cost is not None else None)
        call.log(f"fetched {len(files)} {'file' if len(files) == 1 else 'files'}" + (f", {cost} USD" if cost else ""))
        return self._made(call, step, ready)

    def _kept(self, call: _Call, step: Step) -> Made | None:
        """What was fetched in an earlier run, when all of it is still there."""
        directory = self.directory / call.key
        try:
            for file in step.facts["files"]:
                path = directory / str(file["name"])
                if path.stat().st_size != file["size"] or _sha256(path) != file["sha256"]:
                    return None
            return self._made(call, step, self._ready(call, step))
        except (OSError, KeyError, TypeError, ValueError, Failure):
            return None

    def _made(self, call: _Call, step: Step, ready: Ready) -> Made:
        directory = self.directory / call.key
        files = tuple(directory / str(file["name"]) for file in step.facts.get("files", ()))
        told = step.facts.get("cost")
        cost = Decimal(str(told)) if told is not None else None
        request = call.adapter.submit(call.generation, call.account)
        answer = _read_answer(directory)
        facts = provenance(call.generation, call.account, request, answer, ready, step, cost)
        clean = json.loads(self._http.scrub(call, json.dumps(facts, ensure_ascii=False)))
        return Made(files, ready.words, ready.data, dict(ready.usage), cost, clean)

    def _ready(self, call: _Call, step: Step) -> Ready:
        """The result that the kept answer tells. Raises Failure."""
        response = _read_answer(self.directory / call.key)
        if response is None:
            failure = Failure("failed", "its answer was deleted from .vbmake; it can be had no more", paid="yes")
            raise self._came_to_nothing(call, failure)
        read = call.adapter.accepted if step.facts.get("phase") == "submit" else call.adapter.polled
        answer = read(call.generation, response, call.account)
        if not isinstance(answer, Ready):
            raise self._came_to_nothing(call, Failure("failed", "its answer tells no result", paid="yes"))
        return answer

    def _keep(self, call: _Call, phase: str, response: Response, secret: str) -> None:
        """Have an answer with a result on the disk, before anything is made of it."""
        directory = self.directory / call.key
        directory.mkdir(parents=True, exist_ok=True)
        content = response.content
        headers = {name: value for name, value in response.headers.items() if name != "set-cookie"}
        if secret:
            content = content.replace(secret.encode(), b"[key]")
            headers = {name: value.replace(secret, "[key]") for name, value in headers.items()}
        _write(directory / "answer", content)
        _write(directory / "answer.json", json.dumps({"status": response.status, "headers": headers}).encode())
        self.journal.write(
            call.key, "result", phase=phase, answered=datetime.now(UTC).isoformat(timespec="milliseconds")
        )

    # who may ask

    @property
    def _http(self) -> Exchange:
        with self._lock:
            if self._exchange is None:
                self._exchange = Exchange(self._clock, self._environ)
            return self._exchange

    def _secret(self, call: _Call) -> str:
        """The account's key. Raises Failure when nobody may ask, or there is no key."""
        if self._offline:
            raise Failure(
                "offline",
                f"this build is offline and {call.job or 'this'} is in no cache: build it once online, and share "
                "vbmake.lock and the cache",
            )
        name = call.account.key
        if not name:
            return ""
        secret = self._environ.get(name, "").strip()
        if not secret:
            service = SERVICES.get(call.account.service)
            whose = f"your key of {service.name}" if service is not None else "its key"
            raise Failure("auth", f"there is no key: set the environment variable {name} to {whose}")
        return secret

    def _in_question(self, call: _Call, step: Step) -> ProviderError:
        if self._ledger is not None:
            self._ledger.keep(call.key)
        return ProviderError(
            f"{call.who}: it was asked on {step.time}, and the build ended before the answer came. It may have been "
            f"carried out, and charged: look into the provider's own history, then `doit resume --resubmit {call.job}` "
            f"(asks again) or `doit resume --abandon {call.job}`",
            sort="unknown",
            paid="maybe",
        )

    def _error(self, call: _Call, failure: Failure) -> Exception:
        backoff = None
        if failure.sort == "rate" and failure.retry_after is None:
            with self._lock:
                count = self._busy[call.account.name] = self._busy.get(call.account.name, -1) + 1
            backoff = min(_BACKOFF, 2.0**count)
        message = self._http.scrub(call, failure.message) if self._exchange is not None else failure.message
        return error_of(Failure(failure.sort, message, failure.retry_after, failure.paid), call.who, backoff)

    def _has_room(self, account: Account) -> None:
        with self._lock:
            self._busy.pop(account.name, None)


@dataclass(frozen=True, slots=True)
class _Call:
    """One `generate`."""

    key: str
    generation: Generation
    account: Account
    adapter: Adapter
    job: str
    log: Log
    progress: Progress

    @property
    def who(self) -> str:
        """The provider and the model, for messages."""
        return " ".join(part for part in (self.account.name, self.generation.model) if part)


def _handle(accepted: Accepted) -> dict[str, Any]:
    return {"id": accepted.id, "poll": accepted.poll, "cancel": accepted.cancel, "facts": dict(accepted.facts)}


def _accepted(step: Step) -> Accepted:
    handle = step.facts["handle"]
    return Accepted(str(handle["id"]), str(handle["poll"]), str(handle["cancel"]), dict(handle["facts"]))


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.part")
    with open(temporary, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(temporary, path)


def _read_answer(directory: Path) -> Response | None:
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        head = json.loads((directory / "answer.json").read_bytes())
        return Response(int(head["status"]), dict(head["headers"]), (directory / "answer").read_bytes())
    return None


def _sha256(path: Path) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
