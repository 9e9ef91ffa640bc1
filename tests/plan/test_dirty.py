"""`mark_dirty`: what a change reaches, and nothing else."""

from __future__ import annotations

from tests.plan.films import STILL, build, film
from vbmake.plan.dirty import mark_dirty
from vbmake.plan.types import BuildPlan, Tag


def plan() -> BuildPlan:
    scenes = [
        {"id": "a", "duration": "2s", "layers": [{"image": "a.jpg"}]},
        {"id": "b", "duration": "2s", "layers": [{"image": "b.jpg"}]},
        {"id": "c", "duration": "2s", "layers": [{"color": "red"}]},
    ]
    return build(film(scenes=scenes, transition="fade"), measures={"a.jpg": STILL, "b.jpg": STILL})


def tags(plan: BuildPlan) -> dict[str, Tag]:
    return {job.id: Tag(job.id, "k", {}, {}, {}, "", "ran", 0.0) for job in plan.jobs}


def test_a_changed_picture_reaches_its_shots_its_cuts_and_the_film() -> None:
    one = plan()
    reached = mark_dirty(tags(one), ["a.jpg"], one)
    assert reached == {"shot:main/a/0", "cut:main/a~b", "film:main"}


def test_nothing_changed_reaches_nothing() -> None:
    one = plan()
    assert mark_dirty(tags(one), [], one) == frozenset()


def test_a_job_that_was_never_built_is_reached() -> None:
    one = plan()
    known = tags(one)
    del known["shot:main/c/0"]
    assert mark_dirty(known, [], one) == {"shot:main/c/0", "film:main"}
