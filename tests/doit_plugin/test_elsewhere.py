"""`-d DIR` after a command means that project; commands that change its records wait for no build, and disturb none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.doit_plugin.conftest import Toy, chain, declare
from vbmake.run.lock import project_lock


@pytest.mark.parametrize("word", ["plan", "list", "why"])
def test_a_directory_named_after_the_command_is_the_one_that_is_meant(toy: Toy, tmp_path: Path, word: str) -> None:
    chain(toy.root)
    declare(tmp_path / "other", {"id": "copy:another", "makes": {"o": "build/another.txt"}, "final": True})
    job = ["copy:another"] if word == "why" else []
    told = toy.doit(word, "-d", str(tmp_path / "other"), *job)
    assert (told.code, "copy:another" in told.out, "copy:film" in told.out) == (0, True, False), told
    nowhere = toy.doit(word, "-d", str(tmp_path / "nowhere"), *job)
    assert (nowhere.code, "copy:film" in nowhere.out) == (3 if word == "list" else 2, False), nowhere


def test_doctor_looks_at_the_project_that_is_named(toy: Toy, tmp_path: Path) -> None:
    declare(tmp_path / "other", {"id": "copy:another", "makes": {"o": "build/another.txt"}, "final": True})
    told = toy.vbmake("doctor", "-d", str(tmp_path / "other"))
    assert f"{tmp_path / 'other'} can be written" in told.out
    nowhere = toy.vbmake("doctor", "-d", str(tmp_path / "nowhere"))
    assert (nowhere.code, nowhere.err) == (2, f"{tmp_path / 'nowhere'} is not a directory\n")


@pytest.mark.parametrize("words", [("clean",), ("forget",), ("ignore", "copy:film")])
def test_what_changes_the_records_is_refused_while_a_build_runs(toy: Toy, words: tuple[str, ...]) -> None:
    chain(toy.root)
    toy.build()
    with project_lock(toy.root / ".vbmake" / "lock"):
        told = toy.vbmake(*words)
    assert (told.code, "another build runs here" in told.err) == (2, True)
    assert (toy.root / "build/film.txt").exists()
    assert toy.vbmake("clean", "--dry-run").code == 0
    assert toy.vbmake(*words).code == 0
