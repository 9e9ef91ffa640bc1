"""Building a whole plan: order, pools, failures, rounds, and the glance afterwards."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.run.world import Book, World, during, job, out, plan_of, ran, two_layers
from vbmake.cache.cache import Cache
from vbmake.errors import JobError, MissingTool, Place, ProjectError, RetryableError, WorkspaceError
from vbmake.plan.types import BuildPlan, Pending, Source
from vbmake.rules.work import Work
from vbmake.run.build import run_build
from vbmake.run.executor import ThreadExecutor
from vbmake.run.measures import Measures
from vbmake.run.workspace import Workspace


def planned(world: World, planner: Any) -> Workspace:
    return Workspace(world.root, Book(), Cache(None), planner=planner)


def test_every_job_is_run_after_those_it_needs(world: World) -> None:
    told: list[str] = []
    with planned(world, lambda measures: two_layers()) as workspace:
        result = run_build(workspace, executor=ThreadExecutor(4), watch=lambda job, answer: told.append(job.id))
    assert result.ok
    assert result.count("ran") == 3
    assert result.targets == ("build/film.txt",)
    assert told[-1] == "join:film"
    assert world.read("build/film.txt") == "film one A two B"
    assert '"queue_hash"' in world.read(".vbmake/dag/plan.json")


def test_after_a_failure_nothing_new_is_begun(world: World) -> None:
    during.append(fail)
    plan = plan_of(job("one"), job("two"), job("film", out("one"), out("two"), final=True))
    with planned(world, lambda measures: plan) as workspace:
        result = run_build(workspace, executor=ThreadExecutor(1))
    assert not result.ok
    assert list(result.failures) == ["join:one"]
    assert result.skipped == ("join:two", "join:film")
    assert ran == ["one"]


def test_keep_going_does_all_that_does_not_need_the_failure(world: World) -> None:
    during.append(fail)
    plan = plan_of(job("one"), job("two"), job("film", out("one"), final=True), job("other", out("two"), final=True))
    with planned(world, lambda measures: plan) as workspace:
        result = run_build(workspace, executor=ThreadExecutor(1, keep_going=True))
    assert list(result.failures) == ["join:one"]
    assert result.skipped == ("join:film",)
    assert world.read("build/other.txt") == "other two"


def fail(work: Work) -> None:
    raise JobError("it did not work")


def test_a_pool_is_never_exceeded_and_holds_no_thread(world: World) -> None:
    running: list[int] = []
    peaks: list[int] = []
    lock = threading.Lock()
    both = threading.Barrier(2, timeout=20)

    def meet(work: Work) -> None:
        with lock:
            running.append(1)
            peaks.append(len(running))
        both.wait()  # two jobs of the pool do run at once
        with lock:
            running.pop()

    during.extend([meet] * 6)
    plan = plan_of(*(replace(job(f"say{number}"), pool="speech") for number in range(6)))
    with planned(world, lambda measures: plan) as workspace:
        assert run_build(workspace, executor=ThreadExecutor(8, pools={"speech": 2})).ok
    assert max(peaks) == 2


def test_a_failure_that_may_pass_is_tried_again_after_the_time_it_asks_for(world: World) -> None:
    waits: list[float] = []

    def busy(work: Work) -> None:
        raise RetryableError("too many requests", retry_after=7 if not waits else None)

    during.extend([busy, busy])
    with planned(world, lambda measures: plan_of(job("one"))) as workspace:
        assert run_build(workspace, executor=ThreadExecutor(1, sleep=waits.append)).ok
    assert waits == [7, 2.0]


def test_tries_are_bounded(world: World) -> None:
    during.extend([lambda work: (_ for _ in ()).throw(RetryableError("too many requests"))] * 9)
    waits: list[float] = []
    with planned(world, lambda measures: plan_of(job("one"))) as workspace:
        result = run_build(workspace, executor=ThreadExecutor(1, retries=2, sleep=waits.append))
    assert str(result.failures["join:one"]) == "too many requests"
    assert waits == [1.0, 2.0]


def test_a_missing_tool_fails_its_job_only(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(rule: Any, given: Any) -> dict[str, str]:
        raise MissingTool("pdftoppm", "apt install poppler-utils")

    monkeypatch.setattr("vbmake.run.state.identities", missing)
    with planned(world, lambda measures: plan_of(job("one"))) as workspace:
        result = run_build(workspace, executor=ThreadExecutor(1))
    told = str(result.failures["join:one"])
    assert "pdftoppm is needed and was not found: apt install" in told
    assert told.startswith("video.yaml"), "who asks for it"


def speaking(measures: Mapping[str, Mapping[str, Any]]) -> BuildPlan:
    """A scene lasts as long as its voice: the film is planned once the voice is measured."""
    voice = job("voice", Source("a.txt"))
    length = measures.get("join:voice#text")
    if length is None:
        return replace(plan_of(voice), pending=(Pending(out("voice"), "how long it lasts"),))
    return plan_of(voice, job("film", out("voice"), text=f"lasts {length['length']}", final=True))


def test_what_jobs_make_decides_the_rest_of_the_plan(world: World) -> None:
    with planned(world, speaking) as workspace:
        result = run_build(workspace, executor=ThreadExecutor(2))
    assert {name: outcome.how for name, outcome in result.outcomes.items()} == {"join:voice": "ran", "join:film": "ran"}
    assert world.read("build/film.txt") == "lasts 7 voice A"


def test_a_fresh_process_plans_to_the_end_at_once(world: World) -> None:
    with planned(world, speaking) as workspace:
        run_build(workspace, executor=ThreadExecutor(2))
    with planned(world, speaking) as workspace:
        assert workspace.plan().pending == ()
    (world.root / "a.txt").write_text("A longer one")
    with planned(world, speaking) as workspace:
        assert len(workspace.plan().pending) == 1, "the measure of another voice is not taken for this one's"
    assert ran == ["voice", "lasts 7"]


def test_sources_are_measured_without_running_anything(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Measures, "of", lambda self, path: {"size": len(path.read_bytes())})

    def planner(measures: Mapping[str, Mapping[str, Any]]) -> BuildPlan:
        if "a.txt" not in measures:
            return replace(plan_of(), pending=(Pending(Source("a.txt"), "how large it is"),))
        return plan_of(job("one", text=str(measures["a.txt"]["size"])))

    with planned(world, planner) as workspace:
        assert workspace.plan().job("join:one").options["text"] == "1"
    assert ran == []


def test_every_bad_source_is_told_at_its_place(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def bad(self: Measures, path: Path) -> dict[str, Any]:
        raise JobError(f"{path.name} is no picture")

    monkeypatch.setattr(Measures, "of", bad)
    pending = tuple(
        Pending(Source(name), "its size", Place("video.yaml", line, 3)) for name, line in (("a.txt", 4), ("b.txt", 9))
    )
    workspace = planned(world, lambda measures: replace(plan_of(), pending=pending))
    with workspace, pytest.raises(ProjectError) as caught:
        workspace.plan()
    assert [str(problem.place) for problem in caught.value.problems] == ["video.yaml:4:3", "video.yaml:9:3"]
    assert "a.txt is no picture" in str(caught.value)


def test_a_plan_that_never_gets_further_is_an_error_and_no_endless_loop(world: World) -> None:
    waiting = replace(plan_of(job("one")), pending=(Pending(out("one"), "ever"),))
    told = "was measured, yet the plan still waits for it"
    with planned(world, lambda measures: waiting) as workspace, pytest.raises(ProjectError, match=told):
        run_build(workspace, executor=ThreadExecutor(1))


def test_a_second_build_at_the_same_time_is_refused(world: World) -> None:
    first, second = (planned(world, lambda measures: two_layers()) for _ in range(2))
    with first, second, first.locked():
        with pytest.raises(WorkspaceError, match="another build runs here"):
            run_build(second)
        assert second.plan().jobs, "reading needs no lock"


def test_a_given_storage_is_the_shared_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from vbmake.storage.local import LocalStorage

    shared = LocalStorage(tmp_path / "shared")
    films = []
    for name in ("one", "two"):
        monkeypatch.setenv("VBMAKE_CACHE_DIR", str(tmp_path / f"cache-{name}"))
        root = tmp_path / name
        root.mkdir()
        (root / "video.yaml").write_text(
            "{vbmake: 1, size: 64x36, quality: draft, scenes: [{id: a, duration: 0.2s, layers: [{color: red}]}]}"
        )
        result = run_build(root, storage=shared)
        assert result.ok
        films.append((result.count("ran"), (root / "build" / "film.mp4").read_bytes()))
    assert films[0][0] == len(result.plan.jobs)
    assert films[1] == (0, films[0][1])
