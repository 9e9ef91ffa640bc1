"""Pools: how many run at once, how many begin in a minute, and who waits for a provider that has no room."""

from __future__ import annotations

import json

import pytest

from tests.doit_plugin.conftest import Shell
from tests.providers.stand_in import StandIn
from vbmake.doit_plugin.workers import Pools

DODO = """
from vbmake.doit_plugin import load_video_tasks

def task_film():
    yield from load_video_tasks("film/video.yaml", prefix="film")

def task_writes():
    return {"actions": ["cp written.json film/more.yaml"], "file_dep": ["written.json"], "targets": ["film/more.yaml"]}
"""


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def started(pools: Pools, clock: Clock, seconds: float, pool: str = "openai") -> list[float]:
    """When slots of a pool could be taken in so many seconds, each given back at once."""
    found = []
    end = clock.now + seconds
    while clock.now < end:
        while pools.acquire(pool):
            found.append(round(clock.now - (end - seconds), 3))
            pools.release(pool)
        wait = pools.wake()
        clock.now += wait if wait is not None else 0.01
    return found


def test_a_rate_spaces_the_starts_evenly() -> None:
    clock = Clock()
    pools = Pools({"openai": 5}, 2, clock, rates={"openai": 6})
    assert started(pools, clock, 35) == [0.0, 10.0, 20.0, 30.0]


def test_a_rate_is_never_exceeded_over_a_minute() -> None:
    clock = Clock()
    pools = Pools({"openai": 50}, 2, clock, rates={"openai": 120})
    starts = started(pools, clock, 180)
    for first in starts:
        assert sum(first <= start < first + 60 for start in starts) <= 120


def test_a_pool_without_a_rate_is_limited_by_its_slots_alone() -> None:
    pools = Pools({"openai": 3}, 2, Clock(), rates={"fal": 1})
    assert [pools.acquire("openai") for _ in range(4)] == [True, True, True, False]


def test_who_has_a_slot_of_a_pool_within_another_has_one_of_that_too() -> None:
    pools = Pools({"doit": 2, "python": 1}, 5, Clock(), within={"python": "doit"})
    assert [pools.acquire(name) for name in ("python", "python", "doit", "doit")] == [True, False, True, False]
    pools.release("python")
    assert [pools.acquire("doit"), pools.acquire("python")] == [True, False], "the other one is full"
    pools.release("doit")
    pools.release("doit")
    assert [pools.acquire("python"), pools.used("doit")] == [True, 1]


def test_a_pause_holds_for_all_of_a_pool_and_for_no_other() -> None:
    clock = Clock()
    pools = Pools({"openai": 3, "fal": 3}, 2, clock)
    pools.pause("openai", 7)
    assert not pools.acquire("openai")
    assert pools.acquire("fal")
    assert pools.wake() == 7
    clock.now += 7
    assert pools.acquire("openai")


def test_a_pool_opens_one_by_one_and_ever_faster_after_a_pause() -> None:
    """All at once would mostly be sent away again, as the provider has just said that it has no room."""
    clock = Clock()
    pools = Pools({"openai": 50}, 2, clock)
    pools.pause("openai", 0.32)
    waits = []
    while (wait := pools.wake()) is not None:
        assert not pools.acquire("openai")
        waits.append(round(wait, 3))
        clock.now += wait
        assert pools.acquire("openai")
    assert waits == [0.32, 0.32, 0.16, 0.08, 0.04, 0.02]
    assert all(pools.acquire("openai") for _ in range(44))
    pools.pause("fal", 900)
    clock.now += 900
    assert [pools.acquire("fal"), pools.acquire("fal"), pools.wake()] == [True, False, 1.0]


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    clock = Clock()
    pools = Pools({"openai": 3}, 2, clock)
    pools.pause("openai", 7)
    pools.pause("openai", 1)
    clock.now += 2
    assert not pools.acquire("openai")


def test_a_pool_that_becomes_known_later_has_its_own_limit_and_rate_from_then_on() -> None:
    clock = Clock()
    pools = Pools({"cpu": 2}, 8, clock)
    assert pools.limit("openai") == 8
    assert pools.acquire("openai")
    pools.learn({"openai": 2, "fal": 0}, {"openai": 6})
    assert [pools.limit(name) for name in ("cpu", "openai", "fal", "other")] == [2, 2, 1, 8]
    assert [pools.acquire("openai"), pools.acquire("openai")] == [True, False], "what runs already counts"
    pools.release("openai")
    assert not pools.acquire("openai")
    assert pools.wake() == 10, "six a minute"
    clock.now += 10
    assert pools.acquire("openai")


def test_what_is_known_of_a_pool_is_not_widened() -> None:
    clock = Clock()
    pools = Pools({"cpu": 2, "openai": 3}, 8, clock, rates={"openai": 6})
    pools.learn({"cpu": 9, "openai": 9}, {"openai": 600})
    pools.learn({}, {})
    pools.learn({"cpu": 1}, {})
    assert pools.limit("cpu") == 1, "of two films that name one pool, the more careful is heeded"
    pools.learn({"cpu": 2}, {})
    assert [pools.limit(name) for name in ("cpu", "openai")] == [1, 3]
    assert started(pools, clock, 25) == [0.0, 10.0, 20.0]


@pytest.mark.parametrize("limit", [1, 3])
def test_a_provider_that_a_later_plan_declares_has_the_limit_that_it_declares(shell: Shell, limit: int) -> None:
    """The film cannot be planned before a task of the user's has written a part of its declaration."""
    film = {"vbmake": 1, "size": "64x36", "fps": 10, "quality": "draft", "include": "more.yaml"}
    images = [{"image": {"prompt": f"hill {n}", "provider": "mine", "options": {"quality": "low"}}} for n in range(5)]
    with StandIn() as provider:
        mine = {"service": "openai", "limit": limit}
        written = {"providers": {"mine": mine}, "scenes": [{"duration": "100ms", "layers": images}]}
        (shell.here / "film").mkdir()
        (shell.here / "film/video.yaml").write_text(json.dumps(film))
        (shell.here / "written.json").write_text(json.dumps(written))
        (shell.here / "dodo.py").write_text(DODO)
        provider.limit("openai", concurrent=50, latency=0.05)
        ended = shell.run(["-m", "doit"], "-n", "5", **provider.environ())
        assert ended.code == 0, ended.out + ended.err
        assert provider.peak("openai") == limit
