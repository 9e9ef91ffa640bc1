"""A local S3 server (moto's, over real HTTP on the loopback), started once for the session."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.storage.s3_server import CREDENTIALS, S3Server, running_server
from vbmake.storage.local import LocalStorage
from vbmake.storage.packed import PackedStorage
from vbmake.storage.protocol import Storage
from vbmake.storage.s3 import S3Storage

_buckets = itertools.count()


@pytest.fixture(scope="session")
def watched_server() -> Iterator[S3Server]:
    with running_server() as server:
        yield server


@pytest.fixture(scope="session")
def s3_endpoint(watched_server: S3Server) -> str:
    return watched_server.endpoint


@pytest.fixture
def s3_server(watched_server: S3Server) -> Iterator[S3Server]:
    """The server, which has been asked nothing yet and is well again afterwards."""
    watched_server.requests.clear()
    yield watched_server
    watched_server.fault = lambda _method, _path: None
    watched_server.conditional = True


@pytest.fixture
def bucket(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a prefix in a new bucket of the local server."""
    for variable, value in CREDENTIALS.items():
        monkeypatch.setenv(variable, value)
    name = f"bucket{next(_buckets)}"
    storage = S3Storage(f"s3://{name}/cache?endpoint={s3_endpoint}")
    storage.client.create_bucket(Bucket=name)
    return f"s3://{name}/cache?endpoint={s3_endpoint}"


@pytest.fixture(params=["local", "packed", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "local":
        return LocalStorage(tmp_path / "storage")
    if request.param == "packed":
        return PackedStorage(tmp_path / "storage")
    return S3Storage(request.getfixturevalue("bucket"))
