"""Tags, measures and locks: what is kept between builds, and what damage does to it."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.run.world import World, job, plan_of
from vbmake.errors import JobError, WorkspaceError
from vbmake.plan.types import Tag
from vbmake.run.digest import Digests
from vbmake.run.journal import Journal
from vbmake.run.lock import project_lock
from vbmake.run.measures import Measures
from vbmake.run.private import PrivateDirectories, process_mark, remove_stale
from vbmake.run.publish import remove_temporaries, replacing
from vbmake.run.tags import TagStore


def tag(job: str, key: str = "k1") -> Tag:
    outputs = {"shot": {"path": "x.mp4", "sha256": "0" * 64, "size": 5}}
    return Tag(job, key, outputs, {"shot": {"frames": 3}}, {"rule": "shot"}, "2026-01-01", "ran", 1.5)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "dag" / "tags.jsonl"


def test_the_last_tag_of_a_job_counts(path: Path) -> None:
    store = TagStore(path)
    store.put(tag("shot:a", "k1"))
    store.put(tag("shot:a", "k2"))
    store.put(tag("shot:b"))
    assert len(path.read_text().splitlines()) == 3
    assert TagStore(path).all() == {"shot:a": tag("shot:a", "k2"), "shot:b": tag("shot:b")}


def test_a_forgotten_job_stays_forgotten(path: Path) -> None:
    store = TagStore(path)
    store.put(tag("shot:a"))
    store.drop("shot:a")
    store.drop("shot:never")
    assert store.get("shot:a") is None
    assert TagStore(path).jobs() == []


def test_a_torn_line_costs_itself_and_not_the_next(path: Path) -> None:
    TagStore(path).put(tag("shot:a"))
    with path.open("a") as stream:
        stream.write('{"job":"shot:b","key":"k')
    store = TagStore(path)
    assert store.jobs() == ["shot:a"]
    store.put(tag("shot:c"))
    assert TagStore(path).jobs() == ["shot:a", "shot:c"]


@pytest.mark.parametrize(
    "change",
    [{"key": 5}, {"outputs": {"shot": "x"}}, {"outputs": {"shot": {"path": "x"}}}, {"seconds": None}, {"material": []}],
)
def test_a_record_of_another_shape_is_no_tag(path: Path, change: dict[str, Any]) -> None:
    TagStore(path).put(tag("shot:a"))
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}) + "\n")
    assert TagStore(path).get("shot:a") is None


def test_the_names_of_inputs_are_kept_and_a_record_without_them_is_a_tag(path: Path) -> None:
    named = tag("shot:a")._replace(inputs={"assets": ["one.png"]})
    TagStore(path).put(named)
    assert TagStore(path).get("shot:a") == named
    record = json.loads(path.read_text())
    for inputs in ({}, {"inputs": ["one.png"]}, {"inputs": {"assets": [1]}}):
        del record["inputs"]
        record |= inputs
        path.write_text(json.dumps(record) + "\n")
        assert TagStore(path).get("shot:a") == tag("shot:a")
        record.setdefault("inputs", None)


def test_superseded_lines_are_dropped_when_there_are_many(path: Path) -> None:
    store = TagStore(path)
    for number in range(600):
        store.put(tag("shot:a", f"k{number}"))
    store.compact()
    store.put(tag("shot:b"))
    assert len(path.read_text().splitlines()) == 2
    assert TagStore(path).all() == {"shot:a": tag("shot:a", "k599"), "shot:b": tag("shot:b")}
    assert sorted(os.listdir(path.parent)) == ["tags.jsonl"]


@pytest.mark.parametrize(
    ("name", "record"),
    [
        ("glyphs.jsonl", {"font": "f" * 64, "characters": "abc"}),
        ("measures.jsonl", {"sha256": "c" * 64, "probe": 1, "measure": {"frames": 3}}),
        ("digests.jsonl", {"path": "a.txt", "sha256": "c" * 64}),
        ("dag/tags.jsonl", tag("join:one")._asdict()),
    ],
)
def test_a_build_begins_with_records_of_which_most_lines_count(world: World, name: str, record: dict[str, Any]) -> None:
    path = world.root / ".vbmake" / name
    path.parent.mkdir(parents=True)
    path.write_text((json.dumps(record) + "\n") * 1000)
    with world.open() as workspace, workspace.locked():
        workspace.begin()
    assert [json.loads(line) for line in path.read_text().splitlines()] == [record]


def test_a_long_line_that_is_superseded_again_and_again_is_dropped_sooner(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = TagStore(path)
    for number in range(3):
        store.put(tag("film:a", f"k{number}"))
    TagStore(path).compact()
    assert len(path.read_text().splitlines()) == 3, "so little is not worth it"
    monkeypatch.setattr("vbmake.run.journal.SLACK", 0)
    TagStore(path).compact()
    assert len(path.read_text().splitlines()) == 1
    again = TagStore(path)
    again.compact()
    assert again.all() == {"film:a": tag("film:a", "k2")}


def test_what_was_paid_is_recorded_for_good(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A power cut takes what is not flushed."""
    flushed: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda _handle: flushed.append(len(path.read_text().splitlines())))
    store = TagStore(path)
    store.put(tag("shot:a"))
    store.put(tag("generated-image:b"), durable=True)
    assert flushed == [2]


