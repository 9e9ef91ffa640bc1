"""`vbmake doctor` on caches, mirrors and keys: what is wrong is told with its mend, in seconds, and nothing is left."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.storage.s3_server import S3Server, running_server
from vbmake.cache.settings import settings
from vbmake.doit_plugin import doctor_places
from vbmake.doit_plugin.doctor_places import PROBE, local_cache, place, places, services
from vbmake.doit_plugin.finding import Finding
from vbmake.doit_plugin.program import main
from vbmake.run.build import run_build
from vbmake.services import SERVICES
from vbmake.storage.packed import PackedStorage
from vbmake.storage.s3 import S3Storage

buckets = count()
FILM = {"vbmake": 1, "name": "film", "size": "64x36", "fps": 10, "quality": "draft"}
FILM |= {"scenes": [{"id": "one", "duration": "300ms", "layers": [{"color": "navy"}]}]}


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing that the machine's user has set; nobody is asked for credentials over a network."""
    for name in list(os.environ):
        if name.startswith(("VBMAKE_", "AWS_")) and name != "VBMAKE_FFMPEG":
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("VBMAKE_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret of the test")


@pytest.fixture(scope="module")
def running() -> Iterator[S3Server]:
    with running_server() as server:
        yield server


@pytest.fixture
def server(running: S3Server, keys: None) -> Iterator[S3Server]:
    yield running
    running.fault = lambda _method, _path: None
    running.conditional = True


@pytest.fixture
def bucket(server: S3Server) -> S3Storage:
    storage = S3Storage(f"s3://doctor{next(buckets)}/films?endpoint={server.endpoint}")
    storage.client.create_bucket(Bucket=storage.bucket)
    server.requests.clear()
    return storage


def address(storage: S3Storage) -> str:
    return f"{storage.url}?endpoint={storage.endpoint}"


def declare(root: Path, **more: Any) -> None:
    (root / "video.yaml").write_text(json.dumps({**FILM, **more}))


def by_subject(root: Path) -> dict[str, Finding]:
    return {finding.subject: finding for finding in places(root)}


def test_what_a_project_names_is_tried_and_left_as_it_was(tmp_path: Path, bucket: S3Storage) -> None:
    where = {"endpoint": bucket.endpoint}
    declare(tmp_path, cache={"remote": f"{bucket.url}/cache", **where}, sync={"to": f"{bucket.url}/site", **where})
    found = by_subject(tmp_path)
    for subject, folder in (("shared cache", "cache"), ("sync", "site")):
        assert found[subject] == Finding("ok", subject, f"{bucket.url}/{folder} can be read and written")
    assert list(bucket.list()) == []


