"""`doit` and `doit run`: build."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from doit import cmd_run
from doit.action import PythonAction
from doit.cmdparse import CmdOption
from doit.exceptions import InvalidCommand
from doit.task import Stream

from vbmake.doit_plugin import where, words
from vbmake.doit_plugin.command import INTERRUPTED, ProjectCommand
from vbmake.doit_plugin.encoding import BACKSLASHES
from vbmake.doit_plugin.hearing import UNHEARD, Heard, Told, Unheard
from vbmake.doit_plugin.loader import VideoLoader, processors
from vbmake.doit_plugin.option import flag, option
from vbmake.doit_plugin.project import FilmProject, close_all, job_of, projects_of, spelt, unplanned_of
from vbmake.errors import WorkspaceError
from vbmake.switches import OFFLINE, PLAYER, YES

if TYPE_CHECKING:
    from vbmake.doit_plugin.events import Events
    from vbmake.doit_plugin.runner import PoolRunner
    from vbmake.doit_plugin.workers import Pools


PARALLEL = ("process", "thread")  # what -P knows

OWN = (
    flag(
        "open",
        f"show the film when it is built, with the player of this desktop or the one that {PLAYER} names",
        name="open_film",
    ),
    flag("offline", f"ask no provider: fail rather than call (as {OFFLINE}=1)"),
    option(
        "pool",
        "at most so many jobs of a pool at once: gpu:1 for the rules that say `pool: gpu`; several as cpu:4,openai:2",
        metavar="NAME:N",
        name="pools",
    ),
    flag("yes", f"agree to what the build may cost, where `budget: {{confirm: ...}}` would ask (as {YES}=1)"),
)


@contextlib.contextmanager
def told(variable: str, said: bool) -> Iterator[None]:
    """While the block runs, an option that was said is in the environment, where whoever acts on it looks."""
    before = os.environ.get(variable)
    if said:
        os.environ[variable] = "1"
    try:
        yield
    finally:
        if said and before is None:
            del os.environ[variable]
        elif said and before is not None:
            os.environ[variable] = before


class Run(ProjectCommand, cmd_run.Run):  # type: ignore[misc]  # doit has no types
    """doit's `run`, which builds films where there are any, and takes vbmake's own words for commands there."""

    _asked = False
    _show = False
    _limits: Mapping[str, int] = {}  # of pools, where they are said

    def get_options(self) -> Any:
        """doit's options, and our own where they may mean something: a project without films sees doit's own alone."""
        options = super().get_options()
        if isinstance(self.loader, VideoLoader) or self._asked:
            options += [CmdOption(own) for own in OWN]
        return options

    def parse_execute(self, in_args: list[str]) -> Any:
        if any(word.partition("=")[0] == f"--{own['long']}" for word in in_args for own in OWN):
            self._asked = True
            self._cmdparser = None  # made anew, with the option
        return super().parse_execute(in_args)

    def perform(self, params: Any, args: list[str]) -> Any:
        self.adopt(params)
        if args and args[0] in words.COMMANDS and self._is_word(args[0], params):
            return self._dispatch(args)
        self._show = bool(params.get("open_film"))
        self._limits = _limits(params.get("pools") or "")
        if isinstance(self.loader, VideoLoader):
            _check(params["num_process"], params["par_type"])
        if isinstance(self.loader, VideoLoader) and self._is_current(params, args):
            return 0
        self._told_processes = "par_type" in params._non_default_keys and params["par_type"] == "process"
        with told(OFFLINE, bool(params.get("offline"))), told(YES, bool(params.get("yes"))):
            return super().perform(params, args)

    def _is_word(self, word: str, params: Any) -> bool:
        if isinstance(self.loader, VideoLoader):
            return True
        return word in words.ANYWHERE and not where.dodo_may_be_meant(params, Path.cwd())

    def _dispatch(self, args: list[str]) -> Any:
        command = words.load(args[0])(
            task_loader=self.loader, config=self.config, bin_name=self.bin_name, opt_vals=self.opt_vals
        )
        return command.parse_execute(args[1:])

    def _is_current(self, params: Any, args: list[str]) -> bool:
        """Recognise, before anything heavy is imported, that nothing changed since the last complete build."""
        plain = not args and not params["always"] and params["reporter"] == "console" and not params["single"]
        if not plain or params.get("default_tasks") or isinstance(params["outfile"], str):
            return False
        from vbmake.doit_plugin.tally import sentence
        from vbmake.run import stamp

        began = time.monotonic()
        complete = stamp.check(self.loader.locate(params))
        if complete is None:
            return False
        out = Told(params["outfile"])
        out.write(sentence({"current": complete.jobs}, time.monotonic() - began) + "\n")
        if self._show:
            from vbmake.doit_plugin.opening import film_among, show

            target = film_among(complete.targets)
            show(os.path.relpath(self.loader.locate(params) / target) if target else None, out)
        out.flush()
        return True

    def _execute(
        self,
        outfile: Any,
        verbosity: Any = None,
        always: bool = False,
        continue_: bool = False,
        reporter: Any = "console",
        num_process: int = 0,
        par_type: str = "process",
        single: bool = False,
        auto_delayed_regex: bool = False,
        force_verbosity: bool = False,
        failure_verbosity: int = 0,
        pdb: bool = False,
        pos_args: Any = (),
    ) -> Any:
        if not projects_of(self.task_list) and not unplanned_of(self.task_list):
            if self._show:
                raise InvalidCommand("--open shows films, and there is none here")
            return super()._execute(
                outfile,
                verbosity=verbosity,
                always=always,
                continue_=continue_,
                reporter=reporter,
                num_process=num_process,
                par_type=par_type,
                single=single,
                auto_delayed_regex=auto_delayed_regex,
                force_verbosity=force_verbosity,
                failure_verbosity=failure_verbosity,
                pdb=pdb,
            )
        if pos_args and pos_args[0] in words.COMMANDS and not self._names_a_task(pos_args[0]):
            return self._dispatch(list(pos_args))
        _check(num_process, par_type)
        if self._told_processes:
            sys.stderr.write("-P process is ignored: films are built on threads, each tool in a process of its own\n")
        PythonAction.pm_pdb = pdb
        stream = Stream(verbosity, force_verbosity)
        with contextlib.ExitStack() as stack:
            out = Heard(stack.enter_context(self._opened(outfile)) if isinstance(outfile, str) else outfile)
            view = self._view(reporter, out, failure_verbosity)
            stack.callback(getattr(view, "close", lambda: None))  # whatever ends it: the terminal is as it was
            try:
                code = self._build(view, stream, always, continue_, num_process, single)
                if self._show and code == 0:
                    from vbmake.doit_plugin.opening import film_among, show

                    show(film_among(self._targets()), out)
                return code
            except KeyboardInterrupt as interrupt:
                quiet = isinstance(interrupt, Unheard)
                if not quiet:
                    sys.stderr.write(f"interrupted; what was finished is kept{self._uploading()}\n")
                close_all(interrupted=True)
                return UNHEARD if quiet else INTERRUPTED

    def _opened(self, path: str) -> TextIO:
        """A file of what is told, named from where the user stands. Raises WorkspaceError."""
        here = self.loader.here if isinstance(self.loader, VideoLoader) else Path()
        try:
            return open(here / path, "w", encoding="utf-8", errors=BACKSLASHES)
        except OSError as error:
            raise WorkspaceError(f"cannot write {path}: {error.strerror or error}") from error

    def _uploading(self) -> str:
        """What is said of uploads that an interrupted build waits for."""
        count = sum(project.workspace.cache.uploading for project in projects_of(self.task_list))
        if not count:
            return ""
        return f"; waiting for {'an upload' if count == 1 else f'{count} uploads'} to end, interrupt again to leave"

    def _targets(self) -> Iterator[str]:
        """The final targets of what was selected, in its order: of jobs, of groups, of everything."""
        tasks = {task.name: task for task in self.task_list}
        makers = {path: task for task in self.task_list for path in task.targets}
        for word in self.sel_tasks or tasks:
            task = tasks.get(word) or makers.get(spelt(word))
            if task is None:
                continue
            for one in [tasks[name] for name in task.task_dep] if task.has_subtask else [task]:
                handle = job_of(one)
                if handle is not None and handle.job.final:
                    yield from one.targets

    def _names_a_task(self, word: str) -> bool:
        return any(word == task.name or word in task.targets for task in self.task_list)

    def _view(self, reporter: Any, outstream: Any, failure_verbosity: int) -> Any:
        """The reporter: ours in place of doit's default, any other as asked for."""
        from vbmake.doit_plugin.reporter import FilmReporter

        kind = reporter
        if isinstance(reporter, str):
            kind = FilmReporter if reporter == "console" else self.reporters[reporter]
        return kind(outstream, {"failure_verbosity": failure_verbosity}) if isinstance(kind, type) else kind

    def _build(self, view: Any, stream: Stream, always: bool, continue_: bool, num_process: int, single: bool) -> int:
        """Have a session build what is selected; its exit code."""
        from vbmake.doit_plugin.question import confirm
        from vbmake.doit_plugin.runner import PoolRunner
        from vbmake.doit_plugin.session import Session

        pools = self._pools(num_process)

        def load() -> list[Any]:
            self.task_list = self.loader.load_tasks(cmd=self, pos_args=list(self.sel_tasks or []))
            self._learn(pools)
            return self.task_list

        def make_runner(events: Callable[[FilmProject], Events]) -> PoolRunner:
            return PoolRunner(
                self.dep_manager,
                view,
                continue_=continue_,
                always_execute=always,
                stream=stream,
                pools=pools,
                events=events,
                asking=lambda: sum(project.workspace.studio.asking for project in projects_of(self.task_list)),
            )

        session = Session(
            load=load,
            after=lambda project, events: _publish(project, view.outstream, events),
            confirm=confirm,
            tasks=self.task_list,
            selection=self.sel_tasks or None,
            always=always,
            reporter=view,
            single=single,
            make_runner=make_runner,
        )
        return session.run()

    def _pools(self, num_process: int) -> Pools:
        """How many tasks of each kind run at once."""
        from vbmake.doit_plugin.runner import PYTHON, TASKS
        from vbmake.doit_plugin.workers import Pools

        threads = own = max(1, num_process)
        if num_process == 0 and not isinstance(self.loader, VideoLoader):
            threads = processors()  # a dodo.py's own tasks are serial unless asked; a film's jobs use the machine
        limits = {"cpu": threads, **self._limits, TASKS: own, PYTHON: 1}
        pools = Pools(limits, default=threads, within={PYTHON: TASKS})
        self._learn(pools)
        return pools

    def _learn(self, pools: Pools) -> None:
        """Take in the limits of the providers that the projects ask."""
        for project in projects_of(self.task_list):
            asked = {job.account for job in project.plan.jobs}
            limits, rates = project.workspace.studio.limits, project.workspace.studio.rates
            pools.learn(
                {name: limit for name, limit in limits.items() if name in asked},
                {name: rate for name, rate in rates.items() if name in asked},
            )


