"""What every place that keeps named bytes promises, of a directory and of a bucket alike."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from unittest import mock

import pytest
import urllib3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from tests.storage.s3_server import CREDENTIALS, S3Server
from vbmake.errors import WorkspaceError
from vbmake.process import process_mark
from vbmake.storage import multipart, s3
from vbmake.storage.address import storage_at
from vbmake.storage.local import LocalStorage
from vbmake.storage.protocol import Storage, StorageError
from vbmake.storage.s3 import S3Storage
from vbmake.storage.unfinished import left_over

OWN = "from vbmake.storage.ownership import own_prefix; print(own_prefix('upload-'))"  # of a process that will be gone


def test_what_was_written_is_read(storage: Storage, tmp_path: Path) -> None:
    storage.write("a/b.txt", b"one")
    assert storage.read("a/b.txt") == b"one"
    storage.write("a/b.txt", b"three")
    assert storage.read("a/b.txt") == b"three"
    assert storage.stat("a/b.txt") == 5
    assert storage.download("a/b.txt", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"three"


def test_a_file_is_stored_by_its_path(storage: Storage, tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"film")
    storage.write("film", tmp_path / "film.mp4", content_type="video/mp4")
    assert storage.read("film") == b"film"


def test_what_is_absent_is_no_error(storage: Storage, tmp_path: Path) -> None:
    assert storage.read("nothing") is None
    assert storage.read_version("nothing") is None
    assert storage.stat("nothing") is None
    assert not storage.download("nothing", tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
    storage.delete("nothing")


def test_the_first_of_two_writers_wins(storage: Storage) -> None:
    assert storage.write_new("entry", b"first")
    assert not storage.write_new("entry", b"second")
    assert storage.read("entry") == b"first"


def test_of_many_writers_at_once_exactly_one_wins(storage: Storage) -> None:
    won: list[int] = []

    def write(number: int) -> None:
        if storage.write_new("entry", str(number).encode()):
            won.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert storage.read("entry") == str(won[0]).encode()


def test_a_conditional_write_sees_that_somebody_was_faster(storage: Storage) -> None:
    assert storage.write_version("manifest", b"one", None)
    assert not storage.write_version("manifest", b"other", None)
    found = storage.read_version("manifest")
    assert found is not None
    data, version = found
    assert data == b"one"
    assert storage.write_version("manifest", b"two", version)
    assert not storage.write_version("manifest", b"late", version)
    assert storage.read("manifest") == b"two"


def test_lines_are_appended_by_many_writers(storage: Storage) -> None:
    threads = [threading.Thread(target=storage.append_line, args=("log.jsonl", {"n": n})) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = (storage.read("log.jsonl") or b"").decode().splitlines()
    assert sorted(lines) == [f'{{"n":{n}}}' for n in range(5)]


def test_a_line_after_a_stump_stands_alone(storage: Storage) -> None:
    storage.write("log.jsonl", b'{"n":1}\n{"n"')
    storage.append_line("log.jsonl", {"n": 2})
    assert (storage.read("log.jsonl") or b"").splitlines() == [b'{"n":1}', b'{"n"', b'{"n":2}']


def test_names_are_listed_by_prefix_in_order(storage: Storage) -> None:
    for name in ("b/2", "a/1", "b/1", "b2"):
        storage.write(name, b"x")
    assert list(storage.list("b")) == ["b/1", "b/2", "b2"]
    assert list(storage.list("b/")) == ["b/1", "b/2"]
    assert list(storage.list()) == ["a/1", "b/1", "b/2", "b2"]
    storage.delete("b/1")
    assert list(storage.list("b/")) == ["b/2"]


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../up", "a/../../up"])
def test_a_name_cannot_leave_its_place(storage: Storage, name: str) -> None:
    with pytest.raises(ValueError, match="is not a name below"):
        storage.write(name, b"x")


def test_a_large_file_goes_up_in_parts_and_still_conditionally(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(multipart, "PART", 5 << 20)  # the smallest part that S3 takes
    content = os.urandom(1 << 20) * 11
    (tmp_path / "film").write_bytes(content)
    storage = S3Storage(bucket)
    assert storage.write_new("film", tmp_path / "film", content_type="video/mp4")
    assert storage.download("film", tmp_path / "copy")
    assert hashlib.sha256((tmp_path / "copy").read_bytes()).digest() == hashlib.sha256(content).digest()
    assert storage.client.head_object(Bucket=storage.bucket, Key=storage.key("film"))["ContentType"] == "video/mp4"
    assert not storage.write_new("film", tmp_path / "film")
    uploads = storage.client.list_multipart_uploads(Bucket=storage.bucket)
    assert "Uploads" not in uploads, "an upload that lost the race is not left to be paid for"


def killed_upload(bucket: str, notes: Path, film: Path, name: str = "film") -> None:
    """Have a process killed when it has sent two parts of a file of three."""
    program = f"""
