"""Builds killed at any moment: the next one finishes, repeats little, leaves nothing, and makes the same film."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.world import REPOSITORY, World

FILM = {
    "vbmake": 1,
    "size": "64x36",
    "fps": 12,
    "quality": "draft",
    "transition": {"kind": "wipeleft", "duration": "250ms"},
    "captions": {"style": "phrase", "files": ["srt"]},
    "pad": ["0s", "250ms"],
    "scenes": [
        {"id": f"s{n}", "say": f"Scene number {n}.", "layers": [{"color": color}, {"text": str(n), "show": "250ms"}]}
        for n, color in enumerate(("red", "teal", "gold", "navy"))
    ],
}
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], float]:
    """The targets of an undisturbed build, and how long it took as a program of its own (s)."""
    folder = tmp_path_factory.mktemp("clean")
    world = World(folder / "film", folder / "cache").declare(FILM)
    start = time.monotonic()
    assert world.doit().code == 0
    seconds = time.monotonic() - start
    return {path.name: path.read_bytes() for path in sorted((world.root / "build").iterdir())}, seconds


def test_a_build_that_is_killed_at_a_random_moment_is_finished_by_the_next(
    tmp_path: Path, clean: tuple[dict[str, bytes], float]
) -> None:
    check_kills(tmp_path, clean, 6)


@pytest.mark.long
def test_two_hundred_kills(tmp_path: Path, clean: tuple[dict[str, bytes], float]) -> None:
    check_kills(tmp_path, clean, 200)


def check_kills(folder: Path, clean: tuple[dict[str, bytes], float], count: int) -> None:
    """Kill `count` builds, each in a directory of its own, at moments spread at random over a build's length."""
    targets, seconds = clean
    chance = random.Random(20)
    met = 0
    for number in range(count):
        world = World(folder / str(number) / "film", folder / str(number) / "cache").declare(FILM)
        sign = SIGNALS[number % len(SIGNALS)]
        killed = kill_after(world, chance.uniform(0, seconds), sign)
        met += killed
        before = events(world)
        ended = world.doit()
        assert ended.code == 0, f"kill {number}: {ended.text}"
        assert "Traceback" not in ended.text
        made = {path.name: path.read_bytes() for path in sorted((world.root / "build").iterdir())}
        assert made == targets, f"kill {number} by {sign.name}"
        again = jobs(before, "ran", "fetched") & jobs(events(world)[len(before) :], "ran")
        assert not again, f"kill {number} by {sign.name}: finished jobs were done again"
        left = [*(world.root / ".vbmake" / "tmp").glob("*"), *world.root.rglob("*.tmp")]
        assert not left, f"kill {number}: something is left behind"
        assert not strays(world), f"kill {number}: a program is left running"
    assert met > count // 3, "too few builds were still running when they were killed"


def kill_after(world: World, seconds: float, sign: signal.Signals) -> bool:
    """Start a build and end it after so many seconds; whether it was still running."""
    environment = {**os.environ, "VBMAKE_CACHE_DIR": str(world.cache), "PYTHONPATH": str(REPOSITORY)}
    args = [sys.executable, "-m", "tests.scenarios.program", "-n", "2"]
    silent = subprocess.DEVNULL
    with subprocess.Popen(args, cwd=world.root, env=environment, stdout=silent, stderr=silent) as process:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(sign)
            process.wait(30)
            return True
    return False


def events(world: World) -> list[dict[str, Any]]:
    """What builds of the project have told so far; a line that a kill tore is an event of nothing."""
    path = world.root / ".vbmake" / "events.jsonl"
    found = []
    for line in path.read_text("utf-8").splitlines() if path.exists() else []:
        try:
            found.append(json.loads(line))
        except ValueError:
            found.append({})
    return found


def jobs(told: list[dict[str, Any]], *ways: str) -> set[str]:
    """The jobs that were told to have been done in one of these ways."""
    return {line["job"] for line in told if line.get("event") == "job" and line["how"] in ways}


def strays(world: World) -> list[str]:
    """Programs that still run and name a file of the project. They have 5 s to see that nobody reads or feeds them."""
    deadline = time.monotonic() + 5
    while found := [line for line in command_lines() if str(world.root) in line]:
        if time.monotonic() > deadline:
            return found
        os.sched_yield()
    return []


def command_lines() -> list[str]:
    """The command lines of all programs: from /proc, or from ps where there is none."""
    if not Path("/proc/self/cmdline").exists():
        listing = subprocess.run(["ps", "-axo", "args"], capture_output=True, text=True, check=True)
        return listing.stdout.splitlines()
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
        except OSError:  # it has ended meanwhile
            continue
    return found
