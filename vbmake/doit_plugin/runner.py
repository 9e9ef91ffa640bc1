"""The runner: doit's, with jobs on threads under pools that hold across the run, retries, and state kept job by job.

A node of doit's graph passes through these states:

    dispatched   doit says that everything it needs has ended
    selected     it must be done (a job: its workspace says so; a task of the user's: doit's own check says so)
    ready        in the queue of its pool; it waits for a slot, or for the time of its next try
    running      a worker does it, its pool's slot is held
    ended        recorded, told, and handed back to doit, which dispatches what waited for it

Everything but the work itself happens in the calling thread.
"""

from __future__ import annotations

import bisect
import contextlib
import functools
import heapq
import itertools
import time
from collections import deque
from collections.abc import Callable, Iterable
from itertools import count
from typing import Any

from doit.action import PythonAction
from doit.exceptions import InvalidTask, TaskError
from doit.runner import ERROR, FAILURE, SUCCESS, Runner

from vbmake.doit_plugin.events import Events
from vbmake.doit_plugin.pace import Pace
from vbmake.doit_plugin.project import FilmProject, JobHandle, is_group, job_of
from vbmake.doit_plugin.reporter import talks
from vbmake.doit_plugin.reports import Reports
from vbmake.doit_plugin.tasks import JobFailed, JobImpossible
from vbmake.doit_plugin.workers import Batch, Done, Pools, Workers
from vbmake.errors import JobError, RateLimited, RetryableError, VbmakeError

TRIES = 5
WAIT = 3600.0  # seconds that a job waits for a provider that has no room
BACKOFF = 1.0  # seconds before the second try when the failure names no time; doubled for each further one
ANSWERED = 120.0  # seconds that it gives paid requests to be answered
PATIENCE = 5.0  # seconds that an interrupted build gives running jobs to end, so that what they made is recorded

TICK = 0.5  # seconds: a signal that the system hands to another thread is seen when this one next wakes

GLANCE, GLANCES = 0.02, 3  # seconds that the first jobs are given before more are looked at, and how many of them
LINGER = 0.1  # seconds after which jobs that were given to a worker and are not begun are taken back

TASKS = "doit"  # the pool of the user's own tasks
PYTHON = "doit python"  # of those with Python actions: doit swaps sys.stdout around them, which bears one at a time
OWN = (TASKS, PYTHON)