def _check(num_process: int, par_type: str) -> None:
    """Raises InvalidCommand for what says nothing of how jobs are to be run."""
    if num_process < 0:
        raise InvalidCommand(f"-n {num_process}: a number of jobs that run at once, such as -n 4")
    if par_type not in PARALLEL:
        raise InvalidCommand(f"-P {par_type}: {' or '.join(PARALLEL)}, and films are built on threads either way")


def _limits(said: str) -> dict[str, int]:
    """Limits of pools by name, said as NAME:N with commas between several: doit takes words with = for itself.

    Raises InvalidCommand.
    """
    found = {}
    for one in said.split(",") if said else ():
        pool = re.fullmatch(r"\s*(.*\S)\s*:\s*([1-9][0-9]{0,8})\s*", one)
        if pool is None:
            raise InvalidCommand(f"--pool {one}: the name of a pool and how many of its jobs run at once: --pool gpu:1")
        found[pool[1]] = int(pool[2])
    return found


def _publish(project: FilmProject, out: Any, events: Events) -> int | None:
    """Publish a project that says so, after it was built; the exit code, or None if that is left to a later build."""
    declared = project.workspace.sync
    if declared is None or declared.after != "build":
        return 0
    from vbmake.doit_plugin.publishing import publish_after

    return publish_after(project, declared, out, events)
