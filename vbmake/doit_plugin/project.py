"""The projects of one doit call: each opened and planned once a round, and what a doit task knows of its job."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vbmake.doit_plugin.where import DECLARATION
from vbmake.errors import ProjectError

if TYPE_CHECKING:  # what a project that is up to date needs nothing of
    from vbmake.plan.types import BuildPlan, JobSpec, Ref, Tag
    from vbmake.project.provenance import Provenance
    from vbmake.run.workspace import Workspace

META = "vbmake"  # the key of a task's `meta` under which a JobHandle or a GroupHandle stands


def within(base: str, path: str) -> bool:
    """Whether a path, as doit sees it, lies in the directory `base` (empty: doit's own)."""
    return not path.startswith(("/", "../")) if not base else path.startswith(f"{base}/")


def spelt(path: str) -> str:
    """A path as films spell it, whose names doit compares as text: relative to doit's directory, without detours."""
    if path[:1] not in ("/", "") and path[-1] not in "/." and "//" not in path and "./" not in path:
        return path  # as nearly all are spelt
    if os.path.isabs(path):
        path = os.path.relpath(path)
        if path.startswith("../"):  # it may lead here all the same, by links
            folder, name = os.path.split(path)
            path = os.path.relpath(os.path.join(os.path.realpath(folder), name))
    return os.path.normpath(path).replace(os.sep, "/")


@dataclass(eq=False)
class FilmProject:
    """A project whose jobs are doit tasks: `base` leads from doit's directory to its own, `prefix` its tasks' names."""

    root: Path
    base: str
    prefix: str
    workspace: Workspace
    plan: BuildPlan
    whole: bool = True  # whether the plan is of everything that `video.yaml` declares
    sure: BuildPlan | None = None  # where `plan` is only foreseen: the one that is built, as far as it reaches

    @property
    def complete(self) -> bool:
        """Whether every job is planned."""
        return not self.plan.pending

    @functools.cached_property
    def replaced(self) -> dict[str, Tag]:
        """Of each new job, the job that stood before where it stands; by id."""
        return self.workspace.places.replaced(self.plan)

    @functools.cached_property
    def provenance(self) -> Provenance:
        """What stands behind the parts of the declaration."""
        from vbmake.project.provenance import Provenance  # only where reasons are told

        return Provenance(self.root, DECLARATION)

    def name(self, job_id: str) -> str:
        """The doit task name of a job."""
        return f"{self.prefix}:{job_id}" if self.prefix else job_id

    def path(self, relative: str) -> str:
        """A path of the project as doit sees it: relative to doit's directory, in one spelling (doit compares text)."""
        if not self.base:  # plans have it already
            return relative
        return os.path.normpath(os.path.join(self.base, relative)).replace(os.sep, "/")

    def seen(self, ref: Ref) -> str:
        """What a job reads, as doit sees it: a path, or a task's name with the role of its output."""
        from vbmake.plan.types import Output

        return f"{self.name(ref.job)}#{ref.role}" if isinstance(ref, Output) else self.path(ref.path)

    def may_have(self, word: str) -> bool:
        """Whether a word may name a job, a group or a target that is not planned yet."""
        if self.complete or self.may_make(word):
            return not self.complete
        if self.prefix and not word.startswith(f"{self.prefix}:"):
            return False
        names = self.workspace.names
        name = word.removeprefix(f"{self.prefix}:")
        rule, colon, _ = name.partition(":")
        if not self._has_rule(rule):
            return not colon and names is not None and name in names.groups
        return not colon or names is None or names.may_be_job(name)

    def _has_rule(self, name: str) -> bool:
        try:
            return bool(self.workspace.rules.rule(name))
        except ProjectError:
            return False

    def may_make(self, path: str) -> bool:
        """Whether a path, as doit sees it, may be a target that is not planned yet."""
        path, names = spelt(path), self.workspace.names
        if self.complete or names is None:
            return not self.complete and ("/" in path or "." in path) and within(self.base, path)
        relative = os.path.relpath(path, self.base) if self.base else path
        return names.may_be_target(relative.replace(os.sep, "/"))

    def sure_names(self) -> Iterator[str]:
        """What jobs, groups and targets that are not planned yet will be called, as far as that is sure."""
        names = self.workspace.names
        if names is not None and not self.complete:
            yield from map(self.path, names.targets)
            yield from map(self.name, names.sure())

    def may_match(self, pattern: str) -> bool:
        """Whether a pattern may match names of jobs that are not planned yet: one that begins as such names do."""
        start = _literal(pattern)
        if self.complete or (self.prefix and not start.startswith(f"{self.prefix}:")):
            return False
        rule, colon, _ = start.removeprefix(f"{self.prefix}:").partition(":")
        return self._has_rule(rule) if colon else bool(self.prefix)

    def finals(self) -> list[str]:
        """Task names of the final targets."""
        return [self.name(job.id) for job in self.plan.jobs if job.final]

    def ends(self) -> list[str]:
        """Task names of the jobs whose outputs no other job reads."""
        needed = self.plan.needed
        return [self.name(job.id) for job in self.plan.jobs if job.final or job.id not in needed]

    def documents(self) -> set[str]:
        """The files that the declaration is made of (scene files, data, rules), as doit sees them."""
        from vbmake.run.declaration import read_declaration

        files = read_declaration(self.root).files
        return {self.path(name) for name in files if not os.path.isabs(name)}

    def pending_tasks(self) -> list[str]:
        """Names of the tasks whose outputs the plan must measure before it can go on."""
        from vbmake.plan.types import Output

        return list(
            dict.fromkeys(self.name(item.ref.job) for item in self.plan.pending if isinstance(item.ref, Output))
        )

    def pending_files(self) -> list[str]:
        """Source files, as doit sees them, that the plan waits for."""
        from vbmake.plan.types import Source

        return list(
            dict.fromkeys(self.path(item.ref.path) for item in self.plan.pending if isinstance(item.ref, Source))
        )


@dataclass(frozen=True, eq=False)
class JobHandle:
    """The job behind a doit task."""

    project: FilmProject
    job: JobSpec

    @property
    def place(self) -> str:
        """Where in the declaration the job comes from, with the declaration's path as doit sees it."""
        place = self.job.place
        position = f":{place.line}:{place.column}" if place.line else ""
        where = f"{self.project.path(place.file)}{position}"
        return f"{where}: {place.path}" if place.path else where

    @property
    def log(self) -> str:
        """Path of the job's log, relative to doit's directory where possible."""
        path = self.project.workspace.log_path(self.job.id)
        return os.path.relpath(path).replace(os.sep, "/")


@dataclass(frozen=True, eq=False)
class GroupHandle:
    """The project behind a doit group task."""

    project: FilmProject


@dataclass(frozen=True, eq=False)
class Expected:
    """The project that must be planned further before a name is known that a task of the user's needs."""

    project: FilmProject


def is_own(task: Any) -> bool:
    """Whether a doit task is the user's own."""
    return META not in (task.meta or {})


def job_of(task: Any) -> JobHandle | None:
    """The job behind a doit task, or None for a task of the user's own or a group."""
    handle = task.meta.get(META) if task.meta else None
    return handle if isinstance(handle, JobHandle) else None


def is_group(task: Any) -> bool:
    """Whether a doit task is a group made by vbmake."""
    return isinstance((task.meta or {}).get(META), GroupHandle)


def unplanned_of(tasks: Iterable[Any]) -> list[Unplanned]:
    """The projects behind doit tasks that could not be planned; each once."""
    handles = [task.meta[META] for task in tasks if task.meta and META in task.meta]
    return list(dict.fromkeys([handle for handle in handles if isinstance(handle, Unplanned)]))


def projects_of(tasks: Iterable[Any]) -> list[FilmProject]:
    """The projects behind doit tasks, each once, in order."""
    handles = [task.meta[META] for task in tasks if task.meta and META in task.meta]
    found = dict.fromkeys([getattr(handle, "project", None) for handle in handles])
    return [project for project in found if project is not None]


@contextlib.contextmanager
def locked(tasks: Iterable[Any], *, reading: bool = False) -> Iterator[None]:
    """A block in which no build runs in the projects behind these tasks. Raises WorkspaceError where one does."""
    with contextlib.ExitStack() as stack:
        for project in projects_of(tasks):
            stack.enter_context(project.workspace.locked(reading=reading))
        yield


@dataclass(eq=False)
class Unplanned:
    """A project of a `dodo.py` that cannot be planned as things are: `error` says why.

    A source that a task of the user's has yet to make is no mistake, so only a build that finds no such task tells it.
    """

    base: str
    prefix: str
    error: ProjectError

    def may_have(self, word: str) -> bool:
        """Whether a word may name something that is in it, once it can be planned."""
        return word.startswith(f"{self.prefix}:") if self.prefix else True

    def may_make(self, path: str) -> bool:
        """Whether a path may be a target of it."""
        return within(self.base, spelt(path))

    def may_match(self, pattern: str) -> bool:
        """Whether a pattern may match such names."""
        start = _literal(pattern)
        return ":" in start and self.may_have(start)


def _literal(pattern: str) -> str:
    """What stands in a pattern of names before the first sign that is none of a name."""
    return re.split(r"[*?[]", pattern, maxsplit=1)[0]


def refuse(unplanned: Iterable[Unplanned]) -> None:
    """Raise ProjectError for the mistakes of all these, if there are any."""
    if problems := [problem for one in unplanned for problem in one.error.problems]:
        raise ProjectError(problems)


_open: dict[Path, Workspace] = {}


def open_project(
    root: Path, base: str = "", prefix: str = "", opened: Callable[[Path], Workspace] | None = None
) -> FilmProject:
    """Open a project (once in a call: a later round plans again in the same workspace) and plan it.

    `opened` gives a workspace that plans something else than the whole of `video.yaml`. Raises ProjectError when the
    declaration is wrong, WorkspaceError when the directory cannot be used.
    """
    key = root.resolve()
    workspace = _open.get(key)
    if workspace is None:
        workspace = _open[key] = (opened or _workspace)(key)
    return FilmProject(key, base, prefix, workspace, workspace.plan(), whole=opened is None)


def _workspace(root: Path) -> Workspace:
    from vbmake.run.workspace import Workspace  # pydantic, YAML and the planner come with it

    return Workspace.open(root, warn=warn)


def close_all(*, interrupted: bool = False) -> None:
    """Close every open workspace: uploads end (when interrupted, only those under way), files are closed.

    Whoever opens a project next reads its declaration anew.
    """
    while _open:
        root, workspace = next(reversed(_open.items()))
        try:
            workspace.close(interrupted=interrupted)
        except Exception:
            _open.pop(root, None)
            raise
        _open.pop(root, None)  # not after an interrupt: `leave_all` closes it then


def leave_all() -> None:
    """Close every open workspace, and wait for nothing."""
    for workspace in _open.values():
        workspace.cache.abandon()
    close_all(interrupted=True)


def warn(text: str) -> None:
    """Tell what degrades a build without failing it (a cache out of reach)."""
    sys.stderr.write(f"{text}\n")
