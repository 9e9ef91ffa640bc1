"""The mirror: it holds what was published, costs one request when nothing changed, and survives kills and rivals."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from tests.storage.s3_server import S3Server
from vbmake.cache.manifest import NAME, read_manifest
from vbmake.cache.mirror import Synced, Unseen, Writer, sync
from vbmake.errors import WorkspaceError
from vbmake.storage import multipart
from vbmake.storage.local import LocalStorage
from vbmake.storage.protocol import Storage, StorageError
from vbmake.storage.s3 import S3Storage

ME = Writer("me/1-1")


class Killed(BaseException):
    """A stand-in for SIGKILL: nothing of ours handles it."""


class Films:
    """A folder of files to publish."""

    def __init__(self, folder: Path, **contents: bytes) -> None:
        self.folder = folder
        folder.mkdir()
        for name, content in contents.items():
            self.write(name.replace("_", "."), content)

    def write(self, name: str, content: bytes) -> None:
        (self.folder / name).write_bytes(content)

    @property
    def files(self) -> dict[str, Path]:
        return {path.name: path for path in sorted(self.folder.iterdir())}

    def sync(self, storage: Storage, writer: Writer = ME, **more: Any) -> Synced:
        return sync(storage, self.files, digest, writer=writer, **more)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def contents(storage: Storage) -> dict[str, bytes]:
    """Everything in the mirror but its manifest."""
    return {name: storage.read(name) or b"" for name in storage.list() if name != NAME}


def agrees(storage: Storage) -> None:
    """The manifest tells the truth, and nobody is at work."""
    manifest = read_manifest(storage.read(NAME))
    found = contents(storage)
    assert {name: file.sha256 for name, file in manifest.files.items()} == {
        name: hashlib.sha256(content).hexdigest() for name, content in found.items()
    }
    assert {name: file.size for name, file in manifest.files.items()} == {
        name: len(content) for name, content in found.items()
    }
    assert not manifest.marks


@pytest.fixture(params=["directory", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "directory":
        return LocalStorage(tmp_path / "mirror")
    return S3Storage(request.getfixturevalue("bucket"))


@pytest.fixture
def films(tmp_path: Path) -> Films:
    return Films(tmp_path / "films", film_mp4=b"a film", poster_jpg=b"a poster", film_srt=b"words")


def test_what_is_built_is_there_under_its_names(storage: Storage, films: Films) -> None:
    synced = films.sync(storage)
    assert contents(storage) == {"film.mp4": b"a film", "film.srt": b"words", "poster.jpg": b"a poster"}
    assert synced.sent == {"film.mp4": 6, "film.srt": 5, "poster.jpg": 8}
    agrees(storage)


def test_only_what_changed_is_sent(storage: Storage, films: Films) -> None:
    films.sync(storage)
    films.write("film.srt", b"WORDS")  # as long as before
    assert films.sync(storage).sent == {"film.srt": 5}
    assert films.sync(storage).sent == {}
    agrees(storage)


def test_nothing_to_do_costs_one_request(bucket: str, s3_server: S3Server, films: Films) -> None:
    films.sync(S3Storage(bucket))
    s3_server.requests.clear()
    films.sync(S3Storage(bucket))
    assert [(method, path.rpartition("/")[2]) for method, path in s3_server.requests] == [("GET", NAME)]


def test_what_is_no_longer_made_stays_until_deleting_is_asked_for(storage: Storage, films: Films) -> None:
    films.sync(storage)
    storage.write("theirs.txt", b"somebody else's")
    (films.folder / "poster.jpg").unlink()
    assert films.sync(storage).old == ["poster.jpg"]
    assert "poster.jpg" in contents(storage)
    assert films.sync(storage, delete=True).deleted == {"poster.jpg": 8}
    assert set(contents(storage)) == {"film.mp4", "film.srt", "theirs.txt"}
    assert films.sync(storage, delete=True).deleted == {}


def test_what_somebody_else_has_put_in_the_place_of_a_file_is_not_deleted(storage: Storage, films: Films) -> None:
    films.sync(storage)
    for name in ("poster.jpg", "film.srt"):
        (films.folder / name).unlink()
    storage.write("poster.jpg", b"theirs")
    storage.delete("film.srt")
    told = films.sync(storage, delete=True, dry_run=True)
    assert (set(told.deleted), told.foreign) == ({"film.srt"}, ["poster.jpg"])
    synced = films.sync(storage, delete=True)
    assert (set(synced.deleted), synced.foreign) == ({"film.srt"}, ["poster.jpg"])
    assert contents(storage) == {"film.mp4": b"a film", "poster.jpg": b"theirs"}
    assert films.sync(storage, delete=True) == Synced(files=1), "it is not spoken of again"
    assert set(read_manifest(storage.read(NAME)).files) == {"film.mp4"}


def test_a_check_finds_what_others_have_done(storage: Storage, films: Films) -> None:
    films.sync(storage)
    storage.write("poster.jpg", b"theirs")
    storage.delete("film.srt")
    assert films.sync(storage).sent == {}, "the manifest is believed"
    assert set(films.sync(storage, check=True, dry_run=True).sent) == {"film.srt", "poster.jpg"}
    assert set(films.sync(storage, check=True).sent) == {"film.srt", "poster.jpg"}
    assert films.sync(storage, check=True).sent == {}
    agrees(storage)


def test_a_store_that_never_takes_the_manifest_is_told_as_such(storage: Storage, films: Films) -> None:
    films.sync(storage)
    films.write("film.mp4", b"another film")
    with (
        patch.object(type(storage), "write_version", lambda *_args, **_more: False),
        pytest.raises(StorageError, match="cannot be replaced, although nobody else has written it"),
    ):
        films.sync(storage)


def test_a_store_that_takes_no_conditional_writes_is_synced_and_told(
    bucket: str, s3_server: S3Server, films: Films
) -> None:
    storage = S3Storage(bucket)
    s3_server.conditional = False
    films.write("hello.mp4", b"a film")
    assert films.sync(storage).unguarded
    agrees(storage)
    films.write("hello.mp4", b"another film")
    assert films.sync(storage).unguarded
    agrees(storage)


def test_a_dry_run_tells_all_and_writes_nothing(storage: Storage, films: Films) -> None:
    films.sync(storage)
    before = {name: storage.read(name) for name in storage.list()}
    films.write("film.mp4", b"another film")
    (films.folder / "poster.jpg").unlink()
    told = films.sync(storage, delete=True, dry_run=True)
    assert (told.sent, told.deleted) == ({"film.mp4": 12}, {"poster.jpg": 8})
    assert {name: storage.read(name) for name in storage.list()} == before


def test_objects_have_their_content_type_and_digest(bucket: str, films: Films) -> None:
    storage = S3Storage(bucket)
    films.sync(storage)
    heads = {
        name: storage.client.head_object(Bucket=storage.bucket, Key=storage.key(name)) for name in [*films.files, NAME]
    }
    assert {name: head["ContentType"] for name, head in heads.items()} == {
        "film.mp4": "video/mp4",
        "film.srt": "application/x-subrip",
        "poster.jpg": "image/jpeg",
        NAME: "application/json",
    }
    for name, path in films.files.items():
        assert heads[name]["Metadata"] == {"vb-sha256": digest(path)}


def test_a_large_file_goes_up_in_parts_with_its_digest(
    bucket: str, s3_server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(multipart, "PART", 5 << 20)  # the smallest part that S3 takes
    content = os.urandom(1 << 20) * 11
    films = Films(tmp_path / "films", film_mp4=content)
    told: list[int] = []

    class Heard(Unseen):
        def sent(self, size: int) -> None:
            told.append(size)

    storage = S3Storage(bucket)
    s3_server.requests.clear()
    films.sync(storage, view=Heard())
    assert len(s3_server.asked("PUT", "film.mp4")) == 3
    assert sorted(told) == [0, 1 << 20, 5 << 20, 5 << 20]
    assert storage.digest("film.mp4") == hashlib.sha256(content).hexdigest()
    agrees(storage)


def test_a_killed_sync_goes_on_where_it_was(storage: Storage, films: Films) -> None:
    class Kills(Unseen):
        def done(self, name: str, size: int) -> None:
            raise Killed

    with pytest.raises(Killed):
        films.sync(storage, view=Kills())
    assert read_manifest(storage.read(NAME)).marked() == set(films.files), "what was under way is marked"
    arrived = set(contents(storage))
    synced = films.sync(storage, Writer("me/2-2", dead=lambda name: name == "me/1-1"))
    assert set(synced.sent) == set(films.files) - arrived
    agrees(storage)


@pytest.mark.parametrize("step", range(1, 8))
def test_a_sync_killed_at_any_request_leaves_nothing_that_the_next_does_not_mend(
    bucket: str, s3_server: S3Server, films: Films, step: int
) -> None:
    storage = S3Storage(bucket)
    films.sync(storage)
    films.write("film.mp4", b"a new film")
    films.write("film.srt", b"new words")
    (films.folder / "poster.jpg").unlink()
    count = 0

    def fault(method: str, path: str) -> str | None:
        nonlocal count
        count += 1
        return "403 Forbidden" if count >= step else None

    s3_server.fault = fault
    with pytest.raises(StorageError):
        films.sync(storage, delete=True)
    s3_server.fault = lambda _method, _path: None
    films.sync(storage, Writer("me/2-2", dead=lambda name: name == "me/1-1"), delete=True)
    assert contents(storage) == {"film.mp4": b"a new film", "film.srt": b"new words"}
    agrees(storage)
    s3_server.requests.clear()
    films.sync(storage)
    assert len(s3_server.requests) == 1


def test_one_object_that_does_not_arrive_is_told_and_the_rest_is_not_sent_again(
    bucket: str, s3_server: S3Server, films: Films
) -> None:
    storage = S3Storage(bucket)
    s3_server.fault = lambda method, path: "403 Forbidden" if method == "PUT" and "poster" in path else None
    with pytest.raises(StorageError, match=r"cannot write poster\.jpg"):
        films.sync(storage)
    arrived = set(contents(storage))
    s3_server.fault = lambda _method, _path: None
    assert set(films.sync(storage).sent) == set(films.files) - arrived
    agrees(storage)


class Meddled:
    """A storage at which something else happens just before the n-th write of the manifest."""

    def __init__(self, inner: Storage, turn: int, meddle: Callable[[], object]) -> None:
        self.inner, self.turn, self.meddle = inner, turn, meddle

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def write_version(self, *args: Any, **kwargs: Any) -> bool:
        self.turn -= 1
        if self.turn == 0:
            self.meddle()
        return self.inner.write_version(*args, **kwargs)


@pytest.mark.parametrize("turn", [1, 2])
def test_the_loser_of_two_syncs_goes_on_from_the_winners_manifest(
    storage: Storage, films: Films, tmp_path: Path, turn: int
) -> None:
    others = Films(tmp_path / "others", film_mp4=b"their film", gif_gif=b"moving")
    rival = Writer("other/9-9")
    meddled: Any = Meddled(storage, turn, lambda: others.sync(storage, rival))
    films.sync(meddled)
    assert contents(storage) == {
        "film.mp4": b"a film",
        "film.srt": b"words",
        "poster.jpg": b"a poster",
        "gif.gif": b"moving",
    }
    agrees(storage)


def test_many_syncs_at_once_end_with_a_manifest_that_tells_the_truth(storage: Storage, tmp_path: Path) -> None:
    rivals = [Films(tmp_path / f"films{n}", film_mp4=b"film %d" % n, poster_jpg=b"poster %d" % n) for n in range(3)]
    failures: list[BaseException] = []

    def run(number: int) -> None:
        try:
            rivals[number].sync(storage, Writer(f"host{number}/1-1"))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(rivals))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    agrees(storage)


def test_the_mark_of_a_rival_that_died_is_looked_behind_for_a_day(storage: Storage, films: Films) -> None:
    films.sync(storage)
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    found = storage.read_version(NAME)
    assert found is not None
    marked = read_manifest(found[0]).with_mark("laptop/7-7", noon, ["film.mp4"])
    storage.write(NAME, marked.dump())
    storage.write("film.mp4", b"half-way")  # it sent this, and died
    hour = Writer("me/1-1", clock=lambda: noon + timedelta(hours=1))
    assert films.sync(storage, hour).sent == {"film.mp4": 6}
    assert "laptop/7-7" in read_manifest(storage.read(NAME)).marks
    week = Writer("me/1-1", clock=lambda: noon + timedelta(days=7))
    assert films.sync(storage, week).sent == {}
    agrees(storage)


@pytest.mark.parametrize("damage", [b"", b"{", b"null"])
def test_a_damaged_manifest_costs_a_look_at_each_object_and_no_upload(
    storage: Storage, films: Films, damage: bytes
) -> None:
    films.sync(storage)
    storage.write(NAME, damage)
    assert films.sync(storage).sent == {}
    agrees(storage)


def test_a_file_that_is_written_while_it_is_sent_arrives_as_it_is_at_the_end(storage: Storage, films: Films) -> None:
    stale = {films.files["film.mp4"]: [hashlib.sha256(b"an earlier film").hexdigest()]}

    def late(path: Path) -> str:
        return stale[path].pop() if stale.get(path) else digest(path)

    sync(storage, films.files, late, writer=ME)
    assert contents(storage)["film.mp4"] == b"a film"
    agrees(storage)


def test_a_file_that_never_rests_is_told(storage: Storage, films: Films) -> None:
    with pytest.raises(WorkspaceError, match=r"film\.mp4 changes while it is sent"):
        sync(storage, {"film.mp4": films.files["film.mp4"]}, lambda _: "0" * 64, writer=ME)
    assert contents(storage) == {}


def test_a_missing_file_is_told_before_anything_is_sent(storage: Storage, tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match=r"nothing\.mp4 cannot be read"):
        sync(storage, {"film.mp4": tmp_path / "nothing.mp4"}, digest, writer=ME)
    assert list(storage.list()) == []
