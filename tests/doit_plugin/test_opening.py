"""`--open`: what is shown after a build, with which program, and what is said where nothing can be shown."""

from __future__ import annotations

import io
import os
import select
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doit_plugin.conftest import Shell, Toy, declare
from vbmake.doit_plugin.opening import film_among, player, show
from vbmake.run import stamp


class Screen:
    """A player that writes its arguments into a pipe."""

    def __init__(self, folder: Path) -> None:
        pipe = folder / "pipe"
        os.mkfifo(pipe)
        self._handle = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        self.program = folder / "a player"
        self.program.write_text(f'#!/bin/sh\necho "$@" > "{pipe}"\n')
        self.program.chmod(0o755)
        self.command = f"'{self.program}' --full"

    def shown(self) -> str:
        """What the next player that starts is called with."""
        ready, _, _ = select.select([self._handle], [], [], 20)
        assert ready, "no player was started"
        return os.read(self._handle, 4096).decode().strip()

    def dark(self) -> bool:
        """Whether no player has written anything yet."""
        return not select.select([self._handle], [], [], 0)[0]

    def close(self) -> None:
        os.close(self._handle)


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Screen]:
    made = Screen(tmp_path)
    yield made
    made.close()


@pytest.fixture
def films(toy: Toy, screen: Screen, monkeypatch: pytest.MonkeyPatch) -> Toy:
    """Two films with a poster before them."""
    made = {"poster": "build/a.jpg", "a": "build/a.mp4", "b": "build/b.mp4"}
    declare(
        toy.root,
        *(
            {"id": f"copy:{id}", "makes": {"m": path}, "options": {"text": id}, "final": True}
            for id, path in made.items()
        ),
    )
    monkeypatch.setenv("VBMAKE_PLAYER", screen.command)
    return toy


def test_a_built_film_is_shown(films: Toy, screen: Screen) -> None:
    told = films.build("--open")
    assert (told.code, told.out.splitlines()[-1]) == (0, "open: build/a.mp4 (a player)")
    assert screen.shown() == f"--full {films.root / 'build/a.mp4'}"


@pytest.mark.parametrize("word", ["copy:b", "build/b.mp4"])
def test_of_what_was_named_the_film_is_shown(films: Toy, screen: Screen, word: str) -> None:
    assert films.build("--open", word).code == 0
    assert screen.shown().endswith("/build/b.mp4")


def test_without_a_film_among_the_named_the_first_target_is_shown(films: Toy, screen: Screen) -> None:
    assert films.build("--open", "copy:poster").code == 0
    assert screen.shown().endswith("/build/a.jpg")


def test_without_being_asked_nothing_is_shown(films: Toy, screen: Screen) -> None:
    assert "open:" not in films.build().out
    assert screen.dark()


def test_a_film_that_failed_is_not_shown(films: Toy, screen: Screen) -> None:
    declare(films.root, {"id": "fail:a", "makes": {"film": "build/a.mp4"}, "final": True})
    told = films.build("--open")
    assert (told.code, "open:" in told.out) == (1, False)
    assert screen.dark()


def test_a_film_that_needs_no_building_is_shown_at_once(shell: Shell, screen: Screen) -> None:
    declaration = shell.here / "video.yaml"
    declaration.write_text("this is never read")
    files = {"video.yaml": stamp.facts(os.stat(declaration))}
    summary = stamp.Summary(7, ("build/film.jpg", "build/film.mp4"))
    assert stamp.write(shell.here, files, (), summary, environment=shell.environment)
    ended = shell.vbmake("--open", VBMAKE_PLAYER=screen.command)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("7 jobs: 7 current in ")
    assert ended.out.splitlines()[1:] == ["open: build/film.mp4 (a player)"]
    assert screen.shown() == f"--full {shell.here / 'build/film.mp4'}"


def test_a_project_without_films_has_no_such_option(shell: Shell) -> None:
    (shell.here / "dodo.py").write_text("def task_hello(): return {'actions': ['echo hello'], 'verbosity': 2}\n")
    asked = shell.many(["--open"])
    assert (asked.out, "--open shows films, and there is none here" in asked.err) == ("exit code 3\n", True)
    assert "--open" not in shell.many(["help", "run"]).out


def test_films_of_a_dodo_file_are_shown(toy: Toy, screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    from vbmake.doit_plugin import load_video_tasks

    declare(toy.root / "x", {"id": "copy:a", "makes": {"film": "build/a.mp4"}, "final": True})
    monkeypatch.setenv("VBMAKE_PLAYER", screen.command)
    told = toy.doit("--open", tasks={"task_x": lambda: load_video_tasks("x/video.yaml", prefix="x")})
    assert (told.code, "open: x/build/a.mp4 (a player)\n" in told.out) == (0, True)
    assert screen.shown().endswith("/x/build/a.mp4")


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"PATH": "/nowhere"}, "there is no display here; VBMAKE_PLAYER may name"),
        ({"PATH": "/nowhere", "DISPLAY": ":0"}, "xdg-open is not installed"),
        ({"VBMAKE_PLAYER": "/no/such/player"}, "/no/such/player: No such file or directory"),
        ({"VBMAKE_PLAYER": "'unclosed"}, "No closing quotation"),
    ],
)
def test_where_nothing_can_be_shown_one_line_says_why(environment: dict[str, str], words: str) -> None:
    if "VBMAKE_PLAYER" not in environment:
        with pytest.raises(LookupError, match=words):
            player(environment, "linux")
    else:
        out = io.StringIO()
        show("build/film.mp4", out, environment)
        assert out.getvalue().startswith("open: build/film.mp4 is not shown: ")
        assert (words in out.getvalue(), out.getvalue().count("\n")) == (True, 1)


def test_each_desktop_has_its_own_program(tmp_path: Path) -> None:
    (tmp_path / "xdg-open").write_text("#!/bin/sh\n")
    (tmp_path / "xdg-open").chmod(0o755)
    assert player({}, "darwin") == ["open"]
    assert player({"WAYLAND_DISPLAY": "wayland-0", "PATH": str(tmp_path)}, "linux") == [str(tmp_path / "xdg-open")]
    assert player({"VBMAKE_PLAYER": "mpv --fs 'a b'"}, "linux") == ["mpv", "--fs", "a b"]


def test_a_film_goes_before_other_targets() -> None:
    assert film_among(["a.jpg", "b.MP4", "c.mp4"]) == "b.MP4"
    assert film_among(["a.jpg", "b.srt"]) == "a.jpg"
    assert film_among([]) is None


def test_another_player_is_no_other_build(tmp_path: Path) -> None:
    (tmp_path / "video.yaml").write_text("film")
    files = {"video.yaml": stamp.facts(os.stat(tmp_path / "video.yaml"))}
    assert stamp.write(tmp_path, files, (), stamp.Summary(1, ()), environment={"PATH": "/bin"})
    assert stamp.check(tmp_path, {"PATH": "/bin", "VBMAKE_PLAYER": "mpv"})
    assert not stamp.check(tmp_path, {"PATH": "/bin", "VBMAKE_FFMPEG": "mpv"})
