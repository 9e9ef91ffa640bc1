"""The engine: has an asset made by a provider, exactly once for a key, whatever happens in between.

    submit   the request is written down, sent once, and its answer kept; sent again only if it surely never arrived
    poll     a job that was accepted is asked for until it is done: as often as it takes, it costs nothing
    fetch    the files of the result are brought, checked and kept

Every step is on the disk before the next is taken (journal.py). A run that comes after a kill goes on from there:

    intent     with its answer kept: the answer is read; without: nobody knows, and a person is asked
    accepted   the job is asked for
    result     its files are fetched; it is paid, so this is tried in every build until they are here, or surely gone
    fetched    it is taken as it is
    failed     it is asked for anew
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from vbmake import process
from vbmake.errors import FatalError, JobError, RateLimited, RetryableError
from vbmake.providers import registry
from vbmake.providers.call import Books, Call, Desk, Log, NoBooks, Progress
from vbmake.providers.failures import error_of
from vbmake.providers.fetch import Made, fetch, kept
from vbmake.providers.journal import Journal, Step
from vbmake.providers.kept import Kept
from vbmake.providers.poll import accepted_of, poll
from vbmake.providers.submit import prepare, submit, understand
from vbmake.providers.types import Accepted, Account, Adapter, Failure, Generation

__all__ = ["Engine", "Made", "Question"]

PATIENCE: Final = 3600.0  # seconds that `generate_patiently` waits for a provider without room
TRIES: Final = 4  # times that it tries again after a failure that may pass
_OPEN: Final = ("intent", "abandoned")
_BACKOFF: Final = 30.0  # seconds: the longest own wait for a provider that names none


@dataclass(frozen=True, slots=True)
class Question:
    """A request whose outcome is unknown (`state` intent) or to come (accepted), or that was given up (abandoned)."""

    key: str
    job: str
    account: str
    state: str
    time: str


class Engine:
    """Asks providers for one project. Safe for many threads; two that ask for one key take turns."""

    def __init__(
        self,
        directory: Path,
        *,
        environ: Mapping[str, str],
        ledger: Books | None = None,
        offline: bool = False,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = process.pause,
        adapters: Callable[[str], Adapter] = registry.adapter,
        checkpoint: Callable[[str], None] = lambda _state: None,
    ) -> None:
        """`directory` holds the journal, and a directory for each key. `clock` is monotonic, in seconds.

        `checkpoint(state)` is called after each step: a seam for tests that end the process there.
        """
        self.directory = directory
        self.journal = Journal(directory / "journal.jsonl", checkpoint=checkpoint)
        self._desk = Desk(directory, self.journal, environ, ledger or NoBooks(), offline, clock, sleep)
        self._adapters = adapters
        self._lock = threading.Lock()
        self._turns: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._swept = False
        self._busy: dict[str, tuple[int, float]] = {}  # by account: how often in a row it had no room, and until when

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
        call = Call(key, generation, account, self._adapters(account.service), job, log, progress, self._desk)
        with self._lock:
            if not self._swept:
                self._sweep()
            turn = self._turns[key]
        with turn, self._desk.books.under_way(key):
            try:
                return self._carry_on(call)
            except Failure as failure:
                raise self._error(call, failure) from None

    def generate_patiently(self, key: str, generation: Generation, account: Account, **more: Any) -> Made:
        """As `generate`, for callers without a queue of their own: waits and tries again where that may help."""
        until, tries = self._desk.clock() + PATIENCE, 0
        while True:
            try:
                return self.generate(key, generation, account, **more)
            except RetryableError as error:
                tries += not isinstance(error, RateLimited)
                seconds = error.retry_after if error.retry_after is not None else 2.0**tries
                if tries > TRIES or self._desk.clock() + seconds > until:
                    raise
                more.get("log", lambda _: None)(f"{error}: trying again in {seconds:.0f} s")
                self._desk.sleep(seconds)

    def settled(self, key: str) -> None:
        """What was made for a key is recorded elsewhere: what the engine kept of it may go."""
        step = self.journal.get(key)
        if step is not None and step.state == "fetched":
            self.journal.write(key, "done")
            Kept(self.directory / key).drop()

    def open_questions(self) -> list[Question]:
        """The requests whose outcome is unknown, and those that were abandoned."""
        return [_question(step) for step in self.journal.all() if _is_open(step)]

    def under_way(self) -> list[Question]:
        """The requests that a provider accepted and whose results are still to come."""
        return [_question(step) for step in self.journal.all() if step.state == "accepted" and not _is_open(step)]

    def resubmit(self, key: str) -> None:
        """Let the next build ask again; what was reserved stays counted, because it may have been paid.

        Raises FatalError when the key is not in question.
        """
        self._decide(key)
        self.journal.write(key, "failed", reason="to be submitted again")

    def abandon(self, key: str) -> None:
        """Let nobody ask again. Raises FatalError when the key is not in question."""
        self._decide(key)
        self.journal.write(key, "abandoned")

    def give_up(self, key: str, account: Account | None) -> str:
        """Let nobody ask for a job that is under way, and ask its provider (`account`) to stop it.

        What was reserved stays counted, because it may have been paid. Returns why it could not be stopped, "" when it
        was. Raises FatalError when the key is not under way.
        """
        step = self.journal.get(key)
        accepted = accepted_of(step) if step is not None and step.state == "accepted" else None
        if step is None or accepted is None:
            raise FatalError(f"{key} is not under way")
        why = self._cancelled(step, accepted, account)
        self._desk.books.keep(key)
        self.journal.write(key, "abandoned")
        return why

    def _cancelled(self, step: Step, accepted: Accepted, account: Account | None) -> str:
        """Why a provider could not be asked to stop a job, or did not; "" when it stopped."""
        name = step.facts.get("account", "")
        if account is None:
            return f"the project has no provider called {name!r} any more"
        generation = Generation(step.facts.get("kind", "image"), account.service, step.facts.get("model", ""), "")
        try:
            call = Call(
                step.key, generation, account, self._adapters(account.service), "", _nothing, _nothing, self._desk
            )
            if self._desk.exchange.cancel(call, accepted, call.secret()):
                return ""
        except Failure as failure:
            return call.scrub(failure.message)
        except FatalError as error:  # its adapter is not installed
            return str(error)
        return f"{name} did not say that it stopped"

    @property
    def asking(self) -> int:
        """How many requests that cost are out and unanswered: who ends the process now leaves them in question."""
        return self._desk.asking

    def close(self) -> None:
        """Close every connection."""
        self._desk.close()

    def _sweep(self) -> None:
        """Remove what was kept of requests whose results are recorded: a kill may have come between."""
        self._swept = True
        if self.directory.is_dir():
            for directory in self.directory.iterdir():
                step = self.journal.get(directory.name) if directory.is_dir() else None
                if step is not None and step.state == "done":
                    Kept(directory).drop()

    def _decide(self, key: str) -> None:
        step = self.journal.get(key)
        if step is None or not _is_open(step):
            raise FatalError(f"{key} is not in question")
        self._desk.books.keep(key)

    def _carry_on(self, call: Call) -> Made:
        """Go on from where it stands. Raises Failure, JobError or WorkspaceError."""
        step = call.step
        state = step.state if step is not None else ""
        if step is not None and state in ("fetched", "done") and (made := kept(call, step)) is not None:
            return made
        if step is not None and state == "abandoned":
            raise Failure(
                "unknown",
                f"this request was abandoned on {step.time}; `doit resume --resubmit {call.job}` asks again, "
                f"`doit reroll {call.job}` asks for another take",
                paid="maybe",
            )
        until = call.desk.clock() + call.seconds
        if state not in ("result", "fetched"):
            accepted, resumed = self._resumed(call, step) if step is not None else (None, False)
            if not resumed:
                asked = prepare(call)
                until = call.desk.clock() + call.seconds  # it may have waited for its part of the budget
                with self._desk.counted():
                    accepted = submit(call, asked, until)
                self._has_room(call.account)
            if accepted is not None:
                poll(call, accepted, until, resumed=resumed)
        return fetch(call, until)

    def _resumed(self, call: Call, step: Step) -> tuple[Accepted | None, bool]:
        """What was accepted in an earlier run (None: its result is kept), and whether anything was. Raises Failure."""
        if step.state == "accepted":
            accepted = accepted_of(step)
            if accepted is None:
                raise call.in_question(f"it was accepted on {step.time}, and where to ask for it is lost")
            call.say(f"{call.who} accepted this as {accepted.id} on {step.time}: asking for its result")
            return accepted, True
        if step.state != "intent":
            return None, False
        answer = call.kept.answer()
        if answer is not None:
            call.say(f"{call.who} answered this on {step.time}: reading the answer")
            return understand(call, answer), True
        if call.adapter.idempotent:
            return None, False
        raise call.in_question(f"it was asked on {step.time}, and the build ended before its answer came")

    def _error(self, call: Call, failure: Failure) -> JobError:
        backoff = None
        if failure.sort == "rate" and failure.retry_after is None:
            backoff = self._backoff(call.account)
        message = call.scrub(failure.message)
        return error_of(Failure(failure.sort, message, failure.retry_after, failure.paid), call.who, backoff)

    def _backoff(self, account: Account) -> float:
        """Seconds to wait for a provider that has no room and names no delay: longer each time it has none again.

        Requests that were under way together learn of the same lack of room: they wait for the same moment.
        """
        now = self._desk.clock()
        with self._lock:
            count, until = self._busy.get(account.name, (0, now))
            if now >= until:
                count, until = count + 1, now + min(_BACKOFF, 2.0**count)
            self._busy[account.name] = count, until
        return until - now

    def _has_room(self, account: Account) -> None:
        with self._lock:
            self._busy.pop(account.name, None)


def _nothing(*_: object) -> None:
    """Nobody hears of it."""


def _question(step: Step) -> Question:
    facts = step.facts
    asked = str(facts.get("asked") or step.time)
    return Question(step.key, str(facts.get("job", "")), str(facts.get("account", "")), step.state, asked)


def _is_open(step: Step) -> bool:
    """Whether a person has to decide: its outcome, or where to ask for it, is lost."""
    return step.state in _OPEN or (step.state == "accepted" and accepted_of(step) is None)