def test_a_place_that_cannot_be_written_is_told_in_words(path: Path) -> None:
    store = TagStore(path)
    path.parent.mkdir()
    path.mkdir()
    with pytest.raises(WorkspaceError, match=r"cannot write .*tags\.jsonl"):
        store.put(tag("shot:a"))
    with pytest.raises(WorkspaceError, match=r"tags\.jsonl cannot be read"):
        TagStore(path)


def test_a_medium_is_probed_once_for_each_content(tmp_path: Path) -> None:
    probed: list[str] = []

    def probe(path: Path) -> dict[str, Any]:
        probed.append(path.name)
        if not path.read_bytes():
            raise JobError(f"{path.name} is empty")
        return {"kind": "image", "width": 4}

    def measures() -> Measures:
        return Measures(tmp_path / "measures.jsonl", Digests(Journal(tmp_path / "digests.jsonl", "path")), probe)

    for name in ("a.png", "copy.png"):
        (tmp_path / name).write_bytes(b"pixels")
    (tmp_path / "empty.png").write_bytes(b"")
    first = measures()
    assert first.of(tmp_path / "a.png") == first.of(tmp_path / "copy.png") == {"kind": "image", "width": 4}
    assert measures().of(tmp_path / "a.png")["width"] == 4
    assert probed == ["a.png"]
    for _ in range(2):
        with pytest.raises(JobError, match=r"empty\.png is empty"):
            first.of(tmp_path / "empty.png")
    with pytest.raises(JobError, match=r"none\.png cannot be read: No such file"):
        first.of(tmp_path / "none.png")


def test_a_second_build_is_told_who_holds_the_project(tmp_path: Path) -> None:
    lock = tmp_path / ".vbmake" / "lock"
    with (
        project_lock(lock),
        pytest.raises(WorkspaceError, match=rf"another build runs here \(process {os.getpid()} on "),
        project_lock(lock),
    ):
        pass
    with project_lock(lock):
        pass


