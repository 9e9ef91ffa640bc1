"""What a build says."""

from __future__ import annotations

import io
import json
import re
import threading
from collections.abc import Iterator

import pytest
import rich.live
from doit.action import PythonAction
from doit.exceptions import TaskFailed
from doit.task import Task

from tests.doit_plugin.conftest import Shell, Toy, chain, declare
from vbmake.doit_plugin.live import Live, OrderlyConsole
from vbmake.doit_plugin.project import META, FilmProject, JobHandle
from vbmake.doit_plugin.reporter import FilmReporter, talks
from vbmake.doit_plugin.tally import Tally, sentence
from vbmake.plan.types import BuildPlan, JobSpec


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def drawable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("TTY_COMPATIBLE", raising=False)


def job_task(name: str, final: bool = False) -> Task:
    job = JobSpec(name, "toy", {}, {}, {"out": "out.txt"}, final=final)
    project = FilmProject(None, "", "", None, BuildPlan(((job,),)))  # type: ignore[arg-type]  # only named here
    return Task(name, None, meta={META: JobHandle(project, job)})


def test_the_summary_counts_how_jobs_ended() -> None:
    totals = {"ran": 3, "fetched": 2, "current": 9}
    assert sentence(totals, 4.21) == "14 jobs: 3 ran, 2 fetched, 9 current in 4.2 s"
    assert sentence({"ran": 1}, 0.04) == "1 job: 1 ran in 0.0 s"
    assert (
        sentence({"failed": 1, "blocked": 2}, 1, interrupted=True)
        == "3 jobs: 1 failed, 2 not built in 1.0 s (interrupted)"
    )


def test_a_job_that_ran_in_one_round_and_is_current_in_the_next_has_run() -> None:
    tally = Tally()
    assert tally.add("a", "ran")
    assert not tally.add("a", "current")
    assert tally.totals() == {"ran": 1}


def test_without_a_terminal_current_jobs_are_only_counted() -> None:
    stream = io.StringIO()
    now = [10.0]
    reporter = FilmReporter(stream, {}, clock=lambda: now[0])
    reporter.ended(job_task("toy:a"), "current", 0)
    reporter.ended(job_task("toy:b"), "ran", 1.5)
    now[0] = 14.25
    reporter.complete_run()
    assert stream.getvalue() == "ran      toy:b  1.5 s\n2 jobs: 1 ran, 1 current in 4.2 s\n"


@pytest.mark.parametrize("term", ["dumb", "unknown", "xterm"])
def test_a_terminal_that_cannot_be_drawn_on_is_told_in_lines(shell: Shell, term: str) -> None:
    chain(shell.here)
    shown = shell.on_terminal(TERM=term)
    assert shown.code == 0
    assert (b"ran      copy:middle" in shown.data) is (term != "xterm")
    assert (b"\x1b" in shown.data) is (term == "xterm")


def test_where_a_film_is_is_told_also_on_a_terminal() -> None:
    for stream in (io.StringIO(), Terminal()):
        reporter = FilmReporter(stream, {}, clock=lambda: 0.0)
        reporter.expect({"toy:a": 2.0, "film:main": 4.0})
        task = job_task("film:main", final=True)
        task.targets.append("build/film.mp4")
        reporter.ended(job_task("toy:a"), "ran", 2.0)
        reporter.ended(task, "fetched", 0.5)
        reporter.complete_run()
        assert "fetched  film:main  0.5 s  -> build/film.mp4\n" in stream.getvalue()
        assert ("toy:a  2.0 s" in stream.getvalue()) is not isinstance(stream, Terminal)


