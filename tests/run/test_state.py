"""What a build would do, and why, told without doing it."""

from __future__ import annotations

import shutil

import pytest

from tests.run.world import World, job, out, plan_of, ran, two_layers
from vbmake.plan.types import BuildPlan, JobSpec, Source
from vbmake.run.state import Knowledge, Made, Status


def survey(world: World, plan: BuildPlan) -> dict[str, Status]:
    with world.open() as workspace:
        return workspace.survey(plan)


def states(world: World, plan: BuildPlan) -> list[str]:
    return [status.state for status in survey(world, plan).values()]


def test_a_new_project_is_to_be_run_and_what_follows_may_be(world: World) -> None:
    assert states(world, two_layers()) == ["run", "run", "maybe"]
    assert ran == []
    assert not (world.root / "build").exists()


def test_a_built_project_is_current(world: World) -> None:
    world.build(two_layers())
    assert states(world, two_layers()) == ["current", "current", "current"]


def test_a_clean_checkout_is_fetched_as_far_as_it_is_known(world: World) -> None:
    world.build(two_layers())
    shutil.rmtree(world.root / ".vbmake")
    (world.root / "a.txt").write_text("A2")
    assert states(world, two_layers()) == ["run", "fetch", "maybe"]


def test_the_reason_is_the_field_that_changed_from_what_to_what(world: World) -> None:
    world.build(two_layers())
    found = survey(world, two_layers("movie"))["join:film"]
    assert found.reasons == (("options.text", "film", "movie"),)
    assert found.seconds is not None
    assert found.material is not None
    assert found.material["options"] == {"text": "movie"}


def test_the_reason_for_an_edited_source_is_its_digest(world: World) -> None:
    world.build(two_layers())
    (world.root / "a.txt").write_text("A2")
    found = survey(world, two_layers())
    ((field, old, new),) = found["join:one"].reasons
    assert field == "inputs.parts[0]"
    assert old.name == new.name == "a.txt"
    assert len(old.sha256) == len(new.sha256) == 64
    assert found["join:film"].reasons == (("input:join:one#text", None, "is made first"),)


def test_the_reason_for_a_damaged_target_names_it(world: World) -> None:
    world.build(two_layers())
    (world.root / "build/film.txt").write_text("x")
    assert survey(world, two_layers())["join:film"].reasons[0][0::2] == ("output:text", "changed")
    (world.root / "build/film.txt").unlink()
    assert survey(world, two_layers())["join:film"].reasons[0][0::2] == ("output:text", "missing")


def test_a_missing_source_is_the_reason(world: World) -> None:
    (world.root / "a.txt").unlink()
    assert survey(world, two_layers())["join:one"].reasons == (("input:a.txt", None, "No such file or directory"),)


def test_a_job_with_another_target_is_not_current(world: World) -> None:
    world.build(plan_of(job("one", Source("a.txt"))))
    moved = plan_of(job("one", Source("a.txt"), final=True))
    assert survey(world, moved)["join:one"].reasons == (("output:text", ".vbmake/work/one.txt", "build/one.txt"),)


def test_forgetting_a_job_makes_it_a_fetch(world: World) -> None:
    world.build(two_layers())
    with world.open() as workspace:
        workspace.use(two_layers())
        workspace.forget("join:film")
    assert states(world, two_layers()) == ["current", "current", "fetch"]


def test_a_survey_is_the_same_while_nothing_was_run(world: World) -> None:
    world.build(two_layers())
    plan = plan_of(job("one", Source("a.txt")), job("film", out("one"), text="new", final=True))
    with world.open() as workspace:
        assert workspace.survey(plan) == workspace.survey(plan)
        workspace.run(plan.job("join:one"))
        workspace.run(plan.job("join:film"))
        assert [status.state for status in workspace.survey(plan).values()] == ["current", "current"]


def test_a_job_that_ends_while_it_is_looked_at_is_not_remembered_as_it_was(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = job("one", Source("a.txt"))
    look = Knowledge.assess

    def ends(knowledge: Knowledge, asked: JobSpec) -> Status:
        before = look(knowledge, asked)
        monkeypatch.setattr(Knowledge, "assess", look)
        knowledge.settle(asked, Made(str(before.key), {}, {}))
        return before

    with world.open() as workspace:
        workspace.use(plan_of(one))
        monkeypatch.setattr(Knowledge, "assess", ends)
        before = workspace.status(one)
        assert workspace.status(one) is not before
        assert workspace.status(one) is workspace.status(one)