def test_a_lock_dies_with_its_holder(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from vbmake.run.lock import project_lock\n"
        "with project_lock(Path(sys.argv[1])): os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "lock")], check=False)
    assert done.returncode == -9
    with project_lock(tmp_path / "lock"):
        pass


def test_private_directories_go_and_those_of_killed_processes_too(tmp_path: Path) -> None:
    for name in ("999999999-5-0", f"{os.getpid()}-5-0", "whatever"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "half.mp4").write_text("half")
    directories = PrivateDirectories(tmp_path)
    with directories.one() as mine:
        (mine / "half.mp4").write_text("half")
        assert remove_stale(tmp_path) == 3, "dead, of an earlier process with this number, and no process at all"
        assert mine.is_dir()
        assert mine.name.startswith(f"{process_mark(os.getpid())}-")
    directories.close()
    assert os.listdir(tmp_path) == []


def test_a_private_directory_that_is_empty_again_is_lent_again_and_goes_at_the_end(tmp_path: Path) -> None:
    directories = PrivateDirectories(tmp_path)
    with directories.one() as first, directories.one() as second:
        assert first != second
    with directories.one() as again:
        assert again in (first, second)
    directories.close()
    assert os.listdir(tmp_path) == []


def test_a_private_directory_that_was_written_to_meanwhile_or_is_gone_is_not_lent_again(tmp_path: Path) -> None:
    seconds = itertools.count()
    directories = PrivateDirectories(tmp_path, clock=lambda: next(seconds))
    with directories.one() as first, directories.one() as second:
        pass
    (first / "late").write_text("by a program that outlived its job")
    second.rmdir()
    with directories.one() as one, directories.one() as other:
        assert not {one, other} & {first, second}
        assert os.listdir(one) == os.listdir(other) == []


def test_a_private_directory_goes_when_its_job_fails(tmp_path: Path) -> None:
    def fail() -> None:
        with PrivateDirectories(tmp_path).one() as mine:
            (mine / "half.mp4").write_text("half")
            raise JobError("it did not work")

    with pytest.raises(JobError):
        fail()
    assert os.listdir(tmp_path) == []


def test_of_the_lines_of_a_name_the_last_that_is_whole_counts(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    path.write_bytes(
        b'{"job":"a","n":1}\n{"job":"a","n":2}\n{"job":"a","n":3,\n'  # the last was torn
        b'{"job":"b","n":1}\n{"job":"b", "gone": true}\n'  # as other programs write it
        b'{"n":1,"job":"c"}\n{"job":"c","n":2}\n'
        b'{"job":"d\\"\\u00e9","n":1}\n'
        b'{"job":"e","n":1}\n{"job":"e","gone":true}\n{"job":"e","n":2}\n'
        b'{"job":"f","n":1}\n{"n":2,"job":"f"}\n'
        b'{"job":"\xff","n":1}\n{"job":\n[]\n'
    )
    for ask_first in ((), ("f", "e", 'd"é', "c", "b", "a")):
        journal = Journal(path, "job")
        for name in ask_first:
            journal.get(name)
        found = [journal.get(name) for name in "abcef"]
        assert [one and one["n"] for one in found] == [2, None, 2, 2, 2]
        assert journal.get('d"é') == {"job": 'd"é', "n": 1}
        assert journal.names() == ["a", "c", 'd"é', "e", "f"]
        assert [journal.dropped(name) for name in "abe"] == [None, "", None]
        journal.close()


def test_a_record_is_found_by_all_threads_that_ask_for_it_at_once(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    path.write_text("".join(f'{{"job":"{number}","text":"{"x" * 2000}"}}\n' for number in range(400)))
    journal = Journal(path, "job")
    start = threading.Barrier(8)
    missed: list[str] = []

    def ask() -> None:
        start.wait()
        missed.extend(str(number) for number in range(400) if journal.get(str(number)) is None)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not missed


@pytest.fixture
def gone() -> int:
    """The number of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    return ended.pid


def test_what_a_killed_process_was_replacing_a_file_with_is_removed_and_nothing_else(tmp_path: Path, gone: int) -> None:
    stale = tmp_path / f".plan.json.{gone}.tmp"
    kept = [f".plan.json.{os.getpid()}.tmp", f"plan.json.{gone}.tmp", ".plan.json.tmp", f".notes.{gone}", "a"]
    kept += [f".plan.json.{10**digits}.tmp" for digits in (9, 16, 300 // 2)]
    for name in (stale.name, *kept):
        (tmp_path / name).write_text("half")
    remove_temporaries(tmp_path / "missing")
    remove_temporaries(tmp_path, ("plan", "json"))
    assert stale.exists()
    remove_temporaries(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)


def test_a_file_is_replaced_when_all_is_written_and_stays_as_it_was_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    with replacing(path, durable=True) as stream:
        stream.write(b"old")
        assert not path.exists()
    with contextlib.suppress(ZeroDivisionError), replacing(path) as stream:
        stream.write(b"new")
        raise ZeroDivisionError
    assert [one.read_bytes() for one in tmp_path.iterdir()] == [b"old"]


def test_a_build_removes_what_a_killed_one_was_writing_and_no_file_of_the_user_s(world: World, gone: int) -> None:
    world.build(plan_of(job("one", final=True)))
    left = [world.root / f".vbmake.lock.{gone}.tmp"]
    left += [world.root / folder / f".a.json.{gone}.tmp" for folder in (".vbmake", ".vbmake/dag")]
    mine = [world.root / f".a.json.{gone}.tmp", world.root / ".notes.20260714093000123.tmp"]
    mine += [world.root / ".vbmake/dag" / ".notes.20260714093000123.tmp"]
    for path in (*left, *mine):
        path.write_text("half")
    world.build(plan_of(job("one", final=True)))
    assert [path.exists() for path in left] == [False] * 3
    assert [path.exists() for path in mine] == [True] * 3
