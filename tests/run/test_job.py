"""What doing a job promises: right bytes, nothing twice, nothing half, nothing under a wrong key."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.run.world import Book, JoinRule, World, during, job, plan_of, ran, two_layers
from vbmake.cache.actions import ActionCache
from vbmake.errors import FatalError, JobError
from vbmake.plan.types import JobSpec, Output, Source
from vbmake.rules.work import Work
from vbmake.run import publish as publish_module
from vbmake.storage.packed import PackedStorage


def temporary_files(world: World) -> list[Path]:
    return [*world.root.glob(".vbmake/tmp/*"), *world.root.rglob(".*.part*"), *world.root.rglob("*.tmp")]


def test_a_second_build_runs_nothing(world: World) -> None:
    assert world.build(two_layers()) == {"one": "ran", "two": "ran", "film": "ran"}
    assert world.read("build/film.txt") == "film one A two B"
    assert world.build(two_layers()) == {"one": "current", "two": "current", "film": "current"}
    assert ran == ["one", "two", "film"]


def test_an_edited_source_runs_what_reads_it_and_no_more(world: World) -> None:
    world.build(two_layers())
    (world.root / "a.txt").write_text("A2")
    assert world.build(two_layers()) == {"one": "ran", "two": "current", "film": "ran"}
    assert world.read("build/film.txt") == "film one A2 two B"


def test_a_job_that_makes_the_same_bytes_again_stops_the_change(world: World) -> None:
    plan = plan_of(job("one", rule="early"), job("film", Output("early:one", "text"), final=True))
    world.rules = Book(JoinRule(), JoinRule("early"))
    world.build(plan)
    world.rules = Book(JoinRule(), JoinRule("early", version=2))
    assert world.build(plan) == {"one": "ran", "film": "current"}


def test_touching_a_source_runs_nothing(world: World) -> None:
    world.build(two_layers())
    os.utime(world.root / "a.txt", (1, 1))
    assert set(world.build(two_layers()).values()) == {"current"}


def test_going_back_to_an_earlier_version_restores_it(world: World) -> None:
    world.build(two_layers("film"))
    world.build(two_layers("movie"))
    assert world.read("build/film.txt").startswith("movie")
    assert world.build(two_layers("film"))["film"] == "fetched"
    assert world.read("build/film.txt") == "film one A two B"
    assert ran.count("film") == 1


def test_renaming_a_job_runs_nothing(world: World) -> None:
    world.build(plan_of(job("one", Source("a.txt"), text="t", final=True)))
    assert world.build(plan_of(job("uno", Source("a.txt"), text="t", final=True))) == {"uno": "fetched"}
    assert world.read("build/uno.txt") == "t A"


@pytest.mark.parametrize("damage", ["", "film one A two X", "film"])
def test_a_target_changed_by_hand_is_mended(world: World, damage: str) -> None:
    world.build(two_layers())
    (world.root / "build/film.txt").write_text(damage)
    assert world.build(two_layers())["film"] == "fetched"
    assert world.read("build/film.txt") == "film one A two B"


def test_what_stands_in_the_way_of_a_target_is_named(world: World) -> None:
    (world.root / "build/film.txt").mkdir(parents=True)
    with pytest.raises(JobError, match=r"build/film\.txt: a directory stands where a file is made; move it away"):
        world.build(two_layers())
    shutil.rmtree(world.root / "build")
    (world.root / "build").write_text("")
    with pytest.raises(JobError, match=r"build/film\.txt: a file stands where a directory is needed; move it away"):
        world.build(two_layers())


def test_a_deleted_target_is_mended_without_a_cache(world: World) -> None:
    world.cache = None
    world.build(two_layers())
    (world.root / "build/film.txt").unlink()
    assert world.build(two_layers()) == {"one": "current", "two": "current", "film": "ran"}


def test_a_clean_checkout_fetches_the_film_and_no_intermediate_file(world: World) -> None:
    world.build(two_layers())
    shutil.rmtree(world.root / ".vbmake")
    shutil.rmtree(world.root / "build")
    assert set(world.build(two_layers()).values()) == {"fetched"}
    assert world.read("build/film.txt") == "film one A two B"
    assert not (world.root / ".vbmake/work").exists()


def test_a_job_that_must_run_gets_its_inputs_from_the_cache(world: World) -> None:
    world.build(two_layers())
    shutil.rmtree(world.root / ".vbmake")
    assert world.build(two_layers("movie")) == {"one": "fetched", "two": "fetched", "film": "ran"}
    assert world.read("build/film.txt") == "movie one A two B"
    assert ran == ["one", "two", "film", "movie"]


def test_inputs_that_are_gone_from_disk_and_cache_are_made_again(world: World) -> None:
    world.build(two_layers())
    shutil.rmtree(world.root / ".vbmake/work")
    poison(world, PackedStorage.delete)
    assert world.build(two_layers("movie")) == {"one": "current", "two": "current", "film": "ran"}
    assert world.read("build/film.txt") == "movie one A two B"
    assert ran.count("one") == 2


def test_an_intermediate_file_changed_by_hand_never_reaches_the_film(world: World) -> None:
    world.build(two_layers())
    (world.root / ".vbmake/work/one.txt").write_text("one X")
    assert world.build(two_layers("movie"))["one"] == "fetched"
    assert world.read("build/film.txt") == "movie one A two B"


def test_a_stale_intermediate_file_is_not_taken_for_a_fetched_one(world: World) -> None:
    world.build(two_layers())
    (world.root / "a.txt").write_text("A2")
    world.build(two_layers())
    (world.root / "a.txt").write_text("A")
    assert world.build(two_layers()) == {"one": "fetched", "two": "current", "film": "fetched"}
    assert set(world.build(two_layers()).values()) == {"current"}


def poison(world: World, how: Callable[[PackedStorage, str], object]) -> None:
    """Spoil every blob of the local cache."""
    with world.kept() as storage:
        blobs = list(storage.list("v1/cas/"))
        assert blobs
        for blob in blobs:
            how(storage, blob)


@pytest.mark.parametrize(
    "how",
    [
        lambda storage, blob: storage.write(blob, b"film one A two Z".ljust(99, b"!")[: storage.stat(blob)]),
        lambda storage, blob: storage.write(blob, b""),
        lambda storage, blob: storage.write(blob, storage.read(blob)[:-1]),
        PackedStorage.delete,
    ],
    ids=["other bytes", "empty", "truncated", "missing"],
)
def test_a_poisoned_cache_entry_never_reaches_a_film(world: World, how: Callable[[PackedStorage, str], object]) -> None:
    world.build(two_layers())
    poison(world, how)
    shutil.rmtree(world.root / ".vbmake")
    shutil.rmtree(world.root / "build")
    world.build(two_layers())
    assert world.read("build/film.txt") == "film one A two B"
    assert temporary_files(world) == []
    shutil.rmtree(world.root / "build")
    assert world.build(two_layers())["film"] == "fetched", "the cache was mended"


def test_an_entry_filed_under_another_key_is_a_miss(world: World) -> None:
    world.build(two_layers("film"))
    world.build(two_layers("movie"))
    with world.open() as workspace:
        key = workspace.tags.get("join:film").key  # type: ignore[union-attr]  # it was just built
    with world.kept() as storage:
        entries = {Path(name).stem: storage.read(name) or b"" for name in storage.list("v1/ac/")}
        other = next(entry for name, entry in entries.items() if name != key and b"film" in entry)
        storage.write(ActionCache.name(key), other)
    shutil.rmtree(world.root / "build")
    assert world.build(two_layers("movie"))["film"] == "ran"
    assert world.read("build/film.txt") == "movie one A two B"


def test_an_input_edited_during_its_job_makes_the_job_run_again(world: World) -> None:
    during.append(lambda work: (world.root / "a.txt").write_text("A2"))
    assert world.build(two_layers())["one"] == "ran"
    assert world.read("build/film.txt") == "film one A2 two B"
    assert ran == ["one", "one", "two", "film"]
    (world.root / "a.txt").write_text("A")
    assert world.build(two_layers())["one"] == "ran", "what was made from the edited file was not shared"


def test_an_input_that_never_rests_fails_the_job_and_records_nothing(world: World) -> None:
    numbers = iter(range(9))
    during.extend([lambda work: (world.root / "a.txt").write_text(f"A{next(numbers)}")] * 9)
    with pytest.raises(JobError, match="were edited while it read them"):
        world.build(two_layers())
    with world.open() as workspace:
        assert workspace.tag("join:one") is None
    with world.kept() as storage:
        assert not list(storage.list("v1/ac/"))
    assert temporary_files(world) == []


def test_an_input_saved_during_a_job_that_fails_for_it_makes_the_job_run_again(world: World) -> None:
    def half_saved(work: Work) -> None:
        (world.root / "a.txt").write_text("whole")
        raise JobError("the file is truncated")

    during.append(half_saved)
    world.build(two_layers())
    assert world.read("build/film.txt") == "film one whole two B"


def test_a_missing_input_is_named(world: World) -> None:
    (world.root / "a.txt").unlink()
    with pytest.raises(JobError, match=r"a\.txt is needed and is not there: No such file"):
        world.build(two_layers())


def fails(error: Exception) -> Callable[[Work], None]:
    def fail(work: Work) -> None:
        next(iter(work.outputs.values())).write_text("half")
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (JobError("no such codec"), "no such codec"),
        (ZeroDivisionError("division by zero"), "the rule join failed: ZeroDivisionError: division by zero"),
        (OSError(errno.ENOSPC, "No space left on device", "x.mp4"), "x.mp4: the disk is full; free some space"),
        (OSError(errno.EROFS, "Read-only file system"), "the file system is read-only"),
    ],
)
def test_a_failed_job_keeps_the_old_target_and_leaves_nothing_behind(world: World, error: Exception, told: str) -> None:
    world.build(two_layers())
    during.append(fails(error))
    with pytest.raises(JobError) as caught:
        world.build(two_layers("movie"))
    assert told in str(caught.value)
    assert world.read("build/film.txt") == "film one A two B"
    assert temporary_files(world) == []
    assert world.build(two_layers()) == {"one": "current", "two": "current", "film": "current"}


def test_a_fault_inside_a_rule_is_in_the_log_with_its_traceback(world: World) -> None:
    during.append(fails(ZeroDivisionError("division by zero")))
    with pytest.raises(JobError):
        world.build(two_layers())
    with world.open() as workspace:
        assert "Traceback" in workspace.log_path("join:one").read_text()


def test_a_function_that_ends_the_program_has_failed(world: World) -> None:
    during.append(fails(SystemExit(0)))
    with pytest.raises(JobError, match=r"ended with SystemExit\(0\)"):
        world.build(two_layers())


def test_an_output_that_is_a_link_becomes_a_file(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    leads = [world.root / "a.txt"]

    def link(work: Work) -> None:
        for path in work.outputs.values():
            path.symlink_to(leads[0])

    monkeypatch.setattr("tests.run.world.join", link)
    world.build(plan_of(job("one", Source("a.txt"), final=True)))
    assert not (world.root / "build/one.txt").is_symlink()
    (world.root / "a.txt").write_text("AA")
    assert world.read("build/one.txt") == "A"
    leads[0] = world.root / "nowhere"
    with pytest.raises(JobError, match="made no text"):
        world.build(plan_of(job("two", Source("a.txt"), final=True)))


@pytest.mark.parametrize("content", [None, ""])
def test_a_rule_that_makes_nothing_has_failed(world: World, content: str | None, monkeypatch: Any) -> None:
    def nothing(work: Work) -> None:
        for path in work.outputs.values():
            if content is not None:
                path.write_text(content)

    monkeypatch.setattr("tests.run.world.join", nothing)
    with pytest.raises(JobError, match="made no text" if content is None else "its text .* is empty"):
        world.build(two_layers())


def test_a_rule_whose_function_is_missing_says_so(world: World) -> None:
    world.rules = Book(JoinRule(call="tests.run.world:absent"))
    with pytest.raises(FatalError, match=r"calls tests\.run\.world:absent, which cannot be used"):
        world.build(two_layers())


def test_a_full_disk_while_publishing_loses_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.build(two_layers())
    replace = os.replace

    def full(source: Any, target: Any) -> None:
        if str(target).endswith("build/film.txt"):
            raise OSError(errno.ENOSPC, "No space left on device", str(target))
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(publish_module.os, "replace", full)
        with pytest.raises(JobError, match="the disk is full; free some space and build again"):
            world.build(two_layers("movie"))
    assert world.read("build/film.txt") == "film one A two B"
    assert temporary_files(world) == []
    assert world.build(two_layers("movie"))["film"] == "fetched", "it was made before the disk was full"


def test_a_full_disk_while_recording_loses_at_most_the_record(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write

    def full(handle: int, data: bytes) -> int:
        return write(handle, data[:20]) if b'"key"' in data else write(handle, data)

    with monkeypatch.context() as patch:
        patch.setattr("vbmake.run.journal.os.write", full)
        with pytest.raises(JobError, match="the disk is full"):
            world.build(two_layers())
    assert set(world.build(two_layers()).values()) <= {"fetched", "ran"}
    assert set(world.build(two_layers()).values()) == {"current"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_told_in_words(world: World) -> None:
    (world.root / "build").mkdir()
    (world.root / "build").chmod(0o500)
    with pytest.raises(JobError, match="permission denied"):
        world.build(two_layers())
    (world.root / "build").chmod(0o700)


def test_a_target_on_another_file_system_is_copied_beside_and_renamed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = os.replace

    def other_device(source: Any, target: Any) -> None:
        if Path(source).parent != Path(target).parent:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        replace(source, target)

    monkeypatch.setattr(publish_module.os, "replace", other_device)
    world.build(two_layers())
    assert world.read("build/film.txt") == "film one A two B"
    assert temporary_files(world) == []


@pytest.mark.parametrize("cached", [True, False])
def test_two_jobs_of_one_key_are_done_once(world: World, cached: bool) -> None:
    if not cached:
        world.cache = None
    twins = plan_of(*(job(name, Source("a.txt"), text="same", final=True) for name in ("x", "y", "z")))
    found: list[str] = []

    def run(one: JobSpec) -> None:
        found.append(workspace.run(one).how)

    with world.open() as workspace:
        workspace.use(twins)
        threads = [threading.Thread(target=run, args=(one,)) for one in twins.jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(found) == ["fetched", "fetched", "ran"]
    assert ran == ["same"]
    assert {world.read(f"build/{name}.txt") for name in "xyz"} == {"same A"}


def test_a_job_is_not_run_before_what_it_needs(world: World) -> None:
    plan = two_layers()
    with world.open() as workspace:
        workspace.use(plan)
        with pytest.raises(JobError, match="join:one#text is needed and is not there: is made first"):
            workspace.run(plan.job("join:film"))
    assert ran == []


def test_every_job_leaves_a_log_of_its_own(world: World) -> None:
    world.build(two_layers())
    with world.open() as workspace:
        assert workspace.log_path("join:film").read_text() == "joined 2\n"
        assert workspace.log_path("a/b") != workspace.log_path("a_b")
        assert len(workspace.log_path("scene-" * 60 + "\N{CLAPPER BOARD}").name) < 110


def test_the_measures_of_a_fetched_job_are_known_without_its_bytes(world: World) -> None:
    world.build(two_layers())
    shutil.rmtree(world.root / ".vbmake")
    with world.open() as workspace:
        workspace.use(two_layers())
        made = workspace.knowledge.made("join:one")
        assert made is not None
        assert made.measures == {"text": {"length": 5}}
    assert not (world.root / ".vbmake/work").exists()