import os, signal
from pathlib import Path
from vbmake.storage import multipart, s3
multipart.PART, multipart.AT_ONCE = 5 << 20, 1
storage = s3.S3Storage({bucket!r}, notes=Path({str(notes)!r}))
def kill(request, **_):
    if "partNumber=3" in request.url:
        os.kill(os.getpid(), signal.SIGKILL)
storage.client.meta.events.register("before-send.s3.UploadPart", kill)
storage.write_new({name!r}, Path({str(film)!r}))
"""
    assert subprocess.run([sys.executable, "-c", program]).returncode == -signal.SIGKILL
    assert len(list(notes.iterdir())) == 1


def uploads(storage: S3Storage) -> list[str]:
    """The names of the uploads in parts that nobody has ended."""
    found = storage.client.list_multipart_uploads(Bucket=storage.bucket).get("Uploads", [])
    return [upload["UploadId"] for upload in found]


def test_an_upload_in_parts_that_a_killed_process_began_is_gone_on_with(
    bucket: str, s3_server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(multipart, "PART", 5 << 20)
    content = os.urandom(11 << 20)
    film, notes = tmp_path / "film", tmp_path / "notes"
    film.write_bytes(content)
    killed_upload(bucket, notes, film)
    s3_server.requests.clear()
    storage = S3Storage(bucket, notes=notes)
    told: list[int] = []
    assert storage.write_new("film", film)
    assert len(s3_server.asked("PUT", "film")) == 1, "two of its three parts were there"
    assert storage.read("film") == content
    assert (uploads(storage), list(notes.iterdir())) == ([], [])
    # What was edited meanwhile is sent as it is now.
    killed_upload(bucket, notes, film, "edited")
    film.write_bytes(content[: 5 << 20] + bytes(6 << 20))
    s3_server.requests.clear()
    sha256 = hashlib.sha256(film.read_bytes()).hexdigest()
    again = S3Storage(bucket, notes=notes)
    again.publish("edited", film, content_type="video/mp4", sha256=sha256, sent=told.append)
    assert len(s3_server.asked("PUT", "edited")) == 3, "it is told to be something else: another upload"
    assert (again.digest("edited"), sum(told)) == (sha256, 11 << 20)
    killed_upload(bucket, notes, film, "third")
    film.write_bytes(content)
    s3_server.requests.clear()
    assert S3Storage(bucket, notes=notes).write_new("third", film)
    assert len(s3_server.asked("PUT", "third")) == 2, "its first part is as it was"
    assert storage.read("third") == content
    assert (uploads(storage), list(notes.iterdir())) == ([], [])


def test_an_upload_in_parts_that_was_interrupted_is_gone_on_with_by_the_next_process(
    bucket: str, s3_server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(multipart, "PART", 5 << 20)
    monkeypatch.setattr(multipart, "AT_ONCE", 1)
    film, notes = tmp_path / "film", tmp_path / "notes"
    film.write_bytes(os.urandom(11 << 20))
    sha256 = hashlib.sha256(film.read_bytes()).hexdigest()

    class Stopped(Exception):
        pass

    def stop(_size: int) -> None:
        raise Stopped

    for folder in (None, notes):
        storage = S3Storage(bucket, notes=folder)
        with pytest.raises(StorageError):
            storage.publish("film", film, content_type="", sha256=sha256, sent=stop)
        assert len(uploads(storage)) == (0 if folder is None else 1), "without a note nobody would find it"
    (note,) = notes.iterdir()
    gone = subprocess.run([sys.executable, "-c", OWN], capture_output=True, text=True, check=True).stdout.strip()
    note.rename(notes / f"{gone}0.json")
    s3_server.requests.clear()
    S3Storage(bucket, notes=notes).publish("film", film, content_type="", sha256=sha256, sent=lambda _: None)
    assert len(s3_server.asked("PUT", "film")) in (1, 2), "the first part was there, and perhaps the next"
    assert storage.read("film") == film.read_bytes()


def test_an_upload_in_parts_that_nobody_goes_on_with_is_ended_a_day_later(
    bucket: str, s3_server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(multipart, "PART", 5 << 20)
    film, notes = tmp_path / "film", tmp_path / "notes"
    film.write_bytes(bytes(11 << 20))
    killed_upload(bucket, notes, film)
    look = S3Storage(bucket)
    live = look.client.create_multipart_upload(Bucket=look.bucket, Key=look.key("film"))["UploadId"]
    S3Storage(bucket, notes=notes).write_new("other", film)
    assert len(uploads(look)) == 2
    (note,) = notes.iterdir()
    os.utime(note, (time.time() - 90_000, time.time() - 90_000))
    S3Storage(bucket, notes=notes).write_new("another", film)
    assert uploads(look) == [live], "what somebody else sends is left alone"
    assert not list(notes.iterdir())


def test_an_upload_that_ended_meanwhile_is_begun_anew_and_one_process_alone_goes_on_with_it(
    bucket: str, s3_server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(multipart, "PART", 5 << 20)
    film, notes = tmp_path / "film", tmp_path / "notes"
    film.write_bytes(os.urandom(11 << 20))
    killed_upload(bucket, notes, film)
    look = S3Storage(bucket)
    for upload in uploads(look):
        look.client.abort_multipart_upload(Bucket=look.bucket, Key=look.key("film"), UploadId=upload)
    assert S3Storage(bucket, notes=notes).write_new("film", film)
    assert look.read("film") == film.read_bytes()
    killed_upload(bucket, notes, film, "second")
    first, second = (left_over(notes, look._place)[0] for _ in range(2))
    assert (first.take_over(), second.take_over()) == (True, False)


def test_an_upload_whose_name_the_killed_process_never_heard_is_ended_too(
    bucket: str, s3_server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(multipart, "PART", 5 << 20)
    (tmp_path / "film").write_bytes(bytes(11 << 20))
    storage = S3Storage(bucket, notes=tmp_path / "notes")
    gone = subprocess.run([sys.executable, "-c", OWN], capture_output=True, text=True, check=True).stdout.strip()
    told = {"place": storage._place, "key": storage.key("film"), "upload": ""}
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / f"{gone}0.json").write_text(json.dumps(told))
    for name in ("film", "film2"):
        storage.client.create_multipart_upload(Bucket=storage.bucket, Key=storage.key(name))
    assert storage.write_new("film", tmp_path / "film")
    left = storage.client.list_multipart_uploads(Bucket=storage.bucket)["Uploads"]
    assert [upload["Key"] for upload in left] == [storage.key("film2")]


def test_an_upload_that_somebody_ended_is_begun_anew(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(multipart, "PART", 5 << 20)
    (tmp_path / "film").write_bytes(bytes(11 << 20))
    storage = S3Storage(bucket)
    ended: list[str] = []

    def end(request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
        if ended:
            return None
        ended.append(request.url)
        body = urllib3.HTTPResponse(io.BytesIO(b"<Error><Code>NoSuchUpload</Code></Error>"), preload_content=False)
        return AWSResponse(request.url, 404, {}, body)

    events = storage.client.meta.events
    events.register("before-send.s3.CompleteMultipartUpload", end)
    try:
        assert storage.write_new("film", tmp_path / "film")
    finally:
        events.unregister("before-send.s3.CompleteMultipartUpload", end)
    assert len(ended) == 1
    assert storage.stat("film") == 11 << 20
    assert "Uploads" not in storage.client.list_multipart_uploads(Bucket=storage.bucket)


def test_a_bucket_that_is_not_there_is_told() -> None:
    with pytest.raises(ValueError, match="write s3://bucket/prefix"):
        S3Storage("https://bucket/prefix")


def test_a_server_out_of_reach_is_a_storage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    storage = S3Storage("s3://films/cache?endpoint=http://127.0.0.1:9")  # the discard port: nobody listens
    with pytest.raises(StorageError, match="cannot read entry in s3://films/cache"):
        storage.read("entry")


def test_a_missing_bucket_is_an_error_and_no_absence(s3_endpoint: str, bucket: str) -> None:
    with pytest.raises(StorageError, match="bucket does not exist"):
        S3Storage(f"s3://nobodys/x?endpoint={s3_endpoint}").read("entry")


def test_a_write_that_nobody_takes_is_an_error_though_reading_would_find_nothing(
    bucket: str, s3_server: S3Server, tmp_path: Path
) -> None:
    storage = S3Storage(bucket)
    assert storage.write_new("there", b"bytes")
    _, version = storage.read_version("there") or (b"", "")
    film = tmp_path / "film"
    film.write_bytes(b"a film")
    s3_server.fault = lambda _method, _path: "404 Not Found"
    assert storage.read("there") is None
    for write in (
        lambda: storage.write("name", b"bytes"),
        lambda: storage.write_new("name", b"bytes"),
        lambda: storage.write_version("name", b"bytes", None),
        lambda: storage.publish(
            "name", film, content_type="", sha256=hashlib.sha256(b"a film").hexdigest(), sent=lambda _: None
        ),
        lambda: list(storage.list()),
    ):
        with pytest.raises(StorageError, match=r"cannot (write name in|list) s3://.*: \S"):
            write()
    assert not storage.write_version("there", b"bytes", version), "the condition does not hold: it is not there"


def test_an_answer_that_is_none_of_a_store_is_told(bucket: str, s3_server: S3Server) -> None:
    storage = S3Storage(bucket)
    s3_server.fault = lambda _method, _path: "200 OK"
    with pytest.raises(StorageError, match=r"cannot read name in .*: the answer has no ETag"):
        storage.read("name")


@pytest.mark.parametrize("status", ["302 Found", "307 Temporary Redirect"])
def test_an_answer_that_leads_elsewhere_is_told_and_not_followed(bucket: str, s3_server: S3Server, status: str) -> None:
    storage = S3Storage(bucket)
    s3_server.fault = lambda _method, _path: status
    with pytest.raises(StorageError, match=r"cannot read name in s3://.*: it leads elsewhere"):
        storage.read("name")
    assert len(s3_server.requests) == 1


@pytest.mark.parametrize("status", ["503 Slow Down", "429 Too Many Requests"])
def test_a_busy_store_is_waited_for(
    bucket: str, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch, status: str, tmp_path: Path
) -> None:
    waited: list[float] = []
    monkeypatch.setattr("botocore.endpoint.time.sleep", waited.append)
    storage = S3Storage(bucket, attempts=2)
    storage.write("name", b"bytes")
    answers: list[str | None] = [status] * 5 + [None] + [status] * 5
    s3_server.fault = lambda _method, _path: answers.pop(0) if answers else None
    assert storage.read("name") == b"bytes"
    assert len(waited) == 5
    assert waited[0] < waited[2] < waited[4] < 5
    (tmp_path / "film").write_bytes(b"a film")
    assert storage.write_new("film", tmp_path / "film"), "the file is read again from its beginning"
    s3_server.fault = lambda _method, _path: status
    with pytest.raises(StorageError, match="cannot read name in"):
        storage.read("name")


def test_a_store_that_takes_no_conditional_writes_is_looked_at_before(
    bucket: str, s3_server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(multipart, "PART", 5 << 20)
    storage = S3Storage(bucket)
    s3_server.conditional = False
    assert storage.conditional
    assert storage.write_new("name", b"first")
    assert not storage.conditional
    assert not storage.write_new("name", b"second")
    assert storage.write_version("name", b"third", (storage.read_version("name") or (b"", ""))[1])
    assert not storage.write_version("name", b"fourth", '"another"')
    assert storage.read("name") == b"third"
    assert not storage.write_version("absent", b"bytes", '"another"')
    (tmp_path / "film").write_bytes(bytes(11 << 20))
    large = S3Storage(bucket)
    assert large.write_new("film", tmp_path / "film")
    assert (large.stat("film"), large.conditional) == (11 << 20, False)
    assert "Uploads" not in storage.client.list_multipart_uploads(Bucket=storage.bucket)


def test_buckets_of_one_name_at_different_endpoints_are_different_places(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for variable in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(variable, raising=False)
    settings = tmp_path / "config"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(settings))
    places = {S3Storage("s3://films/x").address, S3Storage("s3://films/x?endpoint=https://one.example").address}
    assert S3Storage("s3://films/x").address == "s3://films/x"
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://two.example")
    places.add(S3Storage("s3://films/x").address)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "https://three.example")
    places.add(S3Storage("s3://films/x").address)
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    assert S3Storage("s3://films/x").address == "s3://films/x"
    for variable in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"):
        monkeypatch.delenv(variable)
    settings.write_text("[default]\nendpoint_url = https://four.example\n")
    places.add(S3Storage("s3://films/x").address)
    assert places == {
        "s3://films/x",
        *(f"s3://films/x https://{host}.example" for host in ("one", "two", "three", "four")),
    }


@contextlib.contextmanager
def answering(size: int, body: Callable[[Callable[[bytes], object]], None]) -> Iterator[S3Storage]:
    """The storage of a server that promises an answer of `size` bytes and has `body` write what comes."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(size))
            self.send_header("ETag", '"it"')
            self.end_headers()
            with contextlib.suppress(OSError):
                body(self.wfile.write)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield S3Storage(f"s3://bucket?endpoint=http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in CREDENTIALS.items():
        monkeypatch.setenv(variable, value)


def test_an_answer_that_trickles_is_given_up(keys: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("vbmake.storage.s3.PATIENCE", 0.2)
    ended = threading.Event()

    def trickle(write: Callable[[bytes], object]) -> None:
        while not ended.wait(0.02):
            write(b"x")

    with answering(1_000_000, trickle) as storage:
        for read in (lambda: storage.read("name"), lambda: storage.download("name", tmp_path / "file")):
            with pytest.raises(StorageError, match=r"cannot read name in .*: the answer comes too slowly"):
                read()
        ended.set()


def test_an_answer_that_breaks_off_is_no_answer(keys: None, tmp_path: Path) -> None:
    with answering(100_000, lambda write: write(b"x" * 5000)) as storage:
        for read in (lambda: storage.read("name"), lambda: storage.download("name", tmp_path / "file")):
            with pytest.raises(StorageError, match=r"cannot read name in .*: the answer breaks off"):
                read()


def test_the_time_in_which_this_process_was_stopped_is_not_the_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([0.0, 17.0, 17.0, 18.0, 18.0, 35.0])
    monkeypatch.setattr("vbmake.storage.s3.time.monotonic", lambda: next(moments))
    stream = mock.Mock(read1=mock.Mock(side_effect=[b"half", b"half", b""]))
    assert b"".join(s3._pieces({"Body": mock.Mock(_raw_stream=stream), "ContentLength": 8})) == b"halfhalf"


def test_an_endpoint_of_the_environment_that_is_none_is_told(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "localhost:9000")
    with pytest.raises(StorageError, match="Invalid endpoint: localhost:9000"):
        S3Storage("s3://some-bucket/of-its-own?region=eu-central-9").read("name")


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("s3://films/x?endpiont=http://127.0.0.1:1", "found 'endpiont' after `?`, allowed are endpoint and region"),
        ("s3:/films/x", "found 's3:/films/x', allowed are s3://bucket/prefix and a directory"),
        ("https://bob:pass-word@host/films", r"found 'https://[key]@host/films', allowed"),
    ],
)
def test_a_mistyped_address_is_told_without_its_password(address: str, told: str) -> None:
    with pytest.raises(WorkspaceError, match=re.escape(told)):
        storage_at(address)


