"""One cache for laptop and CI: what one machine has made, another fetches; no failure of the cache fails a build."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.world import REPOSITORY, SMALL, Built, World
from tests.storage.s3_server import CREDENTIALS, S3Server, running_server
from vbmake.cache.cache import UPLOADS
from vbmake.run.build import run_build
from vbmake.run.workspace import Workspace
from vbmake.storage.packed import PackedStorage
from vbmake.storage.s3 import S3Storage

FILM: dict[str, Any] = {
    **SMALL,
    "transition": {"kind": "fade", "duration": "200ms"},
    "scenes": [
        {"id": "one", "say": "One.", "layers": [{"color": "#446688"}]},
        {"id": "two", "duration": "1s", "layers": [{"color": "#884466"}]},
        {"id": "three", "duration": "1s", "layers": [{"color": "#668844"}]},
        {"id": "four", "duration": "1s", "layers": [{"color": "#448866"}]},
    ],
}
EDITED = {
    **FILM,
    "scenes": [*FILM["scenes"][:2], {**FILM["scenes"][2], "layers": [{"color": "#ffffff"}]}, FILM["scenes"][3]],
}
# vbmake, for which a server that is silent for as long as a slow machine takes over the jobs is not lost
PATIENT = """
import sys
from vbmake.doit_plugin.program import main
from vbmake.storage import s3
s3.SILENCE = 120
sys.exit(main([]))
"""
DONE_AGAIN = {"cut:main/two~three", "shot:main/three/0", "cut:main/three~four", "film:main"}


@dataclass(frozen=True)
class Team:
    """Machines that share a bucket. `origin` is what the first of them built."""

    server: S3Server
    origin: World
    built: Built

    def bucket(self, name: str, fill: bool = True) -> str:
        """The address of a new bucket; with `fill` it holds all that the first machine has made."""
        address = f"s3://{name}/cache?endpoint={self.server.endpoint}"
        storage = S3Storage(address)
        storage.client.create_bucket(Bucket=name)
        made = PackedStorage(self.origin.cache)
        for entry in made.list() if fill else ():
            storage.write(entry, made.held(entry))
        self.server.requests.clear()
        return address

    def fetched(self) -> set[str]:
        """The digests of the blobs that were downloaded."""
        return {path.rpartition("/")[2] for path in self.server.asked("GET", "/cas/")}


def digests(world: World, *jobs: str) -> set[str]:
    """The digests of what these jobs have made."""
    with Workspace.open(world.root) as workspace:
        tags = [workspace.tag(job) for job in jobs]
    return {output["sha256"] for tag in tags if tag is not None for output in tag.outputs.values()}


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    folder = tmp_path_factory.mktemp("team")
    with pytest.MonkeyPatch.context() as patch, running_server() as server:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        origin = World(folder / "origin", folder / "cache").declare(FILM)
        yield Team(server, origin, origin.build())


@pytest.fixture(scope="module")
def edited(team: Team, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The edited film, built where there is no cache to take anything from."""
    folder = tmp_path_factory.mktemp("edited")
    return team.origin.cold(folder / "project", folder / "cache").declare(EDITED).build()


@pytest.fixture
def clone(team: Team, tmp_path: Path) -> World:
    """A clean checkout on another machine."""
    return team.origin.cold(tmp_path / "clone", tmp_path / "clone cache")


