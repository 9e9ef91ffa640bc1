"""What is told of a film whose plan waits for something that is made anew: what follows if it measures as it did last.

Only commands that tell ask for it. A build waits for the real measures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vbmake.doit_plugin.project import FilmProject, projects_of
from vbmake.doit_plugin.tasks import tasks_of
from vbmake.doit_plugin.unknown import listed

if TYPE_CHECKING:
    from vbmake.run.state import Status


def foretold(project: FilmProject) -> FilmProject:
    """The project with all that can be foreseen in its plan; itself where nothing is pending."""
    if project.complete:
        return project
    return replace(project, plan=project.workspace.foresee(project.plan), sure=project.plan)


def foretold_tasks(tasks: Sequence[Any]) -> list[Any]:
    """These tasks, with all that can be foreseen of their films among them."""
    pending = [project for project in projects_of(tasks) if not project.complete]
    planned = {task.name: task for project in pending for task in tasks_of(foretold(project))}
    return [*(task for task in tasks if task.name not in planned), *planned.values()]


def statuses(project: FilmProject) -> dict[str, Status]:
    """The status of every job. Of one that is only foreseen it is not sure that it will be as it is."""
    found = project.workspace.survey(project.plan)
    if project.sure is None:
        return found
    sure = {job.id for job in project.sure.jobs}
    names = list(dict.fromkeys(item.ref.name for item in project.sure.pending))
    reason = ("plan", None, f"it is planned anew when {listed(names)} is made")
    return {
        id: status._replace(state="maybe", reasons=(reason,))
        if id not in sure and status.state in ("current", "fetch")
        else status
        for id, status in found.items()
    }
