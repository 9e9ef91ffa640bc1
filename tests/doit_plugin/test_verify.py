"""`doit verify`: targets against their records, and jobs against themselves."""

from __future__ import annotations

import errno
import fcntl
import os
from typing import Any

import pytest

from tests.doit_plugin.conftest import Toy, chain, declare


def test_what_is_as_recorded_is_told_in_one_line(toy: Toy) -> None:
    chain(toy.root)
    toy.build()
    told = toy.vbmake("verify")
    assert (told.code, told.out) == (0, "2 files checked: all as recorded\n")


def test_nothing_is_checked_where_nothing_was_built(toy: Toy) -> None:
    chain(toy.root)
    assert (toy.vbmake("verify").out, toy.vbmake("verify").code) == ("0 files checked: all as recorded\n", 0)


def test_a_change_that_leaves_size_and_times_as_they_were_is_found(toy: Toy) -> None:
    chain(toy.root)
    toy.build()
    film = toy.root / "build/film.txt"
    stat = film.stat()
    with open(film, "r+") as stream:
        stream.write("0ne")
    os.utime(film, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    told = toy.vbmake("verify")
    assert told.code == 1
    assert "changed  copy:film  build/film.txt\n    recorded 7692c3ad" in told.out
    assert "2 files checked: 1 not as recorded" in told.out


def test_what_it_finds_is_mended_by_the_next_build(toy: Toy) -> None:
    chain(toy.root)
    toy.build()
    (toy.root / ".vbmake/stamp.json").write_text("a stamp")
    (toy.root / ".vbmake/work/middle.txt").write_text("cut")
    assert toy.vbmake("verify").code == 1
    assert not (toy.root / ".vbmake/stamp.json").exists(), "else the build would look no closer"
    toy.build()
    assert toy.vbmake("verify").code == 0


def test_a_final_target_must_be_there_and_an_intermediate_need_not(toy: Toy) -> None:
    chain(toy.root)
    toy.build()
    (toy.root / ".vbmake/work/middle.txt").unlink()
    assert toy.vbmake("verify").code == 0
    (toy.root / "build/film.txt").unlink()
    told = toy.vbmake("verify")
    assert (told.code, "missing  copy:film  build/film.txt" in told.out) == (1, True)


def test_jobs_that_are_done_again_make_the_same_and_replace_nothing(toy: Toy) -> None:
    chain(toy.root)
    toy.build()
    (toy.root / ".vbmake/work/middle.txt").unlink()
    before = (toy.root / "build/film.txt").stat()
    told = toy.vbmake("verify", "--rebuild", "9")
    assert told.code == 0
    assert told.out.splitlines()[-1] == "1 file checked, 2 jobs done again: all as recorded"
    assert (toy.root / "build/film.txt").stat().st_ino == before.st_ino
    assert not list((toy.root / ".vbmake/tmp").iterdir())


@pytest.mark.parametrize("locked_before", [True, False])
def test_what_can_only_be_read_is_checked_all_the_same(
    toy: Toy, monkeypatch: pytest.MonkeyPatch, locked_before: bool
) -> None:
    chain(toy.root)
    toy.build()
    lock = toy.root / ".vbmake/lock"
    if not locked_before:
        lock.unlink()
    really_open = os.open

    def refuse(path: str, flags: int, *more: Any, **named: Any) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            raise OSError(errno.EROFS, "", path)
        return really_open(path, flags, *more, **named)

    monkeypatch.setattr(os, "open", refuse)
    told = toy.vbmake("verify")
    assert (told.code, told.out, told.err) == (0, "2 files checked: all as recorded\n", "")
    told = toy.vbmake("verify", "--rebuild", "1")
    assert (told.code, "the file system is read-only" in told.err) == (2, True)
    if locked_before:
        with open(lock, "rb") as build:
            fcntl.flock(build, fcntl.LOCK_EX)
            told = toy.vbmake("verify")
        assert (told.code, "another build runs here (process " in told.err) == (2, True)


def test_a_job_that_makes_something_else_each_time_is_found(toy: Toy) -> None:
    declare(toy.root, {"id": "dice:a", "makes": {"film": "build/film.txt"}, "final": True})
    toy.build()
    before = (toy.root / "build/film.txt").read_bytes()
    told = toy.vbmake("verify", "--rebuild=1")
    assert told.code == 1
    assert "differs  dice:a  build/film.txt\n    recorded " in told.out
    assert (toy.root / "build/film.txt").read_bytes() == before


def test_a_sample_has_each_rule_and_no_paid_job(toy: Toy) -> None:
    jobs = [{"id": f"copy:{n}", "makes": {"film": f"build/{n}.txt"}, "final": True} for n in range(5)]
    jobs.append({"id": "dice:a", "makes": {"film": "build/a.txt"}, "final": True})
    jobs.append({"id": "dice:paid", "makes": {"film": "build/p.txt"}, "final": True, "pool": "openai"})
    declare(toy.root, *jobs)
    toy.build()
    told = toy.vbmake("verify", "--rebuild", "2")
    assert "dice:a" in told.out
    assert told.out.count("same     copy:") == 1
    assert "dice:paid" not in toy.vbmake("verify", "--rebuild", "99").out


def test_a_job_that_fails_when_it_is_done_again_is_told(toy: Toy) -> None:
    tries = toy.root.parent / "tries"
    tries.write_text("try\n")
    flaky = {"id": "flaky:a", "makes": {"film": "build/a.txt"}, "options": {"tries": str(tries), "times": 0}}
    declare(toy.root, {**flaky, "final": True})
    toy.build()
    tries.unlink()
    tries.mkdir()
    told = toy.vbmake("verify", "--rebuild", "1")
    assert (told.code, "failed   flaky:a\n    found    " in told.out) == (1, True)


def test_a_negative_sample_is_told(toy: Toy) -> None:
    chain(toy.root)
    told = toy.vbmake("verify", "--rebuild=-1")
    assert (told.code, "a number of jobs, 0 or more" in told.err) == (3, True)
