"""Builds after the clock has jumped back, and of files from the future: nothing in vain, and no edit is missed."""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.world import SMALL, World
from vbmake.run import stamp
from vbmake.run import workspace as workspace_module
from vbmake.run.digest import Digests

DAY = 86_400
PICTURE = b'<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8" fill="%s"/></svg>'
FILM: dict[str, Any] = {
    **SMALL,
    "scenes": [
        {"id": "one", "duration": "300ms", "layers": [{"svg": "a.svg"}]},
        {"id": "two", "duration": "300ms", "layers": [{"color": "navy"}]},
    ],
}
CHANGED = {"shot:main/one/0", "film:main"}


@pytest.fixture
def film(world: World) -> World:
    return world.declare(FILM).write("a.svg", PICTURE % b"red ")


def jump(patch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let the clock of all that is recorded be off by so many seconds."""

    def clock() -> float:
        return time.time() + seconds

    patch.setattr(workspace_module, "Digests", partial(Digests, clock=clock))
    patch.setattr(stamp, "write", partial(stamp.write, clock=clock, sleep=lambda _: None))


def edit(path: Path, color: bytes) -> None:
    """Another content of the same size with the same times, as far as a program can set them."""
    before = path.stat()
    path.write_bytes(PICTURE % color)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("seconds", [-1, -DAY, -400 * DAY], ids=["a second", "a day", "a year"])
def test_after_the_clock_jumped_back_a_build_does_what_it_would_have_done(
    film: World, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    first = film.build()
    jump(monkeypatch, seconds)
    again = film.build()
    assert (again.ran, again.fetched) == (frozenset(), frozenset())
    edit(film.root / "a.svg", b"gold")
    assert film.build().ran == CHANGED
    edit(film.root / "a.svg", b"red ")
    back = film.build()
    assert (back.ran, back.targets) == (frozenset(), first.targets), "from the cache"
    monkeypatch.undo()
    assert film.build().ran == frozenset()


def test_what_was_recorded_while_the_clock_was_ahead_hides_no_edit(
    film: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.MonkeyPatch.context() as ahead:
        jump(ahead, DAY)
        film.build()
    edit(film.root / "a.svg", b"gold")
    assert film.build().ran == CHANGED


def test_files_from_the_future_are_built_once_and_their_edits_are_seen(film: World) -> None:
    tomorrow = time.time() + DAY
    for name in ("a.svg", "video.yaml"):
        os.utime(film.root / name, (tomorrow, tomorrow))
    film.build()
    with film._environment():
        seen = (film.build().ran == frozenset() and stamp.check(film.root) is not None for _ in range(50))
        assert any(seen), "once the files are older than a tick of the clock, they are seen at a glance"
    edit(film.root / "a.svg", b"gold")
    assert film.build().ran == CHANGED


def test_a_target_from_the_future_is_not_taken_for_newer_than_its_sources(film: World) -> None:
    first = film.build()
    (target,) = (film.root / path for path in first.targets if path.endswith(".mp4"))
    tomorrow = time.time() + DAY
    os.utime(target, (tomorrow, tomorrow))
    assert film.build().ran == frozenset()
    edit(film.root / "a.svg", b"gold")
    changed = film.build()
    assert changed.ran == CHANGED
    assert changed.targets != first.targets
