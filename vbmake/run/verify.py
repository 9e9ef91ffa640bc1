"""Check a built project against its records: the bytes of every target, and whether jobs make the same bytes again."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from vbmake.errors import JobError
from vbmake.plan.types import BuildPlan, JobSpec
from vbmake.run.digest import sha256_of
from vbmake.run.workspace import Workspace


@dataclass(frozen=True)
class Finding:
    """What was found of one output.

    `state` is ok, changed or missing; of a job that was done again same, differs or failed.
    `path` is the target in the project; `recorded` and `found` are sha256, or words.
    """

    state: str
    job: str
    path: str
    recorded: str = ""
    found: str = ""

    @property
    def good(self) -> bool:
        """Whether this is as it should be."""
        return self.state in ("ok", "same")


def check_targets(workspace: Workspace, plan: BuildPlan) -> Iterator[Finding]:
    """Read every target that is recorded, whatever its times say, and compare its digest with the record.

    An intermediate may be missing: a job that needs it brings it back. A final target may not.
    """
    for job in plan.jobs:
        tag = workspace.tag(job.id)
        if tag is None:
            continue
        for output in tag.outputs.values():
            path, recorded = output["path"], output["sha256"]
            try:
                found = sha256_of(workspace.root / path)
            except FileNotFoundError:
                if job.final:
                    yield Finding("missing", job.id, path, recorded)
                continue
            except OSError as error:
                yield Finding("changed", job.id, path, recorded, error.strerror or str(error))
                continue
            yield Finding("ok" if found == recorded else "changed", job.id, path, recorded, found)


def sample(workspace: Workspace, plan: BuildPlan, count: int, choice: random.Random) -> list[JobSpec]:
    """At most `count` jobs that are current, in the plan's order; every rule is there before any is there twice.

    Jobs that cost money, or wait for somebody else's machine, are left out: only the pool `cpu` can be tried for free.
    """
    statuses = workspace.survey(plan)
    by_rule: dict[str, list[JobSpec]] = {}
    for job in plan.jobs:
        if job.pool == "cpu" and statuses[job.id].state == "current":
            by_rule.setdefault(job.rule, []).append(job)
    for jobs in by_rule.values():
        choice.shuffle(jobs)
    chosen: set[str] = set()
    while len(chosen) < count and any(by_rule.values()):
        for jobs in by_rule.values():
            if jobs and len(chosen) < count:
                chosen.add(jobs.pop().id)
    return [job for job in plan.jobs if job.id in chosen]


def rebuild(workspace: Workspace, job: JobSpec) -> Iterator[Finding]:
    """Do a job again in a private directory and compare what it makes with the record. Publishes nothing."""
    tag: Any = workspace.tag(job.id)
    try:
        digests = workspace.redo(job)
    except JobError as error:
        yield Finding("failed", job.id, "", "", str(error))
        return
    for role, output in tag.outputs.items():
        found = digests[role]
        state = "same" if found == output["sha256"] else "differs"
        yield Finding(state, job.id, output["path"], output["sha256"], found)
