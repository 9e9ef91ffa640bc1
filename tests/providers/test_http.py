"""Exchanges end in time, keys and downloads go where they may, and files come whole."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.providers.stand_in import StandIn
from vbmake.providers import http
from vbmake.providers.http import Client, Invalid, Lost, NotSent, Refused, check_address, is_public, trusted
from vbmake.providers.types import Account, Request

SHORT = 0.04  # seconds


@pytest.fixture(scope="module")
def server() -> Iterator[StandIn]:
    with StandIn() as server:
        yield server


@pytest.fixture
def client() -> Iterator[Client]:
    client = Client()
    yield client
    client.close()


def soon(seconds: float = 10.0) -> float:
    return time.monotonic() + seconds


@contextlib.contextmanager
def saying(*parts: bytes, every: float = 0.0) -> Iterator[str]:
    """A server that reads one request and says these bytes, one part after the other; then it closes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stop = threading.Event()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                connection.recv(65536)
                for part in parts:
                    connection.sendall(part)
                    if every and stop.wait(every):
                        return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        stop.set()
        thread.join(5)


# Deadlines


def test_headers_that_drip_have_a_deadline(client: Client) -> None:
    """No single read is late, and the library would wait for ever."""
    slow = [bytes([letter]) for letter in b"HTTP/1.1 200 OK\r\n" + b"x-slow: 1\r\n" * 100]
    with saying(*slow, every=0.002) as url:
        start = time.monotonic()
        with pytest.raises(Lost, match=r"no whole answer within 0\.\d+ s"):
            client.send(Request("GET", url), {}, soon(SHORT))
        assert time.monotonic() - start < 1


