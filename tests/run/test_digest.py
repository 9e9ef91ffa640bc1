"""Digests: once for each content, and never a stale one."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from vbmake.run.digest import Digests, is_racy
from vbmake.run.journal import Journal


@pytest.fixture
def memo(tmp_path: Path) -> Path:
    return tmp_path / "digests.jsonl"


def digests(memo: Path, late: float = 10.0) -> Digests:
    """The memo, with a clock `late` seconds ahead of the files' times."""
    return Digests(Journal(memo, "path"), clock=lambda: os.stat(memo.parent / "a").st_ctime_ns / 1e9 + late)


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_file_is_read_once_by_many_and_never_again_by_the_next_process(tmp_path: Path, memo: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 100_000)
    first = digests(memo)
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(first.of, [tmp_path / "a"] * 50))
    assert found == {sha(b"x" * 100_000)}
    assert first.hashed == 1
    second = digests(memo)
    assert second.of(tmp_path / "a") == sha(b"x" * 100_000)
    assert second.hashed == 0


def test_another_content_of_the_same_size_and_time_is_noticed(tmp_path: Path, memo: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")
    stat = path.stat()
    found = digests(memo)
    assert found.of(path) == sha(b"one")
    path.write_bytes(b"two")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert found.of(path) == sha(b"two")
    assert digests(memo).of(path) == sha(b"two")


def test_a_file_written_in_this_tick_of_the_clock_is_not_trusted(tmp_path: Path, memo: Path) -> None:
    (tmp_path / "a").write_bytes(b"one")
    racy = digests(memo, late=0.001)
    racy.of(tmp_path / "a")
    racy.of(tmp_path / "a")
    assert racy.hashed == 2
    assert not memo.exists()


@pytest.mark.parametrize(
    ("ctime_ns", "age", "racy"),
    [(123, 1.0, False), (123, 0.01, True), (0, 1.0, True), (0, 3.0, False), (123, -5.0, True), (123, -86_400.0, True)],
)
def test_whole_second_times_are_distrusted_for_longer(ctime_ns: int, age: float, racy: bool) -> None:
    seconds = 1_700_000_000
    stat = os.stat_result((0, 1, 1, 1, 0, 0, 5, seconds, seconds, seconds), {})
    times = {"st_mtime_ns": seconds * 10**9, "st_ctime_ns": seconds * 10**9 + ctime_ns}

    class Stat:
        def __getattr__(self, name: str) -> object:
            return times.get(name, getattr(stat, name, None))

    assert is_racy(Stat(), seconds + age) is racy  # type: ignore[arg-type]  # the fields of a stat that count


def test_a_clock_that_jumped_back_makes_nothing_stale(tmp_path: Path, memo: Path) -> None:
    """The clock will come by the time of the last change again: a write in that moment would not show in the stamp."""
    path = tmp_path / "a"
    path.write_bytes(b"one")
    past = digests(memo, late=-86_400)
    assert past.of(path) == sha(b"one")
    assert past.of(path) == sha(b"one")
    assert past.hashed == 2, "it is read each time"
    assert not memo.exists()
    path.write_bytes(b"two")
    assert past.of(path) == sha(b"two")
    later = digests(memo)
    later.of(path)
    assert digests(memo).of(path) == sha(b"two")
    assert later.hashed == 1, "until the clock is there again"


def test_a_modification_time_ahead_of_the_clock_is_remembered_and_hides_no_edit(tmp_path: Path, memo: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")
    ahead = (2**33 * 10**9, 2**33 * 10**9)
    os.utime(path, ns=ahead)
    found = digests(memo)
    assert found.of(path) == found.of(path) == sha(b"one")
    assert found.hashed == 1
    path.write_bytes(b"two")
    os.utime(path, ns=ahead)
    assert found.of(path) == sha(b"two")


def test_a_corrupt_or_deleted_memo_costs_only_time(tmp_path: Path, memo: Path) -> None:
    (tmp_path / "a").write_bytes(b"one")
    digests(memo).of(tmp_path / "a")
    for damage in (b"\x00\xff garbage\n[1]\nnull\n", b'{"path": "x"', memo.read_bytes()[:-20]):
        memo.write_bytes(damage)
        again = digests(memo)
        assert again.of(tmp_path / "a") == sha(b"one")
        assert again.hashed == 1
    memo.unlink()
    assert digests(memo).of(tmp_path / "a") == sha(b"one")


def test_a_memo_that_cannot_be_written_to_fails_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one")
    (tmp_path / "memo").mkdir()  # a directory stands where the file should
    found = Digests(Journal(tmp_path / "b" / "memo.jsonl", "path"), clock=lambda: 0.0)
    (tmp_path / "b").write_bytes(b"no directory")
    assert found.of(tmp_path / "a") == sha(b"one")


def test_files_that_are_gone_are_forgotten_when_one_asks_for_that(tmp_path: Path, memo: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_bytes(name.encode())
        digests(memo).of(tmp_path / name)
    (tmp_path / "b").unlink()
    digests(memo).forget_missing()
    assert Journal(memo, "path").names() == [str(tmp_path / "a")]
    again = digests(memo)
    assert again.of(tmp_path / "a") == sha(b"a")
    assert again.hashed == 0