def test_the_environment_names_a_cache_that_is_only_read(
    tmp_path: Path, bucket: S3Storage, server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VBMAKE_CACHE", address(bucket))
    monkeypatch.setenv("VBMAKE_CACHE_MODE", "read")
    found = by_subject(tmp_path)["shared cache"]
    assert (found.state, "can be read (it is not to be written to" in found.found) == ("ok", True)
    assert {method for method, _ in server.requests} == {"HEAD", "GET"}


def test_a_bucket_that_is_not_there_is_told(server: S3Server) -> None:
    found = place("sync", f"s3://no-such-bucket/x?endpoint={server.endpoint}", write=True)
    assert (found.state, "there is no bucket no-such-bucket" in found.found) == ("amiss", True)
    assert "aws s3 mb s3://no-such-bucket" in found.mend


@pytest.mark.parametrize(
    ("refused", "words", "mend"),
    [
        (["GET"], "cannot read", "s3:GetObject"),
        (["PUT"], "cannot write", "s3:PutObject"),
        (["HEAD", "PUT"], "cannot write", "s3:PutObject"),
    ],
    ids=str,
)
def test_what_the_credentials_may_not_do_is_told(
    bucket: S3Storage, server: S3Server, refused: list[str], words: str, mend: str
) -> None:
    server.fault = lambda method, path: "403 Forbidden" if method in refused else None
    found = place("shared cache", address(bucket), write=True)
    assert (found.state, words in found.found, mend in found.mend) == ("amiss", True, True)


def test_credentials_that_may_not_delete_will_do(bucket: S3Storage, server: S3Server) -> None:
    server.fault = lambda method, path: "403 Forbidden" if method == "DELETE" else None
    found = place("sync", address(bucket), write=True)
    assert (found.state, "not deleted from: an empty object" in found.found) == ("ok", True)


def test_a_store_in_trouble_is_no_matter_of_permissions(bucket: S3Storage, server: S3Server) -> None:
    server.fault = lambda method, path: "500 Internal Server Error" if method in ("GET", "PUT") else None
    found = place("shared cache", address(bucket), write=True)
    assert (found.state, "in trouble" in found.mend, "allow" in found.mend) == ("amiss", True, False)


def test_a_pull_request_tries_nothing_where_films_are_published(
    tmp_path: Path, bucket: S3Storage, server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_EVENT_NAME", "pull_request")
    declare(tmp_path, sync={"to": f"{bucket.url}/site", "endpoint": bucket.endpoint})
    assert by_subject(tmp_path)["sync"].state == "ok"
    assert not server.asked("PUT")


def test_a_profile_or_an_endpoint_that_is_none_is_told(keys: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "localhost:9000")
    found = place("sync", "s3://films-of-doctors/x?region=eu-north-9", write=True)
    assert (found.state, "Invalid endpoint" in found.found, "localhost:9000" in found.mend) == ("amiss", True, True)
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert "AWS_PROFILE" in place("sync", "s3://films/x", write=True).mend


def test_that_a_bucket_may_not_be_listed_is_no_fault(bucket: S3Storage, server: S3Server) -> None:
    server.fault = lambda method, path: "403 Forbidden" if method == "HEAD" else None
    assert place("shared cache", address(bucket), write=True).state == "ok"


def test_missing_credentials_are_told(running: S3Server) -> None:
    found = place("sync", f"s3://films/x?endpoint={running.endpoint}", write=True)
    assert (found.state, "no AWS credentials are found" in found.found) == ("amiss", True)
    assert "AWS_PROFILE" in found.mend


def test_a_store_that_ignores_conditions_is_told(bucket: S3Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(S3Storage, "write_new", lambda self, name, data: True)
    found = place("shared cache", address(bucket), write=True)
    assert (found.state, "ignores the conditions" in found.found) == ("amiss", True)


def test_a_store_that_takes_no_conditions_is_told(bucket: S3Storage, server: S3Server) -> None:
    server.conditional = False
    found = place("sync", address(bucket), write=True)
    assert (found.state, "takes no conditional writes" in found.found) == ("ok", True)


def test_a_place_where_nobody_listens_is_told(keys: None) -> None:
    found = place("sync", "s3://films/x?endpoint=http://127.0.0.1:9", write=True)
    assert found.state == "amiss"
    assert "http://127.0.0.1:9" in found.mend


def test_a_place_that_never_answers_is_not_waited_for(keys: None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        found = place("sync", f"s3://films/x?endpoint=http://127.0.0.1:{port}", write=True, patience=0.2)
        assert (found.state, "did not answer within 0.2 s" in found.found) == ("amiss", True)
        assert found.mend


def test_a_directory_is_tried_as_well(tmp_path: Path) -> None:
    assert place("shared cache", str(tmp_path / "shared"), write=True).state == "ok"
    assert not list((tmp_path / "shared").iterdir())
    (tmp_path / "file").write_text("")
    assert place("shared cache", str(tmp_path / "file"), write=True).state == "amiss"
    assert place("shared cache", "gs://films", write=True).state == "amiss"


def test_the_local_cache_is_measured_and_its_entries_are_read(tmp_path: Path) -> None:
    declare(tmp_path)
    cache = tmp_path / "cache"
    assert local_cache(cache).found.startswith(f"{cache}: 0 objects, 0 B; ")
    assert run_build(tmp_path).ok
    with contextlib.closing(PackedStorage(cache)) as storage:
        names = list(storage.list())
        entry = next(name for name in names if name.startswith("v1/ac/"))
        blob = next(name for name in names if name.startswith("v1/cas/"))
        whole = storage.read(entry)
    assert whole is not None
    sound = local_cache(cache)
    assert sound.state == "ok"
    assert sound.found.startswith(f"{cache}: {len(names)} objects, ")

    def put(name: str, content: bytes) -> None:
        with contextlib.closing(PackedStorage(cache)) as storage:
            storage.write(name, content)

    for name, damage in ((entry, whole[:-5]), (blob, b"cut")):
        put(name, damage)
        found = local_cache(cache)
        assert (found.state, "entries are damaged" in found.found, "vbmake gc" in found.mend) == ("amiss", True, True)
        put(entry, whole)
    with contextlib.closing(PackedStorage(cache)) as storage:
        storage.delete(blob)
    assert local_cache(cache).state == "ok", "what was trimmed away is a plain miss"


def test_a_local_cache_without_room_or_without_leave_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert local_cache(None) == Finding("ok", "local cache", "off: VBMAKE_CACHE_DIR")
    monkeypatch.setattr(doctor_places, "LOW", 10**30)
    assert "vbmake gc" in local_cache(tmp_path / "cache").mend
    (tmp_path / "file").write_text("")
    found = local_cache(tmp_path / "file" / "cache")
    assert (found.state, "VBMAKE_CACHE_DIR" in found.mend) == ("amiss", True)


def test_a_wrong_setting_and_a_wrong_declaration_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    declare(tmp_path, scenes=[{"duration": "soon"}])
    assert by_subject(tmp_path)["video.yaml"].state == "amiss"
    declare(tmp_path)
    monkeypatch.setenv("VBMAKE_CACHE_MODE", "sideways")
    assert "sideways" in by_subject(tmp_path)["caches"].found


def test_keys_are_told_by_name_and_never_by_value() -> None:
    names = [service.key for service in SERVICES.values() if service.key]
    found = services({names[0]: "sk-very-secret"})
    assert found.state == "ok"
    assert found.found.startswith(f"set: {names[0]}; not set: {', '.join(names[1:])}")
    assert "secret" not in found.found


def test_nothing_amiss_makes_the_doctor_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], keys: None
) -> None:
    declare(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VBMAKE_CACHE", "s3://films/x?endpoint=http://127.0.0.1:9")
    assert main(["doctor"]) == 0
    told = capsys.readouterr().out
    assert "\namiss    shared cache" in told
    assert "secret of the test" not in told
    assert "\nok       packages" in told
    assert settings().remote
    assert PROBE not in told
