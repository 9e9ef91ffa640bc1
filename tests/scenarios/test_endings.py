"""However a build ends, no tool of it goes on by itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

from tests.scenarios.test_kills import command_lines
from tests.scenarios.world import SMALL, World, environment

SECONDS = f"9{os.getpid()}"  # by which the tool of this test is known among all that sleep
SLOW = f"import subprocess; subprocess.run(['sleep', '{SECONDS}'])"
RULES: dict[str, dict[str, Any]] = {
    "slow": {"needs": ["python", "./slow.py"], "command": ["python", "./slow.py", "{{ picture }}"]},
    "quick": {"reads": {"image": "files"}, "needs": ["cp"], "command": ["cp", "{{ image[0] }}", "{{ picture }}"]},
}


@pytest.fixture
def film(world: World) -> World:
    """A film with a picture that is made at once, and one whose tool sleeps for hours."""
    for name, rule in RULES.items():
        known = {"rule": name, "about": "Of a test.", "version": 1, "makes": {"picture": "png"}}
        world.write(f"rules/{name}.yaml", yaml.safe_dump({**known, **rule}))
    world.write("rules/slow.py", SLOW)
    cv2.imwrite(str(world.root / "a.png"), np.full((36, 64, 3), 99, np.uint8))
    layers = [{"make": "quick", "image": "a.png"}, {"make": "slow"}]
    return world.declare({**SMALL, "scenes": [{"id": "one", "duration": "1s", "layers": layers}]})


def start(film: World, stdout: Any) -> subprocess.Popen[bytes]:
    """A build with two threads, started as from a terminal though these tests may be started with `nohup`."""
    inherited = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.scenarios.program", "run", "-n", "2"],
            cwd=film.root,
            env=environment(film.cache),
            stdout=stdout,
            stderr=subprocess.PIPE,
        )
    finally:
        signal.signal(signal.SIGHUP, inherited)


def tools() -> list[str]:
    return [line for line in command_lines() if f"sleep {SECONDS}" in line]


def begun(film: World) -> None:
    """Return when the tool runs, and what is quick has ended."""
    end = time.monotonic() + 60
    while not tools() or '"how":"ran"' not in told(film):
        assert time.monotonic() < end, told(film)
        time.sleep(0.02)


def told(film: World) -> str:
    record = film.root / ".vbmake" / "events.jsonl"
    return record.read_text() if record.exists() else ""


def left(film: World) -> list[Path]:
    return list((film.root / ".vbmake" / "tmp").iterdir())


def test_where_nothing_can_be_told_the_tools_are_ended(film: World) -> None:
    with open("/dev/full", "wb") as full:
        build = start(film, full)
        _, err = build.communicate(timeout=60)
    assert (build.returncode, err.decode()) == (2, "what is told cannot be written: No space left on device\n")
    assert (tools(), left(film)) == ([], [])


def test_a_terminal_that_is_closed_ends_the_tools(film: World) -> None:
    build = start(film, subprocess.DEVNULL)
    begun(film)
    build.send_signal(signal.SIGHUP)
    _, err = build.communicate(timeout=60)
    assert (build.returncode, "Traceback" in err.decode()) == (130, False)
    assert (tools(), left(film)) == ([], [])


def test_the_tools_of_a_build_that_was_killed_are_ended_by_the_next(film: World) -> None:
    build = start(film, subprocess.DEVNULL)
    begun(film)
    build.kill()
    build.communicate(timeout=60)
    assert tools()
    assert left(film)
    film.declare({**SMALL, "scenes": [{"id": "one", "duration": "1s", "layers": [{"color": "white"}]}]}).build()
    assert (tools(), left(film)) == ([], [])
