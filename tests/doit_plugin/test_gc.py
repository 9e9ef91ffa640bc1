"""`doit gc`: it trims the local cache, from anywhere, and the project where it is called."""

from __future__ import annotations

import fcntl
import json
import os
import time
from pathlib import Path

import pytest

from tests.doit_plugin.conftest import Toy, chain, declare
from vbmake.run import lock
from vbmake.run.build import run_build
from vbmake.run.lock import project_lock

CACHE = "v1/cas/ab/"


@pytest.fixture
def cache(toy: Toy, tmp_path: Path) -> Path:
    """Three blobs of 100 bytes: of today, of ten days and of a year ago."""
    folder = tmp_path / "cache" / CACHE
    folder.mkdir(parents=True)
    for name, days in (("new", 0), ("old", 10), ("ancient", 365)):
        (folder / name).write_bytes(b"x" * 100)
        then = time.time() - days * 86_400
        os.utime(folder / name, (then, then))
    return folder


def test_what_was_not_used_for_long_goes(toy: Toy, cache: Path) -> None:
    told = toy.vbmake("gc", "--age", "30d")
    assert told.code == 0
    assert f"removed 1 of 3 objects (100 B) from {cache.parents[2]}; 200 B left\n" in told.out
    assert sorted(path.name for path in cache.iterdir()) == ["new", "old"]


def test_the_longest_unused_goes_until_it_is_small_enough(toy: Toy, cache: Path) -> None:
    assert toy.vbmake("gc", "--size", "150b", "--age=10y").code == 0
    assert [path.name for path in cache.iterdir()] == ["new"]


def test_a_dry_run_tells_and_removes_nothing(toy: Toy, cache: Path) -> None:
    assert "would remove 3 of 3 objects (300 B)" in toy.vbmake("gc", "--dry-run", "--size=0").out
    assert len(list(cache.iterdir())) == 3


def test_it_needs_no_project(toy: Toy, cache: Path) -> None:
    assert not (toy.root / "video.yaml").exists()
    assert toy.doit("gc").code == 0
    assert sorted(path.name for path in cache.iterdir()) == ["new", "old"]


def test_a_build_after_it_makes_again_what_it_misses(toy: Toy) -> None:
    chain(toy.root)
    toy.build()
    assert toy.vbmake("gc", "--size=0").code == 0
    (toy.root / "build/film.txt").unlink()
    assert toy.build().code == 0
    assert (toy.root / "build/film.txt").read_text() == "one"


@pytest.mark.parametrize("option", ["--size=10", "--age=soon"])
def test_a_wrong_amount_is_told(toy: Toy, cache: Path, option: str) -> None:
    told = toy.vbmake("gc", option)
    assert (told.code, "is written" in told.err) == (3, True)
    assert len(list(cache.iterdir())) == 3


def test_in_a_project_what_its_plan_no_longer_has_goes_too(toy: Toy) -> None:
    chain(toy.root)
    toy.build()
    declare(toy.root, {"id": "copy:other", "reads": {"source": ["a.txt"]}, "makes": {"copy": "build/other.txt"}})
    toy.build()
    told = toy.vbmake("gc", "--left", "0d", "--dry-run")
    assert f"would remove 2 files (10 B) of 1 job that {toy.root} no longer has\n" in told.out
    assert (toy.root / ".vbmake/work/middle.txt").exists()
    told = toy.vbmake("gc", "--left", "0d", "-d", str(toy.root))
    assert told.code == 0
    assert f"removed 2 files (10 B) of 1 job that {toy.root} no longer has\n" in told.out
    assert "left there, and yours to remove: build/film.txt\n" in told.out
    assert not (toy.root / ".vbmake/work/middle.txt").exists()
    assert (toy.root / "build/film.txt").read_text() == "one"
    assert "1 job: 1 current" in toy.build().out


def test_a_job_that_comes_back_is_told_of_what_removed_its_record(toy: Toy) -> None:
    chain(toy.root)
    toy.build()
    declared = (toy.root / "video.yaml").read_text()
    (toy.root / "build/film.txt").unlink()
    declare(toy.root, {"id": "copy:other", "reads": {"source": ["a.txt"]}, "makes": {"copy": "build/other.txt"}})
    toy.build()
    assert toy.vbmake("gc", "--left", "0d", "--size=0").code == 0
    (toy.root / "video.yaml").write_text(declared)
    rows = {job["id"]: job["reason"] for job in json.loads(toy.vbmake("plan", "--json").out)["jobs"]}
    assert rows["copy:middle"].startswith("`gc` removed what was known of it when it was not planned")
    toy.build()
    toy.vbmake("forget", "copy:middle")
    rows = {job["id"]: job["reason"] for job in json.loads(toy.vbmake("plan", "--json").out)["jobs"]}
    assert rows["copy:middle"] == "it was forgotten"


def test_a_project_in_which_a_build_runs_is_left_as_it_is(toy: Toy, cache: Path) -> None:
    chain(toy.root)
    toy.build()
    with project_lock(toy.root / ".vbmake/lock"):
        told = toy.vbmake("gc", "--left", "0d")
    assert told.code == 0
    assert f"{toy.root} is left as it is: another build runs here" in told.out
    assert not (cache / "ancient").exists()


def test_what_is_built_while_it_begins_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another terminal saves a further scene and builds it, and then this one is given the project."""

    def declare_scenes(*names: str) -> None:
        scenes = [{"id": name, "duration": "200ms", "layers": [{"text": name}]} for name in names]
        (tmp_path / "video.yaml").write_text(json.dumps({"vbmake": 1, "size": "64x36", "fps": 10, "scenes": scenes}))

    monkeypatch.setenv("VBMAKE_CACHE_DIR", "off")
    monkeypatch.chdir(tmp_path)
    declare_scenes("one")
    assert run_build(tmp_path).ok

    def lock_late(handle: int, how: int) -> None:
        monkeypatch.setattr(lock.fcntl, "flock", flock)
        declare_scenes("one", "two")
        assert run_build(tmp_path).ok
        flock(handle, how)

    flock = fcntl.flock
    monkeypatch.setattr(lock.fcntl, "flock", lock_late)
    assert f"nothing in {tmp_path} is left over" in Toy(tmp_path, capsys).vbmake("gc", "--left", "0h").out
    assert run_build(tmp_path).count("current") == 4


def test_a_project_that_is_not_wholly_planned_is_left_as_it_is(toy: Toy) -> None:
    chain(toy.root)
    toy.build()
    declare(
        toy.root,
        {"id": "copy:first", "options": {"text": "of a new scene"}, "makes": {"copy": ".vbmake/work/first.txt"}},
        {"id": "copy:then", "after": ["copy:first#copy"], "makes": {"copy": "build/then.txt"}},
    )
    assert "only a project that is built knows what it has no more" in toy.vbmake("gc", "--left", "0d").out
    assert (toy.root / ".vbmake/work/middle.txt").exists()


def test_without_a_local_cache_there_is_nothing_to_do(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VBMAKE_CACHE_DIR", "off")
    assert "there is no local cache" in toy.vbmake("gc").out
