"""Jobs as doit tasks: for the loader of a `video.yaml`, and for a `dodo.py` that has tasks of its own beside a film."""

from __future__ import annotations

import functools
import inspect
import os
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

from doit.action import BaseAction
from doit.exceptions import TaskError, TaskFailed
from doit.task import Task

from vbmake.doit_plugin.project import META, FilmProject, GroupHandle, JobHandle, Unplanned, open_project
from vbmake.doit_plugin.terminal import harmless
from vbmake.doit_plugin.where import DECLARATION
from vbmake.errors import JobError, MissingTool, Place, Problem, ProjectError, VbmakeError
from vbmake.plan.types import JobSpec, Output, Source

TAIL = 8  # lines of a job's log that a failure shows


class JobFailed(TaskFailed):  # type: ignore[misc]  # doit has no types
    """A job that failed, told with its place in the declaration, the end of its log and the log's path."""

    def __init__(self, handle: JobHandle, error: JobError) -> None:
        super().__init__(str(error))
        self.handle = handle
        self.error = error

    def get_msg(self) -> str:
        message, log = str(self.error).rstrip(), Path(self.handle.log)
        lines = [f"{self.handle.place}: {message}"]
        if "\n" not in message:  # a tool's failure brings its last lines along
            lines += [f"    {line}" for line in tail(log)]
        if log.exists():  # it may have failed before it said anything
            lines.append(f"    log: {self.handle.log}")
        return harmless("\n".join(lines))


class JobImpossible(TaskError):  # type: ignore[misc]  # doit has no types
    """A job that could not be tried: the directory cannot be used, or vbmake itself is at fault."""

    def __init__(self, message: str, details: str = "") -> None:
        super().__init__(message)
        self.details = details

    def get_msg(self) -> str:
        return harmless(f"{self.message}\n{self.details}".rstrip())


class JobAction(BaseAction):  # type: ignore[misc]  # doit has no types
    """The one action of a job's task. `on_progress(done, total)` is called from the worker's thread."""

    def __init__(self, handle: JobHandle) -> None:
        self.handle = handle
        self.task: Any = None
        self.out = self.err = None  # what a job says goes to its log
        self.result: Any = None
        self.values: dict[str, Any] = {}
        self.on_progress: Callable[[int, int], None] | None = None
        self.outcome: Any = None

    def execute(self, out: Any = None, err: Any = None) -> Any:
        """Do the job; None, or doit's word for a failure."""
        try:
            self.outcome = self.handle.project.workspace.run(self.handle.job, on_progress=self.on_progress)
        except JobError as error:
            return JobFailed(self.handle, error)
        except MissingTool as error:
            return JobImpossible(str(error))  # it says who asks for the tool
        except VbmakeError as error:
            return JobImpossible(f"{self.handle.place}: {error}")
        except Exception as error:  # a fault of vbmake's or of a rule's function: told, and other jobs go on
            return JobImpossible(f"{self.handle.place}: {type(error).__name__}: {error}", traceback.format_exc())
        self.result = self.outcome.tag.key
        return None

    def __str__(self) -> str:
        return f"vbmake job {self.handle.job.id}"


class _JobTask(Task):  # type: ignore[misc]  # doit has no types
    """The task of a job: a task of doit's that does nothing, with the parts of its own in place.

    To have doit check and convert its twenty arguments, ten thousand times over, takes three times as long.
    """

    def __init__(
        self,
        name: str,
        action: JobAction,
        *,
        file_dep: set[str],
        task_dep: list[str],
        targets: list[str],
        doc: str,
        subtask_of: str,
    ) -> None:
        attributes, containers = _plain_task()
        self.__dict__.update(attributes)
        for attribute, kind in containers:
            self.__dict__[attribute] = kind()
        self.name, self._actions, self.subtask_of = name, [action], subtask_of
        self.doc = doc.strip() if doc.isprintable() else self._init_doc(doc)
        self.file_dep, self.task_dep, self.targets = file_dep, task_dep, targets
        self.uptodate: list[Any] = [(UpToDate(action.handle), [], {})]
        self.meta = {META: action.handle}


@functools.cache
def _plain_task() -> tuple[dict[str, Any], list[tuple[str, type]]]:
    """What a task of doit's has that does nothing and whose targets `clean` removes, and which of that are containers.

    All containers of such a task are empty.
    """
    attributes = vars(Task("a job", [], clean=True))
    containers = [(name, type(value)) for name, value in attributes.items() if isinstance(value, list | set | dict)]
    return attributes, containers


class UpToDate:
    """doit's question whether a job is current, answered from the recorded key and the outputs' digests.

    vbmake's own commands ask the workspace directly; this is for others that work on tasks.
    """

    __signature__: ClassVar[inspect.Signature] = inspect.Signature()  # saves doit 16 of 18 microseconds a task

    def __init__(self, handle: JobHandle) -> None:
        self.handle = handle

    def __call__(self) -> bool:
        return bool(self.handle.project.workspace.status(self.handle.job).state == "current")

    def __repr__(self) -> str:
        return f"recorded key of {self.handle.job.id}"


def tail(log: Path, lines: int = TAIL) -> list[str]:
    """The last lines of a log; nothing when there is none."""
    try:
        with open(log, "rb") as stream:
            stream.seek(0, os.SEEK_END)
            stream.seek(max(0, stream.tell() - 8192))
            return stream.read().decode("utf-8", "replace").splitlines()[-lines:]
    except OSError:
        return []


