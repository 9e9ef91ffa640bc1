"""Tasks of the user's that make what films are made of: which of them a build would have run first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from doit.exceptions import InvalidTask

from vbmake.doit_plugin.graph import Graph
from vbmake.doit_plugin.project import META, FilmProject, Unplanned, unplanned_of, within
from vbmake.plan.reasons import Reason

if TYPE_CHECKING:
    from vbmake.run.state import Status


@dataclass
class Makers:
    """The tasks that are to run before films are planned anew, and by path, as doit sees it, what they make."""

    due: dict[str, str] = field(default_factory=dict)  # path: task

    @property
    def names(self) -> list[str]:
        """The tasks."""
        return list(dict.fromkeys(self.due.values()))

    def of(self, unplanned: Unplanned) -> list[str]:
        """The tasks that make what a film that cannot be planned may lack."""
        return list(dict.fromkeys(name for path, name in self.due.items() if within(unplanned.base, path)))

    def within(self, project: FilmProject) -> dict[str, str]:
        """By path what is made of the declaration of a film: it may be another film then."""
        documents = project.documents() if self.due else set()
        return {path: name for path, name in self.due.items() if path in documents}

    def applied(self, project: FilmProject, statuses: Mapping[str, Status]) -> dict[str, Status]:
        """The statuses of a film's jobs, of which those that read what is made first, and all after them, may run."""
        found = dict(statuses)
        unsure: dict[str, Reason] = {}  # by job
        from vbmake.plan.types import Output

        for job in project.plan.jobs if self.due else ():
            for ref in job.refs():
                if isinstance(ref, Output):
                    if ref.job in unsure:
                        unsure.setdefault(job.id, (f"input:{ref.name}", None, "is made first"))
                elif (path := project.path(ref.path)) in self.due:
                    unsure[job.id] = ("plan", None, f"{path} is made first by the task {self.due[path]}")
            if job.id in unsure and found[job.id].state in ("current", "fetch"):
                found[job.id] = found[job.id]._replace(state="maybe", reasons=(unsure[job.id],))
        return found


def makers_of(tasks: Sequence[Any], dep_manager: Any) -> Makers:
    """The tasks, of all that are loaded, that make sources or declarations of films and are not up to date."""
    from vbmake.doit_plugin.scope import Scope

    if all(META in (task.meta or {}) for task in tasks):
        return Makers()
    try:
        control = Graph(tasks)
    except InvalidTask:  # told by a build; here nothing can be told of what goes first
        return Makers()
    names = Scope(tasks, control, None).sources(set())
    stale: dict[str, bool] = {}
    due = {name for name in names if _runs(name, control, dep_manager, stale)}
    return Makers({path: name for path, name in control.targets.items() if name in due})


def still_unplanned(tasks: Iterable[Any], makers: Makers) -> list[Unplanned]:
    """The films that cannot be planned as things are, whatever tasks make: their mistakes are to be told."""
    return [unplanned for unplanned in unplanned_of(tasks) if not makers.of(unplanned)]


def lack(unplanned: Unplanned) -> str:
    """What a film that cannot be planned lacks first."""
    first = unplanned.error.problems[0]
    return f"{first.message}, {first.found}" if first.found else first.message


def _runs(name: str, control: Graph, dep_manager: Any, stale: dict[str, bool]) -> bool:
    """Whether a task of the user's is not up to date, or one of the user's that it needs is not."""
    if name not in stale:
        task = control.tasks[name]
        if META in (task.meta or {}):
            return False  # a film that it needs is told by itself
        stale[name] = False  # (a circle is told by a build)
        needs = any(_runs(need, control, dep_manager, stale) for need in task.task_dep if need in control.tasks)
        stale[name] = needs or dep_manager.get_status(task, control.tasks).status != "up-to-date"
    return stale[name]
