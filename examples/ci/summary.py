"""Tell in Markdown which scenes a build has changed and rendered: from plans (`vbmake plan --json`) and its events.

python3 summary.py PLANS .vbmake/events.jsonl

PLANS is a directory with `before.json`, of the clean checkout, and, where they are known, `base.json`, of the commit it
is compared with, and `after.json`, of the finished build. A scene has changed when a shot of it has another key there.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

Event = dict[str, Any]
Job = dict[str, Any]


@dataclass
class Scene:
    """A scene (or two with the transition between them) in all formats of the film."""

    name: str
    place: str = ""
    what: set[str] = field(default_factory=set)  # what became of its shots: new, changed, removed
    formats: set[str] = field(default_factory=set)
    shots: int = 0
    rendered: int = 0
    seconds: float = 0.0  # of rendering, here

    @property
    def change(self) -> str:
        """In one word."""
        return next(iter(self.what)) if len(self.what) == 1 else "changed" if self.what else "the same"

    @property
    def work(self) -> str:
        """What it took here."""
        if self.rendered:
            return f"{self.seconds:.1f} s"
        return "" if self.change == "removed" else "rendered before"


def last_run(lines: Iterable[str], since: float) -> list[Event]:
    """The events of the last run that is recorded, if it began after that time (s since 1970).

    A build that finds nothing to do leaves no record.
    """
    events = [json.loads(line) for line in lines if line.strip()]
    run = [event for event in events if event["run"] == events[-1]["run"]]
    return run if run and datetime.fromisoformat(run[0]["time"]).timestamp() >= since else []


def subject_of(job: str) -> tuple[str, str]:
    """The scene and the format of `shot:wide/harbour/0`, or the two scenes of `cut:wide/harbour~tower`."""
    rule, _, subject = job.partition(":")
    parts = subject.split("/")
    if rule == "shot":
        return parts[-2], "/".join(parts[:-2])
    return parts[-1].replace("~", " → "), "/".join(parts[:-1])


def changes(base: dict[str, Job], here: dict[str, Job], ran: dict[str, Event]) -> dict[str, str]:
    """What became of each job: new, changed or removed; those that are as they were are left out.

    Where a key is not known, as something the job reads was never made, it counts as changed if it ran.
    """
    found: dict[str, str] = {}
    for job, row in here.items():
        before = base.get(job)
        if before is None:
            found[job] = "new"
        elif before["key"] != row["key"] if before["key"] and row["key"] else job in ran:
            found[job] = "changed"
    return found | {job: "removed" for job in base if job not in here}


def scenes(rule: str, jobs: dict[str, str], rows: dict[str, Job], ran: dict[str, Event]) -> list[Scene]:
    """The scenes (of `shot`) or transitions (of `cut`) of these jobs."""
    found: dict[str, Scene] = {}
    for job, what in jobs.items():
        if not job.startswith(f"{rule}:"):
            continue
        name, form = subject_of(job)
        scene = found.setdefault(name, Scene(name, rows.get(job, {}).get("place", "")))
        scene.what.add(what)
        scene.formats.add(form)
        scene.shots += 1
        scene.rendered += job in ran
        scene.seconds += ran[job]["seconds"] if job in ran else 0
    return list(found.values())


def counted(number: int, word: str) -> str:
    """`No scene`, `One scene`, `3 scenes`."""
    return f"No {word}" if not number else f"One {word}" if number == 1 else f"{number} {word}s"


def summary(plans: dict[str, dict[str, Any]], events: list[Event]) -> str:
    """The whole page."""
    ended: dict[str, Event] = {}
    for event in events:  # of a build in rounds a later one tells again, as current, of what an earlier one did
        if event["event"] == "job" and (event["how"] != "current" or event["job"] not in ended):
            ended[event["job"]] = event
    ran = {job: event for job, event in ended.items() if event["how"] == "ran"}
    rows = {name: {row["id"]: row for row in plan["jobs"]} for name, plan in plans.items()}
    here = rows.get("after", rows["before"])
    compared = "base" in rows
    jobs = changes(rows["base"], here, ran) if compared else dict.fromkeys(ran, "rendered")
    shots = scenes("shot", jobs, here, ran)
    cuts = scenes("cut", jobs, here, ran)
    lines = [f"### {counted(len(shots), 'scene')} {'changed' if compared else 'rendered'}", ""]
    if shots:
        lines += ["| scene | declared | change | formats | shots | rendering took |", "|---|---|---|---|---|---|"]
        lines += [
            f"| {scene.name} | {scene.place} | {scene.change} | {', '.join(sorted(scene.formats))} | {scene.shots} "
            f"| {scene.work} |"
            for scene in shots
        ]
        lines.append("")
    if cuts:
        told = (f"{cut.name} ({cut.change})" if compared else cut.name for cut in cuts)
        lines += ["Transitions: " + ", ".join(told), ""]
    others = {job.partition(":")[0] for job in jobs} - {"shot", "cut"}
    if compared and others:
        lines += ["Besides: " + ", ".join(sorted(others)), ""]
    for job, event in ended.items():
        if event["how"] == "failed":
            lines += [f"**{job} failed** ({event.get('place', '')}): {event.get('error', '')}", ""]
    how = Counter(event["how"] for event in ended.values())
    counts = ", ".join(f"{number} {word}" for word, number in how.most_common())
    expected = plans["before"]["totals"]
    planned = f"{expected['run']} to run, {expected['maybe']} that may have to, {expected['fetch']} in the cache"
    lines.append(f"{len(ended)} jobs: {counts}. Planned: {planned}." if ended else "Everything was built already.")
    return "\n".join(lines) + "\n"


def main(plans: str, events: str) -> None:
    """Print the page for these files; a build that never began has no record."""
    record, folder = Path(events), Path(plans)
    lines = record.read_text("utf-8").splitlines() if record.exists() else []
    read = {path.stem: json.loads(path.read_text("utf-8")) for path in folder.glob("*.json")}
    sys.stdout.write(summary(read, last_run(lines, (folder / "before.json").stat().st_mtime)))


if __name__ == "__main__":
    main(*sys.argv[1:3])