def tasks_of(project: FilmProject) -> list[Any]:
    """The doit tasks of a plan: one a job, one group a rule, one group a film."""
    tasks = [_job_task(project, job) for job in project.plan.jobs]
    return tasks + _groups(project)


def load_video_tasks(declaration: str | os.PathLike[str], prefix: str = "") -> Iterator[Any]:
    """The tasks of a film, for a task creator in a `dodo.py`; relative paths are relative to doit's directory.

        def task_films():
            yield from load_video_tasks("films/hello/video.yaml", prefix="hello")

    `doit hello` builds the film, `doit hello:film:wide` one target. A task of the user's may have a film as `file_dep`,
    and a source of the film may be the target of a user's task. Raises ProjectError when the declaration is wrong.
    """
    path = Path(declaration)
    if path.name != DECLARATION or not path.is_file():
        problem = "not found" if path.name == DECLARATION else f"a project is declared in a file called {DECLARATION}"
        hint = f'write load_video_tasks("path/to/{DECLARATION}"); paths are relative to {Path.cwd()}'
        raise ProjectError([Problem(Place(str(path)), problem, hint=hint)])
    base = os.path.relpath(path.parent.resolve()).replace(os.sep, "/")
    base = "" if base == "." else base
    try:
        project = open_project(path.parent, base=base, prefix=prefix)
    except ProjectError as error:
        told = [replace(problem, place=_seen_from_here(problem.place, base)) for problem in error.problems]
        yield _stand_in(Unplanned(base, prefix, ProjectError(told)))
    else:
        yield from tasks_of(project)


def _seen_from_here(place: Place, base: str) -> Place:
    """A place in a project as doit sees it."""
    return place._replace(file=os.path.normpath(os.path.join(base, place.file)).replace(os.sep, "/"))


def _stand_in(unplanned: Unplanned) -> Any:
    """One task in place of a project's: doit itself would fail it with the project's mistakes."""
    name = unplanned.prefix or f"film in {unplanned.base or '.'}"

    def fail() -> Any:
        return TaskError(str(unplanned.error))

    return Task(name, [fail], uptodate=[False], doc="a film that cannot be planned yet", meta={META: unplanned})


def _job_task(project: FilmProject, job: JobSpec) -> Any:
    handle = JobHandle(project, job)
    refs = job.refs()
    return _JobTask(
        project.name(job.id),
        JobAction(handle),
        # Only sources are file_dep: the edges to other jobs are in task_dep, because doit would look every file of a
        # film of thousands of shots up in a list (measured: quadratic).
        file_dep={project.path(ref.path) for ref in refs if isinstance(ref, Source)},
        # In the film's own order: jobs that run one after the other then share the pictures they have decoded.
        task_dep=list(dict.fromkeys([project.name(ref.job) for ref in refs if isinstance(ref, Output)])),
        targets=[project.path(path) for _, path in sorted(job.outputs.items())],
        doc=job.title or _about(job),
        subtask_of=project.prefix or job.rule,
    )


def _about(job: JobSpec) -> str:
    """What `list` says of a job without a title: its target's path, or where it is declared (the id tells the rest)."""
    if job.final:
        return ", ".join(path for _, path in sorted(job.outputs.items()))
    place = job.place
    return f"{place.path or place.file}, line {place.line}" if place.line else place.path or place.file


def _groups(project: FilmProject) -> list[Any]:
    members: dict[str, list[str]] = {}
    docs: dict[str, str] = {}
    for job in project.plan.jobs:
        members.setdefault(job.rule, []).append(project.name(job.id))
    for rule, names in members.items():
        docs[rule] = f"{len(names)} {'job' if len(names) == 1 else 'jobs'}"
    taken = {project.name(job.id) for job in project.plan.jobs}
    tasks = []
    if project.prefix:
        wanted = project.finals() or [project.name(job.id) for job in project.plan.jobs]
        tasks.append(_group(project, project.prefix, wanted, f"every target of {project.path(DECLARATION)}"))
    for name, names in _films(project).items():
        if name not in members and "=" not in name and "*" not in name:
            members[name], docs[name] = names, f"the film {name} with all that is made beside it"
    for name, names in members.items():
        full = project.name(name)
        if full not in taken:
            tasks.append(_group(project, full, names, docs[name], subtask_of=project.prefix or None))
    return tasks


def _films(project: FilmProject) -> dict[str, list[str]]:
    """Final targets by film and format: those whose files are called alike (`alexandria-wide.mp4`, `.jpg`, `.otio`)."""
    made: dict[str, list[str]] = {}  # by all that stands before a dot in the name of a file
    for job in project.plan.jobs:
        for path in job.outputs.values() if job.final else ():
            file = PurePosixPath(path).name
            for place in (place for place, letter in enumerate(file) if letter == "."):
                made.setdefault(file[:place], []).append(project.name(job.id))
    films = (project.plan.job(film["film"]) for film in project.plan.films)
    stems = [PurePosixPath(next(iter(job.outputs.values()))).stem for job in films]
    return {stem: list(dict.fromkeys(made.get(stem, ()))) for stem in stems}


def _group(project: FilmProject, name: str, names: list[str], doc: str, subtask_of: str | None = None) -> Any:
    handle = GroupHandle(project)
    return Task(
        name,
        None,
        task_dep=names,
        has_subtask=True,
        doc=doc,
        subtask_of=subtask_of,
        uptodate=[True],
        meta={META: handle},
    )
