"""The record of a build as a Chrome trace: who ran when, beside whom, for chrome://tracing or ui.perfetto.dev.

The format is https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU (JSON object format).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

Event = Mapping[str, Any]


def read_events(data: bytes) -> list[Event]:
    """The events of a record; lines that are damaged (a build was killed in mid-line) are passed over."""
    found = []
    for line in data.splitlines():
        try:
            event = json.loads(line)
            datetime.fromisoformat(event["time"])
            if isinstance(event["event"], str) and isinstance(event["run"], str):
                found.append(event)
        except (ValueError, TypeError, KeyError, RecursionError):
            continue
    return found


def runs_of(events: Iterable[Event]) -> dict[str, list[Event]]:
    """The events by run, in the order of the runs' first events."""
    runs: dict[str, list[Event]] = {}
    for event in events:
        runs.setdefault(event["run"], []).append(event)
    return runs


def chrome_trace(runs: Mapping[str, Sequence[Event]]) -> dict[str, Any]:
    """The trace: a process for each run, a row for each job that ran beside others, a bar for each try of a job."""
    rows: list[dict[str, Any]] = []
    for pid, (run, events) in enumerate(runs.items(), 1):
        rows.append(_meta("process_name", pid, 0, f"run {run}"))
        rows += _run(pid, events)
    return {"traceEvents": rows, "displayTimeUnit": "ms"}


def _run(pid: int, events: Sequence[Event]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    started: dict[str, tuple[Event, int]] = {}
    lanes: list[str | None] = []  # which job each row of the picture shows now
    for event in events:
        kind, job = event["event"], event.get("job")
        if kind == "start" and isinstance(job, str):
            if job in started:
                continue
            lane = lanes.index(None) if None in lanes else len(lanes)
            lanes[lane : lane + 1] = [job]
            started[job] = (event, lane)
        elif kind in ("job", "retry") and job in started:
            begun, lane = started.pop(job)
            lanes[lane] = None
            how = event.get("how", "retry")
            rows.append(_bar(pid, lane, begun, event, str(how)))
        elif kind == "sync":
            rows.append(_sync(pid, event))
        elif kind in ("begin", "end"):
            rows.append(_instant(pid, event))
    if events:
        for begun, lane in started.values():
            rows.append(_bar(pid, lane, begun, events[-1], "unfinished"))
    names = ["build", *(f"jobs {lane + 1}" for lane in range(len(lanes)))]
    return rows + [_meta("thread_name", pid, row, name) for row, name in enumerate(names)]


def _bar(pid: int, lane: int, begun: Event, ended: Event, how: str) -> dict[str, Any]:
    job = begun["job"]
    told = {name: ended[name] for name in ("seconds", "error", "place") if name in ended}
    start = _microseconds(begun)
    return {
        "ph": "X",
        "name": job,
        "cat": job.partition(":")[0],
        "pid": pid,
        "tid": lane + 1,
        "ts": start,
        "dur": max(0, _microseconds(ended) - start),  # a clock may jump back
        "args": {"how": how, "pool": begun.get("pool", ""), **told},
    }


def _sync(pid: int, event: Event) -> dict[str, Any]:
    """A bar for a sync: its one event is written when it ends, and tells how long it took."""
    told = {name: value for name, value in event.items() if name not in ("event", "time", "run")}
    seconds = told.get("seconds")
    length = round(seconds * 1_000_000) if isinstance(seconds, int | float) and seconds > 0 else 0
    start = _microseconds(event) - length
    return {"ph": "X", "name": "sync", "cat": "sync", "pid": pid, "tid": 0, "ts": start, "dur": length, "args": told}


def _instant(pid: int, event: Event) -> dict[str, Any]:
    told = {name: value for name, value in event.items() if name not in ("event", "time", "run")}
    name, when = event["event"], _microseconds(event)
    return {"ph": "i", "s": "p", "name": name, "pid": pid, "tid": 0, "ts": when, "args": told}


def _meta(name: str, pid: int, tid: int, text: str) -> dict[str, Any]:
    return {"ph": "M", "name": name, "pid": pid, "tid": tid, "args": {"name": text}}


def _microseconds(event: Event) -> int:
    return round(datetime.fromisoformat(event["time"]).timestamp() * 1_000_000)
