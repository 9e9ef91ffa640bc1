"""Starting a project: init, schema, doctor, frame; on the real language."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.doit_plugin.conftest import Overridden
from vbmake.doit_plugin.cmd_doctor import examine
from vbmake.doit_plugin.cmd_frame import parse_moment
from vbmake.doit_plugin.program import main


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VBMAKE_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


def test_init_writes_a_project_that_can_be_planned(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "the-first-film"]) == 0
    root = Path("the-first-film")
    assert (root / "video.yaml").read_text().startswith("# yaml-language-server: $schema=.vbmake/schema.json\n")
    assert "The first film" in (root / "video.yaml").read_text()
    assert (root / ".gitignore").read_text() == ".vbmake/\nbuild/\n"
    capsys.readouterr()
    assert main(["plan", "-d", "the-first-film", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert {"speech:opening", "speech:change"} <= {job["id"] for job in plan["jobs"]}


def test_init_overwrites_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    Path("video.yaml").write_text("mine")
    Path(".gitignore").write_text("build/\n*.bak\n")
    assert main(["init"]) == 2
    assert "left as it is" in capsys.readouterr().err
    assert Path("video.yaml").read_text() == "mine"
    Path("video.yaml").unlink()
    assert main(["init"]) == 0
    assert Path(".gitignore").read_text() == "build/\n*.bak\n.vbmake/\n"


def test_a_title_from_an_odd_directory_is_still_yaml(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", 'a "film": {1} #2']) == 0
    capsys.readouterr()
    assert main(["plan", "-d", 'a "film": {1} #2']) == 0


def test_init_says_what_a_dodo_file_beside_it_means(capsys: pytest.CaptureFixture[str]) -> None:
    Path("dodo.py").write_text("")
    assert main(["init"]) == 0
    assert "dodo.py" in capsys.readouterr().out


def test_doit_starts_projects_only_where_no_dodo_file_is_meant(capsys: pytest.CaptureFixture[str]) -> None:
    assert Overridden().run(["init"]) == 0
    Path("dodo.py").write_text("")
    Path("video.yaml").unlink()
    assert Overridden().run(["init"]) == 3
    assert not Path("video.yaml").exists()


def test_schema_is_printed_or_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    printed = capsys.readouterr().out
    assert main(["schema", "-o", "deep/schema.json"]) == 0
    assert Path("deep/schema.json").read_text() == printed
    assert "$defs" in json.loads(printed)


def test_doctor_looks_at_everything_a_build_needs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    told = capsys.readouterr().out
    for subject in ("vbmake", "ffmpeg", "fonts", "speech", "directory", "tool python:numpy"):
        assert f"\nok       {subject}" in f"\n{told}"


def test_doctor_tells_what_is_broken_and_its_mend(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VBMAKE_FFMPEG", str(tmp_path / "no-such-ffmpeg"))
    broken = {finding.subject: finding for finding in examine(tmp_path) if finding.state == "broken"}
    assert "VBMAKE_FFMPEG" in broken["ffmpeg"].mend
    nowhere = {finding.subject: finding for finding in examine(tmp_path / "gone")}
    assert nowhere["directory"].state == "broken"


def test_a_moment_is_a_scene_and_a_time() -> None:
    assert parse_moment("harbour@1:03.5") == ("harbour", 63.5)
    assert parse_moment("a@b@2s") == ("a@b", 2)


@pytest.mark.parametrize("words", [[], ["harbour"], ["harbour@"], ["@2s"], ["harbour@soon"], ["a@1s", "b@1s"]])
def test_frame_says_how_it_is_used(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    main(["init"])
    capsys.readouterr()
    assert main(["frame", *words]) == 3
    assert "@" in capsys.readouterr().err


def test_frame_renders_one_picture_inside_or_outside_the_project(tmp_path: Path) -> None:
    film = tmp_path / "film"
    main(["init", str(film)])
    assert main(["frame", "-d", str(film), "end@1s"]) == 0
    assert (film / "build/end@1s.png").read_bytes().startswith(b"\x89PNG")
    assert main(["frame", "-d", str(film), "end@1s", "-o", str(tmp_path / "out" / "still.jpg")]) == 0
    assert (tmp_path / "out" / "still.jpg").read_bytes().startswith(b"\xff\xd8")
    assert not (film / ".vbmake/dag/plan.json").exists(), "the plan of a still is not the film's"


def test_frame_of_an_unknown_scene_is_a_mistake_with_the_nearest_name(capsys: pytest.CaptureFixture[str]) -> None:
    main(["init"])
    capsys.readouterr()
    assert main(["frame", "openin@1s"]) == 3
    assert "opening" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[""], ["--no-such-option"], ["plan", "--nonsense"], ["why"], ["info", "x:y"]])
def test_a_wrong_command_line_ends_with_3_and_without_a_traceback(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main(["init"])
    capsys.readouterr()
    assert main(words) == 3
    captured = capsys.readouterr()
    assert captured.err
    assert "Traceback" not in captured.err + captured.out
