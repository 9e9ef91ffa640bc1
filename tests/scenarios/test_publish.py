"""Films that publish themselves: after each build, all of it, and nothing twice."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.world import REPOSITORY, SMALL, World
from tests.storage.s3_server import CREDENTIALS, S3Server, running_server
from vbmake.cache.manifest import NAME, read_manifest
from vbmake.doit_plugin.loader import VideoLoader
from vbmake.doit_plugin.program import Program
from vbmake.run.build import run_build
from vbmake.storage.s3 import S3Storage

FILM: dict[str, Any] = {
    **SMALL,
    "outputs": {"poster": {"at": "500ms"}, "otio": True},
    "scenes": [{"id": "one", "duration": "1s", "layers": [{"color": "#446688"}]}],
}
FILES = {"film.mp4", "film.jpg", "film.otio", "film.timeline.json"}


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with pytest.MonkeyPatch.context() as patch, running_server() as running:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        yield running


@dataclass
class Site:
    """A project that publishes itself to a bucket."""

    server: S3Server
    world: World
    storage: S3Storage
    capsys: pytest.CaptureFixture[str]

    def doit(self, *args: str) -> tuple[int, str]:
        """`vbmake ARGS` in this process; its exit code and all that it says."""
        said = self.world.root.parent / "said.txt"
        words = list(args) or ["run", "-o", str(said)]
        code = Program(task_loader=VideoLoader()).run(words)
        captured = self.capsys.readouterr()
        return int(code or 0), captured.out + captured.err + (said.read_text() if said.exists() else "")

    def edit(self, color: str) -> None:
        film = {**FILM, "scenes": [{**FILM["scenes"][0], "layers": [{"color": color}]}], "sync": self.declared}
        self.world.declare(film)

    @property
    def declared(self) -> dict[str, str]:
        return {"to": self.storage.url, "endpoint": self.server.endpoint, "after": "build"}

    def agrees(self) -> None:
        """Every object is the file's, byte for byte, and the manifest says so."""
        files = {path.name: path.read_bytes() for path in (self.world.root / "build").iterdir()}
        assert set(files) == FILES
        assert {name: self.storage.read(name) for name in files} == files
        manifest = read_manifest(self.storage.read(NAME))
        assert {name: file.sha256 for name, file in manifest.files.items()} == {
            name: hashlib.sha256(content).hexdigest() for name, content in files.items()
        }
        assert not manifest.marks


@pytest.fixture
def site(
    server: S3Server,
    world: World,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Site]:
    bucket = f"site{abs(hash(request.node.name))}"
    storage = S3Storage(f"s3://{bucket}/films?endpoint={server.endpoint}")
    storage.client.create_bucket(Bucket=bucket)
    made = Site(server, world, storage, capsys)
    made.edit("#446688")
    monkeypatch.chdir(world.root)
    monkeypatch.setenv("VBMAKE_CACHE_DIR", str(world.cache))
    server.requests.clear()
    yield made
    server.fault = lambda _method, _path: None


def test_each_build_publishes_itself(site: Site) -> None:
    code, said = site.doit()
    assert code == 0
    assert f"sync: 4 of 4 files sent to {site.storage.url} (" in said
    site.agrees()
    site.edit("#aa4422")
    code, said = site.doit()
    assert (code, "sync: 2 of 4 files sent" in said) == (0, True), "the film and its poster"
    site.agrees()


def test_a_build_with_nothing_to_do_asks_nobody_and_a_sync_asks_once(site: Site) -> None:
    site.doit()
    site.doit()  # a declaration that was read in the moment it was written is looked at once more
    site.server.requests.clear()
    assert site.doit("run")[0] == 0
    assert site.server.requests == []
    code, said = site.doit("sync")
    assert (code, f"sync: {site.storage.url} is as built (4 files) in" in said) == (0, True)
    assert [(method, path.rpartition("/")[2]) for method, path in site.server.requests] == [("GET", NAME)]


def test_a_film_that_cannot_be_published_is_built_and_the_next_build_tries_again(site: Site) -> None:
    site.server.fault = lambda method, path: "403 Forbidden" if method == "PUT" and "film.mp4" in path else None
    code, said = site.doit()
    assert code == 1
    assert "sync failed: cannot write film.mp4 in s3://" in said
    assert (site.world.root / "build/film.mp4").exists()
    site.server.fault = lambda _method, _path: None
    code, said = site.doit()
    assert (code, "5 jobs: 5 current" in said) == (0, True)
    site.agrees()