def test_a_clean_checkout_fetches_the_finished_film_and_nothing_else(
    team: Team, clone: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VBMAKE_CACHE", team.bucket("unchanged"))
    built = clone.build()
    assert built.targets == team.built.targets
    assert built.ran == frozenset()
    finals = [job.id for job in built.result.plan.jobs if job.final]
    assert team.fetched() == digests(team.origin, *finals)
    assert team.server.asked("PUT") == []


def test_a_changed_scene_is_rendered_with_its_cuts_and_only_the_films_inputs_are_fetched(
    team: Team, clone: World, edited: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VBMAKE_CACHE", team.bucket("changed"))
    built = clone.declare(EDITED).build()
    assert built.ran == DONE_AGAIN
    assert built.targets == edited.targets, "byte for byte as a cold build makes it"
    needed = {"timeline:main", *built.result.plan.job("film:main").needs()} - DONE_AGAIN
    assert team.fetched() == digests(team.origin, *needed)


def test_a_clean_checkout_is_planned_with_at_most_one_small_request_a_job(
    team: Team, clone: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VBMAKE_CACHE", team.bucket("planned"))
    clone.declare(EDITED)
    with clone._environment(), Workspace.open(clone.root) as workspace:
        plan = workspace.plan()
        states = {job.id: status.state for job, status in zip(plan.jobs, workspace.survey(plan).values(), strict=True)}
    assert not plan.pending, "the length of the voice is known without its bytes"
    assert {job for job, state in states.items() if state == "run"} == DONE_AGAIN - {"film:main"}
    assert states["film:main"] == "maybe"
    asked = team.server.requests
    assert {(method, path.split("/")[4]) for method, path in asked} == {("GET", "ac")}
    assert len(set(asked)) == len(asked) <= len(plan.jobs)


def test_a_build_with_nothing_to_do_makes_no_request(team: Team, clone: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VBMAKE_CACHE", team.bucket("quiet"))
    clone.build()
    team.server.requests.clear()
    assert clone.build().current
    assert team.server.requests == []


def test_what_is_made_is_pushed_blobs_before_entries_and_serves_the_next_machine(
    team: Team, clone: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VBMAKE_CACHE", team.bucket("pushed", fill=False))
    built = clone.build()
    assert built.fetched == frozenset()
    assert len(team.server.asked("PUT", "/ac/")) == len(built.ran)
    third = team.origin.cold(tmp_path / "third", tmp_path / "third cache")
    assert third.build().targets == built.targets
    assert third.build().ran == frozenset()


def test_the_project_names_the_cache(team: Team, clone: World) -> None:
    bucket, _, query = team.bucket("declared").partition("?endpoint=")
    clone.declare({**FILM, "cache": {"remote": bucket, "endpoint": query, "mode": "read"}})
    assert clone.build().ran == frozenset()


@pytest.mark.parametrize(
    "variables",
    [{"VBMAKE_CACHE_MODE": "read"}, {"GITHUB_EVENT_NAME": "pull_request"}],
    ids=["asked to", "a pull request"],
)
def test_who_may_only_read_writes_nothing(
    team: Team, clone: World, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    monkeypatch.setenv("VBMAKE_CACHE", team.bucket("-".join(variables).lower().replace("_", "-")))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert clone.declare(EDITED).build().ran == DONE_AGAIN
    assert {method for method, _ in team.server.requests} == {"GET"}


def test_a_cache_out_of_reach_costs_one_line_and_no_build(
    team: Team, clone: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VBMAKE_CACHE", "s3://films/cache?endpoint=http://127.0.0.1:9")  # nobody listens there
    told: list[str] = []
    with clone._environment(), Workspace.open(clone.root, warn=told.append) as workspace:
        result = run_build(workspace)
    assert result.ok
    assert {path: (clone.root / path).read_bytes() for path in result.targets} == team.built.targets
    assert len(told) == 1
    assert told[0].startswith("cache s3://films/cache is left out (looking up) from here on: cannot read v1/ac/")


def test_a_cache_that_fails_in_mid_build_costs_one_line_and_no_build(
    team: Team, clone: World, edited: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VBMAKE_CACHE", team.bucket("failing"))
    monkeypatch.setenv("VBMAKE_CACHE_MODE", "read")
    monkeypatch.setattr(team.server, "fault", lambda method, path: "403 Forbidden" if "/cas/" in path else None)
    told: list[str] = []
    with clone.declare(EDITED)._environment(), Workspace.open(clone.root, warn=told.append) as workspace:
        result = run_build(workspace)
    assert result.ok
    assert {path: (clone.root / path).read_bytes() for path in result.targets} == edited.targets
    assert len(told) == 1


DAMAGE: dict[str, Callable[[bytes], bytes | None]] = {
    "missing": lambda content: None,
    "cut": lambda content: content[: len(content) // 2],
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damaged_blobs_are_misses(team: Team, clone: World, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    address = team.bucket(f"damage-{kind}")
    storage = S3Storage(address)
    for name in list(storage.list("v1/cas/")):
        content = DAMAGE[kind](storage.read(name) or b"")
        storage.delete(name) if content is None else storage.write(name, content)
    monkeypatch.setenv("VBMAKE_CACHE", address)
    built = clone.build()
    assert built.targets == team.built.targets
    assert "film:main" in built.ran


def test_wrong_bytes_that_are_a_film_themselves_never_reach_a_film(
    team: Team, clone: World, edited: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = team.bucket("poisoned")
    storage = S3Storage(address)
    shots = sorted(digests(team.origin, *(f"shot:main/{scene}/0" for scene in ("one", "two", "four"))))
    contents = [storage.read(f"v1/cas/{sha[:2]}/{sha}") or b"" for sha in shots]
    for sha, content in zip(shots, contents[1:] + contents[:1], strict=True):  # each has another's bytes
        storage.write(f"v1/cas/{sha[:2]}/{sha}", content)
    monkeypatch.setenv("VBMAKE_CACHE", address)
    assert clone.declare(EDITED).build().targets == edited.targets


def test_an_entry_that_stands_under_another_key_is_a_miss(
    team: Team, clone: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = team.bucket("misfiled")
    storage = S3Storage(address)
    names = list(storage.list("v1/ac/"))
    contents = [storage.read(name) or b"" for name in names]
    for name, content in zip(names, contents[1:] + contents[:1], strict=True):
        storage.write(name, content)
    monkeypatch.setenv("VBMAKE_CACHE", address)
    built = clone.build()
    assert (built.fetched, built.targets) == (frozenset(), team.built.targets)


def test_a_build_killed_while_it_uploads_leaves_a_cache_that_serves(
    team: Team, clone: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = team.bucket("killed", fill=False)
    arrived = threading.Event()
    gone = threading.Event()

    def fault(method: str, path: str) -> str | None:
        if method == "PUT" and not gone.is_set():
            arrived.set()
            gone.wait(60)
        return None

    monkeypatch.setattr(team.server, "fault", fault)
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "VBMAKE_CACHE_DIR": str(clone.cache)}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.scenarios.program"],
        cwd=clone.root,
        env={**environment, "VBMAKE_CACHE": address},
        stdout=subprocess.DEVNULL,
        process_group=0,
    )
    assert arrived.wait(60)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    gone.set()
    monkeypatch.setattr(team.server, "fault", lambda _method, _path: None)
    monkeypatch.setenv("VBMAKE_CACHE", address)
    shutil.rmtree(clone.cache)
    assert clone.build().targets == team.built.targets
    other = team.origin.cold(tmp_path / "other", tmp_path / "other cache")
    assert other.build().targets == team.built.targets


class Uploading:
    """A build whose jobs are done and whose uploads, as many as go at once, are at a server that does not answer."""

    def __init__(self, server: S3Server, world: World, address: str, patch: pytest.MonkeyPatch) -> None:
        self.go = threading.Event()
        self._arrived = threading.Semaphore(0)
        patch.setattr(server, "fault", self._fault)
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "VBMAKE_CACHE_DIR": str(world.cache)}
        self.process = subprocess.Popen(
            [sys.executable, "-c", PATIENT],
            cwd=world.root,
            env={**environment, "VBMAKE_CACHE": address},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert any(" jobs: " in line for line in self.process.stdout), "the jobs are done"
        for _ in range(UPLOADS):
            assert self._arrived.acquire(timeout=60)

    def _fault(self, method: str, _path: str) -> None:
        if method == "PUT":
            self._arrived.release()
            assert self.go.wait(120)

    def interrupt(self) -> str:
        """What is told of an interrupt, at once."""
        assert self.process.stderr is not None
        self.process.send_signal(signal.SIGINT)
        return self.process.stderr.readline()

    def end(self) -> tuple[int, str]:
        """The exit code, and what else was told of mistakes."""
        _, err = self.process.communicate(timeout=60)
        return self.process.returncode, err


def test_an_interrupt_during_the_last_uploads_drops_those_not_begun_and_the_next_build_makes_them(
    team: Team, clone: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VBMAKE_CACHE", address := team.bucket("interrupted", fill=False))
    build = Uploading(team.server, clone, address, monkeypatch)
    told = build.interrupt()
    assert told.startswith(f"interrupted; what was finished is kept; waiting for {UPLOADS} uploads to end")
    build.go.set()
    assert build.end() == (130, "")
    storage = S3Storage(address)
    assert len(list(storage.list("v1/ac/"))) <= UPLOADS
    ended = clone.doit(VBMAKE_CACHE=address)
    assert (ended.code, ended.err) == (0, "")
    assert " ran" not in ended.out
    assert len(list(storage.list("v1/ac/"))) == len(team.built.ran)
    third = team.origin.cold(tmp_path / "third", tmp_path / "third cache")
    assert third.build().ran == frozenset()


def test_a_second_interrupt_does_not_wait_for_the_uploads_under_way(
    team: Team, clone: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VBMAKE_CACHE", address := team.bucket("twice", fill=False))
    build = Uploading(team.server, clone, address, monkeypatch)
    build.interrupt()
    try:
        build.process.send_signal(signal.SIGINT)
        assert build.end() == (130, "interrupted\n")
    finally:
        build.go.set()
    monkeypatch.setattr(team.server, "fault", lambda _method, _path: None)
    assert clone.doit(VBMAKE_CACHE=address).code == 0
    assert len(list(S3Storage(address).list("v1/ac/"))) == len(team.built.ran)
