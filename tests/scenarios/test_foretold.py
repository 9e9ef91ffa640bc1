"""What the plan foretells beyond each job by itself: what is made once for several, what is gone from everywhere."""

from __future__ import annotations

import json
import shutil
from typing import Any

from tests.scenarios.world import SMALL, World

SAME = {"duration": "1s", "layers": [{"color": "teal"}]}
OTHER = {"id": "other", "duration": "1s", "layers": [{"color": "navy"}]}
BARE = {**SMALL, "outputs": {"timeline": False}}
TWINS = {**BARE, "scenes": [{"id": "one", **SAME}, OTHER, {"id": "two", **SAME}]}


def plan(world: World) -> dict[str, Any]:
    return dict(json.loads(world.doit("plan", "--json").out))


def states(world: World) -> dict[str, str]:
    return {job["id"]: job["state"] for job in plan(world)["jobs"]}


def events(world: World) -> list[dict[str, Any]]:
    """The events of the last run."""
    found = [json.loads(line) for line in (world.root / ".vbmake/events.jsonl").read_text().splitlines()]
    return [event for event in found if event["run"] == found[-1]["run"]]


def test_of_jobs_that_make_the_same_one_is_foretold_to_run_and_does(world: World) -> None:
    world.declare(TWINS)
    told = states(world)
    assert told == {
        "shot:main/one/0": "run",
        "shot:main/other/0": "run",
        "shot:main/two/0": "fetch",
        "film:main": "maybe",
    }
    why = world.doit("why", "shot:main/two/0").out
    assert "shot:main/one/0, which runs first, makes the same" in why
    assert world.doit("-n", "1").code == 0
    how = {event["job"]: event["how"] for event in events(world) if event["event"] == "job"}
    assert how == {
        "shot:main/one/0": "ran",
        "shot:main/other/0": "ran",
        "shot:main/two/0": "fetched",
        "film:main": "ran",
    }
    assert set(states(world).values()) == {"current"}


def test_what_is_gone_from_everywhere_is_foretold_to_be_made_again_and_told_when_it_is(world: World) -> None:
    film = {**BARE, "scenes": [{"id": "one", **SAME}, OTHER]}
    world.declare(film).build()
    shutil.rmtree(world.root / ".vbmake/work")
    assert set(states(world).values()) == {"current"}, "nobody reads what is on the way"
    world.declare({**film, "title": "Another"})
    assert states(world) == {"shot:main/one/0": "current", "shot:main/other/0": "current", "film:main": "run"}
    shutil.rmtree(world.cache)
    found = plan(world)
    assert {job["id"]: job["state"] for job in found["jobs"]} == {
        "shot:main/one/0": "run",
        "shot:main/other/0": "run",
        "film:main": "run",
    }
    assert found["totals"]["run"] == 3
    reason = "film:main needs it, and its bytes are gone from here and from every cache"
    assert found["jobs"][0]["reason"] == reason
    why = world.doit("why", "shot:main/one/0").out
    assert why.splitlines()[0] == "shot:main/one/0: must run"
    assert reason in why
    ended = world.doit()
    assert ended.code == 0, ended.text
    assert "3 jobs: 3 ran in" in ended.out
    told = events(world)
    started = [event["job"] for event in told if event["event"] == "start"]
    assert sorted(started) == ["film:main", "shot:main/one/0", "shot:main/other/0"]
    last = {event["job"]: event["how"] for event in told if event["event"] == "job"}
    assert set(last.values()) == {"ran"}


def test_what_the_plan_has_seen_the_next_build_does_though_it_has_been_remembered_as_complete(world: World) -> None:
    """A glance does not look at what is made on the way; the plan does."""
    world.declare({**BARE, "scenes": [{"id": "one", **SAME}, OTHER]})
    for _ in range(5):
        assert world.doit().code == 0
        if (world.root / ".vbmake/stamp.json").exists():
            break
    assert (world.root / ".vbmake/stamp.json").exists()
    (shot, *_) = (world.root / ".vbmake/work/shot").rglob("*.mp4")
    shot.write_bytes(shot.read_bytes()[:100])
    assert "3 jobs: 3 current" in world.doit().out
    assert sorted(states(world).values()) == ["current", "current", "fetch"]
    assert "1 fetched" in world.doit().out
    assert set(states(world).values()) == {"current"}