def test_a_full_disk_leaves_the_old_bytes_and_no_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = LocalStorage(tmp_path)
    storage.write("name", b"old")

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match=r"cannot write name .* No space left on device"):
        storage.write("name", b"new")
    assert storage.read("name") == b"old"
    assert os.listdir(tmp_path) == ["name"]


def test_a_file_system_without_links_still_has_one_winner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(source: object, target: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    storage = LocalStorage(tmp_path)
    assert storage.write_new("entry", b"first")
    assert not storage.write_new("entry", b"second")
    assert storage.read("entry") == b"first"
    assert os.listdir(tmp_path) == ["entry"]


def test_opening_a_storage_does_not_import_boto3() -> None:
    import subprocess
    import sys

    opened = "from vbmake.storage.s3 import S3Storage; S3Storage('s3://bucket/p')"
    code = f"import sys; {opened}; assert 'boto3' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_a_killed_writer_left_is_removed_by_the_next_and_what_another_writes_is_not(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from vbmake.storage.local import LocalStorage\n"
        "os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "LocalStorage(Path(sys.argv[1])).write('films/a', b'half')\n"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    (left,) = (tmp_path / "films").iterdir()
    owner = left.name.partition("~")[0]
    elsewhere = left.with_name(f"{owner.partition('@')[0]}@elsewhere~abc")
    ours = left.with_name(f".vbmake-{process_mark(os.getpid())}@{owner.partition('@')[2]}~abc")
    for other in (elsewhere, ours):
        other.write_bytes(b"being written")
    storage = LocalStorage(tmp_path)
    storage.write("films/b", b"whole")
    assert {path.name for path in (tmp_path / "films").iterdir()} == {"b", elsewhere.name, ours.name}
    assert list(storage.list()) == ["films/b"]


def test_a_file_where_a_folder_should_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    storage = LocalStorage(tmp_path / "file")
    for write in (lambda: storage.write("a", b""), lambda: storage.write_version("a", b"", None)):
        with pytest.raises(StorageError, match="cannot write a in"):
            write()
