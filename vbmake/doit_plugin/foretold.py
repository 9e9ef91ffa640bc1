"""What a build will do, as far as one can tell before it: more than the status of each job by itself.

What follows, where a plan waits for something that is made anew, if it measures as it did last; that of jobs that make
the same one is done and the others take it; and that what an up-to-date job has made is gone from everywhere, so that
it is done again where another reads it. Only commands that tell ask for it. A build waits for what really happens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vbmake.doit_plugin.project import FilmProject, projects_of
from vbmake.doit_plugin.tasks import tasks_of
from vbmake.doit_plugin.unknown import listed
from vbmake.parallel import side_by_side
from vbmake.run import stamp

if TYPE_CHECKING:
    from vbmake.plan.types import JobSpec
    from vbmake.run.state import Status

AT_ONCE = 16  # questions to a shared cache


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
    surveyed = project.workspace.survey(project.plan)
    if any(status.state != "current" for status in surveyed.values()):
        stamp.remove(project.root)  # a build that trusted it would look less closely than this, and do nothing
    found = _once(project, _with_what_is_gone(project, surveyed))
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


def _once(project: FilmProject, statuses: dict[str, Status]) -> dict[str, Status]:
    """Of jobs of one key that must run, the first does, and the others take what it made."""
    first: dict[str, str] = {}
    found = dict(statuses)
    for job in project.plan.jobs:
        status = statuses[job.id]
        if status.state != "run" or status.key is None or status.withheld:
            continue
        if first.setdefault(status.key, job.id) != job.id:
            reason = ("plan", None, f"{project.name(first[status.key])}, which runs first, makes the same")
            found[job.id] = status._replace(state="fetch", reasons=(reason, *status.reasons))
    return found


def _with_what_is_gone(project: FilmProject, statuses: dict[str, Status]) -> dict[str, Status]:
    """The jobs that are up to date and must be done again all the same: a job that runs reads what nobody has any more.

    What an entry of a cache names is taken to be there: a shared cache is asked no more of a clean checkout.
    """
    found = dict(statuses)
    asked: set[str] = set()
    due = [job for job in project.plan.jobs if statuses[job.id].state in ("run", "maybe")]
    while due:
        readers: dict[str, JobSpec] = {}
        for job in due:
            for need in job.needs():
                if need not in asked and statuses[need].state == "current":
                    readers.setdefault(need, job)
        asked |= set(readers)
        gone = _gone(project, [project.plan.job(need) for need in readers])
        for job in gone:
            reader = readers[job.id]
            state = found[reader.id].state
            verb = "may need" if state == "maybe" else "needs"
            said = f"{project.name(reader.id)} {verb} it, and its bytes are gone from here and from every cache"
            if job.account:
                said += f"; `forget {project.name(job.id)}` lets a build ask, and pay, for it again"
            reasons = (("plan", None, said),)
            found[job.id] = found[job.id]._replace(state=state, reasons=reasons, withheld=said if job.account else "")
        due = gone
    return found


def _gone(project: FilmProject, jobs: list[JobSpec]) -> list[JobSpec]:
    """Those of which some output is neither on the disk nor in any cache."""
    workspace = project.workspace

    def lacks(job: JobSpec) -> bool:
        made = workspace.knowledge.made(job.id)
        if made is None or all(workspace.knowledge.intact(output) for output in made.outputs.values()):
            return False
        return not workspace.cache.has(made.outputs)

    lacking = side_by_side(lacks, jobs, AT_ONCE if workspace.cache.slow else 1, "cache-lookup")
    return [job for job, lacks in zip(jobs, lacking, strict=True) if lacks]
