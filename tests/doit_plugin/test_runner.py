"""The runner: pools, retries, failures, interrupts."""

from __future__ import annotations

import itertools
import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.doit_plugin.conftest import Toy, declare, events
from vbmake.doit_plugin import pace, runner
from vbmake.doit_plugin.chrome_trace import chrome_trace
from vbmake.doit_plugin.workers import Batch, Pools, Workers
from vbmake.plan.types import BuildPlan, JobSpec
from vbmake.run.state import Status
from vbmake.run.workspace import Workspace


def test_a_pool_never_gives_more_slots_than_its_limit() -> None:
    pools = Pools({"openai": 2}, default=3)
    assert [pools.acquire("openai") for _ in range(3)] == [True, True, False]
    assert [pools.acquire("other") for _ in range(4)] == [True, True, True, False]
    pools.release("openai")
    assert pools.acquire("openai")


def test_a_pause_holds_for_the_whole_pool_until_its_time() -> None:
    now = [0.0]
    pools = Pools({}, default=5, clock=lambda: now[0])
    pools.pause("openai", 10)
    pools.pause("openai", 5)
    assert not pools.acquire("openai")
    assert pools.acquire("cpu")
    assert pools.wake() == 10
    now[0] = 10
    assert pools.acquire("openai")
    assert pools.wake() == 1, "and then not all at once"


