"""`doit sync`: what it publishes, what it refuses, what it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.doit_plugin.conftest import Shell, Toy, chain, declare, events
from vbmake.cache.manifest import NAME


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    return tmp_path / "mirror"


def published(mirror: Path) -> dict[str, str]:
    """The files of a mirror but its manifest."""
    return {path.name: path.read_text() for path in sorted(mirror.iterdir()) if path.name != NAME}


def test_the_final_targets_are_published_under_their_names(toy: Toy, mirror: Path) -> None:
    chain(toy.root)
    toy.build()
    told = toy.vbmake("sync", "--to", str(mirror))
    assert told.code == 0
    assert published(mirror) == {"film.txt": "one"}
    assert "sent          film.txt  3 B\n" in told.out
    assert f"sync: 1 of 1 file sent to {mirror} (3 B) in " in told.out
    assert f"sync: {mirror} is as built (1 file) in " in toy.vbmake("sync", "--to", str(mirror)).out


def test_what_is_not_built_as_declared_is_not_published(toy: Toy, mirror: Path) -> None:
    chain(toy.root)
    told = toy.vbmake("sync", "--to", str(mirror))
    assert (told.code, "not built as declared: build/film.txt; build first" in told.err) == (2, True)
    toy.build()
    (toy.root / "a.txt").write_text("two")
    assert toy.vbmake("sync", "--to", str(mirror)).code == 2
    toy.build()
    (toy.root / "build/film.txt").write_text("edited by hand")
    assert toy.vbmake("sync", "--to", str(mirror)).code == 2
    assert not mirror.exists()


def test_a_dry_run_tells_what_would_be_done(toy: Toy, mirror: Path) -> None:
    chain(toy.root)
    toy.build()
    told = toy.vbmake("sync", "--dry-run", "--to", str(mirror))
    assert told.code == 0
    assert "would send    film.txt  3 B\n" in told.out
    assert "1 of 1 file would go to" in told.out
    assert not mirror.exists()


def test_what_is_no_longer_made_is_told_and_deleted_when_that_is_asked_for(toy: Toy, mirror: Path) -> None:
    film = {"id": "copy:film", "makes": {"film": "build/film.txt"}, "options": {"text": "a"}, "final": True}
    poster = {"id": "copy:poster", "makes": {"poster": "build/poster.txt"}, "options": {"text": "b"}, "final": True}
    declare(toy.root, film, poster)
    toy.build()
    toy.vbmake("sync", "--to", str(mirror))
    (mirror / "theirs.txt").write_text("somebody else's")
    declare(toy.root, film)
    assert "1 there that are no longer made (--delete removes them)" in toy.vbmake("sync", "--to", str(mirror)).out
    told = toy.vbmake("sync", "--delete", "--dry-run", "--to", str(mirror))
    assert "would delete  poster.txt  1 B\n" in told.out
    assert set(published(mirror)) == {"film.txt", "poster.txt", "theirs.txt"}
    assert "deleted       poster.txt  1 B\n" in toy.vbmake("sync", "--delete", "--to", str(mirror)).out
    assert set(published(mirror)) == {"film.txt", "theirs.txt"}


def test_targets_elsewhere_than_in_build_keep_their_paths(toy: Toy, mirror: Path) -> None:
    one = {"id": "copy:one", "makes": {"film": "build/film.txt"}, "options": {"text": "a"}, "final": True}
    two = {"id": "copy:two", "makes": {"film": "film.txt"}, "options": {"text": "b"}, "final": True}
    declare(toy.root, one, two)
    toy.build()
    assert toy.vbmake("sync", "--to", str(mirror)).code == 0
    assert set(json.loads((mirror / NAME).read_text())["files"]) == {"build/film.txt", "film.txt"}


def test_without_a_place_it_is_told_how_to_name_one(toy: Toy) -> None:
    chain(toy.root)
    toy.build()
    told = toy.vbmake("sync")
    assert (told.code, "add `sync: {to: s3://bucket/prefix}`, or name a place with --to" in told.err) == (2, True)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("gs://films/x", "allowed are s3://bucket/prefix and a directory"),
        ("s3://", "is not an S3 address"),
        ("s3:///films", "is not an S3 address"),
        ("s3://Films!/x", "'Films!' is no name of a bucket, allowed are 3 to 63 letters, digits"),
        ("s3://[films/x", "is no name of a bucket"),
        ("s3://films/x?endpoint=nonsense", "s3://films/x: an endpoint is written https://host or https://host:port"),
        ("s3://films/x?region=the north", "a region is a word such as eu-central-1, found 'the north'"),
        ("s3://key:secret@films/x", "an S3 address holds no credentials: write s3://films"),
        ("s3://arn:aws:s3:films/x?endpoint=http://127.0.0.1:9", 'Invalid bucket name "arn:aws:s3:films"'),
        ("", "allo"),
    ],
)
def test_a_place_of_another_kind_is_told(toy: Toy, place: str, words: str) -> None:
    chain(toy.root)
    toy.build()
    told = toy.vbmake("sync", f"--to={place}")
    assert (told.code, words in told.err) == (2, True)
    assert (told.err.count("\n"), "secret" in told.err) == (1, False)


def test_films_of_a_dodo_file_are_published_by_their_prefix(toy: Toy, mirror: Path) -> None:
    from vbmake.doit_plugin import load_video_tasks

    chain(toy.root / "a")
    namespace = {"task_a": lambda: load_video_tasks("a/video.yaml", prefix="a")}
    assert toy.doit("a", tasks=dict(namespace)).code == 0
    assert toy.doit("sync", "--to", str(mirror), tasks=dict(namespace)).code == 0
    assert published(mirror) == {"film.txt": "one"}


def test_one_place_is_not_for_two_projects(toy: Toy, mirror: Path) -> None:
    from vbmake.doit_plugin import load_video_tasks

    namespace = {}
    for name in ("a", "b"):
        chain(toy.root / name)
        namespace[f"task_{name}"] = lambda name=name: load_video_tasks(f"{name}/video.yaml", prefix=name)
    toy.doit(tasks=dict(namespace))
    told = toy.doit("sync", "--to", str(mirror), tasks=dict(namespace))
    assert told.code == 3
    assert "--to names one place, and 2 projects are loaded" in told.err


def test_a_sync_is_recorded_with_its_counts(toy: Toy, mirror: Path) -> None:
    chain(toy.root)
    toy.build()
    toy.vbmake("sync", "--to", str(mirror), "--dry-run")
    assert "sync" not in {event["event"] for event in events(toy.root)}, "a dry run does nothing"
    toy.vbmake("sync", "--to", str(mirror))
    toy.vbmake("sync", "--to", str(mirror))
    first, second = (event for event in events(toy.root) if event["event"] == "sync")
    told = {"to": str(mirror), "ok": True, "sent": 1, "bytes": 3, "files": 1, "deleted": 0}
    assert {name: first[name] for name in told} == told
    assert (second["sent"], second["bytes"], second["files"], second["ok"]) == (0, 0, 1, True)
    assert first["seconds"] >= 0
    assert len({event["run"] for event in events(toy.root)}) == 3, "each is a run of its own"


def test_a_sync_that_fails_is_recorded_with_the_reason(toy: Toy, mirror: Path) -> None:
    chain(toy.root)
    toy.build()
    mirror.write_text("a file stands where the directory should be")
    assert toy.vbmake("sync", "--to", str(mirror)).code == 2
    event = events(toy.root)[-1]
    assert (event["event"], event["ok"], event["sent"]) == ("sync", False, 0)
    assert str(mirror) in event["error"]


@pytest.mark.parametrize("words", [("--to", "{}", "--dry-run"), ("--dry-run", "--to", "{}")])
def test_an_address_with_an_equals_sign_is_no_variable(shell: Shell, words: tuple[str, ...]) -> None:
    chain(shell.here)
    shell.doit()
    place = f"{shell.here.parent}/a=b"
    for program in (shell.doit, shell.vbmake):
        told = program("sync", *(word.format(place) for word in words))
        assert (told.code, f"1 of 1 file would go to {place}" in told.out) == (0, True)
