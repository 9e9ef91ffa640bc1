"""`doit plan`: what a build would do, and why; runs nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from doit.cmd_base import DoitCmdBase

from vbmake.doit_plugin.amounts import about
from vbmake.doit_plugin.command import FreeOrder, ProjectCommand, why_ignored
from vbmake.doit_plugin.encoding import json_for
from vbmake.doit_plugin.explain import brief
from vbmake.doit_plugin.foretold import foretold, statuses
from vbmake.doit_plugin.makers import Makers, lack, makers_of, still_unplanned
from vbmake.doit_plugin.option import flag
from vbmake.doit_plugin.project import FilmProject, projects_of, refuse, unplanned_of
from vbmake.doit_plugin.unknown import listed

if TYPE_CHECKING:
    from vbmake.plan.types import JobSpec
    from vbmake.run.state import Status

JSON = flag("json", "print one JSON object: jobs, pending, totals", name="as_json")
ALL = flag("all", "show the jobs that are current, too", name="show_all", short="a")
STATES = ("run", "fetch", "maybe", "current", "ignored")


@dataclass(frozen=True)
class Row:
    """One job of the plan. `seconds` is how long it took last time, `place` where it is declared.

    `key` is the same wherever the same is made of the same; None while something that the job reads is yet to be made.
    `cost` is what it will cost in USD at most, None where the price of a provider's model is not known; `least` is what
    it will cost at least. `ignored`: a build leaves it as it is, as if it were current.
    """

    id: str
    rule: str
    state: str
    reason: str
    seconds: float | None
    cost: float | None
    key: str | None
    place: str
    least: float = 0.0
    ignored: bool = False


class Plan(FreeOrder, ProjectCommand, DoitCmdBase):  # type: ignore[misc]  # doit has no types
    """Tells the plan for people, or with `--json` for tools."""

    name = "plan"
    doc_purpose = "show what a build would run, fetch or leave as it is, and why"
    doc_usage = ""
    doc_description = (
        "Runs nothing. Of each job: run, fetch (from a cache), maybe (it reads something that is made first, and may "
        "turn out to be current) or current; the first reason; and how long it took last time. What the plan still "
        "waits for (the length of a voice that is yet to be spoken) is told as pending; where that was made before, "
        "what follows from it is told as maybe."
    )
    cmd_options: ClassVar[tuple[dict[str, Any], ...]] = (JSON, ALL)

    foretells = True

    def _execute(self, as_json: bool, show_all: bool) -> int:
        projects = projects_of(self.task_list)
        makers = makers_of(self.task_list, self.dep_manager)
        refuse(still_unplanned(self.task_list, makers))
        ignored = self.ignored()
        rows = [_left_out(row, ignored) for project in projects for row in survey(foretold(project), makers)]
        pending = [
            {"what": project.seen(item.ref), "reason": item.reason, "place": project.path(str(item.place))}
            for project in projects
            for item in project.plan.pending
        ]
        pending += self._awaited(projects, makers)
        sums = totals(rows)
        if as_json:
            jobs = [{name: value for name, value in vars(row).items() if name != "least"} for row in rows]
            report = {"tasks": makers.names, "jobs": jobs, "pending": pending, "totals": sums}
            self.outstream.write(json_for(self.outstream, report, indent=2))
            return 0
        for name in makers.names:
            self.outstream.write(f"run      {name}: a task of your own, of which films are made\n")
        for line in told(rows, show_all):
            self.outstream.write(line + "\n")
        for item in pending:
            self.outstream.write(f"pending  {item['what']}: {item['reason']}\n")
        for project in projects:
            for note in project.plan.notes:
                self.outstream.write(f"note     {project.path(note.place.file)}:{note.place.line}: {note.message}\n")
            for obstacle in _obstacles(project, ignored):
                self.outstream.write(f"note     {obstacle}\n")
        self.outstream.write(summary(sums) + "\n")
        return 0

    def _awaited(self, projects: list[FilmProject], makers: Makers) -> list[dict[str, str]]:
        """What films wait for that tasks of the user's make: parts of declarations, and all that is missing."""
        found = [
            {"what": path, "reason": f"the task {name} makes it first", "place": path}
            for project in projects
            for path, name in makers.within(project).items()
        ]
        for unplanned in unplanned_of(self.task_list):
            words = f"it cannot be planned before {listed(makers.of(unplanned))} has run: {lack(unplanned)}"
            place = str(unplanned.error.problems[0].place)
            found.append({"what": unplanned.prefix or "the film", "reason": words, "place": place})
        return found


