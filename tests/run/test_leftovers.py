"""What jobs have left that are no longer planned is removed; what anybody may still want is not."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import pytest

from tests.run.world import World, big_plan, job, out, plan_of
from vbmake.errors import WorkspaceError
from vbmake.plan.types import BuildPlan, Source
from vbmake.run.leftovers import DAY, Leftovers, old_targets, remove_leftovers

TWO = plan_of(job("old", Source("a.txt")), job("new", Source("b.txt")), job("film", out("old"), out("new"), final=True))
ONE = plan_of(job("new", Source("b.txt")), job("film", out("new"), final=True))


def trim(world: World, plan: BuildPlan, *, days: float = 7, later: float = 8, **how: bool) -> Leftovers:
    """Remove what `plan` does not have, `later` days after it was made."""
    with world.open() as workspace, workspace.locked():
        workspace.use(plan)
        return remove_leftovers(workspace, plan, max_age_days=days, clock=lambda: time.time() + later * DAY, **how)


@pytest.fixture
def left(world: World) -> World:
    """A film whose scene `old` was taken out."""
    world.build(TWO)
    world.build(ONE)
    return world


def test_what_a_job_made_on_the_way_goes_with_its_record_and_its_log(left: World) -> None:
    assert trim(left, ONE) == Leftovers(jobs=1, files=2, bytes=len("old A") + len("joined 1\n"))
    assert sorted(path.name for path in (left.root / ".vbmake/work").iterdir()) == ["new.txt"]
    assert [path.name.partition("-")[0] for path in sorted((left.root / ".vbmake/logs").iterdir())] == [
        "join_film",
        "join_new",
    ]
    with left.open() as workspace:
        assert workspace.tags.jobs() == ["join:film", "join:new"]
    assert set(left.build(ONE).values()) == {"current"}


def test_going_back_restores_it_from_the_cache(left: World) -> None:
    trim(left, ONE)
    assert left.build(TWO) == {"old": "fetched", "new": "current", "film": "fetched"}
    assert left.read("build/film.txt") == "film old A new B"


def test_what_was_made_lately_stays(left: World) -> None:
    assert trim(left, ONE, later=6) == Leftovers()
    assert left.read(".vbmake/work/old.txt") == "old A"


def test_a_dry_run_tells_the_same_and_removes_nothing(left: World) -> None:
    dry = trim(left, ONE, dry_run=True)
    assert left.read(".vbmake/work/old.txt") == "old A"
    assert trim(left, ONE) == dry


def test_a_target_stays_and_is_named_until_somebody_removes_it(world: World) -> None:
    world.build(plan_of(job("yesterday", Source("a.txt"), final=True), job("today", Source("b.txt"), final=True)))
    today = plan_of(job("today", Source("b.txt"), final=True))
    found = trim(world, today)
    assert (found.jobs, found.targets) == (0, ("build/yesterday.txt",))
    assert world.read("build/yesterday.txt") == "yesterday A"
    (world.root / "build/yesterday.txt").unlink()
    assert trim(world, today).jobs == 1
    assert trim(world, today) == Leftovers()


def test_a_target_that_has_another_name_now_is_named_and_removed_when_that_is_asked_for(world: World) -> None:
    world.build(plan_of(job("film", Source("a.txt"), final=True)))
    renamed = dataclasses.replace(job("film", Source("a.txt"), final=True), outputs={"text": "build/movie.txt"})
    now = plan_of(renamed)
    world.build(now)
    assert trim(world, now).targets == ("build/film.txt",)
    with world.open() as workspace:
        workspace.use(now)
        assert old_targets(workspace, now) == ["build/film.txt"]
    assert trim(world, now, targets=True, dry_run=True) == Leftovers(1, 1, len("film A"))
    assert trim(world, now, targets=True) == Leftovers(1, 1, len("film A"))
    assert sorted(path.name for path in (world.root / "build").iterdir()) == ["movie.txt"]
    assert trim(world, now) == Leftovers()
    assert set(world.build(now).values()) == {"current"}


def test_a_target_that_somebody_has_edited_is_left_to_them(world: World) -> None:
    world.build(plan_of(job("yesterday", Source("a.txt"), final=True), job("today", Source("b.txt"), final=True)))
    (world.root / "build/yesterday.txt").write_text("mine")
    assert trim(world, plan_of(job("today", Source("b.txt"), final=True)), targets=True).files == 0
    assert world.read("build/yesterday.txt") == "mine"


def test_a_name_that_is_made_again_is_no_longer_old(world: World) -> None:
    first = plan_of(job("film", Source("a.txt"), final=True))
    world.build(first)
    world.build(plan_of(dataclasses.replace(job("film", Source("a.txt"), final=True), outputs={"text": "build/b.txt"})))
    world.build(first)
    assert trim(world, first, targets=True).files == 1, "the other one"
    assert world.read("build/film.txt") == "film A"


def test_a_file_that_another_job_makes_now_is_not_removed(world: World) -> None:
    one = job("one", Source("a.txt"))
    world.build(plan_of(one))
    renamed = plan_of(dataclasses.replace(one, id="join:renamed"))
    world.build(renamed)
    assert trim(world, renamed).jobs == 1
    assert world.read(".vbmake/work/one.txt") == "one A"


def test_what_nobody_has_a_record_of_goes_when_it_is_old(left: World) -> None:
    (left.root / ".vbmake/dag/tags.jsonl").unlink()
    left.build(ONE)
    assert trim(left, ONE, later=6).files == 0
    assert trim(left, ONE).files == 2
    assert not (left.root / ".vbmake/work/old.txt").exists()


def paid(name: str) -> BuildPlan:
    """A job of which the record says that a service was paid for it."""
    asked = job(name, Source("a.txt"))
    return plan_of(dataclasses.replace(asked, options={**asked.options, "service": "openai"}))


def test_what_was_paid_for_stays_while_no_cache_has_it(tmp_path: Path) -> None:
    world = World(tmp_path / "project", cache=None)
    world.build(paid("portrait"))
    assert trim(world, ONE) == Leftovers()
    assert world.read(".vbmake/work/portrait.txt") == "portrait A"
    assert trim(world, ONE, paid=True).files == 2


def test_what_was_paid_for_and_has_no_record_stays(world: World) -> None:
    picture = world.root / ".vbmake/work/generated-image/portrait.png"
    picture.parent.mkdir(parents=True)
    picture.write_bytes(b"it cost 4 cents")
    assert trim(world, ONE) == Leftovers()
    assert trim(world, ONE, paid=True).files == 1
    assert not picture.parent.exists(), "an empty folder is of no use"


def test_what_was_paid_for_and_is_cached_goes(world: World) -> None:
    world.build(paid("portrait"))
    assert trim(world, ONE).jobs == 1
    assert world.build(paid("portrait")) == {"portrait": "fetched"}


def test_a_record_that_names_a_file_elsewhere_removes_no_such_file(left: World) -> None:
    tags = left.root / ".vbmake/dag/tags.jsonl"
    tags.write_text(tags.read_text().replace(".vbmake/work/old.txt", ".vbmake/work/../../a.txt"))
    found = trim(left, ONE)
    assert left.read("a.txt") == "A"
    assert found.targets == (".vbmake/work/../../a.txt",)


def test_what_cannot_be_removed_is_told(left: World) -> None:
    old = left.root / ".vbmake/work/old.txt"
    old.unlink()
    old.mkdir()
    with pytest.raises(WorkspaceError, match=r"cannot remove .*old\.txt"):
        trim(left, ONE)


def test_a_project_that_changes_daily_does_not_grow(world: World) -> None:
    for day in range(5):
        world.build(plan_of(*(job(f"day{day}-{number}", Source("a.txt")) for number in range(20))))
    last = plan_of(*(job(f"day4-{number}", Source("a.txt")) for number in range(20)))
    assert trim(world, last).jobs == 80
    assert len(list((world.root / ".vbmake/work").iterdir())) == 20
    assert trim(world, big_plan()).jobs == 20


def test_a_still_that_went_elsewhere_leaves_nothing_in_the_project(world: World) -> None:
    still = dataclasses.replace(job("still", Source("a.txt"), final=True), outputs={"text": ".vbmake/stills/a.txt"})
    world.build(plan_of(still))
    assert trim(world, ONE).targets == ()
    assert not (world.root / ".vbmake/stills/a.txt").exists()


def paid_for(name: str) -> BuildPlan:
    asked = job(name, Source("a.txt"))
    return plan_of(dataclasses.replace(asked, options={**asked.options, "service": "openai"}))


def test_what_was_paid_for_stays_where_the_cache_has_other_bytes_for_it(world: World) -> None:
    (world.root / "a.txt").write_text("A" * 100_000)
    world.build(paid_for("portrait"))
    world.build(ONE)
    blob = max((path for path in world.cache.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
    blob.write_bytes(bytes(blob.stat().st_size))  # what a power cut leaves of a file that was not flushed
    trim(world, ONE)
    assert world.read(".vbmake/work/portrait.txt").startswith("portrait AAAA")


def test_what_was_paid_for_stays_where_no_entry_of_the_cache_names_it(world: World) -> None:
    world.build(paid_for("portrait"))
    world.build(ONE)
    with world.open() as workspace:
        tag = workspace.tag("join:portrait")
        assert tag is not None
        workspace.cache.reject(tag.key)
    trim(world, ONE)
    assert world.read(".vbmake/work/portrait.txt") == "portrait A"


@pytest.mark.parametrize("name", ["work", "logs"])
def test_a_link_leads_to_nothing_that_is_removed(world: World, tmp_path: Path, name: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "holiday.mov").write_text("mine")
    (elsewhere / "empty").mkdir()
    (world.root / ".vbmake").mkdir()
    (world.root / ".vbmake" / name).symlink_to(elsewhere)
    world.build(TWO)
    trim(world, ONE)
    assert (elsewhere / "holiday.mov").read_text() == "mine"
    assert (elsewhere / "empty").is_dir()


def test_a_recorded_path_that_a_link_now_leads_away_from_is_left_alone(world: World, tmp_path: Path) -> None:
    deep = dataclasses.replace(job("old", Source("a.txt")), outputs={"text": ".vbmake/work/join/old.txt"})
    world.build(plan_of(deep, job("new", Source("b.txt"))))
    elsewhere = tmp_path / "elsewhere"
    (world.root / ".vbmake/work/join").rename(elsewhere)
    (elsewhere / "old.txt").write_text("a user's own")
    (world.root / ".vbmake/work/join").symlink_to(elsewhere)
    trim(world, ONE)
    assert (elsewhere / "old.txt").read_text() == "a user's own"


def test_a_project_whose_own_folder_is_elsewhere_is_tidied_as_any(world: World, tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    (world.root / ".vbmake").symlink_to(tmp_path / "scratch")
    world.build(TWO)
    world.build(ONE)
    assert trim(world, ONE).files == 2