def test_a_body_without_a_length_that_is_cut_off_by_the_deadline_is_not_whole(client: Client, tmp_path: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
    with saying(head, *([b"data"] * 5000), every=0.002) as url, pytest.raises(Lost):
        client.download(url, tmp_path / "file", {}, soon(SHORT), 2**20, url)


def test_nothing_is_sent_when_no_time_is_left(client: Client, server: StandIn) -> None:
    before = len(server.requests())
    with pytest.raises(NotSent):
        client.send(Request("POST", server.url("openai")), {}, soon(-1))
    assert len(server.requests()) == before


def test_a_request_that_cannot_be_sent_is_told_as_that(client: Client, tmp_path: Path) -> None:
    for request in (
        Request("POST", "http://[broken/"),
        Request("POST", "ftp://example.com/"),
        Request("POST", "http://127.0.0.1:9/", json={"text": "\ud800"}),
        Request("POST", "http://127.0.0.1:9/", json={"number": float("nan")}),
        Request("POST", "http://127.0.0.1:9/", json={"path": tmp_path}),
        Request("POST", "http://127.0.0.1:9/", files={"file": tmp_path / "missing.wav"}),
    ):
        with pytest.raises(Invalid):
            client.send(request, {}, soon())
    with saying(b"") as url, pytest.raises(Invalid):
        client.send(Request("POST", url), {"authorization": "Bearer two\nlines"}, soon())


def test_a_server_that_nobody_runs_was_not_asked(client: Client) -> None:
    with pytest.raises(NotSent):
        client.send(Request("POST", "http://127.0.0.1:9/"), {}, soon())


def test_no_connection_is_used_twice(client: Client, server: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server may close a connection just as the next request goes out on it: then nobody knows what became of it."""
    peers = set()
    record = server.state.begin

    def begin(service: str, connection: socket.socket) -> object:
        peers.add(connection.getpeername())
        return record(service, connection)

    monkeypatch.setattr(server.state, "begin", begin)
    request = Request(
        "POST",
        f"{server.url('openai')}/images/generations",
        json={"model": "gpt-image-2", "prompt": "a", "size": "64x64"},
    )
    for _ in range(3):
        headers = {"authorization": f"Bearer {server.key('openai')}"}
        assert client.send(request, headers, soon()).status == 200
    assert len(peers) == 3


def test_a_proxy_is_not_asked_for_this_machine(server: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    client = Client()
    try:
        assert client.send(Request("GET", server.url("openai")), {}, soon()).status == 401
    finally:
        client.close()


# Downloads


def test_a_download_is_the_file(client: Client, server: StandIn, tmp_path: Path) -> None:
    url = server.keep("openai", b"content", "png")
    answer = client.download(url, tmp_path / "file", {}, soon(), 2**20, url)
    assert answer.status == 200
    assert (tmp_path / "file").read_bytes() == b"content"


def test_a_redirect_is_followed_without_the_key_and_only_so_often(
    client: Client, server: StandIn, tmp_path: Path
) -> None:
    url = server.keep("openai", b"content", "png")
    server.misbehave("openai", "redirect", route="fetch", times=1)
    before = len(server.elsewhere())
    client.download(url, tmp_path / "file", {"authorization": "Bearer key"}, soon(), 2**20, url)
    assert (tmp_path / "file").read_bytes() == b"content"
    assert all("authorization" not in request.headers for request in server.elsewhere()[before:])
    server.misbehave("openai", "redirect", route="fetch", times=http.REDIRECTS + 1, to=url)
    with pytest.raises(Refused, match="more than 5 redirects"):
        client.download(url, tmp_path / "file", {}, soon(), 2**20, url)
    server.behave()


@pytest.mark.parametrize("to", ["ftp://example.com/x", "file:///etc/passwd", "http://[::1", "http://example.com/x"])
def test_a_redirect_to_where_no_file_may_come_from_is_refused(
    client: Client, server: StandIn, tmp_path: Path, to: str
) -> None:
    url = server.keep("openai", b"content", "png")
    server.misbehave("openai", "redirect", route="fetch", to=to)
    with pytest.raises(Refused):
        client.download(url, tmp_path / "file", {}, soon(), 2**20, url)
    assert not (tmp_path / "file").exists()


def test_a_file_that_breaks_off_or_is_too_large_is_not_whole(client: Client, tmp_path: Path) -> None:
    with saying(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf") as url, pytest.raises(Lost):
        client.download(url, tmp_path / "file", {}, soon(), 2**20, url)
    with saying(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + bytes(100)) as url, pytest.raises(Refused):
        client.download(url, tmp_path / "file", {}, soon(), 99, url)


def test_a_name_that_turns_out_to_be_this_machine_is_refused_when_it_is_taken(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: what counts is the address that was connected to, not the one that was looked up before."""
    with saying(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfile") as url:
        port = int(url.rpartition(":")[2])
        connect = socket.create_connection
        monkeypatch.setattr(
            socket, "create_connection", lambda _, *more, **said: connect(("127.0.0.1", port), *more, **said)
        )
        with pytest.raises(Refused, match="private network"):
            client.download("https://files.example.com/x", tmp_path / "file", {}, soon(), 99, "https://api.example.com")
        connect(("127.0.0.1", port)).close()


# Where files may come from


@pytest.mark.parametrize(
    ("url", "home", "public"),
    [
        ("https://files.example.com/x", "https://api.example.com/v1", True),
        ("https://files.example.com/x", "http://localhost:8000/v1", True),
        ("http://localhost:9000/x", "http://127.0.0.1:8000/v1", False),
        ("http://10.0.0.7:8000/x", "http://10.0.0.7:8000/v1", False),
        ("https://api.example.com/x", "https://api.example.com/v1", False),
    ],
)
def test_where_files_may_come_from(url: str, home: str, public: bool) -> None:
    assert check_address(url, home) is public


@pytest.mark.parametrize(
    ("url", "home"),
    [
        ("http://files.example.com/x", "https://api.example.com"),
        ("http://169.254.169.254/latest/meta-data", "http://localhost:8000"),
        ("https://localhost/x", "https://api.example.com"),
        ("https://127.0.0.1/x", "https://api.example.com"),
        ("https://[::1]/x", "https://api.example.com"),
        ("https://[::ffff:127.0.0.1]/x", "https://api.example.com"),
        ("https://user:word@files.example.com/x", "https://api.example.com"),
        ("file:///etc/passwd", "https://api.example.com"),
        ("https://", "https://api.example.com"),
        ("https://host:port/x", "https://api.example.com"),
        ("nonsense", "http://localhost"),
    ],
)
def test_where_files_may_not_come_from(url: str, home: str) -> None:
    with pytest.raises(Refused):
        check_address(url, home)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("10.1.2.3", False),
        ("192.168.0.1", False),
        ("169.254.169.254", False),
        ("127.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("0.0.0.0", False),
        ("not an address", False),
    ],
)
def test_which_addresses_are_of_the_public_net(address: str, public: bool) -> None:
    assert is_public(address) is public


# Where keys may go


@pytest.mark.parametrize(
    ("url", "base", "service", "sees"),
    [
        ("https://api.replicate.com/v1/x", "https://api.replicate.com/v1", "replicate", True),
        ("https://pbxt.replicate.delivery/x", "https://api.replicate.com/v1", "replicate", True),
        ("https://replicate.delivery.evil.com/x", "https://api.replicate.com/v1", "replicate", False),
        ("https://evilreplicate.delivery/x", "https://api.replicate.com/v1", "replicate", False),
        ("http://pbxt.replicate.delivery/x", "https://api.replicate.com/v1", "replicate", False),
        ("https://pbxt.replicate.delivery/x", "https://gateway.example.com/v1", "replicate", False),
        ("https://pbxt.replicate.delivery/x", "https://own.example.com", "a plugin", True),
        ("https://api.replicate.com:8443/x", "https://api.replicate.com/v1", "replicate", False),
        ("http://api.replicate.com/v1/x", "https://api.replicate.com/v1", "replicate", False),
        ("http://api.example.com/v1/x", "http://api.example.com/v1", "replicate", False),
        ("http://localhost:8000/x", "http://localhost:8000/v1", "replicate", True),
        ("http://localhost:8001/x", "http://localhost:8000/v1", "replicate", False),
        ("https://me:you@api.replicate.com/x", "https://api.replicate.com/v1", "replicate", False),
        ("https://[broken", "https://api.replicate.com/v1", "replicate", False),
    ],
)
def test_who_sees_a_key(url: str, base: str, service: str, sees: bool) -> None:
    assert trusted(url, Account("it", service, base), ("replicate.delivery",)) is sees
