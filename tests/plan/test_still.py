"""Stills: one frame of a scene, planned like any shot."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from tests.plan.films import CLIP, RULES, colored, film, speech
from vbmake.errors import ProjectError
from vbmake.plan.inputs import BuildInputs
from vbmake.plan.still import plan_still
from vbmake.plan.types import Output, Source
from vbmake.project.models import Project

SCENES = [colored("a"), {**colored("b"), "layers": [{"color": "red"}, {"text": "Late", "show": "1s"}]}]
INPUTS = BuildInputs(Project(root=".", films=(film(scenes=SCENES),)), RULES, {})


def test_a_still_shows_what_its_frame_shows() -> None:
    early = plan_still(INPUTS, "b", Fraction(1, 2)).jobs[-1]
    late = plan_still(INPUTS, "b", Fraction(3, 2)).jobs[-1]
    assert [layer["kind"] for layer in early.options["layers"]] == ["color"]
    assert [layer["kind"] for layer in late.options["layers"]] == ["color", "text"]
    assert (early.options["frames"], early.outputs["still"]) == (1, "build/still.png")


PAINTED = {"prompt": "a hill", "provider": "openai"}
OVER = {"overlays": [{"text": "Seen", "scenes": ["b", "b"]}]}


@pytest.mark.parametrize("more", [{}, OVER], ids=["alone", "with an overlay"])
def test_a_still_needs_nothing_that_other_scenes_show(more: dict[str, Any]) -> None:
    scenes = [
        {"id": "a", "duration": "1s", "layers": [{"image": PAINTED}]},
        {"id": "b", "duration": "1s", "say": "Not heard.", "layers": [{"image": {**PAINTED, "prompt": "a lake"}}]},
        {"id": "c", "duration": "1s", "layers": [{"video": {**PAINTED, "provider": "replicate"}}]},
    ]
    several = film(scenes=scenes, transition="fade", **more)
    plan = plan_still(BuildInputs(Project(root=".", films=(several,)), RULES, {}), "a", Fraction(1, 2))
    assert [job.rule for job in plan.jobs] == ["generated-image"]
    assert plan.jobs[0].options["prompt"] == "a hill"
    assert [item.ref for item in plan.pending] == [Output(plan.jobs[0].id, "image")]


def test_under_an_overlay_other_scenes_still_last_as_long_as_they_do() -> None:
    scenes = [
        {"id": "a", "say": "Heard.", "layers": [{"image": PAINTED}], "sounds": [{"source": PAINTED}]},
        {"id": "b", "layers": [{"video": "sea.mp4"}, {"image": PAINTED}]},
        colored("c"),
    ]
    over = film(scenes=scenes, overlays=[{"text": "Seen", "scenes": ["b", "c"]}])
    plan = plan_still(BuildInputs(Project(root=".", films=(over,)), RULES, {}), "c", Fraction(1, 2))
    assert [job.id for job in plan.jobs] == ["speech:a"]
    assert [item.ref for item in plan.pending] == [Output("speech:a", "speech"), Source("sea.mp4")]
    measures = {"speech:a#speech": speech(1.5, "Heard"), "sea.mp4": CLIP}
    plan = plan_still(BuildInputs(Project(root=".", films=(over,)), RULES, measures), "c", Fraction(1, 2))
    assert not plan.pending
    assert [job.rule for job in plan.jobs] == ["speech", "still"]


def test_a_still_of_a_scripted_film_speaks_its_own_scene_alone() -> None:
    asked = film(scenes={"script": {"prompt": "hills", "images": {"provider": "local"}}})
    parts = [{"title": name, "say": f"{name}.", "picture": name, "heading": ""} for name in ("One", "Two")]
    blank = BuildInputs(Project(root=".", films=(asked,)), RULES, {})
    (job,) = plan_still(blank, "two", Fraction(0)).jobs
    measures = {f"{job.id}#script": {"script": {"title": "T", "language": "en", "scenes": parts}}}
    plan = plan_still(BuildInputs(blank.project, RULES, measures), "two", Fraction(0))
    assert [one.id for one in plan.jobs if one.rule == "speech"] == ["speech:two"]


def test_the_frame_of_a_still_is_the_frame_that_the_film_shows() -> None:
    """Whatever stands beside the scene: a transition, or an overlay that lies over another one."""
    shown = {"id": "b", "duration": "2s", "layers": [{"color": "red"}, {"text": "Comes", "enter": {"fade": "1.5s"}}]}
    told: list[list[Any]] = []
    for more in ({}, {"transition": "fade"}, {"overlays": [{"text": "Seen", "scenes": ["c", "c"]}]}):
        one = film(scenes=[colored("a"), shown, colored("c")], **more)
        inputs = BuildInputs(Project(root=".", films=(one,)), RULES, {})
        told.append([plan_still(inputs, "b", Fraction(moment, 4)).jobs[-1].options for moment in range(8)])
    assert told[0] == told[1] == told[2]


def test_a_still_under_an_overlay_shows_it_as_the_film_does() -> None:
    moving = {"text": "Seen", "scenes": ["a", "c"], "enter": {"fade": "3s"}}
    inputs = BuildInputs(
        Project(root=".", films=(film(scenes=[colored("a"), colored("b"), colored("c")], overlays=[moving]),)),
        RULES,
        {},
    )
    (_, over), (_, later) = (plan_still(inputs, "b", Fraction(n, 2)).jobs[-1].options["layers"] for n in (0, 1))
    assert over != later, "it counts its time from the first scene"


def test_a_time_after_the_scenes_end_is_told_with_its_length() -> None:
    length = Fraction(INPUTS.project.films[0].scenes[1].duration)
    last = plan_still(INPUTS, "b", length).jobs[-1]
    assert last.id.endswith(f"@{length * INPUTS.project.films[0].fps - 1}")
    with pytest.raises(ProjectError, match=f"it lasts {length}s"):
        plan_still(INPUTS, "b", length + 1)


def test_a_scene_that_is_not_there_is_told_with_the_nearest() -> None:
    scenes = [colored("harbour")]
    inputs = BuildInputs(Project(root=".", films=(film(scenes=scenes),)), RULES, {})
    with pytest.raises(ProjectError) as error:
        plan_still(inputs, "harbor", Fraction(0))
    assert error.value.problems[0].hint == "did you mean harbour?"