def test_on_a_terminal_bars_show_what_runs_and_leave_only_the_summary() -> None:
    stream = Terminal()
    reporter = FilmReporter(stream, {}, clock=lambda: 0.0)
    reporter.expect({"toy:a": 2.0, "toy:b": 4.0})
    task = job_task("toy:a")
    reporter.execute_task(task)
    reporter.progress("toy:a", 30, 90)
    live = reporter._live
    assert live is not None
    assert {row.description: (row.completed, row.total) for row in live.bars.tasks} == {
        "film": (0, 2), "toy:a": (30, 90),
    }  # fmt: skip
    reporter.waiting({"openai": "2/2"})
    assert live.note() == "about 5 s of work left  waiting for openai (2/2)", "a third of two seconds is done"
    reporter.ended(task, "ran", 2.0)
    assert [row.description for row in live.bars.tasks] == ["film"]
    assert live.left() == 4.0
    reporter.complete_run()
    assert stream.getvalue().endswith("1 job: 1 ran in 0.0 s\n")


def test_bars_give_way_to_a_task_of_ones_own_that_has_the_terminal() -> None:
    stream = Terminal()
    reporter = FilmReporter(stream, {}, clock=lambda: 0.0)
    one, two = (Task(name, ["true"], io={"capture": False}) for name in ("one", "two"))
    reporter.execute_task(one)
    reporter.execute_task(job_task("toy:a"))
    reporter.execute_task(two)
    reporter.progress("toy:a", 1, 2)
    reporter.write("a line\n")
    assert stream.getvalue() == ".  one\n.  two\na line\n", "no bar is drawn"
    reporter.add_success(one)
    assert "\x1b" not in stream.getvalue()
    reporter.add_failure(two, TaskFailed("no luck"))
    assert "\x1b[?25l" in stream.getvalue(), "they are drawn again"
    reporter.complete_run()
    assert stream.getvalue().rfind("\x1b[?25h") > stream.getvalue().rfind("\x1b[?25l")


def test_a_line_that_another_thread_writes_does_not_bring_bars_back_that_are_taken_away() -> None:
    began, on = threading.Event(), threading.Event()

    class Slow:
        def __rich_console__(self, *_: object) -> Iterator[str]:
            began.set()
            on.wait()
            yield "a line"

    stream = Terminal()
    live = Live(stream)
    live.start("toy:a")
    writer, closer = threading.Thread(target=live.console.print, args=(Slow(),)), threading.Thread(target=live.close)
    writer.start()
    began.wait()
    closer.start()
    closer.join(0.2)
    on.set()
    writer.join()
    closer.join()
    shown = stream.getvalue()
    assert "a line" in shown
    assert "toy:a" not in shown[shown.index("\x1b[?25h") :]


def test_bars_give_way_to_a_debugger(monkeypatch: pytest.MonkeyPatch) -> None:
    called, shell = Task("called", [lambda: None]), Task("shell", ["true"])
    assert not talks(called)
    monkeypatch.setattr(PythonAction, "pm_pdb", True)
    assert (talks(called), talks(shell)) == (True, False)


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ([], {"sleep:new"}),
        (["-a"], {"sleep:new", "copy:middle", "copy:film"}),
        (["-a", "build/film.txt"], {"copy:middle", "copy:film"}),
        (["build/film.txt"], set()),
    ],
)
def test_what_will_run_is_expected(
    toy: Toy, monkeypatch: pytest.MonkeyPatch, arguments: list[str], wanted: set[str]
) -> None:
    chain(toy.root)
    toy.build()
    jobs = json.loads((toy.root / "video.yaml").read_text())["jobs"]
    new = {"id": "sleep:new", "makes": {"o": "b.txt"}, "options": {"began": str(toy.root / "began"), "seconds": "0.2"}}
    declare(toy.root, *jobs, new)
    expected: set[str] = set()
    monkeypatch.setattr(FilmReporter, "foresees", True)
    monkeypatch.setattr(FilmReporter, "expect", lambda _reporter, jobs: expected.update(jobs))
    monkeypatch.setattr(FilmReporter, "execute_task", lambda *_: None)
    toy.build(*arguments)
    assert expected == wanted


