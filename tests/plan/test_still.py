"""Stills: one frame of a scene, planned like any shot."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tests.plan.films import RULES, colored, film
from vbmake.errors import ProjectError
from vbmake.plan.inputs import BuildInputs
from vbmake.plan.still import plan_still
from vbmake.project.models import Project

SCENES = [colored("a"), {**colored("b"), "layers": [{"color": "red"}, {"text": "Late", "show": "1s"}]}]
INPUTS = BuildInputs(Project(root=".", films=(film(scenes=SCENES),)), RULES, {})


def test_a_still_shows_what_its_frame_shows() -> None:
    early = plan_still(INPUTS, "b", Fraction(1, 2)).jobs[-1]
    late = plan_still(INPUTS, "b", Fraction(3, 2)).jobs[-1]
    assert [layer["kind"] for layer in early.options["layers"]] == ["color"]
    assert [layer["kind"] for layer in late.options["layers"]] == ["color", "text"]
    assert (early.options["frames"], early.outputs["still"]) == (1, "build/still.png")


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
