"""Syncs, and builds that upload to a cache, killed at any moment: the next call makes good what is missing."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.small_parts import PART
from tests.scenarios.test_kills import SIGNALS, strays
from tests.scenarios.world import REPOSITORY, World
from tests.storage.s3_server import CREDENTIALS, S3Server, running_server
from vbmake.cache.cache import Cache
from vbmake.cache.manifest import NAME, read_manifest
from vbmake.doit_plugin.loader import VideoLoader
from vbmake.doit_plugin.program import Program
from vbmake.run.tags import TagStore
from vbmake.storage import multipart
from vbmake.storage.s3 import S3Storage

buckets = count()


def film(color: str, **more: Any) -> dict[str, Any]:
    """A film with a poster, made in a moment; `color` makes it another one."""
    scenes = [
        {"id": f"s{n}", "duration": "500ms", "layers": [{"gradient": {"colors": [color, other]}}]}
        for n, other in enumerate(("navy", "teal"))
    ]
    head = {"vbmake": 1, "name": "film", "size": "96x54", "fps": 10, "quality": "draft"}
    return {**head, "outputs": {"poster": {"at": "200ms"}}, "scenes": scenes, **more}


@dataclass
class Killer:
    """Kills a program at the moment its n-th request is at the server; `lost`: the server does not do what it says."""

    server: S3Server
    number: int
    sign: signal.Signals
    lost: bool
    process: subprocess.Popen[bytes] | None = None
    met: bool = False
    _seen: Iterator[int] = field(default_factory=lambda: count(1))
    _started: threading.Event = field(default_factory=threading.Event)

    def run(self, world: World, *args: str, **variables: str) -> None:
        """Start `vbmake ARGS` and wait for its end."""
        silent = subprocess.DEVNULL
        environment = {**os.environ, "VBMAKE_CACHE_DIR": str(world.cache), "PYTHONPATH": str(REPOSITORY), **variables}
        self.server.fault = self._fault
        command = [sys.executable, "-m", "tests.scenarios.small_parts", *args]
        with subprocess.Popen(command, cwd=world.root, env=environment, stdout=silent, stderr=silent) as process:
            self.process = process
            self._started.set()
            process.wait(60)
        self.server.fault = lambda _method, _path: None

    def _fault(self, _method: str, _path: str) -> str | None:
        if next(self._seen) != self.number:
            return None
        self._started.wait()
        assert self.process is not None
        self.met = True
        self.process.send_signal(self.sign)
        if self.sign == signal.SIGKILL and self.lost:
            return "500 Internal Server Error"
        return None


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with pytest.MonkeyPatch.context() as patch, running_server() as running:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        patch.setattr("moto.s3.models.S3_UPLOAD_PART_MIN_SIZE", 1)
        patch.setattr(multipart, "PART", PART)
        yield running


def bucket(server: S3Server) -> S3Storage:
    storage = S3Storage(f"s3://kills{next(buckets)}/here?endpoint={server.endpoint}")
    storage.client.create_bucket(Bucket=storage.bucket)
    return storage


def doit(world: World, *args: str) -> int:
    """`vbmake ARGS` in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VBMAKE_CACHE_DIR", str(world.cache))
        patch.chdir(world.root)
        return int(Program(task_loader=VideoLoader()).run([*args]) or 0)


def made(world: World) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (world.root / "build").iterdir()}


def requests(server: S3Server, call: Any) -> int:
    """How many requests a call makes."""
    server.requests.clear()
    assert call() == 0
    return len(server.requests)


def test_a_sync_killed_at_a_random_moment_is_finished_by_the_next(server: S3Server, tmp_path: Path) -> None:
    check_syncs(server, tmp_path, 6)


@pytest.mark.long
def test_sixty_killed_syncs(server: S3Server, tmp_path: Path) -> None:
    check_syncs(server, tmp_path, 60)


