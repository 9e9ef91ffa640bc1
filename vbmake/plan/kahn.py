"""Layers of jobs by Kahn's algorithm (Communications of the ACM 5, 1962): each needs only jobs of earlier layers."""

from __future__ import annotations

from collections.abc import Iterable

from vbmake.plan.types import JobSpec


def layers(jobs: Iterable[JobSpec]) -> tuple[tuple[JobSpec, ...], ...]:
    """Jobs in layers, each layer in the order in which its jobs were given.

    Raises ValueError when a job needs one that is not there, when an id stands twice, or when jobs wait for each other.
    """
    by_id: dict[str, JobSpec] = {}
    for job in jobs:
        if job.id in by_id:
            raise ValueError(f"two jobs are called {job.id}")
        by_id[job.id] = job
    waiting: dict[str, int] = {}
    needed_by: dict[str, list[str]] = {id: [] for id in by_id}
    for job in by_id.values():
        needs = job.needs()
        waiting[job.id] = len(needs)
        for need in needs:
            if need not in by_id:
                raise ValueError(f"{job.id} needs {need}, which no job is called")
            needed_by[need].append(job.id)
    found: list[tuple[JobSpec, ...]] = []
    order = {id: index for index, id in enumerate(by_id)}
    ready = [id for id, count in waiting.items() if count == 0]
    done = 0
    while ready:
        found.append(tuple(by_id[id] for id in ready))
        done += len(ready)
        following: list[str] = []
        for id in ready:
            for dependent in needed_by[id]:
                waiting[dependent] -= 1
                if waiting[dependent] == 0:
                    following.append(dependent)
        ready = sorted(following, key=order.__getitem__)
    if done != len(by_id):
        stuck = sorted(id for id, count in waiting.items() if count > 0)
        raise ValueError("these jobs wait for each other: " + ", ".join(stuck[:10]))
    return tuple(found)
