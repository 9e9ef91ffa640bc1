"""The cache of a build: two tiers, first write wins, never a failure, never wrong bytes."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from pathlib import Path

import pytest

from tests.storage.s3_server import S3Server
from vbmake.cache.actions import ActionCache, Entry
from vbmake.cache.cache import Cache
from vbmake.cache.contents import ContentStore
from vbmake.errors import WorkspaceError
from vbmake.plan.keys import action_key
from vbmake.storage.local import LocalStorage
from vbmake.storage.packed import FILE, SMALL, PackedStorage
from vbmake.storage.protocol import Data, Storage, StorageError
from vbmake.storage.s3 import S3Storage


def made(folder: Path, content: bytes = b"a film", text: str = "hello") -> tuple[Entry, dict[str, Path]]:
    """An entry, and its file."""
    path = folder / f"made-{hashlib.sha256(content).hexdigest()[:8]}.mp4"
    path.write_bytes(content)
    material = {"rule": "shot", "options": {"text": text}, "outputs": {"shot": "mp4"}}
    outputs = {"shot": {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}}
    entry = Entry(action_key(material), outputs, {"shot": {"frames": 3}}, material, 1.5, "2026-01-01T00:00:00+00:00")
    return entry, {"shot": path}


def store(storage: LocalStorage, entry: Entry, files: dict[str, Path]) -> None:
    """Have something kept as a build does that ends after it."""
    cache = Cache(storage)
    cache.store(entry, files)
    cache.finish()


def sha(entry: Entry) -> str:
    return str(entry.outputs["shot"]["sha256"])


class Counting:
    """A storage that counts what is asked of it, and can be cut off."""

    def __init__(self, inner: Storage) -> None:
        self.inner = inner
        self.calls: list[str] = []
        self.down = False

    def __getattr__(self, name: str) -> object:
        method = getattr(self.inner, name)
        if not callable(method):
            return method

        def counted(*args: object, **kwargs: object) -> object:
            self.calls.append(name)
            if self.down:
                raise StorageError("cannot read: Read timeout")
            return method(*args, **kwargs)

        return counted


@pytest.fixture(params=["directory", "s3"])
def remote(request: pytest.FixtureRequest, tmp_path: Path) -> Counting:
    if request.param == "s3":
        return Counting(S3Storage(request.getfixturevalue("bucket")))
    return Counting(LocalStorage(tmp_path / "remote"))


def local(tmp_path: Path, name: str = "local") -> LocalStorage:
    """A local cache, as builds have it."""
    return PackedStorage(tmp_path / name)


def both(tmp_path: Path, remote: Counting, name: str = "local", mode: str = "write") -> Cache:
    return Cache(local(tmp_path, name), remote, mode)  # type: ignore[arg-type]  # a wrapper; words of the environment


def test_what_one_machine_stored_another_fetches(tmp_path: Path, remote: Counting) -> None:
    entry, files = made(tmp_path)
    here = both(tmp_path, remote)
    here.store(entry, files)
    here.finish()
    there = both(tmp_path, remote, "other")
    assert there.lookup(entry.key) == entry
    assert there.materialise(sha(entry), tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"a film"


def test_what_was_fetched_once_is_local_from_then_on(tmp_path: Path, remote: Counting) -> None:
    entry, files = made(tmp_path)
    here = both(tmp_path, remote)
    here.store(entry, files)
    here.finish()
    there = both(tmp_path, remote, "other")
    there.lookup(entry.key)
    there.materialise(sha(entry), tmp_path / "copy")
    remote.calls.clear()
    assert there.lookup(entry.key) == entry
    assert there.materialise(sha(entry), tmp_path / "copy2")
    assert remote.calls == []


def test_a_miss_costs_one_request_and_is_not_asked_for_twice(tmp_path: Path, remote: Counting) -> None:
    cache = both(tmp_path, remote)
    assert cache.lookup("0" * 64) is None
    assert cache.lookup("0" * 64) is None
    assert remote.calls == ["read"]


def test_blobs_are_there_before_the_entry_that_names_them(tmp_path: Path) -> None:
    order: list[str] = []

    class Watched(LocalStorage):
        def write_new(self, name: str, data: Data, *, content_type: str = "") -> bool:
            order.append(name.split("/")[1])
            return super().write_new(name, data, content_type=content_type)

    entry, files = made(tmp_path)
    Cache(Watched(tmp_path / "local")).store(entry, files)
    assert order == ["cas", "ac"]


def test_the_first_write_of_a_key_wins(tmp_path: Path, remote: Counting) -> None:
    first, first_files = made(tmp_path, b"first")
    second, second_files = made(tmp_path, b"second")
    assert first.key == second.key
    for entry, files, name in ((first, first_files, "one"), (second, second_files, "two")):
        cache = both(tmp_path, remote, name)
        cache.store(entry, files)
        cache.finish()
    found = both(tmp_path, remote, "three").lookup(first.key)
    assert found is not None
    assert found.outputs == first.outputs


def test_of_two_machines_that_push_one_key_at_once_one_wins_and_its_bytes_are_whole(
    tmp_path: Path, remote: Counting
) -> None:
    pushed = [made(tmp_path, content) for content in (b"first", b"second", b"first", b"third")]
    caches = [both(tmp_path, remote, f"machine{number}") for number in range(len(pushed))]
    gate = threading.Barrier(len(pushed))

    def push(cache: Cache, entry: Entry, files: dict[str, Path]) -> None:
        gate.wait()
        cache.store(entry, files)
        cache.finish()

    threads = [threading.Thread(target=push, args=(cache, *one)) for cache, one in zip(caches, pushed, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    there = both(tmp_path, remote, "another")
    found = there.lookup(pushed[0][0].key)
    assert found is not None
    assert found.outputs in [entry.outputs for entry, _ in pushed]
    assert there.materialise(sha(found), tmp_path / "copy")


def test_a_cache_that_refuses_to_be_written_to_goes_on_being_read(
    tmp_path: Path, bucket: str, s3_server: S3Server
) -> None:
    entry, files = made(tmp_path)
    first = Cache(local(tmp_path), S3Storage(bucket))
    first.store(entry, files)
    first.finish()
    s3_server.fault = lambda method, _path: "403 Forbidden" if method == "PUT" else None
    warnings: list[str] = []
    reader = Cache(local(tmp_path, "other"), S3Storage(bucket), warn=warnings.append)
    another = made(tmp_path, b"another", "other text")
    reader.store(*another)
    reader.store(*made(tmp_path, b"a third", "more text"))
    reader.finish()
    assert reader.lookup(entry.key) == entry
    assert reader.materialise(sha(entry), tmp_path / "copy")
    assert len(warnings) == 1
    assert "is only read from here on: cannot write v1/cas/" in warnings[0]


def test_a_hit_is_not_asked_for_twice_even_without_a_local_cache(tmp_path: Path, remote: Counting) -> None:
    entry, files = made(tmp_path)
    Cache(None, remote).store(entry, files)  # type: ignore[arg-type]  # a wrapper
    cache = Cache(None, remote)  # type: ignore[arg-type]  # a wrapper
    remote.calls.clear()
    assert cache.lookup(entry.key) == cache.lookup(entry.key) == entry
    assert remote.calls == ["read"]


def test_an_entry_whose_bytes_are_gone_gives_way(tmp_path: Path) -> None:
    first, first_files = made(tmp_path, b"first")
    second, second_files = made(tmp_path, b"second")
    store(local(tmp_path), first, first_files)
    with contextlib.closing(PackedStorage(tmp_path / "local")) as storage:
        storage.delete(ContentStore.name(sha(first)))
    store(local(tmp_path), second, second_files)
    found = Cache(local(tmp_path)).lookup(first.key)
    assert found is not None
    assert found.outputs == second.outputs


def test_local_bytes_that_a_power_cut_has_spoilt_are_mended_and_not_shared(tmp_path: Path, remote: Counting) -> None:
    entry, files = made(tmp_path, b"film" * SMALL)
    spoilt = local(tmp_path).path(ContentStore.name(sha(entry)))
    spoilt.parent.mkdir(parents=True)
    spoilt.write_bytes(bytes(len(b"film" * SMALL)))
    cache = both(tmp_path, remote)
    cache.store(entry, files)
    cache.finish()
    assert spoilt.read_bytes() == b"film" * SMALL
    assert remote.inner.read(ContentStore.name(sha(entry))) == b"film" * SMALL


def test_what_is_trimmed_before_it_is_sent_stays_owed_and_leaves_the_remote_cache_in_use(tmp_path: Path) -> None:
    entry, files = made(tmp_path, b"film" * SMALL)
    trimmed = local(tmp_path).path(ContentStore.name(sha(entry)))

    class Trimming(LocalStorage):
        """Where something is looked for just as the local cache is trimmed."""

        def stat(self, name: str) -> int | None:
            trimmed.unlink(missing_ok=True)
            return super().stat(name)

    warnings: list[str] = []
    cache = Cache(local(tmp_path), Trimming(tmp_path / "remote"), "write", warnings.append)
    cache.store(entry, files)
    cache.finish()
    assert warnings == []
    assert cache.pushed == set()
    assert cache.pushes_to is not None
    assert ActionCache(LocalStorage(tmp_path / "remote")).get(entry.key) is None


@pytest.mark.parametrize("mode", ["off", "read"])
def test_a_cache_that_may_not_be_written_to_is_not(tmp_path: Path, remote: Counting, mode: str) -> None:
    entry, files = made(tmp_path)
    cache = both(tmp_path, remote, mode=mode)
    cache.store(entry, files)
    cache.finish()
    assert list(remote.inner.list()) == []


def test_a_cache_that_is_off_is_not_asked(tmp_path: Path, remote: Counting) -> None:
    assert both(tmp_path, remote, mode="off").lookup("0" * 64) is None
    assert remote.calls == []


def test_an_outage_degrades_to_the_local_cache_with_one_line(tmp_path: Path, remote: Counting) -> None:
    entry, files = made(tmp_path)
    warnings: list[str] = []
    remote.down = True
    cache = Cache(local(tmp_path), remote, "write", warnings.append)  # type: ignore[arg-type]  # a wrapper
    assert cache.lookup("0" * 64) is None
    cache.store(entry, files)
    cache.finish()
    assert cache.lookup(entry.key) == entry
    assert cache.materialise(sha(entry), tmp_path / "copy")
    assert len(warnings) == 1
    assert "is left out (looking up) from here on: cannot read: Read timeout" in warnings[0]
    assert remote.calls == ["read"], "after one failure it is left alone"


def test_an_outage_during_an_upload_fails_nothing(tmp_path: Path, remote: Counting) -> None:
    entry, files = made(tmp_path)
    warnings: list[str] = []
    cache = Cache(local(tmp_path), remote, "write", warnings.append)  # type: ignore[arg-type]  # a wrapper
    assert cache.lookup(entry.key) is None
    remote.down = True
    cache.store(entry, files)
    cache.finish()
    assert len(warnings) == 1


def test_uploads_need_nothing_of_the_caller_once_stored(tmp_path: Path, remote: Counting) -> None:
    entry, files = made(tmp_path)
    cache = both(tmp_path, remote)
    cache.store(entry, files)
    files["shot"].rename(tmp_path / "elsewhere")  # as publishing does
    cache.finish()
    assert both(tmp_path, remote, "other").materialise(sha(entry), tmp_path / "copy")


def test_without_a_local_cache_the_remote_one_still_serves(tmp_path: Path, remote: Counting) -> None:
    entry, files = made(tmp_path)
    cache = Cache(None, remote)  # type: ignore[arg-type]  # a wrapper
    cache.store(entry, files)
    cache.finish()
    assert cache.lookup(entry.key) == entry
    assert cache.materialise(sha(entry), tmp_path / "copy")


@pytest.mark.parametrize("content", [b"a fiLm", b"", b"a fil", b"a film and more"])
def test_wrong_bytes_under_a_digest_are_a_miss_and_are_mended(tmp_path: Path, remote: Counting, content: bytes) -> None:
    entry, files = made(tmp_path)
    here = both(tmp_path, remote)
    here.store(entry, files)
    here.finish()
    blob = f"v1/cas/{sha(entry)[:2]}/{sha(entry)}"
    remote.inner.write(blob, content)
    there = both(tmp_path, remote, "other")
    assert there.lookup(entry.key) == entry
    assert not there.materialise(sha(entry), tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
    there.reject(entry.key)
    assert there.lookup(entry.key) is None
    there.store(entry, files)
    there.finish()
    assert remote.inner.read(blob) == b"a film"


def test_wrong_local_bytes_are_fetched_from_the_remote_cache(tmp_path: Path, remote: Counting) -> None:
    entry, files = made(tmp_path)
    cache = both(tmp_path, remote)
    cache.store(entry, files)
    cache.finish()
    with contextlib.closing(PackedStorage(tmp_path / "local")) as storage:
        storage.write(ContentStore.name(sha(entry)), b"a fiLm")
    assert cache.materialise(sha(entry), tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"a film"


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text[:40],
        lambda text: "[" * 5000,
        lambda text: "null",
        lambda text: text.replace("hello", "other"),
        lambda text: text.replace('"size":6', '"size":0'),
        lambda text: text.replace('"outputs":{"shot":{"sha256"', '"outputs":{"shot":{"sha"'),
        lambda text: text.replace('"seconds":1.5', '"seconds":"1.5"'),
        lambda text: text.replace('"seconds":1.5', '"seconds":NaN'),
        lambda text: text.replace('"size":6', '"size":6,"path":"../../elsewhere"'),
        lambda text: text.replace('"seconds":1.5', '"seconds":2.5'),
    ],
    ids=["empty", "cut", "deep", "null", "other material", "no bytes", "no digest", "type", "nan", "path", "altered"],
)
@pytest.mark.parametrize("sealed", [False, True], ids=["by accident", "with its sum"])
def test_a_damaged_entry_is_a_miss_and_is_mended(tmp_path: Path, damage: object, sealed: bool) -> None:
    entry, _ = made(tmp_path)
    actions = ActionCache(local(tmp_path))
    assert actions.put(entry)
    name = actions.name(entry.key)
    before = actions.storage.read(name) or b""
    line = (before.rpartition(b',"sum":"')[0] + b"}").decode() if sealed else before.decode()
    damaged = damage(line).encode()  # type: ignore[operator]  # one of the functions above
    if sealed:
        damaged = damaged[:-1] + b',"sum":"' + hashlib.sha256(damaged).hexdigest().encode() + b'"}'
    assert damaged != before
    actions.storage.write(name, damaged)
    if sealed and b"2.5" in damaged:
        assert actions.get(entry.key) == entry._replace(seconds=2.5), "what is whole is taken as it is"
        return
    assert actions.get(entry.key) is None
    assert actions.put(entry)
    assert actions.storage.read(name) == before


def test_a_full_cache_disk_fails_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry, files = made(tmp_path)
    warnings: list[str] = []

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("vbmake.storage.local.shutil.copyfileobj", full)
    cache = Cache(LocalStorage(tmp_path / "local", durable=False), warn=warnings.append)
    cache.store(entry, files)
    assert len(warnings) == 1
    assert "No space left on device" in warnings[0]
    assert not [path for path in (tmp_path / "local").rglob("*") if path.is_file()]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
@pytest.mark.parametrize("size", [10, 100_000])
def test_a_full_disk_of_the_project_is_told_and_is_no_failure_of_a_cache(
    tmp_path: Path, remote: Counting, size: int
) -> None:
    warnings: list[str] = []
    entry, files = made(tmp_path, bytes(size))
    both(tmp_path, remote, "first").store(entry, files)
    first = Cache(PackedStorage(tmp_path / "packed"), remote, warn=warnings.append)  # type: ignore[arg-type]
    first.store(entry, made(tmp_path, bytes(size))[1])
    first.finish()
    full = tmp_path / "full"
    full.symlink_to("/dev/full")
    for cache in (first, Cache(None, remote, warn=warnings.append)):  # type: ignore[arg-type]
        with pytest.raises(WorkspaceError, match=r"cannot write .*full: the disk is full"):
            cache.materialise(sha(entry), full)
        assert cache.materialise(sha(entry), tmp_path / "copy"), "it is still asked"
    assert warnings == []


def test_an_earlier_cache_of_files_is_read(tmp_path: Path) -> None:
    entry, files = made(tmp_path)
    store(LocalStorage(tmp_path / "local", durable=False), entry, files)
    cache = Cache(local(tmp_path))
    assert cache.lookup(entry.key) == entry
    assert cache.has(entry.outputs)
    assert cache.materialise(sha(entry), tmp_path / "copy")


def test_large_outputs_have_files_of_their_own(tmp_path: Path) -> None:
    entry, files = made(tmp_path, b"x" * (SMALL + 1))
    store(local(tmp_path), entry, files)
    assert (tmp_path / "local" / ContentStore.name(sha(entry))).read_bytes() == b"x" * (SMALL + 1)
    assert Cache(local(tmp_path)).materialise(sha(entry), tmp_path / "copy")


def test_a_cache_that_is_damaged_from_end_to_end_is_a_miss_and_begun_anew(tmp_path: Path) -> None:
    entry, files = made(tmp_path)
    store(local(tmp_path), entry, files)
    (tmp_path / "local" / FILE).write_bytes(b"no such thing" * 1000)
    warnings: list[str] = []
    cache = Cache(local(tmp_path), warn=warnings.append)
    assert cache.lookup(entry.key) is None
    cache.store(entry, files)
    cache.finish()
    assert Cache(local(tmp_path)).lookup(entry.key) == entry
    assert warnings == []


def test_small_objects_that_cannot_be_written_fail_nothing(tmp_path: Path) -> None:
    (tmp_path / "local").write_text("a file where a folder is wanted")
    warnings: list[str] = []
    cache = Cache(local(tmp_path), warn=warnings.append)
    for text in ("one", "two"):
        cache.store(*made(tmp_path, text.encode(), text))
        cache.finish()
    assert len(warnings) == 1
    assert "is only read from here on: cannot write" in warnings[0]
