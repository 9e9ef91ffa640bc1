"""`doit trace`: the record of a build as bars beside each other."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.doit_plugin.conftest import Toy, chain
from vbmake.doit_plugin.chrome_trace import chrome_trace, read_events, runs_of


def event(second: float, event: str, **more: Any) -> dict[str, Any]:
    return {"event": event, "time": f"2026-01-01T12:00:{second:06.3f}+00:00", "run": "one", **more}


def bars(events: list[dict[str, Any]]) -> list[tuple[str, int, float, float, str]]:
    """(job, row, start and length in seconds from the first, how it ended) of every bar."""
    found = [row for row in chrome_trace({"one": events})["traceEvents"] if row["ph"] == "X"]
    first = min(row["ts"] for row in found)
    return [(row["name"], row["tid"], (row["ts"] - first) / 1e6, row["dur"] / 1e6, row["args"]["how"]) for row in found]


def test_jobs_that_run_beside_each_other_have_a_row_each() -> None:
    assert bars(
        [
            event(0, "begin", jobs=3),
            event(0, "start", job="shot:a", pool="cpu"),
            event(1, "start", job="shot:b", pool="cpu"),
            event(3, "job", job="shot:a", how="ran", seconds=3.0),
            event(4, "start", job="film:x", pool="cpu"),
            event(4.5, "job", job="shot:b", how="fetched", seconds=3.5),
            event(5, "job", job="film:x", how="ran", seconds=1.0),
            event(5, "end", exit=0),
        ]
    ) == [("shot:a", 1, 0, 3, "ran"), ("shot:b", 2, 1, 3.5, "fetched"), ("film:x", 1, 4, 1, "ran")]


def test_a_sync_is_a_bar_that_ends_when_it_is_told() -> None:
    assert bars(
        [
            event(0, "start", job="a:b", pool="cpu"),
            event(1, "job", job="a:b", how="ran", seconds=1.0),
            {**event(5, "sync", to="s3://a/b", ok=True, sent=2, bytes=9, seconds=3.5), "how": ""},
            event(5, "end", exit=0),
        ]
    ) == [("a:b", 1, 0, 1, "ran"), ("sync", 0, 1.5, 3.5, "")]


def test_each_try_of_a_job_is_a_bar() -> None:
    tries = [event(0, "start", job="a:b", pool="openai"), event(1, "retry", job="a:b", seconds=2.0, error="busy")]
    again = [event(3, "start", job="a:b", pool="openai"), event(4, "job", job="a:b", how="ran", seconds=1.0)]
    assert bars(tries + again) == [("a:b", 1, 0, 1, "retry"), ("a:b", 1, 3, 1, "ran")]


def test_a_job_of_a_killed_build_ends_with_the_record() -> None:
    killed = [event(0, "start", job="a:b"), event(2, "job", job="c:d", how="current", seconds=0.0)]
    assert bars(killed) == [("a:b", 1, 0, 2, "unfinished")]


def test_a_clock_that_jumps_back_makes_no_negative_bar() -> None:
    assert bars([event(5, "start", job="a:b"), event(1, "job", job="a:b", how="ran")])[0][3] == 0


def test_damaged_lines_are_passed_over() -> None:
    whole = json.dumps(event(0, "begin")).encode()
    assert read_events(b"\n".join([whole, b'{"event', b"3", b"{}", b"\xff\xfe", whole])) == [event(0, "begin")] * 2


def test_runs_are_told_apart() -> None:
    assert list(runs_of([event(0, "begin"), {**event(1, "begin"), "run": "two"}, event(2, "end")])) == ["one", "two"]


def test_the_last_build_in_which_a_job_ran_is_shown(toy: Toy) -> None:
    chain(toy.root)
    toy.build()
    toy.build("copy:film")  # nothing to do
    told = toy.vbmake("trace")
    assert (told.code, told.out.startswith("trace.json: open it in")) == (0, True)
    trace = json.loads((toy.root / "trace.json").read_text())
    assert [row["name"] for row in trace["traceEvents"] if row["ph"] == "X"] == ["copy:middle", "copy:film"]
    assert {row["pid"] for row in trace["traceEvents"]} == {1}
    both = json.loads(toy.vbmake("trace", "--all", "-o", "-").out)
    assert {row["pid"] for row in both["traceEvents"]} == {1, 2}


def test_without_a_build_there_is_nothing_to_show(toy: Toy) -> None:
    chain(toy.root)
    told = toy.vbmake("trace")
    assert (told.code, "build first" in told.err) == (2, True)
    assert not (toy.root / "trace.json").exists()


def test_a_record_that_has_grown_large_keeps_its_newest_half(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    chain(toy.root)
    toy.build()
    path = toy.root / ".vbmake/events.jsonl"
    first = json.loads(path.read_text().splitlines()[0])["run"]
    for text in ("two", "three"):
        (toy.root / "a.txt").write_text(text)
        toy.build()
    monkeypatch.setattr("vbmake.doit_plugin.events.LARGE", path.stat().st_size - 1)
    (toy.root / "a.txt").write_text("four")
    toy.build()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert first not in {line["run"] for line in lines}
    assert [line["event"] for line in lines][-1] == "end"
    assert toy.vbmake("trace", "-o", "-").code == 0
    assert sorted(file.name for file in path.parent.glob("*events*")) == ["events.jsonl"]