def test_a_name_with_brackets_is_shown_as_it_is() -> None:
    stream = Terminal()
    live = Live(stream)
    live.print("note: [bold]scenes[2][/bold]")
    live.close()
    assert "[bold]scenes[2][/bold]" in stream.getvalue()


def test_time_left_is_not_guessed_from_too_little() -> None:
    live = Live(Terminal())
    live.expect({"a": 1.0, "b": None, "c": None})
    assert live.left() is None
    live.expect({"d": 1.0})
    assert live.left() == pytest.approx(4.0)
    live.close()


def test_what_running_jobs_have_done_is_no_work_left() -> None:
    live, now = Live(Terminal()), [100.0]
    live.bars.get_time = lambda: now[0]
    live.expect({"counted": 600.0, "timed": 60.0, "later": 6900.0})
    assert live.note() == "about 2 h 6 min of work left"
    live.start("counted")
    live.start("timed")
    live.progress("counted", 250, 1000)
    now[0] += 20
    assert live.left() == 450.0 + 40.0 + 6900.0
    now[0] += 1000
    assert live.left() == 450.0 + 6900.0, "it takes longer than it took"
    live.done("timed")
    assert live.left() == 450.0 + 6900.0
    live.close()


@pytest.mark.parametrize(("columns", "bar"), [(40, False), (59, False), (60, True), (80, True)])
def test_a_narrow_terminal_shows_what_runs_with_its_count_and_time(columns: int, bar: bool) -> None:
    live = Live(None, OrderlyConsole(file=io.StringIO(), width=columns, height=6, force_terminal=True), shown=False)
    name = "shot:a-scene-of-a-very-long-name/with-a-part/0"
    live.start(name)
    live.progress(name, 123, 4567)
    live.expect({"shot:b": 4000.0, "shot:c": 1.0})
    live.waiting({"gpu": "2/2", "openai": "12/12"})
    live.console.print(live.bars.get_renderable())
    film, shot, note = written(live).splitlines()
    assert film.split()[1] == "film"
    assert film.split()[-2:] == ["0/3", "0:00:00"]
    assert shot.split()[-2:] == ["123/4567", "0:00:00"]
    assert shot.split()[1].startswith("shot:a-")
    assert ("━" in shot) is bar
    assert note.startswith("about 1 h 40 min of work left  waiting")
    assert max(map(len, (film, shot, note))) <= columns


def test_more_jobs_than_the_terminal_has_lines_are_counted() -> None:
    live = Live(None, OrderlyConsole(file=io.StringIO(), width=80, height=6, force_terminal=True), shown=False)
    for number in range(9):
        live.start(f"quick:{number}")
    live.console.print(live.bars.get_renderable())
    assert written(live).splitlines()[-1] == "6 more jobs run"


def written(live: Live) -> str:
    stream = live.console.file
    assert isinstance(stream, io.StringIO)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())


def test_jobs_that_come_and_go_are_not_drawn_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[bool] = []
    draw, this = rich.live.Live.refresh, threading.current_thread()

    def refresh(live: rich.live.Live) -> None:
        drawn.append(threading.current_thread() is this)
        draw(live)

    monkeypatch.setattr(rich.live.Live, "refresh", refresh)
    live = Live(Terminal())
    for number in range(500):
        live.start(f"quick:{number}")
        live.done(f"quick:{number}")
    live.close()
    assert sum(drawn) < 5, "a thread draws the bars eight times a second, and who starts and ends jobs does not"
    assert live.left() is None


def test_retries_and_notes_are_told() -> None:
    stream = io.StringIO()
    reporter = FilmReporter(stream, {})
    reporter.retry(job_task("toy:a"), 2.0, "too many requests\nmore")
    reporter.note("a transition was shortened")
    reporter.note("a transition was shortened")
    assert stream.getvalue() == "again    toy:a in 2.0 s: too many requests\nnote: a transition was shortened\n"
