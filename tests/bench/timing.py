"""Time commands in turns, so that a busy moment of the machine falls on all of them."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


def seconds(args: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None) -> float:
    """Wall time of one run of a command, in seconds. Raises CalledProcessError when it fails."""
    start = time.perf_counter()
    subprocess.run(args, cwd=cwd, check=True, stdout=subprocess.DEVNULL, env={**os.environ, **(env or {})})
    return time.perf_counter() - start


def in_turns(turns: int, ways: Mapping[str, Callable[[], float]]) -> dict[str, float]:
    """The median of each way's seconds over `turns` rounds, every round taking each way once."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(turns):
        for name, way in ways.items():
            found[name].append(way())
            print(f"  round {turn + 1}: {name} {found[name][-1]:.2f} s", flush=True)
    return {name: statistics.median(times) for name, times in found.items()}