def test_the_record_of_a_build_ends_with_what_its_sync_came_to(site: Site) -> None:
    site.server.fault = lambda method, path: "403 Forbidden" if method == "PUT" and "film.mp4" in path else None
    assert site.doit()[0] == 1
    site.server.fault = lambda _method, _path: None
    assert site.doit()[0] == 0
    told = [json.loads(line) for line in (site.world.root / ".vbmake/events.jsonl").read_text().splitlines()]
    syncs = [event for event in told if event["event"] == "sync"]
    ends = [event for event in told if event["event"] == "end"]
    assert [(event["ok"], event.get("files")) for event in syncs] == [(False, None), (True, 4)]
    assert "cannot write film.mp4" in syncs[0]["error"]
    assert [event["exit"] for event in ends] == [1, 0]
    assert [event["run"] for event in syncs] == [event["run"] for event in ends], "one run each"
    assert told.index(syncs[0]) < told.index(ends[0])
    # One that arrived just when another failed is not counted by the sync that ends there, nor sent again.
    size = sum((site.world.root / "build" / name).stat().st_size for name in FILES)
    assert 1 <= syncs[1]["sent"] <= syncs[0]["sent"] + syncs[1]["sent"] <= len(FILES)
    assert 1 <= syncs[1]["bytes"] <= syncs[0]["bytes"] + syncs[1]["bytes"] <= size


def test_a_build_from_python_publishes_itself_unless_it_is_told_not_to(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_build(site.world.root, publish=False).synced is None
    assert site.server.requests == []
    result = run_build(site.world.root)
    assert result.ok
    assert result.synced is not None
    assert set(result.synced.sent) == FILES
    site.agrees()
    site.edit("#aa4422")
    monkeypatch.setenv("GITHUB_EVENT_NAME", "pull_request")
    site.server.requests.clear()
    assert run_build(site.world.root).ok
    assert site.server.requests == []


def test_a_build_from_python_tells_why_it_could_not_publish(site: Site) -> None:
    site.server.fault = lambda method, path: "403 Forbidden" if method == "PUT" else None
    result = run_build(site.world.root)
    assert (result.ok, result.failures) == (False, {})
    assert "cannot write" in str(result.sync_failure)
    assert (site.world.root / "build/film.mp4").exists()
    site.server.fault = lambda _method, _path: None
    assert site.doit()[0] == 0
    site.agrees()


def test_a_pull_request_publishes_nothing_unless_it_is_told_to(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_EVENT_NAME", "pull_request")
    code, said = site.doit()
    assert (code, "sync: left out, as this is the build of a pull request" in said) == (0, True)
    assert site.server.requests == []
    assert site.doit("sync")[0] == 0
    site.agrees()


def test_what_a_pull_request_has_left_out_is_published_by_the_next_build(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as there:
        there.setenv("GITHUB_EVENT_NAME", "pull_request")
        assert site.doit()[0] == 0
        assert run_build(site.world.root).synced is None
    assert not list(site.storage.list())
    assert site.doit()[0] == 0
    assert set(site.storage.list()) > FILES


def test_part_of_a_film_is_not_published(site: Site) -> None:
    assert site.doit("still:main/poster")[0] == 0
    assert site.server.requests == []
    assert site.doit("sync")[0] == 2


def test_a_sync_killed_between_two_uploads_goes_on_where_it_was(site: Site) -> None:
    assert site.doit()[0] == 0
    for name in [*FILES, NAME]:
        site.storage.delete(name)
    site.server.requests.clear()
    arrived, gone = threading.Event(), threading.Event()

    def fault(method: str, path: str) -> str | None:
        if method == "PUT" and "film.otio" in path:
            arrived.set()
            gone.wait(60)
            return "403 Forbidden"  # it never gets there
        return None

    site.server.fault = fault
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.scenarios.program", "sync"],
        cwd=site.world.root,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.DEVNULL,
        process_group=0,
    )
    assert arrived.wait(60)
    others = FILES - {"film.otio"}
    there = (all(site.storage.stat(name) for name in others) for _ in range(1000))
    assert any(there), "the others go their way in other threads"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    gone.set()
    site.server.fault = lambda _method, _path: None
    assert read_manifest(site.storage.read(NAME)).marked() == FILES
    code, said = site.doit("sync")
    assert (code, "sync: 1 of 4 files sent" in said) == (0, True)
    site.agrees()
    site.server.requests.clear()
    site.doit("sync")
    assert len(site.server.requests) == 1


@pytest.mark.skipif(shutil.which("aws") is None, reason="the aws cli is not installed")
def test_the_aws_cli_finds_nothing_to_copy_after_a_sync(site: Site) -> None:
    site.doit()
    endpoint = ["--endpoint-url", site.server.endpoint, "--region", "us-east-1"]
    command = ["aws", *endpoint, "s3", "sync", "--size-only", "--dryrun"]
    where = [str(site.world.root / "build"), site.storage.url]
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    clean = subprocess.run([*command, *where], env=environment, capture_output=True, text=True, check=True)
    assert clean.stdout == ""
    (Path(where[0]) / "film.mp4").write_bytes(b"another film")
    other = subprocess.run([*command, *where], env=environment, capture_output=True, text=True, check=True)
    assert "film.mp4" in other.stdout, "it does look"
