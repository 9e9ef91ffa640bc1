"""`doit watch`: what has it build again, when, and how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.doit_plugin.conftest import Shell, Toy, chain, declare
from tests.scenarios.test_kills import command_lines
from vbmake.doit_plugin import cmd_watch
from vbmake.doit_plugin.cmd_watch import everything, watch
from vbmake.doit_plugin.hearing import UNHEARD
from vbmake.run import stamp

FILM = """\
vbmake: 1
title: {title}
size: 64x36
scenes:
  - {{duration: 200ms, layers: [{{color: "#203040"}}]}}
"""


class Desk:
    """A project at which time passes only by what is done in it: each sleep does the next of `saves`, then Ctrl-C."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.saves: list[Callable[[], object]] = []
        self.during: list[Callable[[], object]] = []
        self.told: list[str] = []
        self.slept: list[float] = []
        self.codes: list[int] = []
        self.builds = 0

    def save(self, name: str, text: str) -> Callable[[], object]:
        return lambda: (self.root / name).write_text(text)

    def build(self) -> int:
        self.builds += 1
        if self.during:
            self.during.pop(0)()
        return self.codes.pop(0) if self.codes else 1

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if not self.saves:
            raise KeyboardInterrupt
        self.saves.pop(0)()

    def watch(self, clock: Callable[[], float] = lambda: 0.0) -> int:
        return watch(self.root, self.build, self.told.append, sleep=self.sleep, clock=clock)

    @property
    def changes(self) -> list[str]:
        return [line for line in self.told if line.startswith("changed")]


def nothing() -> None:
    """A moment in which nothing happens."""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    (tmp_path / "video.yaml").write_text("one")
    return Desk(tmp_path)


