"""`vbmake.lock`: written now and then while assets are made, and whole when a build ends, however it ends."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from tests.run.world import World
from vbmake.cache.actions import Entry
from vbmake.plan.types import JobSpec
from vbmake.run.pins import FILE, Pins


class Clock:
    """Time that passes only while the file is written: so many seconds each time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, cost: float) -> None:
        self.now = 0.0
        self.writes = 0
        self.cost = cost
        self._replace = os.replace
        monkeypatch.setattr(os, "replace", self.replace)

    def __call__(self) -> float:
        return self.now

    def replace(self, source: Path, target: Path) -> None:
        self._replace(source, target)
        self.writes += 1
        self.now += self.cost


def pin(pins: Pins, number: int) -> None:
    """Pin the asset of that number."""
    key = hashlib.sha256(str(number).encode()).hexdigest()
    job = JobSpec(f"generated-image:{number}", "generated-image", {"prompt": f"{number}"}, {}, {}, account="openai")
    outputs = {"image": {"sha256": key, "size": 5}}
    pins.put(job, Entry(key, outputs, {}, {}, 1.0, "2026-01-01T00:00:00+00:00"), 1)


def pinned(root: Path) -> set[int]:
    """The numbers of the assets in the file."""
    assets = json.loads((root / FILE).read_text())["assets"]
    return {int(asset["prompt"]) for asset in assets.values()}


@pytest.mark.parametrize(("cost", "pause"), [(0.01, 1.0), (3.0, 30.0)])
def test_many_assets_are_written_now_and_then_and_all_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cost: float, pause: float
) -> None:
    clock = Clock(monkeypatch, cost)
    pins = Pins(tmp_path, clock)
    for number in range(500):
        pin(pins, number)
    assert clock.writes == 1, "the first is written at once: whether it can be is known before more is paid"
    clock.now += 0.9 * pause
    pin(pins, 500)
    assert clock.writes == 1
    clock.now += 0.2 * pause
    pin(pins, 501)
    assert (clock.writes, pinned(tmp_path)) == (2, set(range(502)))
    pin(pins, 502)
    pins.flush()
    pins.flush()
    assert (clock.writes, pinned(tmp_path)) == (3, set(range(503)))


@pytest.mark.parametrize("end", [None, RuntimeError, KeyboardInterrupt])
def test_when_a_build_lets_go_of_the_project_all_is_written(world: World, end: type[BaseException] | None) -> None:
    with world.open() as workspace:

        def build() -> None:
            with workspace.locked():
                for number in range(3):
                    pin(workspace.pins, number)
                if end is not None:
                    raise end

        if end is None:
            build()
        else:
            with pytest.raises(end):
                build()
        assert pinned(world.root) == {0, 1, 2}


def test_a_project_that_is_opened_anew_in_a_build_has_all_that_was_pinned_before(world: World) -> None:
    """What the declaration is made of was made: the rest is planned in a new workspace, under the lock of the first."""
    early = world.open()
    with early.locked():
        pin(early.pins, 0)
        pin(early.pins, 1)
        early.close()
        with world.open() as late:
            pin(late.pins, 2)
            late.pins.flush()
    assert pinned(world.root) == {0, 1, 2}
