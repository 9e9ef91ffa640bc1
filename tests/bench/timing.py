"""Time commands in turns, so that a busy moment of the machine falls on all of them."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Spent:
    """What one run of a command took: wall time, and the processor's time (which a busy machine changes less), in s."""

    wall: float
    cpu: float


def spent(args: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None) -> Spent:
    """Run a command and all that it starts. Raises CalledProcessError when it fails.

    Python may keep what it has compiled, whatever the shell says: an installed package is compiled, and a checkout that
    may not be would be compiled at each start, beside a doit that is not.
    """
    around = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before, start = _processor_time(), time.perf_counter()
    subprocess.run(args, cwd=cwd, check=True, stdout=subprocess.DEVNULL, env={**around, **(env or {})})
    return Spent(time.perf_counter() - start, _processor_time() - before)


def _processor_time() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def in_turns(turns: int, ways: Mapping[str, Callable[[], Spent]]) -> dict[str, Spent]:
    """The medians of each way's times over `turns` rounds, every round taking each way once."""
    found: dict[str, list[Spent]] = {name: [] for name in ways}
    for turn in range(turns):
        for name, way in ways.items():
            found[name].append(way())
            print(f"  round {turn + 1}: {name} {_said(found[name][-1])}", flush=True)
    medians = {name: _median(times) for name, times in found.items()}
    for name, times in medians.items():
        print(f"median: {name} {_said(times)}")
    return medians


def ratio(name: str, one: Spent, other: Spent, asked: str) -> None:
    """Print how one time stands to another, by the clock and by the processor's time."""
    print(f"{name}: {one.wall / other.wall:.3f} (processor time {one.cpu / other.cpu:.3f}; asked: {asked})")


def _median(times: Sequence[Spent]) -> Spent:
    return Spent(statistics.median(t.wall for t in times), statistics.median(t.cpu for t in times))


def _said(times: Spent) -> str:
    return f"{times.wall:.2f} s (processor {times.cpu:.2f} s)"
