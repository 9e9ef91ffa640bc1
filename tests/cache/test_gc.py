"""Trimming the local cache: the longest unused goes first."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from vbmake.cache.gc import DAY, collect, mark_used
from vbmake.storage.packed import FILE, PackedStorage
from vbmake.storage.small import SmallObjects

NOW = 1_800_000_000.0


def put(folder: Path, name: str, size: int, days_ago: float) -> Path:
    path = folder / "v1" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    os.utime(path, (NOW - days_ago * DAY, NOW - days_ago * DAY))
    return path


def test_what_was_not_used_for_long_goes(tmp_path: Path) -> None:
    old, new = put(tmp_path, "cas/old", 10, 31), put(tmp_path, "cas/new", 20, 1)
    found = collect(tmp_path, max_age_days=30, clock=lambda: NOW)
    assert (found.removed, found.removed_bytes, found.kept, found.kept_bytes) == (1, 10, 1, 20)
    assert not old.exists()
    assert new.exists()


def test_above_the_size_the_longest_unused_goes_first(tmp_path: Path) -> None:
    files = [put(tmp_path, f"cas/{days}", 10, days) for days in (5, 3, 1, 4)]
    found = collect(tmp_path, max_bytes=20, clock=lambda: NOW)
    assert found.kept_bytes == 20
    assert [path.name for path in files if path.exists()] == ["3", "1"]


def test_a_dry_run_tells_and_removes_nothing(tmp_path: Path) -> None:
    old = put(tmp_path, "cas/old", 10, 31)
    assert collect(tmp_path, max_age_days=30, dry_run=True, clock=lambda: NOW).removed == 1
    assert old.exists()


def test_what_a_killed_writer_left_goes_and_what_a_writer_writes_stays(tmp_path: Path) -> None:
    left, writing = put(tmp_path, "cas/.vbmake-a", 10, 2), put(tmp_path, "cas/.vbmake-b", 10, 0)
    collect(tmp_path, max_bytes=0, clock=lambda: NOW)
    assert not left.exists()
    assert writing.exists()


def test_a_read_marks_a_file_as_used(tmp_path: Path) -> None:
    path = put(tmp_path, "cas/old", 10, 31)
    mark_used(path, lambda: NOW)
    assert collect(tmp_path, max_age_days=30, clock=lambda: NOW).removed == 0


def test_a_cache_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert collect(tmp_path / "none", max_bytes=0).kept == 0


def packed(folder: Path, name: str, size: int, days_ago: float) -> None:
    """A small object, last used so long ago."""
    small = SmallObjects(folder / FILE, lambda: NOW - days_ago * DAY)
    small.put(name, b"x" * size, "anything")
    small.close()


def names(folder: Path) -> list[str]:
    with contextlib.closing(PackedStorage(folder)) as storage:
        return list(storage.list("v1/"))


def test_small_objects_go_by_age_as_files_do(tmp_path: Path) -> None:
    packed(tmp_path, "v1/ac/old", 10, 31)
    packed(tmp_path, "v1/ac/new", 20, 1)
    put(tmp_path, "cas/film", 1000, 2)
    dry = collect(tmp_path, max_age_days=30, dry_run=True, clock=lambda: NOW)
    assert names(tmp_path) == ["v1/ac/new", "v1/ac/old", "v1/cas/film"]
    found = collect(tmp_path, max_age_days=30, clock=lambda: NOW)
    assert (found.removed, found.removed_bytes, found.kept, found.kept_bytes) == (1, 10, 2, 1020)
    assert dry == found
    assert names(tmp_path) == ["v1/ac/new", "v1/cas/film"]


def test_above_the_size_files_and_small_objects_go_in_the_order_of_their_last_use(tmp_path: Path) -> None:
    for days in (1, 3, 5):
        packed(tmp_path, f"v1/ac/{days}", 10, days)
        put(tmp_path, f"cas/{days + 1}", 10, days + 1)
    assert collect(tmp_path, max_bytes=30, clock=lambda: NOW).kept_bytes == 30
    assert names(tmp_path) == ["v1/ac/1", "v1/ac/3", "v1/cas/2"]


def test_a_read_marks_a_small_object_as_used(tmp_path: Path) -> None:
    packed(tmp_path, "v1/ac/old", 10, 31)
    small = SmallObjects(tmp_path / FILE, lambda: NOW)
    assert small.get("v1/ac/old") is not None
    small.close()
    assert collect(tmp_path, max_age_days=30, clock=lambda: NOW).removed == 0


def test_the_room_of_small_objects_is_given_back(tmp_path: Path) -> None:
    for number in range(50):
        packed(tmp_path, f"v1/ac/{number}", 10_000, 40)
    before = (tmp_path / FILE).stat().st_size
    collect(tmp_path, max_age_days=30, clock=lambda: NOW)
    assert (tmp_path / FILE).stat().st_size < before / 10


def test_a_damaged_file_of_small_objects_goes_after_a_day(tmp_path: Path) -> None:
    damaged = put(tmp_path, "small.sqlite.damaged", 10, 2)
    collect(tmp_path, clock=lambda: NOW)
    assert not damaged.exists()
