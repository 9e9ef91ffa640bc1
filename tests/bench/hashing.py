"""Hashing a file as builds do against `sha256sum`: one large file, and many small ones.

python -m tests.bench.hashing [rounds]
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.timing import Spent, in_turns, ratio, spent
from vbmake.run.digest import Digests
from vbmake.run.journal import Journal

LARGE = 1 << 30  # bytes
SMALL, COUNT = 256 << 10, 2000  # bytes, files


def hashed(files: list[Path], state: Path) -> Spent:
    """What it takes in this process to hash files of which nothing is known, and to keep their digests."""
    journal = Journal(state, "path")
    digests = Digests(journal)
    wall, cpu = time.perf_counter(), time.process_time()
    for file in files:
        digests.of(file)
    took = Spent(time.perf_counter() - wall, time.process_time() - cpu)
    journal.close()
    state.unlink(missing_ok=True)
    assert digests.hashed == len(files)
    return took


def compare(name: str, files: list[Path], folder: Path, rounds: int) -> None:
    """Both ways, in turns; every file has been read before."""
    found = in_turns(
        rounds,
        {
            f"{name}, vbmake": lambda: hashed(files, folder / "digests.jsonl"),
            f"{name}, sha256sum": lambda: spent(["sha256sum", *map(str, files)], folder),
        },
    )
    one, other = found.values()
    ratio(f"{name}: vbmake to sha256sum", one, other, "about 1, or less")


def main(rounds: int) -> None:
    """Make the files, and compare."""
    with tempfile.TemporaryDirectory() as told:
        folder = Path(told)
        block = os.urandom(1 << 20)
        with open(folder / "large", "wb") as stream:
            for _ in range(LARGE >> 20):
                stream.write(block)
        small = [folder / f"{number}" for number in range(COUNT)]
        for number, file in enumerate(small):
            file.write_bytes(number.to_bytes(4, "little") + block[4:SMALL])
        compare("one file of 1 GiB", [folder / "large"], folder, rounds)
        compare(f"{COUNT} files of 256 KiB", small, folder, rounds)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