def test_workers_hand_back_values_and_errors_beside_their_tokens() -> None:
    workers = Workers()
    workers.submit(Batch("cpu", [("good", lambda: 42)]))
    good, _ = workers.wait()
    workers.submit(Batch("cpu", [("bad", lambda: 1 // 0)]))
    bad, end = workers.wait()
    assert (good.token, good.value, good.error) == ("good", 42, None)
    assert (bad.token, type(bad.error)) == ("bad", ZeroDivisionError)
    assert (end.token, end.batch.pool) == (None, "cpu")
    assert workers.running == 0
    assert workers.wait(0) == []
    workers.close()


def test_a_batch_ends_at_the_first_failure_and_the_rest_can_be_taken_back() -> None:
    workers = Workers()
    workers.submit(Batch("cpu", [("well", lambda: None), ("bad", lambda: "a failure"), ("rest", lambda: None)]))
    done: list[Any] = []
    while not done or done[-1] is not None:
        assert workers.reclaim(age=3600) == []
        done += [one.token for one in workers.wait()]
    assert done == ["well", "bad", None]
    workers.close()


def test_what_a_batch_has_not_begun_is_taken_back_while_its_worker_is_busy() -> None:
    workers = Workers()
    begun, go = threading.Event(), threading.Event()

    def busy() -> None:
        begun.set()
        assert go.wait(30)

    workers.submit(Batch("cpu", [("busy", busy), ("one", lambda: None), ("two", lambda: None)]))
    assert begun.wait(30)
    assert workers.waiting
    assert workers.reclaim() == ["one", "two"]
    assert not workers.waiting
    go.set()
    assert [one.token for one in workers.wait()] == ["busy", None]
    workers.close()


def test_hasty_calls_have_one_worker_until_one_of_them_takes_long() -> None:
    workers = Workers()
    begun, go = threading.Event(), threading.Event()

    def busy() -> None:
        begun.set()
        assert go.wait(30)

    workers.submit(Batch("cpu", [("busy", busy), ("one", lambda: None)], hasty=True))
    assert begun.wait(30)
    assert workers.hasty, "the others of the batch are soon done: a second thread would be in the way"
    assert workers.reclaim() == ["one"], "unless they wait for one that is not hasty after all"
    assert not workers.hasty
    go.set()
    assert len(workers.wait()) == 2
    workers.close()


def test_a_batch_can_be_done_by_who_gives_it_out() -> None:
    workers = Workers()
    batch = Batch("cpu", [("well", threading.current_thread), ("rest", lambda: None)], hasty=True)
    workers.perform(batch)
    assert workers.hasty, "until its results are taken nothing of the kind is begun"
    first, end = workers.wait(0)
    assert first.value is threading.current_thread()
    assert (end.token, end.batch.rest()) == (None, ["rest"]), "a value is a failure, and ends a batch"
    assert (workers.hasty, workers.running) == (False, 0)
    workers.close()


def test_a_waiting_job_of_one_pool_holds_up_no_other_pool(toy: Toy) -> None:
    from tests.doit_plugin import toy as rules

    together = threading.Barrier(2, timeout=30)  # passes only when both pools run at once
    rules.MEET["barrier"] = together
    job = {"id": "meet:cpu", "makes": {"o": "1.txt"}, "options": {"text": "1"}, "final": True}
    other = {"id": "meet:tts", "makes": {"o": "2.txt"}, "options": {"text": "2"}, "pool": "tts", "final": True}
    declare(toy.root, job, other)
    assert toy.build("-n", "1").code == 0


@pytest.mark.parametrize("limit", [1, 2])
def test_a_pool_has_the_limit_that_is_said(toy: Toy, tmp_path: Path, limit: int) -> None:
    from tests.doit_plugin import toy as rules

    def job(number: int) -> dict[str, Any]:
        options = {"began": str(tmp_path / "began"), "seconds": "0.05", "text": str(number)}
        made = {"o": f"build/{number}.txt"}
        return {"id": f"{rule}:{number}", "makes": made, "options": options, "pool": "gpu", "final": True}

    rules.MEET["barrier"] = threading.Barrier(2, timeout=30)  # passes only when two run at once
    rule = "sleep" if limit == 1 else "meet"
    declare(toy.root, *map(job, range(6)))
    assert toy.build("-n", "6", f"--pool=cpu:3,gpu:{limit}").code == 0
    running = peak = 0
    for event in events(toy.root):
        running += {"start": 1, "job": -1}.get(event["event"], 0)
        peak = max(peak, running)
    assert peak == limit


@pytest.mark.parametrize("said", ["gpu", "gpu:", "gpu:0", "gpu:-1", ":2", "gpu:one", "gpu:1.5", "gpu:²"])
def test_a_limit_that_is_none_is_told(toy: Toy, said: str) -> None:
    declare(toy.root, {"id": "copy:one", "makes": {"o": "build/1.txt"}, "final": True})
    ended = toy.build("--pool", said)
    assert ended.code == 3
    assert f"--pool {said}: the name of a pool and how many of its jobs run at once: --pool gpu:1" in ended.err


@pytest.mark.parametrize("glances", [0, 2])
def test_the_first_job_begins_before_the_others_are_looked_at(
    toy: Toy, monkeypatch: pytest.MonkeyPatch, glances: int
) -> None:
    """And the next one, too, where a glance shows that the first has ended already."""
    told: list[str] = []
    look, begin, write = Workspace.status, Workers.submit, Workspace.write_plan

    def status(workspace: Workspace, job: JobSpec) -> Status:
        told.append(job.id)
        return look(workspace, job)

    def submit(workers: Workers, *given: Any) -> None:
        told.append("begins")
        begin(workers, *given)

    def write_plan(workspace: Workspace, plan: BuildPlan) -> None:
        told.append("plan.json")
        write(workspace, plan)

    declare(toy.root, *({"id": f"copy:{name}", "makes": {"o": f"{name}.txt"}, "final": True} for name in "abc"))
    monkeypatch.setattr(Workspace, "status", status)
    monkeypatch.setattr(Workers, "submit", submit)
    monkeypatch.setattr(Workspace, "write_plan", write_plan)
    monkeypatch.setattr(runner, "GLANCES", glances)
    monkeypatch.setattr(runner, "GLANCE", 60.0)
    monkeypatch.setattr(pace, "HASTY", 0.0)
    assert toy.build("-n", "1").code == 0
    begun = {0: ["copy:a", "begins", "copy:b", "copy:c"], 2: ["copy:a", "begins", "copy:b", "begins", "copy:c"]}
    assert told[: len(begun[glances]) + 1] == [*begun[glances], "plan.json" if not glances else "begins"]


def test_the_plan_is_written_also_when_the_first_job_fails(toy: Toy) -> None:
    declare(toy.root, {"id": "fail:a", "makes": {"o": "a.txt"}, "final": True})
    assert toy.build().code == 1
    assert '"id":"fail:a"' in (toy.root / ".vbmake" / "dag" / "plan.json").read_text()


def test_a_plan_that_cannot_be_written_ends_the_build_and_what_runs(toy: Toy, tmp_path: Path) -> None:
    (toy.root / ".vbmake" / "dag" / "plan.json" / "in the way").mkdir(parents=True)
    options = {"began": str(tmp_path / "began")}
    declare(toy.root, {"id": "sleep:a", "makes": {"o": "a.txt"}, "options": options, "final": True})
    ended = toy.build()
    assert ended.code == 2
    assert "plan.json" in ended.out + ended.err


def test_a_failure_that_may_pass_is_tried_again(toy: Toy) -> None:
    job = {"id": "flaky:a", "makes": {"o": "o.txt"}, "final": True}
    declare(toy.root, {**job, "options": {"tries": str(toy.root / "tries"), "times": 2}})
    ended = toy.build()
    assert ended.code == 0
    assert (toy.root / "tries").read_text() == "try\n" * 3
    assert ended.out.count("again    flaky:a in 0.0 s: come back later\n") == 2
    assert [event["job"] for event in events(toy.root) if event["event"] == "retry"] == ["flaky:a"] * 2
    assert ended.out.splitlines()[-1].startswith("1 job: 1 ran in ")


@pytest.mark.parametrize(("account", "paused"), [("", []), ("tts", ["tts"])])
def test_only_a_provider_says_later_to_all_who_wait_for_its_pool(
    toy: Toy, monkeypatch: pytest.MonkeyPatch, account: str, paused: list[str]
) -> None:
    """A rule of one's own that asks for patience waits by itself: others of its pool are no business of its."""
    pauses: list[str] = []
    pause = Pools.pause

    def noted(pools: Pools, pool: str, seconds: float) -> None:
        pauses.append(pool)
        pause(pools, pool, seconds)

    monkeypatch.setattr(Pools, "pause", noted)
    job = {"id": "flaky:a", "makes": {"o": "o.txt"}, "pool": account or "cpu", "account": account, "final": True}
    declare(toy.root, {**job, "options": {"tries": str(toy.root / "tries"), "times": 1}})
    assert toy.build().code == 0
    assert pauses == paused


def test_a_failure_that_does_not_pass_is_given_up_after_five_tries(toy: Toy) -> None:
    job = {"id": "flaky:a", "makes": {"o": "o.txt"}, "final": True}
    declare(toy.root, {**job, "options": {"tries": str(toy.root / "tries"), "times": 99}})
    ended = toy.build()
    assert ended.code == 1
    assert (toy.root / "tries").read_text() == "try\n" * 5


def test_after_a_failure_nothing_more_begins(toy: Toy) -> None:
    declare(
        toy.root,
        {"id": "fail:a", "makes": {"o": "a.txt"}, "final": True},
        {"id": "copy:b", "makes": {"o": "b.txt"}, "final": True},
    )
    assert toy.build("-n", "1").code == 1
    assert not (toy.root / "b.txt").exists()


def test_keep_going_builds_everything_that_does_not_need_what_failed(toy: Toy) -> None:
    declare(
        toy.root,
        {"id": "fail:a", "makes": {"o": "a.txt"}},
        {"id": "copy:b", "reads": {"i": ["fail:a#o"]}, "makes": {"o": "b.txt"}, "final": True},
        {"id": "copy:c", "makes": {"o": "c.txt"}, "final": True},
    )
    ended = toy.build("-n", "1", "-c")
    assert ended.code == 1, "what a failure blocks is no failure of its own"
    assert ended.out.splitlines()[-1].startswith("3 jobs: 1 ran, 1 failed, 1 not built in ")
    ends = {event["job"]: event["how"] for event in events(toy.root) if event["event"] == "job"}
    assert ends == {"fail:a": "failed", "copy:b": "blocked", "copy:c": "ran"}


def test_a_failed_job_is_tried_by_the_next_build(toy: Toy) -> None:
    job = {"id": "fail:a", "makes": {"o": "a.txt"}, "final": True}
    declare(toy.root, job)
    assert toy.build().code == 1
    assert toy.build().code == 1
    declare(toy.root, {**job, "options": {"text": "mended"}})
    assert toy.build().code == 0


def test_a_fault_of_a_rules_own_code_is_told_as_the_failure_of_its_job(toy: Toy) -> None:
    declare(toy.root, {"id": "crash:a", "makes": {"o": "a.txt"}, "final": True})
    ended = toy.build()
    assert ended.code in (1, 2)
    assert "video.yaml:1:1: jobs[0]: " in ended.out
    assert "ZeroDivisionError: a bug" in ended.out


@pytest.mark.parametrize("threads", ["1", "2"])
def test_of_many_quick_jobs_each_is_told_once_and_those_after_a_failure_are_done_all_the_same(
    toy: Toy, threads: str
) -> None:
    jobs = [{"id": f"copy:{n}", "makes": {"o": f"{n}.txt"}, "options": {"text": f"{n} "}} for n in range(200)]
    jobs[150] = {"id": "crash:150", "makes": {"o": "150.txt"}, "final": True}
    reads = {"i": [f"{job['id']}#o" for job in jobs if job is not jobs[150]]}
    declare(toy.root, *jobs, {"id": "copy:all", "reads": reads, "makes": {"o": "all.txt"}, "final": True})
    assert toy.build("-n", threads, "-c").code in (1, 2)
    assert toy.root.joinpath("all.txt").read_text() == "".join(f"{n} " for n in range(200) if n != 150)
    told = [(event["event"], event["job"]) for event in events(toy.root) if "job" in event]
    assert sorted(told) == sorted(
        (event, job["id"]) for event in ("start", "job") for job in [*jobs, {"id": "copy:all"}]
    )
    assert all(told.index(("start", id)) < told.index(("job", id)) for _, id in told)


def test_jobs_that_ran_one_after_the_other_are_recorded_so_though_many_were_handed_out_at_once(toy: Toy) -> None:
    declare(toy.root, *({"id": f"copy:{n}", "makes": {"o": f"{n}.txt"}, "final": True} for n in range(200)))
    assert toy.build("-n", "1").code == 0
    bars = [row for row in chrome_trace({"run": events(toy.root)})["traceEvents"] if row["ph"] == "X"]
    assert len(bars) == 200
    assert {bar["tid"] for bar in bars} == {1}
    ordered = sorted(bars, key=lambda bar: bar["ts"])
    assert all(one["ts"] + one["dur"] <= other["ts"] for one, other in itertools.pairwise(ordered))


@pytest.mark.parametrize("threads", ["1", "2"])
def test_a_failure_of_a_quick_job_loses_none_of_those_that_were_handed_out_with_it(toy: Toy, threads: str) -> None:
    jobs = [
        {"id": f"fail:{n}", "makes": {"o": f"{n}.txt"}, "options": {"text": "mended", "n": n}, "final": True}
        for n in range(200)
    ]
    jobs[150]["options"] = {"text": "broken"}
    declare(toy.root, *jobs)
    ended = toy.build("-n", threads, "-c")
    assert ended.code == 1
    assert len(list(toy.root.glob("*.txt"))) == 199
    assert "200 jobs: 199 ran, 1 failed" in ended.out


def test_a_quick_job_that_is_tried_again_loses_none_either(toy: Toy, tmp_path: Path) -> None:
    (tmp_path / "tries").write_text("try\n" * 100)
    jobs = [
        {"id": f"flaky:{n}", "makes": {"o": f"{n}.txt"}, "final": True,
         "options": {"tries": str(tmp_path / "tries"), "times": 0, "text": str(n)}}
        for n in range(200)
    ]  # fmt: skip
    jobs[150]["options"] = {"tries": str(tmp_path / "once"), "times": 1, "text": "150"}
    declare(toy.root, *jobs)
    assert toy.build("-n", "1").code == 0
    assert len(list(toy.root.glob("*.txt"))) == 200


def test_without_keep_going_nothing_is_begun_after_a_failure_among_quick_jobs(toy: Toy) -> None:
    jobs = [{"id": f"copy:{n}", "makes": {"o": f"{n}.txt"}, "options": {"text": f"{n} "}} for n in range(200)]
    jobs[100] = {"id": "crash:100", "makes": {"o": "100.txt"}}
    declare(toy.root, *[{**job, "final": True} for job in jobs])
    assert toy.build("-n", "1").code in (1, 2)
    assert len(list(toy.root.glob("*.txt"))) == 100


def test_an_interrupt_keeps_what_was_finished_and_ends_with_130(toy: Toy, tmp_path: Path) -> None:
    began = tmp_path / "began"
    os.mkfifo(began)

    def interrupt() -> None:
        began.read_text()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=interrupt, daemon=True).start()
    declare(
        toy.root,
        {"id": "copy:quick", "makes": {"o": "quick.txt"}, "final": True},
        {"id": "sleep:long", "reads": {"i": ["copy:quick#o"]}, "makes": {"o": "long.txt"}, "final": True,
         "options": {"began": str(began)}},
    )  # fmt: skip
    before = signal.getsignal(signal.SIGTERM)
    ended = toy.build()
    assert ended.code == 130
    assert "interrupted" in ended.err
    assert ended.out.splitlines()[-1].endswith("(interrupted)")
    assert signal.getsignal(signal.SIGTERM) is before
    assert events(toy.root)[-1]["exit"] == 130
    assert toy.vbmake("plan").out.endswith("2 jobs: 1 run, 1 current\n")


def test_results_do_not_depend_on_how_many_run_at_once(toy: Toy) -> None:
    jobs = [{"id": f"copy:{n}", "makes": {"o": f".vbmake/work/{n}"}, "options": {"text": f"{n} "}} for n in range(20)]
    film = {"id": "copy:film", "reads": {"i": [f"copy:{n}#o" for n in range(20)]}, "makes": {"o": "film.txt"}}
    declare(toy.root, *jobs, {**film, "final": True})
    made = []
    for count in ("1", "8"):
        toy.vbmake("clean")
        toy.vbmake("forget")
        assert toy.build("-a", "-n", count).out.splitlines()[-1].startswith("21 jobs: 21 ran")
        made.append((toy.root / "film.txt").read_text())
    assert made[0] == made[1] == "".join(f"{n} " for n in range(20))


@pytest.mark.parametrize("count", ["0", "1", "3"])
def test_the_number_of_threads_may_be_any(toy: Toy, count: str) -> None:
    jobs = [{"id": f"copy:{n}", "makes": {"o": f"{n}.txt"}, "options": {"text": f"{n}"}} for n in range(5)]
    declare(toy.root, *({**job, "final": True} for job in jobs))
    assert toy.build("-n", count).out.splitlines()[-1].startswith("5 jobs: 5 ran")
