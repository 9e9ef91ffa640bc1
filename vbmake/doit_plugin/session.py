"""One build: the projects locked, rounds of planning and running, and the end of it all recorded."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from doit.control import TaskControl
from doit.exceptions import InvalidCommand, InvalidTask

from vbmake import process
from vbmake.doit_plugin.events import Events, trim
from vbmake.doit_plugin.graph import Graph
from vbmake.doit_plugin.project import FilmProject, Unplanned, close_all, projects_of, refuse
from vbmake.doit_plugin.runner import PoolRunner
from vbmake.doit_plugin.scope import Scope
from vbmake.errors import Problem, ProjectError, VbmakeError, WorkspaceError
from vbmake.plan.types import JobSpec
from vbmake.run.owed import push_owed
from vbmake.run.state import Status

ROUNDS = 100  # more than any film needs: each round must measure something new


@dataclass
class Session:
    """A build of `selection` (None: what is built by default). `load` gives the tasks, planned anew.

    `confirm` is told, before anything runs, of the jobs that will ask a provider, and raises VbmakeError where they may
    cost too much.
    `after` is called for each project that is wholly built, with the record of this run, and gives the exit code; None:
    something is left to a later build, which therefore must not find that there is nothing to do.
    """

    load: Callable[[], list[Any]]
    tasks: list[Any]
    selection: Sequence[str] | None
    reporter: Any
    make_runner: Callable[[Callable[[FilmProject], Events]], PoolRunner]
    single: bool = False  # whether what is selected is done without what it needs
    after: Callable[[FilmProject, Events], int | None] = lambda _project, _events: 0
    confirm: Callable[[FilmProject, list[JobSpec]], None] = lambda _project, _jobs: None
    always: bool = False  # whether also what is current is done again
    _events: dict[Any, Events] = field(default_factory=dict)
    _untold: list[FilmProject] = field(default_factory=list)  # of this round: see `_tell_plans`
    _reach: Set[str] | None = None  # see `Scope.reach`
    _films: list[FilmProject] = field(init=False)  # behind the tasks

    def __post_init__(self) -> None:
        self._films = projects_of(self.tasks)

    def run(self) -> int:
        """Build; returns the exit code. KeyboardInterrupt passes through after everything finished is recorded."""
        process.reopen()
        began = time.monotonic()
        runner = self.make_runner(self.events)
        code = 130
        with contextlib.ExitStack() as stack:
            stack.enter_context(terminable())
            try:
                built = self._run(runner, stack)
                code = built or self._complete(runner)
            except VbmakeError as error:
                code = error.exit_code
                raise
            finally:
                self._close(code, time.monotonic() - began)
            return code

    def _run(self, runner: PoolRunner, stack: contextlib.ExitStack) -> int:
        """Run all rounds, have them told, and share what they made; the exit code."""
        try:
            self._rounds(runner, stack)
        except InvalidTask as error:
            self.reporter.runtime_error(str(error))
            runner.final_result = 2
        except KeyboardInterrupt:
            self.reporter.interrupted = True
            raise
        finally:
            with contextlib.suppress(WorkspaceError):  # what ended the build is told
                self._write_plans()
            runner.finish()
            with contextlib.suppress(WorkspaceError):
                for project in self._built():
                    project.workspace.pins.flush()
            with contextlib.suppress(WorkspaceError):
                self._tell_requests()
        getattr(self.reporter.outstream, "flush", lambda: None)()  # who reads it need not wait for the uploads
        for project in self._built():
            project.workspace.pin_recorded(project.plan)
        for project in self._built():
            push_owed(project.workspace, project.plan)
        return int(runner.final_result)

    def _tell_requests(self) -> None:
        """What was paid, and what providers go on with."""
        for project in self._built():
            for line in (*project.workspace.studio.bill(), *project.workspace.studio.under_way()):
                self.reporter.outstream.write(f"{line}\n")

    def _built(self) -> list[FilmProject]:
        """The projects that were locked, and built in this run."""
        return [project for project in self._films if project.root in self._events]

    def events(self, project: FilmProject) -> Events:
        """The record of this run in a project."""
        found = self._events.get(project.root)
        if found is None:
            found = self._events[project.root] = Events(project.root)
        return found

    def _plan_anew(self) -> None:
        self.tasks = self.load()
        self._films = projects_of(self.tasks)

    def _rounds(self, runner: PoolRunner, stack: contextlib.ExitStack) -> None:
        seen: set[frozenset[str]] = set()
        made: set[str] = set()
        locked: set[Path] = set()
        for number in range(1, ROUNDS):
            control = Graph(self.tasks)
            if number == 1 and hasattr(self.reporter, "initialize"):
                self.reporter.initialize(control.tasks, [])
            scope = Scope(self.tasks, control, self.selection)
            for word in scope.hopeless():  # told before anything runs that may take long, or cost
                raise InvalidCommand(not_found=word)
            changed = False
            for project in scope.projects:
                if project.root not in locked:
                    locked.add(project.root)
                    stack.enter_context(project.workspace.locked())
                    changed = project.workspace.begin() or changed
                    trim(project.root)
            if changed:  # another build ended between our plan and our lock
                self._plan_anew()
                continue
            lost = scope.block(runner.failed, runner.failed | runner.settled | runner.well)
            self._begin(scope, number, runner.failed)
            first = scope.sources(made)
            if first:
                made.update(first)
                control.selected_tasks = first
            elif first := self._pending(scope, seen, lost):
                control.selected_tasks = [*first, *scope.edited_first(scope.possible())]
            else:
                break
            runner.run_tasks(control.task_dispatcher(), until=first, meanwhile=self._tell_plans)
            if runner.final_result != 0 and not runner.continue_:
                return
            if made.issuperset(first):
                close_all()  # what was made may be what the declaration reads: it is read anew
            self._plan_anew()
        else:
            raise WorkspaceError(f"the plan is not complete after {ROUNDS} rounds")
        refuse(one for one in scope.unplanned if one not in lost)
        self._select(scope, lost)
        runner.run_tasks(control.task_dispatcher(), meanwhile=self._tell_plans)

    def _select(self, scope: Scope, lost: Collection[FilmProject | Unplanned]) -> None:
        """Choose what is built in the end: all that is selected, but for what only `lost` films would have."""
        if self.selection is None:
            scope.control.selected_tasks = [*scope.default(), *scope.stand_ins(lost)]
        else:
            scope.control.process([word for word in self.selection if not scope.is_lost(word, lost)])
        if self.single:
            _part(scope.control)
        else:
            scope.control.selected_tasks = scope.edited_first(scope.control.selected_tasks)

    def _begin(self, scope: Scope, number: int, failed: Collection[str]) -> None:
        incomplete = scope.incomplete()
        for project in scope.projects:
            project.workspace.work_out(project.plan)
            project.workspace.look_ahead(project.plan)
            status = project.workspace.status
            paid = [job for job in project.plan.jobs if job.account and project.name(job.id) not in failed]
            if project not in incomplete:  # what the rest of the plan waits for is made whatever is selected
                paid = [job for job in paid if project.name(job.id) in scope.closure]
            due = {status(job).key or job.id: job for job in paid if status(job).state in ("run", "maybe")}
            self.confirm(project, list(due.values()))  # (what several ask for alike is asked for once)
            self.events(project).write("begin", round=number, jobs=len(project.plan.jobs))
            if hasattr(self.reporter, "note"):
                for note in project.plan.notes:
                    self.reporter.note(f"{note.place}: {note.message}")
        self._untold = scope.projects
        self._reach = scope.reach

    def _tell_plans(self) -> None:
        """Write the plans of this round, and have the reporter know what is to come; while the first jobs run.

        For a film of ten thousand scenes that takes most of a second, for which no job need wait.
        """
        projects = self._untold
        self._write_plans()
        if getattr(self.reporter, "foresees", False):
            for project in projects:
                states = project.workspace.survey(project.plan).items()
                due = {project.name(id): state.seconds for id, state in states if self._is_due(project, id, state)}
                self.reporter.expect(due)

    def _is_due(self, project: FilmProject, id: str, state: Status) -> bool:
        """Whether a job is likely to run: what is paid for is not made again because everything else shall be."""
        if self._reach is not None and project.name(id) not in self._reach:
            return False
        return state.state != "current" or (self.always and not project.plan.job(id).account)

    def _write_plans(self) -> None:
        projects, self._untold = self._untold, []
        for project in projects:
            if project.whole:
                project.workspace.write_plan(project.plan)

    def _pending(self, scope: Scope, seen: set[frozenset[str]], lost: Collection[FilmProject | Unplanned]) -> list[str]:
        """The tasks that must run before the plan can go on; none when it is complete or nobody asks for the rest.

        The plan of a `lost` film does not go on.
        """
        waiting = [project for project in scope.incomplete() if project not in lost]
        names = [name for project in waiting for name in project.pending_tasks() if name in scope.control.tasks]
        now = frozenset(names)
        if waiting and (not names or now in seen):
            pending = [item for project in waiting for item in project.plan.pending]
            raise ProjectError([Problem(item.place, f"the plan cannot go on: {item.reason}") for item in pending])
        seen.add(now)
        return names

    def _close(self, code: int, seconds: float) -> None:
        tally = getattr(self.reporter, "tally", None)
        for events in self._events.values():
            with contextlib.suppress(WorkspaceError):
                totals = tally.totals() if tally is not None else {}
                events.write("end", exit=code, seconds=round(seconds, 3), totals=totals)
            events.close()

    def _complete(self, runner: PoolRunner) -> int:
        """What follows where everything that is declared is built; the exit code.

        The build is remembered, so that the next one that finds nothing changed costs nothing, when that is done, too.
        """
        for project in self._films:
            finals = project.finals()
            if project.whole and project.complete and finals and runner.well.issuperset(finals):
                project.workspace.pin(project.plan)
                code = self.after(project, self.events(project))
                if code:
                    return code
                if code is not None and runner.well.issuperset(project.ends()):
                    project.workspace.write_stamp(project.plan)
        return 0


def _part(control: TaskControl) -> None:
    """Take from the selected tasks what they depend on."""
    for name in control.selected_tasks:
        task = control.tasks[name]
        for one in [control.tasks[sub] for sub in task.task_dep] if task.has_subtask else [task]:
            one.task_dep = []


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """While the block runs, SIGTERM is as good as Ctrl-C; so is SIGHUP of a closed terminal, but for `nohup`."""

    def interrupt(_signal: int, _frame: Any) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    signs = [sign for sign in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(sign) is not signal.SIG_IGN]
    before = {sign: signal.signal(sign, interrupt) for sign in signs}
    try:
        yield
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)
