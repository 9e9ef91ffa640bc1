"""Plan in rounds: what a plan waits for is measured, and it is planned again, until only jobs can tell more."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from vbmake.errors import JobError, Problem, ProjectError
from vbmake.plan.types import BuildPlan, Output, Pending, Source
from vbmake.run.measures import Measures
from vbmake.run.state import Knowledge

PROBES = 4  # files at once, where probing is mostly waiting for the disk
QUICK = 0.002  # seconds for a file: those that take no longer do not wait, and four would be in each other's way
HESITATION = 0.05  # seconds more, before it is done in fours

Entry = TypeVar("Entry")
Answer = TypeVar("Answer")
Planner = Callable[[Mapping[str, Mapping[str, Any]]], BuildPlan]


def plan_rounds(
    planner: Planner,
    knowledge: Knowledge,
    measures: Measures,
    media: Iterable[Source] = (),
    last: Callable[[Output], Mapping[str, Any] | None] = lambda _: None,
) -> BuildPlan:
    """The plan as far as it reaches without running a job; what it still waits for is in its `pending`.

    `planner` makes a plan from measures by `Ref.name`. The first plan has those of `media`, if all are remembered.
    Sources are probed at once; the measures of jobs' outputs are known when the job is up to date or a cache has what
    it made; where neither is, by what `last` says of them. Raises ProjectError for media that cannot be used.
    """
    known = _remembered(media, knowledge, measures)
    while True:
        plan = planner(known)
        knowledge.use(plan)
        again = [item for item in plan.pending if item.ref.name in known]
        if again:
            raise ProjectError(
                Problem(item.place, f"{item.ref.name} was measured, yet the plan still waits for it: {item.reason}")
                for item in again
            )
        found = _measure(plan.pending, knowledge, measures)
        if not found:
            before = {item.ref.name: last(item.ref) for item in plan.pending if isinstance(item.ref, Output)}
            found = {name: measure for name, measure in before.items() if measure is not None}
        if not found:
            return plan
        known.update(found)


def _remembered(media: Iterable[Source], knowledge: Knowledge, measures: Measures) -> dict[str, Mapping[str, Any]]:
    """The measures of all these files; none when one is not known, so that what is wrong with it is told first."""
    found: dict[str, Mapping[str, Any]] = {}
    digests: list[tuple[Source, str]] = []
    for source in media:
        if source.path not in found:
            sha256 = knowledge.remembered(source)
            measure = measures.known(sha256) if sha256 is not None else None
            if sha256 is None or measure is None:
                return {}
            found[source.path] = measure
            digests.append((source, sha256))
    for source, sha256 in digests:
        knowledge.measured(source, sha256)
    return found


def output_measure(ref: Output, knowledge: Knowledge) -> Mapping[str, Any] | None:
    """What is known of a job's output without running the job, or None."""
    made = knowledge.made(ref.job)
    return made.measures.get(ref.role) if made is not None else None


def _measure(pending: Iterable[Pending], knowledge: Knowledge, measures: Measures) -> dict[str, Mapping[str, Any]]:
    """The measures that can be had now. Every file that cannot be used is told in one ProjectError."""
    found: dict[str, Mapping[str, Any]] = {}
    files: list[tuple[Pending, Path]] = []
    pending = list(pending)
    knowledge.ask({item.ref.job for item in pending if isinstance(item.ref, Output)})
    for item in pending:
        if isinstance(item.ref, Output):
            measure = output_measure(item.ref, knowledge)
        else:
            path = knowledge.path(item.ref)
            measure = measures.remembered(path)
            if measure is None:
                files.append((item, path))
        if measure is not None:
            found[item.ref.name] = measure
            if isinstance(item.ref, Source):
                knowledge.measured(item.ref)
    problems: list[Problem] = []

    def probe(entry: tuple[Pending, Path]) -> Mapping[str, Any] | Problem:
        item, path = entry
        try:
            return measures.of(path)
        except JobError as error:
            return Problem(item.place, str(error), found=item.ref.name)

    for (item, _), answer in zip(files, side_by_side(probe, files), strict=True):
        if isinstance(answer, Problem):
            problems.append(answer)
        else:
            found[item.ref.name] = answer
            if isinstance(item.ref, Source):
                knowledge.measured(item.ref)
    if problems:
        raise ProjectError(problems)
    return found


def side_by_side(call: Callable[[Entry], Answer], entries: list[Entry]) -> Iterator[Answer]:
    """The answers to calls, in order: one call after the other while they are quick, then several at once."""
    waiting = iter(entries)
    began: float | None = None
    for number, entry in enumerate(waiting):
        yield call(entry)
        now = time.monotonic()
        began = now if began is None else began  # (the first brings its library in)
        if now - began > HESITATION + number * QUICK:
            break
    with ThreadPoolExecutor(PROBES, thread_name_prefix="probe") as pool:
        yield from pool.map(call, waiting)
