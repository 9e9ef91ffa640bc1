"""An asset whose description changed is another job: the plan names the one that it replaces, and what changed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.scenarios.world import World


def film(*prompts: str, **more: Any) -> dict[str, Any]:
    scenes = [
        {"id": f"scene-{number}", "duration": "200ms", "layers": [{"image": {"prompt": prompt, **more}}]}
        for number, prompt in enumerate(prompts)
    ]
    return {"vbmake": 1, "name": "film", "size": "64x36", "fps": 10, "quality": "draft", "scenes": scenes}


def planned(world: World, prompt: str) -> tuple[str, str]:
    """The job of a prompt, and why it would run."""
    ended = world.doit("plan", "--all", "--json")
    assert ended.code == 0, ended.text
    (found,) = [job for job in json.loads(ended.out)["jobs"] if prompt.replace(" ", "-") in job["id"]]
    return found["id"], found["reason"]


def test_a_changed_prompt_names_the_job_it_replaces_and_its_line(world: World) -> None:
    world.declare(film("a red house", "a cat")).build()
    red, _ = planned(world, "a red house")
    world.declare(film("a blue house", "a cat"))
    blue, reason = planned(world, "a blue house")
    told = f"options.prompt: 'a red house' -> 'a blue house' (it replaces {red})"
    assert reason == told
    lines = world.doit("why", blue).out.splitlines()
    assert lines[:2] == [f"{blue}: must run", f"  {told}"]
    assert lines[2].startswith("  declared at video.yaml:")
    assert lines[2].endswith("(scenes[0].layers[0].image)")


def test_it_is_still_named_after_a_build_that_could_not_ask(world: World) -> None:
    world.declare(film("a red house")).build()
    red, _ = planned(world, "a red house")
    world.declare(film("a blue house", provider="openai"))
    assert world.doit(OPENAI_API_KEY="").code == 1
    _, reason = planned(world, "a blue house")
    assert reason == f"options.prompt: 'a red house' -> 'a blue house' (and 1 more; it replaces {red})"


def test_what_came_from_the_cache_is_the_one_that_the_next_replaces(world: World) -> None:
    for prompt in ("a red house", "a blue house", "a red house"):
        world.declare(film(prompt)).build()
    (world.root / ".vbmake" / "dag" / "tags.jsonl").unlink()
    world.build()
    world.declare(film("a green house"))
    _, reason = planned(world, "a green house")
    assert reason.startswith("options.prompt: 'a red house' -> 'a green house'")


@pytest.mark.parametrize(
    "now",
    [
        pytest.param(film("a cat", "a red house", "a bird"), id="a scene was added at the end"),
        pytest.param(film("a bird", "a cat", "a red house"), id="a scene was added at the beginning"),
    ],
)
def test_a_picture_of_a_new_scene_replaces_none(world: World, now: dict[str, Any]) -> None:
    world.declare(film("a cat", "a red house")).build()
    world.declare(now)
    assert planned(world, "a bird")[1] == "it was not built before"


def test_pictures_of_a_loop_are_told_apart_by_their_order(world: World) -> None:
    def looped(*prompts: str) -> dict[str, Any]:
        scene = {"for": {"what": [*prompts]}, **film("{{ what }}")["scenes"][0]}
        return {**film(), "scenes": [{**scene, "id": "scene-{{ loop.index }}"}]}

    world.declare(looped("one cat", "two cats", "three cats")).build()
    world.declare(looped("one dog", "two cats", "three dogs"))
    assert planned(world, "one dog")[1].startswith("options.prompt: 'one cat' -> 'one dog'")
    assert planned(world, "three dogs")[1].startswith("options.prompt: 'three cats' -> 'three dogs'")
    assert planned(world, "two cats")[1] == ""
