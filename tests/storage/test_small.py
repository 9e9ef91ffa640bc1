"""Small objects in one file: shared by threads and processes, never in the way, begun anew when damaged."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from vbmake.storage.small import DAMAGED, SmallObjects


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "small.sqlite"


def fill(path: Path, **objects: bytes) -> None:
    small = SmallObjects(path)
    for name, data in objects.items():
        small.put(name, data, "nothing")
    small.close()


def test_what_was_stored_is_there_at_once_and_for_later_processes(path: Path) -> None:
    small = SmallObjects(path)
    small.put("a", b"one", "nothing")
    assert (small.get("a"), small.size("a")) == (b"one", 3)
    small.flush()
    assert (small.get("a"), small.size("a")) == (b"one", 3)
    small.close()
    assert SmallObjects(path).get("a") == b"one"


def test_what_is_stored_comes_to_the_file_without_anybody_asking(path: Path) -> None:
    small = SmallObjects(path)
    small.put("a", b"one", "nothing")
    other = SmallObjects(path)
    while other.get("a") is None:
        threading.Event().wait(0.01)
    small.close()


def test_looking_makes_no_file(path: Path) -> None:
    small = SmallObjects(path)
    assert (small.get("a"), small.size("a"), small.names()) == (None, None, [])
    small.drop("a")
    small.close()
    assert not path.parent.exists()


@pytest.mark.parametrize(
    ("over", "data", "standing"),
    [
        ("nothing", b"new bytes", b"old"),
        ("other size", b"new", b"old"),
        ("other size", b"new bytes", b"new bytes"),
        ("anything", b"new", b"new"),
    ],
)
def test_new_bytes_take_the_place_of_what_they_may(path: Path, over: object, data: bytes, standing: bytes) -> None:
    fill(path, a=b"old")
    small = SmallObjects(path)
    small.put("a", data, over)  # type: ignore[arg-type]  # one of the words above
    small.close()
    assert small.get("a") == standing


def test_what_was_removed_can_be_stored_anew(path: Path) -> None:
    fill(path, a=b"old")
    small = SmallObjects(path)
    small.drop("a")
    assert small.get("a") is None
    small.put("a", b"new", "nothing")
    small.close()
    assert small.get("a") == b"new"


def test_what_is_stored_over_a_removal_that_waits_is_stored_in_any_case(path: Path) -> None:
    fill(path, a=b"bad")
    small = SmallObjects(path)
    small.drop("a")
    small.put("a", b"one", "anything")
    small.put("a", b"two", "other size")
    small.close()
    assert SmallObjects(path).get("a") == b"two"


def test_objects_are_listed_by_how_their_names_begin(path: Path) -> None:
    fill(path, **{"v1/ac/1": b"one", "v1/ac/2": b"two", "v1/cas/3": b"three"})
    assert sorted(SmallObjects(path).contents("v1/ac/")) == [b"one", b"two"]


def test_many_threads_and_many_processes_share_a_file(path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from vbmake.storage.small import SmallObjects\n"
        "small = SmallObjects(Path(sys.argv[1]))\n"
        "for n in range(300):\n"
        "    small.put(f'{sys.argv[2]}-{n}', b'x' * n, 'nothing'); small.put('same', sys.argv[2].encode(), 'nothing')\n"
        "    assert small.size(f'{sys.argv[2]}-{n}') == n; n % 100 or small.flush()\n"
        "small.close()\n"
    )
    others = [subprocess.Popen([sys.executable, "-c", program, str(path), name]) for name in ("p", "q")]
    small = SmallObjects(path)

    def store(name: str) -> None:
        for number in range(300):
            small.put(f"{name}-{number}", b"x" * number, "nothing")
            assert small.size(f"{name}-{number}") == number

    threads = [threading.Thread(target=store, args=(name,)) for name in ("t", "u")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [other.wait(60) for other in others] == [0, 0]
    small.close()
    assert len(small.names()) == 4 * 300 + 1
    assert small.get("same") in (b"p", b"q")


@pytest.mark.parametrize("damage", ["other bytes", "cut", "another table", "empty"])
def test_a_damaged_file_is_begun_anew(path: Path, damage: str) -> None:
    fill(path, **{f"name{number}": bytes([number]) * 2000 for number in range(100)})
    whole = path.read_bytes()
    if damage == "another table":
        path.unlink()
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE small (one TEXT)")
        connection.close()
    else:
        path.write_bytes({"other bytes": b"x" * 9000, "cut": whole[: len(whole) // 2], "empty": b""}[damage])
    small = SmallObjects(path)
    found = [small.get(f"name{number}") for number in range(100)]
    assert all(data in (None, bytes([number]) * 2000) for number, data in enumerate(found))
    assert None in found
    small.put("new", b"new", "nothing")
    small.close()
    assert SmallObjects(path).get("new") == b"new"
    assert path.with_name(path.name + DAMAGED).exists() == (damage != "empty")


def test_a_failed_write_is_told_to_who_stores_next(path: Path) -> None:
    path.parent.parent.joinpath("folder").write_text("a file where a folder is wanted")
    small = SmallObjects(path)
    small.put("a", b"one", "nothing")
    with pytest.raises(OSError, match="folder"):
        small.close()
    assert small.get("a") is None


def test_what_a_killed_writer_left_half_written_is_undone(path: Path) -> None:
    fill(path, a=b"old")
    program = (
        "import os, sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "c.execute('PRAGMA cache_size=1'); c.execute('BEGIN IMMEDIATE'); c.execute('DELETE FROM small')\n"
        "c.executemany('INSERT INTO small VALUES (?, ?, 0.0)', ((str(n), b'x' * 4000) for n in range(500)))\n"
        "os.kill(os.getpid(), 9)\n"
    )
    assert subprocess.run([sys.executable, "-c", program, str(path)], check=False).returncode == -9
    assert path.with_name(path.name + "-journal").exists()
    small = SmallObjects(path)
    assert (small.get("a"), small.names()) == (b"old", ["a"])
    small.close()
