"""Trimming the local cache: the longest unused goes first."""

from __future__ import annotations

import os
from pathlib import Path

from vbmake.cache.gc import DAY, collect, mark_used

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
