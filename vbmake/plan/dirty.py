"""`mark_dirty`: which targets a set of changes reaches, from what was recorded of the last build."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from vbmake.plan.types import BuildPlan, Tag


def mark_dirty(tags: Mapping[str, Tag], changes: Iterable[str], plan: BuildPlan) -> frozenset[str]:
    """The ids of the jobs of `plan` that the changed files reach, directly or through other jobs.

    `changes` are names of changed things: project-relative paths, `job.id`s, or `job.id#role`. A job that was never
    recorded in `tags` is reached too. This is what may have to be done again: a job downstream whose inputs turn out
    to have the same bytes as before is not run.
    """
    changed = set(changes)
    reached: set[str] = set()
    for job in plan.jobs:
        own = job.id in changed or job.id not in tags
        fed = any(ref.name in changed for ref in job.refs())
        if own or fed or any(need in reached for need in job.needs()):
            reached.add(job.id)
    return frozenset(reached)