def check_syncs(server: S3Server, folder: Path, kills: int) -> None:
    """Two versions of a film take turns at one prefix; each sync is killed, looked at, and followed by another."""
    storage = bucket(server)
    where = {"sync": {"to": storage.url, "endpoint": server.endpoint}}
    versions = [World(folder / name, folder / "cache").declare(film(name, **where)) for name in ("red", "gold")]
    assert [doit(world) for world in versions] == [0, 0]
    known = [made(world) for world in versions]
    assert max(map(len, known[0].values())) > 2 * PART, "some file goes in parts"
    assert doit(versions[1], "sync") == 0
    total = requests(server, lambda: doit(versions[0], "sync"))
    chance = random.Random(7)
    met = 0
    for number in range(kills):
        turn = (number + 1) % 2
        world, sign = versions[turn], SIGNALS[number % len(SIGNALS)]
        killer = Killer(server, chance.randint(1, total), sign, chance.random() < 0.5)
        killer.run(world, "sync")
        met += killer.met
        about = f"kill {number}: {sign.name} at request {killer.number} of {total}"
        for name in storage.list():
            if name != NAME:
                assert storage.read(name) in [version[name] for version in known], f"{about}: {name} is half there"
        if sign != signal.SIGKILL:
            assert unfinished(storage) <= noted(world), f"{about}: parts are left behind of which nobody knows"
        assert doit(world, "sync") == 0, about
        agrees(storage, known[turn], about)
        assert not unfinished(storage), f"{about}: parts of the killed sync are kept"
        assert not strays(world), about
    assert met == kills, "every kill met a sync that was under way"


def unfinished(storage: S3Storage) -> set[str]:
    """Uploads in parts that nobody has ended."""
    found = storage.client.list_multipart_uploads(Bucket=storage.bucket).get("Uploads", [])
    return {upload["UploadId"] for upload in found}


def noted(world: World) -> set[str]:
    """Uploads in parts with which the next process goes on."""
    return {json.loads(note.read_bytes())["upload"] for note in (world.root / ".vbmake/uploads").glob("*.json")}


def agrees(storage: S3Storage, files: dict[str, bytes], about: str) -> None:
    """The prefix holds these files and the manifest, each with its digest, and nothing else."""
    assert set(storage.list()) == {*files, NAME}, about
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    assert {name: hashlib.sha256(storage.read(name) or b"").hexdigest() for name in files} == digests, about
    manifest = read_manifest(storage.read(NAME))
    assert {name: file.sha256 for name, file in manifest.files.items()} == digests, about
    assert not manifest.marks, about


def test_a_build_killed_while_it_uploads_is_made_good_by_the_next(server: S3Server, tmp_path: Path) -> None:
    check_uploads(server, tmp_path, 4)


@pytest.mark.long
def test_sixty_killed_uploads(server: S3Server, tmp_path: Path) -> None:
    check_uploads(server, tmp_path, 60)


def check_uploads(server: S3Server, folder: Path, kills: int) -> None:
    """Each build has a bucket for its cache and a prefix to publish to; what it owes both is there after the next."""
    chance = random.Random(11)
    origin = World(folder / "origin", folder / "origin cache").declare(film("red"))
    assert doit(origin) == 0
    targets, total, met = made(origin), 0, 0
    for number in range(-1, kills):  # the first is not killed, but counted
        mirror, cache = bucket(server), bucket(server)
        declared = film(
            "red",
            cache={"remote": cache.url, "endpoint": server.endpoint},
            sync={"to": mirror.url, "endpoint": server.endpoint, "after": "build"},
        )
        world = World(folder / str(number) / "film", folder / str(number) / "cache").declare(declared)
        sign = SIGNALS[number % len(SIGNALS)]
        if number < 0:
            total = requests(server, lambda world=world: doit(world))
        else:
            killer = Killer(server, chance.randint(1, total), sign, chance.random() < 0.5)
            killer.run(world)
            met += killer.met
            about = f"kill {number}: {sign.name} at request {killer.number} of {total}"
            assert doit(world) == 0, about
            assert made(world) == targets, about
            agrees(mirror, targets, about)
            shared_is_whole(cache, world, about)
            assert not unfinished(mirror) | unfinished(cache), f"{about}: parts of the killed build are kept"
            assert not list((world.root / ".vbmake/tmp").glob("*")), f"{about}: something is left behind"
            assert not list(world.cache.rglob(".vbmake-*")), f"{about}: half a blob is left behind"
            assert not strays(world), about
            server.requests.clear()
            assert doit(world) == 0
            assert server.requests == [], f"{about}: nothing is owed any more"
        shutil.rmtree(folder / str(number))
    assert met >= kills - 1, "the kills met builds that were under way"


def shared_is_whole(cache: S3Storage, world: World, about: str) -> None:
    """The shared cache holds every result of the project, whole."""
    shared = Cache(None, cache, "read")
    assert shared.remote is not None
    # By the tags: a kill can take from the local cache what it was given in the last moment.
    keys = {tag.key for tag in TagStore(world.root / ".vbmake/dag/tags.jsonl").all().values()}
    assert keys
    for key in keys:
        entry = shared.lookup(key)
        assert entry is not None, f"{about}: the upload of {key} was lost"
        for output in entry.outputs.values():
            assert shared.remote.contents.has(str(output["sha256"]), int(output["size"])), about