class PoolRunner(Runner):  # type: ignore[misc]  # doit has no types
    """Runs what a doit dispatcher yields; `run_tasks` may be called once for each round of planning."""

    def __init__(
        self,
        dep_manager: Any,
        reporter: Any,
        *,
        continue_: bool = False,
        always_execute: bool = False,
        stream: Any = None,
        pools: Pools,
        events: Callable[[FilmProject], Events],
        asking: Callable[[], int] = lambda: 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(dep_manager, reporter, continue_=continue_, always_execute=always_execute, stream=stream)
        self.pools = pools
        self.final_result: int = SUCCESS
        self.settled: set[str] = set()  # tasks of the user's that ran or were up to date
        self.well: set[str] = set()  # jobs that ended well
        self.failed: set[str] = set()  # jobs and tasks that failed, or were not tried because another did
        self._reports = Reports(reporter, events)
        self._asking = asking  # how many paid requests are out
        self._clock = clock
        self._workers = Workers()
        self._ready: dict[str, deque[Any]] = {}
        self._later: list[tuple[float, int, Any]] = []  # a heap of (time, ticket, node): retries
        self._tickets = count()
        self._tries: dict[str, int] = {}
        self._began: dict[str, float] = {}
        self._pace = Pace()
        self._glances = 0  # that are left of this round

    def run_tasks(
        self, task_dispatcher: Any, until: Iterable[str] = (), meanwhile: Callable[[], None] | None = None
    ) -> None:
        """Run everything the dispatcher yields; with `until`, start no more once those tasks have ended.

        `meanwhile` is called once, when whatever can be started at first has been: for what no job need wait for.
        """
        awaited = set(until)
        bounded = bool(awaited)
        generator, self._tasks = task_dispatcher.generator, task_dispatcher.tasks
        feed: deque[Any] = deque([None])
        more = first = True
        self._glances = GLANCES
        self._ready = {}
        self._later = []
        try:
            while True:
                while more and feed and not self._closing(bounded, awaited):
                    try:
                        node = generator.send(feed.popleft())
                    except StopIteration:
                        more = False
                        break
                    if node == "hold on":
                        continue
                    if self.select_task(node, task_dispatcher.tasks):
                        self._queue(node)
                        feed.append(None)
                        if first and not self._pace.hasty(node.vbmake_kind):
                            self._start_ready()  # at once: to look at all jobs of a long film takes a while
                            feed.extend(self._glance(awaited))
                    else:
                        self._end(node, awaited)
                        feed.append(node)
                if not self._closing(bounded, awaited):
                    self._start_ready()
                    self._tell_waiting()
                if first and meanwhile is not None:
                    self._reports.flush()
                    meanwhile()
                first = False
                if not self._workers.running and (self._closing(bounded, awaited) or not self._waits()):
                    break
                self._reports.flush()
                feed.extend(self._collect(self._patience(), awaited))
                self._requeue(self._workers.reclaim(0.0 if self._closing(bounded, awaited) else LINGER))
        except BaseException:  # whatever it is: no tool goes on by itself
            self._interrupt()
            with contextlib.suppress(VbmakeError):  # what ended the build is told
                self._reports.flush()
            raise
        self._reports.flush()
        if more and not self._closing(bounded, awaited):
            raise InvalidTask("some tasks wait for each other: their dependencies form a circle")

    def finish(self) -> Any:
        self._workers.close()
        return super().finish()

    # selecting

    def select_task(self, node: Any, tasks_dict: Any) -> bool:
        handle = node.vbmake_handle = job_of(node.task)
        if node.run_status is None and node.task.name in self.failed:  # in an earlier round, and so it was told
            node.run_status = "failure"
            return False
        if handle is not None:
            return self._select_job(node, handle)
        if is_group(node.task):
            self._select_group(node)
            return False
        return self._select_own(node, tasks_dict)

    def _select_job(self, node: Any, handle: JobHandle) -> bool:
        task = node.task
        self.reporter.get_status(task)
        task.overwrite_verbosity(self.stream)
        if node.ignored_deps or self.dep_manager.status_is_ignore(task):
            node.run_status = "ignore"
            self._reports.ignored(task, handle)
            return False
        if node.bad_deps:
            self._block(node, handle)
            return False
        try:
            state = handle.project.workspace.status(handle.job).state
        except JobError as error:
            self._handle_task_error(node, JobFailed(handle, error))
            return False
        except VbmakeError as error:
            self._handle_task_error(node, JobImpossible(f"{handle.place}: {error}"))
            return False
        # What a provider made is never paid for again because everything else shall be done again.
        again = self.always_execute and task.name not in self.well and not handle.job.account
        if state != "current" or again:
            node.run_status = "run"
            return True
        node.run_status = "up-to-date"
        self._ended_well(task, handle, "current", 0.0)
        return False

    def _select_own(self, node: Any, tasks_dict: Any) -> bool:
        """A task of the user's, by doit's own check; one that was dealt with in an earlier round is not asked again."""
        name = node.task.name
        if name in self.settled and node.run_status is None:
            node.run_status = "up-to-date"
            return False
        chosen = bool(super().select_task(node, tasks_dict))
        if node.run_status == "up-to-date":
            self.settled.add(name)
        return chosen

    def _select_group(self, node: Any) -> None:
        if node.bad_deps:
            node.run_status = "failure"
        else:
            node.run_status = "ignore" if node.ignored_deps else "up-to-date"

    # running

    def _queue(self, node: Any) -> None:
        handle = node.vbmake_handle
        if handle is not None:
            pool = handle.job.pool
        else:
            pool = PYTHON if any(isinstance(action, PythonAction) for action in node.task.actions) else TASKS
        node.vbmake_kind = _kind(node)
        node.vbmake_ticket = next(self._tickets)
        if pool not in self._ready:
            self._ready[pool] = deque()
        self._ready[pool].append(node)

    def _requeue(self, nodes: list[Any]) -> None:
        """Have nodes that were handed out and not begun be the next ones, in their order."""
        for node in reversed(nodes):
            self._ready[node.vbmake_pool].appendleft(node)

    def _start_ready(self) -> None:
        now = self._clock()
        while self._later and self._later[0][0] <= now:
            self._queue(heapq.heappop(self._later)[2])
        for pool, queue in self._ready.items():
            if pool not in OWN:
                while queue and self._start_next(pool):
                    pass
        while any(self._start_next(pool) for pool in self._own_turn()):
            pass

    def _own_turn(self) -> list[str]:
        """The pools of the user's own tasks in which one is ready: first that of the task that was dispatched first."""
        waiting = [pool for pool in OWN if self._ready.get(pool)]
        return sorted(waiting, key=lambda pool: self._ready[pool][0].vbmake_ticket)

    def _start_next(self, pool: str) -> bool:
        """Start what is next in a queue, if it may start now."""
        queue = self._ready[pool]
        if self._stop_running or not self._may_start(queue[0]) or not self.pools.acquire(pool):
            return False
        self._start([queue.popleft() for _ in range(self._batch_size(queue, pool))], pool)
        return True

    def _may_start(self, node: Any) -> bool:
        """Whether a thread more would help."""
        return not self._pace.hasty(node.vbmake_kind) or not self._workers.hasty

    def _tell_waiting(self) -> None:
        self._reports.waiting(
            {
                pool: f"{self.pools.used(pool)}/{self.pools.limit(pool)}"
                for pool, queue in self._ready.items()
                if queue and pool not in ("cpu", *OWN)
            }
        )

    def _batch_size(self, queue: deque[Any], pool: str) -> int:
        """How many of the next in a queue to hand to a worker at once."""
        if pool not in ("cpu", PYTHON):  # a provider counts each, and a program takes a while to start
            return 1
        kind = queue[0].vbmake_kind
        size = self._pace.batch(kind, len(queue), self.pools.limit(pool))
        if pool == PYTHON and any(talks(node.task) for node in itertools.islice(queue, size)):
            return 1  # each is told when it begins: bars give way to it
        if pool == PYTHON and (others := self._ready.get(TASKS)):  # none goes before one that was dispatched before it
            size = bisect.bisect(queue, others[0].vbmake_ticket, 1, size, key=lambda node: node.vbmake_ticket)
        return size if {node.vbmake_kind for node in itertools.islice(queue, size)} == {kind} else 1

    def _start(self, nodes: list[Any], pool: str) -> None:
        report = getattr(self.reporter, "progress", None)
        for node in nodes:
            task = node.task
            node.vbmake_pool = pool
            if task.teardown and task not in self.teardown_list:
                self.teardown_list.append(task)
            self._began.setdefault(task.name, self._clock())
            if (handle := node.vbmake_handle) is not None:
                task.options = {}  # a job has none: doit would set up a parser to find that
                if report is not None:
                    task.actions[0].on_progress = functools.partial(report, task.name)
                if self.always_execute and not handle.job.account:
                    _disown(handle)
        self._tell_start(nodes[0])
        calls = [(node, functools.partial(node.task.execute, self.stream)) for node in nodes]
        batch = Batch(pool, calls, hasty=self._pace.hasty(nodes[0].vbmake_kind))
        if batch.hasty and not self._workers.running:  # nobody waits for this thread: it does them itself
            self._reports.flush()
            self._workers.perform(batch)
        else:
            self._workers.submit(batch)

    def _glance(self, awaited: set[str]) -> list[Any]:
        """The nodes that ended a moment after they began: a function is in the way of who looks at the next ones.

        The first that takes longer is the last that is waited for.
        """
        if not self._glances or not self._workers.running:
            return []
        ended = self._collect(GLANCE, awaited)
        self._glances = 0 if self._workers.running else self._glances - 1
        return ended

    def _collect(self, timeout: float, awaited: set[str]) -> list[Any]:
        """Take what workers have done, once one of them is through or after `timeout` seconds: the nodes that ended."""
        ended = []
        for done in self._workers.wait(timeout):
            if done.token is None:
                self.pools.release(done.batch.pool)
                self._requeue(done.batch.rest())  # one of it did not end well: the others are done all the same
            elif self._finish(done):
                self._end(done.token, awaited)
                ended.append(done.token)
        return ended

    def _tell_start(self, node: Any, at: float | None = None) -> None:
        """Tell that a job begins; `at`: that it began then, and has ended (one of a batch)."""
        node.vbmake_told = True
        self._reports.began(node.task, node.vbmake_handle, node.vbmake_pool, at)

    def _finish(self, done: Done) -> bool:
        """Take a worker's result; False when the job will be tried again."""
        node = done.token
        task = node.task
        handle = node.vbmake_handle
        if not getattr(node, "vbmake_told", False):
            self._tell_start(node, done.began)
        node.vbmake_told = False  # it may be tried again
        if done.error is not None:
            if not isinstance(done.error, Exception):
                raise done.error
            self.process_task_result(node, TaskError(f"{task.name}: {done.error}", done.error))
        elif handle is None:
            self.process_task_result(node, done.value)
            self.settled.add(task.name)
            self._pace.learn(node.vbmake_kind, done.ended - done.began)
        elif isinstance(done.value, JobFailed) and self._try_again(node, handle, done.value.error):
            return False
        elif done.value is not None:
            self._handle_task_error(node, done.value)
        else:
            outcome = task.actions[0].outcome
            if outcome.how == "ran":
                kind = node.vbmake_kind
                call = self._pace.hasty(kind) or bool(handle.project.workspace.rules.rule(handle.job.rule).call)
                self._pace.learn(kind, outcome.seconds, call)
            node.run_status = "successful"
            for one in outcome.remade:
                self._reports.remade(self._tasks[handle.project.name(one.job.id)], one.seconds, one.ended)
            self._ended_well(task, handle, outcome.how, outcome.seconds, done.ended)
        return True

    def _try_again(self, node: Any, handle: JobHandle, error: JobError) -> bool:
        name = node.task.name
        if not isinstance(error, RetryableError) or self._stop_running:
            return False
        tries = self._tries.get(name, 0)
        if isinstance(error, RateLimited):
            if self._clock() - self._began[name] > WAIT:
                return False
        else:
            tries = self._tries[name] = tries + 1
            if tries >= TRIES:
                return False
        if error.retry_after is not None:
            seconds = max(0.0, error.retry_after)
            if handle.job.account:  # "later" is said to all who ask there
                self.pools.pause(node.vbmake_pool, seconds)
        else:
            seconds = BACKOFF * 2 ** max(0, tries - 1)
        self._reports.retry(node.task, handle, seconds, str(error))
        heapq.heappush(self._later, (self._clock() + seconds, next(self._tickets), node))
        return True

    # ending

    def _ended_well(self, task: Any, handle: JobHandle, how: str, seconds: float, at: float | None = None) -> None:
        self.well.add(task.name)
        self._reports.ended(task, handle, how, seconds, at)

    def _block(self, node: Any, handle: JobHandle) -> None:
        """A job that another's failure keeps from being tried is no failure of its own (doit would count it as one)."""
        node.run_status = "failure"
        self.failed.add(node.task.name)
        self._reports.blocked(node.task, handle, [bad.task.name for bad in node.bad_deps])

    def _handle_task_error(self, node: Any, base_fail: Any) -> None:
        handle = node.vbmake_handle
        self.failed.add(node.task.name)
        if handle is None:
            super()._handle_task_error(node, base_fail)
            return
        node.run_status = "failure"
        seconds = self._clock() - self._began.get(node.task.name, self._clock())
        self._reports.failed(node.task, handle, base_fail, seconds)
        failed = isinstance(base_fail, JobFailed) and self.final_result != ERROR
        self.final_result = FAILURE if failed else ERROR
        if not self.continue_:
            self._stop_running = True

    def _end(self, node: Any, awaited: set[str]) -> None:
        if node.run_status not in (None, "run"):
            awaited.discard(node.task.name)

    # waiting

    def _closing(self, bounded: bool, awaited: set[str]) -> bool:
        return self._stop_running or (bounded and not awaited)

    def _waits(self) -> bool:
        return bool(self._later) or any(self._ready.values())

    def _patience(self) -> float:
        """How long to wait for a worker: until a retry is due or a pool opens, and never for very long."""
        until = [TICK, *(wake for wake in (self.pools.wake(),) if wake is not None)]
        if self._workers.waiting:
            until.append(LINGER)
        if self._later:
            until.append(max(0.0, self._later[0][0] - self._clock()))
        return min(until)

    def _interrupt(self) -> None:
        """End every tool, and give the threads a moment to record what was finished.

        Requests that cost are waited for longer: an answer that nobody hears would leave a question, not an asset.
        Another interrupt ends that.
        """
        from vbmake import process

        process.terminate_all()
        process.terminate_descendants()  # the commands of the user's own tasks
        self._workers.reclaim()
        began = self._clock()
        told = False
        while self._workers.running:
            asked, since = self._asking(), self._clock() - began
            if since >= (ANSWERED if asked else PATIENCE):
                break
            if asked and not told:
                told = True
                what = "a request that is paid for" if asked == 1 else f"{asked} requests that are paid for"
                self.reporter.outstream.write(f"waiting for the answer to {what}; interrupt again to leave\n")
                self._reports.flush()
            for done in self._workers.wait(TICK):
                node = done.token
                if node is not None and done.well:
                    handle = node.vbmake_handle
                    if handle is not None:
                        outcome = node.task.actions[0].outcome
                        self._ended_well(node.task, handle, outcome.how, outcome.seconds, done.ended)
                    else:
                        self.process_task_result(node, None)


def _kind(node: Any) -> str:
    """By what one can tell how long it takes: the rule of a job; of a task of the user's, its group or name."""
    handle: JobHandle | None = node.vbmake_handle
    return handle.job.rule if handle is not None else f"{TASKS} {node.task.subtask_of or node.task.name}"


def _disown(handle: JobHandle) -> None:
    """Let a job be done again although its result is recorded or in a cache: what `--always-execute` asks for."""
    workspace = handle.project.workspace
    key = workspace.status(handle.job).key
    if key is not None:
        workspace.cache.reject(key)
    workspace.forget(handle.job.id)
