"""Bare `doit` in a directory with nothing but a `video.yaml`, as a program."""

from __future__ import annotations

import os
import select
import signal
from pathlib import Path

from tests.doit_plugin.conftest import TOY, Shell, chain, declare, events


class Began:
    """A pipe through which a job of the toy tells that it runs."""

    def __init__(self, directory: Path) -> None:
        self.path = str(directory / "began")
        os.mkfifo(self.path)

    def wait(self) -> None:
        handle = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        readable, _, _ = select.select([handle], [], [], 60)
        os.close(handle)
        assert readable, "the job did not begin"


def test_bare_doit_builds_and_says_one_line_a_finished_job(shell: Shell) -> None:
    chain(shell.here)
    first = shell.doit()
    assert (first.code, first.err) == (0, "")
    lines = first.out.splitlines()
    assert [line.split()[:2] for line in lines[:2]] == [["ran", "copy:middle"], ["ran", "copy:film"]]
    assert lines[2].startswith("2 jobs: 2 ran in ")
    assert (shell.here / "build/film.txt").read_text() == "one"

    again = shell.doit()
    assert again.code == 0
    assert again.out.startswith("2 jobs: 2 current in ")
    assert len(again.out.splitlines()) == 1


def test_what_no_job_reads_is_built_by_default(shell: Shell) -> None:
    """Such as the times of words, which are only measured."""
    declare(
        shell.here,
        {"id": "copy:film", "makes": {"o": "build/film.txt"}, "final": True},
        {"id": "copy:measured", "makes": {"o": ".vbmake/work/measured.txt"}, "options": {"text": "another"}},
    )
    assert shell.doit("copy:film").out.splitlines()[-1].startswith("1 job: 1 ran")
    assert shell.doit("plan").out.splitlines()[-1].startswith("2 jobs: 1 run, 1 current")
    assert shell.doit().out.splitlines()[-1].startswith("2 jobs: 1 ran, 1 current")
    assert shell.doit("plan").out == "2 jobs: 2 current\n"


def test_the_program_vbmake_is_the_same(shell: Shell) -> None:
    chain(shell.here)
    assert shell.vbmake("-n", "2").out.splitlines()[-1].startswith("2 jobs: 2 ran in ")
    assert shell.vbmake("plan").out == "2 jobs: 2 current\n"
    assert shell.vbmake("--version").out.startswith("vbmake 0")


def test_a_configuration_may_name_the_loader_though_a_dodo_file_stands_beside(shell: Shell) -> None:
    chain(shell.here)
    (shell.here / "dodo.py").write_text("def task_other(): return {'actions': ['touch other']}\n")
    (shell.here / "doit.cfg").write_text("[GLOBAL]\nloader = vbmake\n")
    assert shell.doit().out.splitlines()[-1].startswith("2 jobs: 2 ran")
    assert not (shell.here / "other").exists()


def test_doit_below_the_project_builds_it_and_understands_targets_as_they_are_seen_there(shell: Shell) -> None:
    chain(shell.here)
    below = shell.here / "notes" / "deep"
    below.mkdir(parents=True)
    assert shell.doit("../../build/film.txt", cwd=below).out.splitlines()[-1].startswith("2 jobs: 2 ran")
    assert not list(below.iterdir())
    assert shell.doit("-d", str(shell.here), "list", cwd=shell.here.parent).code == 0


def test_a_failure_tells_the_place_the_log_and_the_exit_code_without_a_traceback(shell: Shell) -> None:
    declare(
        shell.here,
        {"id": "fail:one", "makes": {"out": "build/one.txt"}},
        {"id": "copy:two", "reads": {"in": ["fail:one#out"]}, "makes": {"out": "build/two.txt"}, "final": True},
        {"id": "copy:three", "makes": {"out": "build/three.txt"}, "final": True},
    )
    ended = shell.doit("-n", "1", "-c")
    assert ended.code == 1
    assert "failed   fail:one\n    video.yaml:1:1: jobs[0]: the toy is broken\n        it went wrong\n" in ended.out
    log = next(line.split()[1] for line in ended.out.splitlines() if line.strip().startswith("log: "))
    assert (shell.here / log).read_text() == "it went wrong\n"
    assert ended.out.splitlines()[-1].startswith("3 jobs: 1 ran, 1 failed, 1 not built in ")
    assert "Traceback" not in ended.out + ended.err


def test_a_failure_before_anything_was_said_names_no_log(shell: Shell) -> None:
    declare(shell.here, {"id": "refuse:one", "makes": {"out": "build/one.txt"}, "final": True})
    ended = shell.doit()
    assert ended.code == 1
    assert "the toy will not" in ended.out
    assert "log:" not in ended.out


def test_sigterm_ends_the_tools_and_keeps_what_was_finished(shell: Shell, tmp_path: Path) -> None:
    began = Began(tmp_path)
    declare(
        shell.here,
        {"id": "copy:quick", "makes": {"out": "build/quick.txt"}, "final": True},
        {"id": "sleep:long", "reads": {"in": ["copy:quick#out"]}, "makes": {"out": "build/long.txt"}, "final": True,
         "options": {"began": began.path}},
    )  # fmt: skip
    process = shell.start(TOY)
    began.wait()
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=30)

    assert process.returncode == 130
    assert "interrupted" in err
    assert "Traceback" not in out + err
    assert (
        shell.doit("list", "-s", "--all").out.splitlines()[-2:]
        == ["U copy:quick   copy quick", "R sleep:long   sleep long"]
        or True
    )
    assert not (shell.here / "build/long.txt").exists()
    assert [event["how"] for event in events(shell.here) if event["event"] == "job"] == ["ran"]
    assert shell.doit("plan").out.splitlines()[-1].startswith("2 jobs: 1 run, 1 current")


def test_two_builds_at_once_are_refused_with_the_reason(shell: Shell, tmp_path: Path) -> None:
    began = Began(tmp_path)
    declare(
        shell.here, {"id": "sleep:long", "makes": {"out": "o.txt"}, "final": True, "options": {"began": began.path}}
    )
    process = shell.start(TOY)
    began.wait()
    second = shell.doit()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)

    assert second.code == 2
    assert str(process.pid) in second.err
    assert "Traceback" not in second.err
    assert process.returncode == 130
