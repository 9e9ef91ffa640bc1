"""Tell in Markdown which scenes a build has rendered: from `vbmake plan --json` before it and its record of events.

python3 summary.py plan-before.json .vbmake/events.jsonl
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

Event = dict[str, Any]


def last_run(lines: Iterable[str], since: float) -> list[Event]:
    """The events of the last run that is recorded, if it began after that time (s since 1970).

    A build that finds nothing to do leaves no record.
    """
    events = [json.loads(line) for line in lines if line.strip()]
    run = [event for event in events if event["run"] == events[-1]["run"]]
    return run if run and datetime.fromisoformat(run[0]["time"]).timestamp() >= since else []


def scene_of(job: str) -> tuple[str, str]:
    """The scene and the format of `shot:wide/harbour/0`, or the two scenes of `cut:wide/harbour~tower`."""
    rule, _, subject = job.partition(":")
    parts = subject.split("/")
    return (
        (parts[-2], "/".join(parts[:-2])) if rule == "shot" else (parts[-1].replace("~", " → "), "/".join(parts[:-1]))
    )


def summary(plan: dict[str, Any], events: list[Event]) -> str:
    """The whole page."""
    ended: dict[str, Event] = {}
    for event in events:  # of a build in rounds a later one tells again, as current, of what an earlier one did
        if event["event"] == "job" and (event["how"] != "current" or event["job"] not in ended):
            ended[event["job"]] = event
    ran = {job: event for job, event in ended.items() if event["how"] == "ran"}
    shots: dict[str, list[Event]] = {}
    formats: dict[str, set[str]] = {}
    cuts: dict[str, None] = {}
    for job, event in ran.items():
        if job.startswith("shot:"):
            scene, form = scene_of(job)
            shots.setdefault(scene, []).append(event)
            formats.setdefault(scene, set()).add(form)
        elif job.startswith("cut:"):
            cuts[scene_of(job)[0]] = None
    count = len(shots)
    lines = [f"### {'No scene' if not count else 'One scene' if count == 1 else f'{count} scenes'} rendered", ""]
    if shots:
        lines += ["| scene | formats | shots | rendering took |", "|---|---|---|---|"]
        for scene, made in shots.items():
            seconds = sum(event["seconds"] for event in made)
            lines.append(f"| {scene} | {', '.join(sorted(formats[scene]))} | {len(made)} | {seconds:.1f} s |")
        lines.append("")
    if cuts:
        lines += ["Transitions: " + ", ".join(cuts), ""]
    for job, event in ended.items():
        if event["how"] == "failed":
            lines += [f"**{job} failed** ({event.get('place', '')}): {event.get('error', '')}", ""]
    how = Counter(event["how"] for event in ended.values())
    told = ", ".join(f"{number} {word}" for word, number in how.most_common())
    expected = plan["totals"]
    planned = f"{expected['run']} to run, {expected['maybe']} that may have to, {expected['fetch']} in the cache"
    lines.append(f"{len(ended)} jobs: {told}. Planned: {planned}." if ended else "Everything was built already.")
    return "\n".join(lines) + "\n"


def main(plan: str, events: str) -> None:
    """Print the page for two files; a build that never began has no record."""
    record = Path(events)
    lines = record.read_text("utf-8").splitlines() if record.exists() else []
    planned = Path(plan)
    since = planned.stat().st_mtime
    sys.stdout.write(summary(json.loads(planned.read_text("utf-8")), last_run(lines, since)))


if __name__ == "__main__":
    main(*sys.argv[1:3])
