"""What a machine owes a shared cache: every result gets there at last, and who owes nothing asks nobody."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.run.world import Book, World, job, plan_of, two_layers
from vbmake.cache.cache import Cache
from vbmake.plan.types import BuildPlan
from vbmake.run.build import BuildResult, run_build
from vbmake.run.executor import ThreadExecutor
from vbmake.run.journal import Journal
from vbmake.run.owed import FILE
from vbmake.run.workspace import Workspace
from vbmake.storage.local import LocalStorage
from vbmake.storage.packed import PackedStorage
from vbmake.storage.protocol import StorageError, StorageRefusal


class Shared(LocalStorage):
    """A shared cache that counts what it is asked, and fails on demand."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.asked: list[tuple[str, str]] = []
        self.fault: Callable[[str, str], None] = lambda verb, name: None

    def _heard(self, verb: str, name: str) -> None:
        self.asked.append((verb, name.split("/")[1]))
        self.fault(verb, name)

    def read(self, name: str) -> bytes | None:
        self._heard("read", name)
        return super().read(name)

    def stat(self, name: str) -> int | None:
        self._heard("stat", name)
        return super().stat(name)

    def write_new(self, name: str, data: Any, *, content_type: str = "") -> bool:
        self._heard("write", name)
        return super().write_new(name, data, content_type=content_type)

    @property
    def entries(self) -> int:
        return len(list(self.list("v1/ac/")))

    def whole(self) -> bool:
        """Whether the blobs of every entry are there."""
        cache = Cache(None, LocalStorage(self.directory))
        keys = [name.rpartition("/")[2].removesuffix(".json") for name in self.list("v1/ac/")]
        found = [cache.lookup(key) for key in keys]
        blobs = [(str(o["sha256"]), int(o["size"])) for entry in found if entry for o in entry.outputs.values()]
        assert cache.remote is not None
        return all(found) and all(cache.remote.contents.has(*blob) for blob in blobs)


@pytest.fixture
def shared(tmp_path: Path) -> Shared:
    return Shared(tmp_path / "shared")


def build(world: World, remote: Any = None, mode: Any = "write", plan: BuildPlan | None = None) -> BuildResult:
    local = PackedStorage(world.cache) if world.cache is not None else None
    cache = Cache(local, remote, mode, world.warnings.append)
    with Workspace(world.root, Book(), cache, planner=lambda _: plan or two_layers()) as workspace:
        return run_build(workspace, executor=ThreadExecutor(2))


def test_what_was_built_before_a_shared_cache_was_named_is_pushed_and_then_nothing_is_asked(
    world: World, shared: Shared
) -> None:
    build(world)
    assert build(world, shared).count("current") == 3
    assert (shared.entries, shared.whole()) == (3, True)
    shared.asked.clear()
    assert build(world, shared).count("current") == 3
    assert shared.asked == []


def test_what_is_there_already_costs_one_small_request(world: World, shared: Shared, tmp_path: Path) -> None:
    build(World(tmp_path / "colleague", tmp_path / "their cache"), shared)
    build(world)
    shared.asked.clear()
    build(world, shared)
    assert shared.asked == [("read", "ac")] * 3
    shared.asked.clear()
    build(world, shared)
    assert shared.asked == []


def test_what_a_build_has_pushed_or_fetched_itself_is_not_asked_for_again(
    world: World, shared: Shared, tmp_path: Path
) -> None:
    build(world, shared)
    shared.asked.clear()
    build(world, shared)
    assert shared.asked == []
    other = World(tmp_path / "other", tmp_path / "other cache")
    assert build(other, shared).count("fetched") == 3
    shared.asked.clear()
    build(other, shared)
    assert shared.asked == []


@pytest.mark.parametrize("kind", [StorageError, StorageRefusal])
def test_an_upload_that_failed_is_made_good_by_a_later_build(
    world: World, shared: Shared, kind: type[StorageError]
) -> None:
    def fault(verb: str, name: str) -> None:
        if verb == "write":
            raise kind("no")

    shared.fault = fault
    assert build(world, shared).ok
    assert (shared.entries, len(world.warnings)) == (0, 1)
    shared.fault = lambda verb, name: None
    assert build(world, shared).count("current") == 3
    assert (shared.entries, shared.whole()) == (3, True)


def test_who_only_reads_pushes_nothing(world: World, shared: Shared) -> None:
    build(world)
    build(world, shared, mode="read")
    assert shared.asked == []


def test_another_shared_cache_is_owed_everything_anew(world: World, shared: Shared, tmp_path: Path) -> None:
    build(world, shared)
    other = Shared(tmp_path / "other")
    build(world, other)
    assert (other.entries, other.whole()) == (3, True)
    for one in (shared, other):
        one.asked.clear()
        build(world, one)
        assert one.asked == [], "each is remembered beside the other"


def test_without_a_local_cache_the_projects_own_files_are_pushed(tmp_path: Path, shared: Shared) -> None:
    world = World(tmp_path / "project", None)
    build(world)
    build(world, shared)
    assert (shared.entries, shared.whole()) == (3, True)


def test_bytes_that_are_gone_or_wrong_are_not_pushed(world: World, shared: Shared) -> None:
    build(world)
    with world.kept() as kept:
        for blob in list(kept.list("v1/cas/")):
            kept.write(blob, b"X" * (kept.stat(blob) or 0))
    for part in (world.root / ".vbmake/work").iterdir():
        part.unlink()
    build(world, shared)
    assert (shared.entries, shared.whole()) == (1, True), "the film, whose own file is right"


def test_what_the_local_cache_has_lost_is_pushed_from_the_project(world: World, shared: Shared) -> None:
    build(world)
    assert world.cache is not None
    shutil.rmtree(world.cache)  # (as a kill does before small objects are written)
    build(world, shared)
    assert (shared.entries, shared.whole()) == (3, True)


def test_a_failed_build_pushes_what_it_has_made(world: World, shared: Shared) -> None:
    build(world)
    plan = plan_of(job("one"), job("new", rule="none"))
    assert not build(world, shared, plan=plan).ok
    assert shared.entries == 1


@pytest.mark.parametrize("damage", ["", "{", '{"key": 1}\n', '{"key": "a", "at": 3}\n\x00\n'])
def test_a_damaged_memory_costs_requests_alone(world: World, shared: Shared, damage: str) -> None:
    build(world, shared)
    (world.root / ".vbmake" / FILE).write_text(damage)
    shared.asked.clear()
    assert build(world, shared).ok
    assert shared.asked == [("read", "ac")] * 3


def test_the_memory_does_not_grow_for_ever(world: World, shared: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vbmake.run.owed.SPARE", 5)
    for number in range(20):
        build(world, shared, plan=two_layers(f"film {number}"))
    assert len(Journal(world.root / ".vbmake" / FILE, "key")) <= 2 * 3 + 5, "of 22 keys"