def test_a_word_that_names_nothing_is_refused_before_anything_is_built(
    toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain(toy.root)
    monkeypatch.setattr(cmd_watch, "watch", lambda *_: 0)
    ended = toy.doit("watch", "midle")
    assert ended.code == 3
    assert "midle is no job and no target; did you mean copy:middle? `doit list --all` shows the jobs" in ended.err
    (toy.root / "below").mkdir()
    monkeypatch.chdir(toy.root / "below")
    for word in ("copy:film", "../build/film.txt", "copy", "copy:*"):
        assert toy.doit("watch", word).code == 0
    (toy.root / "a.txt").unlink()
    assert toy.doit("watch", "midle").code == 0, "the build tells what is wrong, and a save mends it"


def test_a_film_is_built_at_once_and_after_each_save(desk: Desk) -> None:
    desk.saves = [nothing, desk.save("video.yaml", "three"), nothing, nothing, desk.save("video.yaml", "more"), nothing]
    assert (desk.watch(), desk.builds) == (0, 3)
    assert desk.changes == ["changed: video.yaml"] * 2


def test_nothing_saved_builds_nothing_again(desk: Desk) -> None:
    desk.saves = [nothing] * 5
    assert (desk.watch(), desk.builds, desk.changes) == (0, 1, [])


def test_a_save_in_several_steps_is_built_once(desk: Desk) -> None:
    def rename() -> None:
        (desk.root / "new").rename(desk.root / "video.yaml")

    desk.saves = [(desk.root / "video.yaml").unlink, desk.save("new", "two words"), rename, nothing]
    assert (desk.watch(), desk.builds) == (0, 2)
    assert desk.changes == ["changed: video.yaml"]


def test_what_is_saved_during_a_build_is_built_after_it(desk: Desk) -> None:
    desk.during = [desk.save("video.yaml", "while it was built")]
    desk.saves = [nothing]
    assert (desk.watch(), desk.builds, desk.changes) == (0, 2, ["changed: video.yaml"])


def test_a_file_that_was_missing_is_noticed_when_it_appears(desk: Desk) -> None:
    (desk.root / "pictures").mkdir()
    desk.saves = [desk.save("pictures/harbour.png", "a picture"), nothing]
    assert (desk.watch(), desk.changes) == (0, ["changed: pictures/harbour.png"])


def test_what_builds_and_editors_write_beside_the_sources_is_not_looked_at(desk: Desk) -> None:
    for name in ("build/film.mp4", ".vbmake/x", ".git/y", "rules/__pycache__/z.pyc", ".video.yaml.swp", "vbmake.lock"):
        (desk.root / name).parent.mkdir(parents=True, exist_ok=True)
        (desk.root / name).write_text("made")
    (desk.root / "scenes/build").mkdir(parents=True)
    (desk.root / "scenes/build/a.yaml").write_text("a folder of the user's")
    assert set(everything(desk.root)) == {"video.yaml", os.path.join("scenes", "build", "a.yaml")}


def test_after_a_complete_build_only_what_the_film_rests_on_is_looked_at(desk: Desk) -> None:
    def complete() -> None:
        files = {"video.yaml": stamp.facts(os.stat(desk.root / "video.yaml"))}
        assert stamp.write(desk.root, files, ["rules"], stamp.Summary(1, ()), clock=lambda: 9e9)

    desk.codes, desk.during = [0, 0, 3], [complete, complete]
    notes = desk.save("notes.txt", "of no film")
    desk.saves = [notes, nothing, desk.save("video.yaml", "three"), nothing, (desk.root / "rules").mkdir, nothing]
    desk.saves += [notes, nothing]  # the stamp of the build before that which failed says nothing of this one
    assert desk.watch() == 0
    assert desk.changes == ["changed: video.yaml", "changed: rules", "changed: notes.txt"]


def test_looking_never_takes_more_than_its_share_of_a_processor(desk: Desk) -> None:
    times = iter([0.0, 0.001, 10.0, 10.5, 20.0, 20.0])
    desk.saves = [nothing, nothing]
    desk.watch(clock=lambda: next(times))
    assert desk.slept[:2] == [cmd_watch.INTERVAL, 0.5 / cmd_watch.SHARE]


def test_it_ends_with_130_where_a_build_was_interrupted_and_when_nobody_reads_any_more(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    desk.during = [interrupted]
    assert desk.watch() == 130
    desk.codes = [UNHEARD]
    assert desk.watch() == UNHEARD
    monkeypatch.setattr(cmd_watch, "unheard", lambda: True)
    desk.saves = [nothing]
    assert desk.watch() == UNHEARD


def test_what_cannot_be_built_is_refused(toy: Toy) -> None:
    (toy.root / "video.yaml").write_text("")
    ended = toy.vbmake("watch", "plan")
    assert ended.code == 3
    assert "watch builds, and plan is a command" in ended.err
    ended = toy.vbmake("watch", "-n", "many")
    assert ended.code == 3
    assert "-n many: a number of jobs" in ended.err


def test_the_options_reach_each_build_and_the_film_is_shown_once(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    declare(toy.root, {"id": "film:wide", "makes": {"film": "build/wide.mp4"}, "final": True})
    given: list[list[str]] = []
    codes = iter([3, 0, 0])

    def run(arguments: list[str]) -> int:
        given.append(arguments)
        return next(codes)

    def three_builds(root: Path, build: Callable[[], int], tell: object) -> int:
        return [build() for _ in range(3)][-1]

    monkeypatch.setattr(cmd_watch, "run", run)
    monkeypatch.setattr(cmd_watch, "watch", three_builds)
    assert toy.vbmake("watch", "film:wide", "-n", "2", "--open", "--yes", "-c").code == 0
    shared = [f"--dir={toy.root}", "-n", "2", "--continue", "--yes"]
    assert given == [
        [*shared, "--open", "--", "film:wide"],
        [*shared, "--open", "--", "film:wide"],
        [*shared, "--", "film:wide"],
    ]


@pytest.fixture
def watching(shell: Shell) -> Iterator[subprocess.Popen[str]]:
    (shell.here / "video.yaml").write_text(FILM.format(title="One"))
    program = shell.start(["-m", "vbmake"], "watch")
    late = threading.Timer(60, program.kill)
    late.start()
    yield program
    late.cancel()
    program.kill()
    program.communicate()


def test_a_film_is_watched_from_the_first_build_to_ctrl_c(shell: Shell, watching: subprocess.Popen[str]) -> None:
    assert watching.stdout is not None
    assert watching.stderr is not None

    def until(end: str) -> str:
        """What is told up to a line that begins so."""
        assert watching.stdout is not None
        lines = []
        for line in watching.stdout:
            lines.append(line)
            if line.startswith(end):
                return "".join(lines)
        pytest.fail(f"it ended after {lines}")

    declaration = shell.here / "video.yaml"
    assert "jobs: " in until("waiting")
    declaration.write_text(FILM.format(title="Two"))
    told = until("waiting")
    assert "changed: video.yaml\n" in told
    assert "ran" in told
    declaration.write_text(FILM.format(title="Three").replace("size", "sise"))
    assert "changed: video.yaml\n" in until("waiting")
    assert "sise" in "".join(watching.stderr.readline() for _ in range(2))
    declaration.write_text(FILM.format(title="Four"))
    assert "ran" in until("waiting")
    watching.send_signal(signal.SIGINT)
    assert watching.wait(timeout=30) == 0
    assert not [line for line in command_lines() if str(shell.here) in line]


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_build_that_runs_in_good_order(shell: Shell, sign: signal.Signals) -> None:
    (shell.here / "video.yaml").write_text(
        FILM.format(title="Long").replace("64x36", "1920x1080").replace("200ms", "5m")
    )
    program = shell.start(["-m", "vbmake"], "watch")
    late = threading.Timer(60, program.kill)
    late.start()
    try:
        assert program.stdout is not None
        assert program.stdout.readline().startswith("ran ")  # the timeline; the film takes minutes
        program.send_signal(sign)
        out, err = program.communicate()
    finally:
        late.cancel()
    assert (program.returncode, err) == (130, "interrupted; what was finished is kept\n")
    assert out.endswith("(interrupted)\n")
    assert not [line for line in command_lines() if str(shell.here) in line]
