"""Who runs the jobs of a plan: the protocol, and threads of this process, with a limit for each pool."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Protocol

from vbmake import process
from vbmake.errors import FatalError, JobError, MissingTool, RateLimited, RetryableError, VbmakeError
from vbmake.plan.types import BuildPlan, JobSpec
from vbmake.run.job import Outcome
from vbmake.run.workspace import Workspace

WAIT = 3600.0  # seconds that a job waits for a provider that has no room

Watch = Callable[[JobSpec, "Outcome | VbmakeError"], None]


@dataclass
class Results:
    """What became of the jobs of a plan, by id. `skipped` were not tried, because of a failure."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    failures: dict[str, VbmakeError] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()


class Executor(Protocol):
    """Runs plans: on one machine, or on many."""

    def run(self, plan: BuildPlan, workspace: Workspace, watch: Watch | None = None) -> Results:
        """Bring every job of the plan up to date, each after those it needs. `watch` is told of each that ends."""
        ...


class ThreadExecutor:
    """Runs jobs in threads (the work itself is done by other programs and by libraries that let go of the lock).

    `jobs` is the limit of the pool `cpu`, and of every pool that `pools` does not name. A job whose pool is full waits
    without holding a thread. After a failure no job is begun, or with `keep_going` every one that does not need it.
    """

    def __init__(
        self,
        jobs: int | None = None,
        *,
        keep_going: bool = False,
        pools: Mapping[str, int] | None = None,
        retries: int = 3,
        sleep: Callable[[float], None] = process.pause,
    ) -> None:
        self.jobs = jobs or os.cpu_count() or 1
        self.keep_going = keep_going
        self.pools = dict(pools or {})
        self.retries = retries
        self._sleep = sleep
        self._limits: Mapping[str, int] = self.pools
        self._paused: dict[str, float] = {}  # when providers that had no room are asked again, by pool

    def run(self, plan: BuildPlan, workspace: Workspace, watch: Watch | None = None) -> Results:
        workspace.use(plan)
        queue = _Queue(plan, workspace.edited(plan))
        results = Results()
        running: dict[Future[Outcome], JobSpec] = {}
        self._limits = {**workspace.studio.limits, **self.pools}
        with ThreadPoolExecutor(self._threads(plan), thread_name_prefix="job") as threads:
            try:
                while True:
                    if self.keep_going or not results.failures:
                        for job in queue.take(self._limit):
                            running[threads.submit(self._attempts, workspace, job)] = job
                    if not running:
                        break
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        job = running.pop(future)
                        answer = _answer(future)
                        queue.done(job, well=isinstance(answer, Outcome))
                        if isinstance(answer, Outcome):
                            results.outcomes[job.id] = answer
                        else:
                            results.failures[job.id] = answer
                        if watch is not None:
                            watch(job, answer)
            except BaseException:
                process.terminate_all()  # else the threads, and so this process, would wait for their programs
                raise
        results.skipped = queue.rest()
        return results

    def _limit(self, pool: str) -> int:
        return self._limits.get(pool, self.jobs)

    def _threads(self, plan: BuildPlan) -> int:
        """As many as can run at once under the pools' limits."""
        return max(1, sum(self._limit(pool) for pool in {job.pool for job in plan.jobs}))

    def _attempts(self, workspace: Workspace, job: JobSpec) -> Outcome:
        """Run a job, again after a failure that may pass: after the time it asks for, else 1, 2, 4 ... seconds.

        A provider that has no room is waited for, for an hour; the other jobs of its pool wait with this one.
        """
        tries, until = 0, time.monotonic() + WAIT
        while True:
            self._wait(job.pool)
            try:
                return workspace.run(job)
            except RateLimited as error:
                seconds = error.retry_after if error.retry_after is not None else 1.0
                if time.monotonic() + seconds > until:
                    raise
                self._paused[job.pool] = max(self._paused.get(job.pool, 0.0), time.monotonic() + seconds)
            except RetryableError as error:
                tries += 1
                if tries > self.retries:
                    raise
                self._sleep(error.retry_after if error.retry_after is not None else 2.0 ** (tries - 1))

    def _wait(self, pool: str) -> None:
        """Wait until the provider is to be asked again, also when another job is told to wait longer meanwhile."""
        waited = 0.0
        while (until := self._paused.get(pool, 0.0)) > waited:
            if (left := until - time.monotonic()) > 0:
                self._sleep(left)
            waited = until


class _Queue:
    """The jobs of a plan that are still to do, given out when all they need is done and their pool has room.

    Those of `first` go before the others that can begin.
    """

    def __init__(self, plan: BuildPlan, first: Iterable[str]) -> None:
        self._jobs = {job.id: job for job in plan.jobs}
        self._first = frozenset(first)
        self._needs = {job.id: set(job.needs()) for job in plan.jobs}
        self._users: dict[str, list[str]] = {}
        for name, needs in self._needs.items():
            for need in needs:
                self._users.setdefault(need, []).append(name)
        self._ready: dict[str, tuple[deque[JobSpec], deque[JobSpec]]] = {}  # by pool: of `first`, and others
        for name in self._jobs:
            if not self._needs[name]:
                self._enqueue(self._jobs[name])
        self._used: dict[str, int] = {}

    def take(self, limit: Callable[[str], int]) -> list[JobSpec]:
        """The jobs that can begin now."""
        taken: list[JobSpec] = []
        for pool, (first, others) in self._ready.items():
            while (ready := first or others) and self._used.get(pool, 0) < limit(pool):
                self._used[pool] = self._used.get(pool, 0) + 1
                taken.append(ready.popleft())
        return taken

    def done(self, job: JobSpec, well: bool) -> None:
        """A job has ended; when it went well, those that needed nothing else become ready."""
        self._used[job.pool] -= 1
        del self._jobs[job.id]
        if not well:
            return
        for user in self._users.get(job.id, ()):
            self._needs[user].discard(job.id)
            if not self._needs[user]:
                self._enqueue(self._jobs[user])

    def _enqueue(self, job: JobSpec) -> None:
        first, others = self._ready.setdefault(job.pool, (deque(), deque()))
        (first if job.id in self._first else others).append(job)

    def rest(self) -> tuple[str, ...]:
        """Ids of the jobs that were not done."""
        return tuple(self._jobs)


def _answer(future: Future[Outcome]) -> Outcome | VbmakeError:
    """The outcome, or the failure. A fault of vbmake's own is a failure of that job, too, and not of the others."""
    try:
        return future.result()
    except (JobError, MissingTool) as error:
        return error
    except Exception as error:
        failure = FatalError(f"an error of vbmake itself, please report it: {type(error).__name__}: {error}")
        failure.__cause__ = error
        return failure