def _left_out(row: Row, ignored: Mapping[str, str]) -> Row:
    """The row of a job as a build treats it: one that is ignored stays as it is, whatever its state."""
    if row.id not in ignored:
        return row
    return replace(row, state="current", ignored=True, reason=why_ignored(row.id, ignored), cost=0.0, least=0.0)


def survey(project: FilmProject, makers: Makers) -> list[Row]:
    """The rows of a project, in the order of its plan. Raises MissingTool."""
    states = makers.applied(project, statuses(project))
    return [_row(project, job, states[job.id]) for job in project.plan.jobs]


def _obstacles(project: FilmProject, ignored: Mapping[str, str]) -> Iterator[str]:
    states = statuses(project)
    asked = [job for job in project.plan.jobs if job.account and project.name(job.id) not in ignored]
    withheld = [states[job.id].withheld for job in asked if states[job.id].withheld]
    yield from dict.fromkeys(withheld)
    due = [job for job in asked if states[job.id].state in ("run", "maybe") and not states[job.id].withheld]
    if due:
        from vbmake.run.spending import obstacles

        yield from obstacles(project.workspace.studio, due)


def _row(project: FilmProject, job: JobSpec, status: Status) -> Row:
    place = f"{project.path(job.place.file)}:{job.place.line}"
    row = Row(project.name(job.id), job.rule, status.state, "", status.seconds, 0.0, status.key, place)
    if job.account and status.state in ("run", "maybe") and not status.withheld:
        standing = project.workspace.studio.standing(status.key) if status.key is not None else ""
        if standing:
            return replace(row, reason=standing)
        estimate = project.workspace.studio.estimate(job)
        if estimate is not None and (estimate.low is None or estimate.high is None):
            row = replace(row, cost=None)
        elif estimate is not None:
            foreseen = project.sure is not None and status.state == "maybe"  # it may not be asked for at all
            row = replace(row, cost=float(estimate.high or 0), least=0.0 if foreseen else float(estimate.low or 0))
    return replace(row, reason=brief(project, job, status))


def totals(rows: list[Row]) -> dict[str, Any]:
    """Counts by state; the seconds of work and the cost of what would run, as far as known from the last time."""
    counts = Counter("ignored" if row.ignored else row.state for row in rows)
    due = [row for row in rows if row.state in ("run", "maybe")]
    return {
        "jobs": len(rows),
        **{state: counts[state] for state in STATES},
        "seconds": round(sum(row.seconds or 0 for row in due), 3),
        "cost": sum(row.cost or 0 for row in due),
        "cost_low": sum(row.least for row in due),
        "unpriced": sum(row.cost is None for row in due),
    }


def told(rows: list[Row], show_all: bool) -> Iterator[str]:
    """The rows for people; what is current only when asked for, or where there is something to say of it."""
    shown = [row for row in rows if show_all or row.state != "current" or row.reason]
    width = min(48, max((len(row.id) for row in shown), default=0))
    for row in shown:
        seconds = f"{row.seconds:.1f} s" if row.seconds is not None and row.state in ("run", "maybe") else ""
        state = "ignored" if row.ignored else row.state
        yield f"{state:<8} {row.id:<{width}}  {seconds:>8}  {_money(row)}{row.reason}".rstrip()


def summary(sums: dict[str, Any]) -> str:
    """`14 jobs: 3 run, 2 fetch, 9 current; about 12 s of work`."""
    parts = ", ".join(f"{sums[state]} {state}" for state in STATES if sums[state])
    text = f"{sums['jobs']} {'job' if sums['jobs'] == 1 else 'jobs'}" + (f": {parts}" if parts else "")
    if sums["seconds"]:
        text += f"; {about(sums['seconds'])} of work"
    if sums["cost"]:
        text += f"; {_dollars(sums['cost_low'], sums['cost'])}"
    if sums["unpriced"]:
        text += f"; {sums['unpriced']} unpriced"
    return text


def _money(row: Row) -> str:
    if row.cost is None:
        return "(unpriced) "
    return f"({_dollars(row.least, row.cost)}) " if row.cost else ""


def _dollars(low: float, high: float) -> str:
    from vbmake.providers.money import told_range

    return told_range(Decimal(str(low)), Decimal(str(high)))
