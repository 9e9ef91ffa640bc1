"""Names that the user's tasks need and nothing has yet: where a film may come to have one, a task holds its place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from doit.exceptions import TaskError
from doit.task import Task

from vbmake.doit_plugin.project import META, Expected, FilmProject, Unplanned, is_own, projects_of, unplanned_of
from vbmake.doit_plugin.unknown import waiting


def expected(tasks: Sequence[Any]) -> list[Any]:
    """A task for each name of this kind. It makes nothing, and fails: the film must be planned further before."""
    films: list[FilmProject | Unplanned] = [
        *(film for film in projects_of(tasks) if not film.complete),
        *unplanned_of(tasks),
    ]
    if not films:
        return []
    known = {task.name for task in tasks}
    missing = dict.fromkeys(name for task in tasks if is_own(task) for name in needs(task) if name not in known)
    keepers = ((name, next((film for film in films if film.may_have(name)), None)) for name in missing)
    return [_stand_in(name, film) for name, film in keepers if film is not None]


def needs(task: Any) -> Iterable[str]:
    """The names of the tasks that a task says it needs, whichever way."""
    return (*task.task_dep, *task.setup_tasks, *sorted(task.calc_dep))


def _stand_in(name: str, film: FilmProject | Unplanned) -> Any:
    def fail() -> Any:
        if isinstance(film, Unplanned):
            return TaskError(str(film.error))
        return TaskError(f"{name}: {waiting([film])}")

    handle = film if isinstance(film, Unplanned) else Expected(film)
    parent = film.prefix or name.partition(":")[0]  # as of a job: `list` shows it where it shows jobs
    return Task(name, [fail], uptodate=[False], doc="not planned yet", subtask_of=parent, meta={META: handle})
