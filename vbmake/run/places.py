"""Which jobs stood at each place of the declaration: `.vbmake/dag/places.jsonl`.

The id of an asset follows from its description, so another prompt is another job. By this record it is known which job
the new one takes the place of.
"""

from __future__ import annotations

from pathlib import Path

from vbmake.plan.generated import LOCAL_RULES, RULES
from vbmake.plan.types import BuildPlan, JobSpec, Tag
from vbmake.run.journal import Journal
from vbmake.run.tags import TagStore

KEPT = 8  # generations of a place of which none was wholly built
_ASSETS = frozenset([*RULES.values(), *LOCAL_RULES.values()])


class Places:
    """Jobs by the place they come from, as the plans that were built had them. Read when it is first needed.

    A place has several jobs where a loop stands. Its record holds generations, the newest last: of those before it
    only what was planned since all of a generation had tags.
    """

    def __init__(self, path: Path, tags: TagStore) -> None:
        self._path = path
        self._tags = tags
        self._open: Journal | None = None

    def note(self, plan: BuildPlan) -> None:
        """Take down where the jobs of a plan that is being built come from. Raises WorkspaceError."""
        found = _by_place(plan)
        if not found:
            return
        records = []
        for place, jobs in found.items():
            now = [job.id for job in jobs]
            before = self._generations(place)
            if before == [now]:
                continue
            if not before or all(self._tags.get(id) is not None for id in now):
                after = [now]
            else:
                after = [*(ids for ids in before if ids != now), now][-KEPT:]
            if after != before:
                records.append({"place": place, "jobs": after})
        if records:
            self._journal.put_all(records)
            self._journal.compact()

    def replaced(self, plan: BuildPlan) -> dict[str, Tag]:
        """Of each job that was never built: the job, no longer planned, that stood where it stands. By id."""
        planned = {job.id for job in plan.jobs}
        found: dict[str, Tag] = {}
        for place, jobs in _by_place(plan).items():
            new = [job for job in jobs if self._tags.get(job.id) is None]
            if not new:
                continue
            for ids in reversed(self._generations(place)):
                tags = [self._tags.get(id) for id in ids if id not in planned]
                gone = [tag for tag in tags if tag is not None]
                if gone:
                    found |= _paired(new, gone)
                    break
        return found

    def close(self) -> None:
        if self._open is not None:
            self._open.close()

    @property
    def _journal(self) -> Journal:
        if self._open is None:
            self._open = Journal(self._path, "place")
        return self._open

    def _generations(self, place: str) -> list[list[str]]:
        record = self._journal.get(place)
        told = record.get("jobs") if record is not None else None
        if not isinstance(told, list):
            return []
        return [[id for id in ids if isinstance(id, str)] for ids in told if isinstance(ids, list)]


def _by_place(plan: BuildPlan) -> dict[str, list[JobSpec]]:
    """The jobs that begin with what is declared, and read nothing that is made; in the order of the plan."""
    found: dict[str, list[JobSpec]] = {}
    for job in plan.layers[0] if plan.layers else ():
        if job.place.path and not job.final:
            found.setdefault(f"{job.place.file}#{job.place.path}", []).append(job)
    return found


def _paired(new: list[JobSpec], gone: list[Tag]) -> dict[str, Tag]:
    """Who follows whom, where that is plain: as many came as went, of one shape, or of rules that make assets."""
    found: dict[str, Tag] = {}
    for shape in dict.fromkeys(_shape(job) for job in new):
        came, went = [job.id for job in new if _shape(job) == shape], [tag for tag in gone if _shape(tag) == shape]
        if len(came) == len(went):
            found |= zip(came, went, strict=True)
    taken = {tag.job for tag in found.values()}
    came = [job.id for job in new if job.id not in found and job.rule in _ASSETS]
    went = [tag for tag in gone if tag.job not in taken and tag.material.get("rule") in _ASSETS]
    return found | (dict(zip(came, went, strict=True)) if len(came) == len(went) else {})


def _shape(job: JobSpec | Tag) -> tuple[str, frozenset[str], frozenset[str]]:
    """The rule of a job, what it reads and what it makes."""
    if isinstance(job, JobSpec):
        return job.rule, frozenset(job.inputs), frozenset(job.outputs)
    return str(job.material.get("rule")), frozenset(job.material.get("inputs") or ()), frozenset(job.outputs)
