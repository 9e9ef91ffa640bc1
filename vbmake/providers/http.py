"""HTTP for providers: the one module that knows the client library. Deadlines, size limits, and where keys may go.

The library has no deadline for a whole exchange and follows redirects with or without headers as it is told; both are
done here by hand (a server that sends a byte a second keeps a read timeout at bay for ever).
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urljoin, urlsplit

from vbmake.providers.types import Account, Request, Response

try:
    import httpx2 as httpx
except ImportError:  # the same library under its earlier name
    import httpx  # type: ignore[no-redef]

_UNSENT: Final = (
    *(httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout),
    *(httpx.UnsupportedProtocol, httpx.InvalidURL),
)
CONNECT: Final = 10.0  # seconds
READ: Final = 120.0  # seconds without a byte
ANSWER: Final = 256 * 2**20  # bytes of an answer at most
REDIRECTS: Final = 5


class NotSent(Exception):
    """The request never reached the provider: nothing happened there."""


class Lost(Exception):
    """The request may have reached the provider, and no whole answer came back."""


class Refused(Exception):
    """vbmake itself would not go there, or take that much."""


class Client:
    """Connections to providers, shared by all threads. `clock` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=20)
        self._client = httpx.Client(follow_redirects=False, limits=limits)

    def close(self) -> None:
        """Close every connection."""
        self._client.close()

    def send(self, request: Request, headers: Mapping[str, str], until: float) -> Response:
        """One exchange, ended by `until` (of the clock). Raises NotSent, Lost or Refused; redirects are answers."""
        with contextlib.ExitStack() as stack:
            files = {
                name: (path.name, stack.enter_context(open(path, "rb"))) for name, path in (request.files or {}).items()
            }
            sent = stack.enter_context(
                self._stream(
                    request.method,
                    request.url,
                    until,
                    json=request.json,
                    data=dict(request.data) if request.data is not None else None,
                    files=files or None,
                    headers={**request.headers, **headers},
                )
            )
            content = b"".join(self._body(sent, until, ANSWER))
            return Response(sent.status_code, {name.lower(): value for name, value in sent.headers.items()}, content)

    def download(
        self, url: str, path: Path, headers: Mapping[str, str], until: float, most: int, home: str
    ) -> Response:
        """Fetch a file, following redirects without `headers`; the answer's body is in `path` when it is 2xx.

        `home` is the account's base URL: only one on this machine may lead to others on this machine. Raises NotSent,
        Lost or Refused.
        """
        for _ in range(REDIRECTS + 1):
            check_address(url, home)
            with self._stream("GET", url, until, headers=dict(headers)) as answer:
                known = {name.lower(): value for name, value in answer.headers.items()}
                if answer.status_code in (301, 302, 303, 307, 308) and "location" in known:
                    url, headers = urljoin(url, known["location"]), {}
                    continue
                if answer.status_code // 100 != 2:
                    return Response(answer.status_code, known, b"".join(self._body(answer, until, 2**16, cut=True)))
                with open(path, "wb") as stream:
                    for chunk in self._body(answer, until, most):
                        stream.write(chunk)
                    stream.flush()
                    os.fsync(stream.fileno())
                return Response(answer.status_code, known, b"")
        raise Refused(f"the file is behind more than {REDIRECTS} redirects")

    @contextlib.contextmanager
    def _stream(self, method: str, url: str, until: float, **more: object) -> Iterator[httpx.Response]:
        left = until - self._clock()
        if left <= 0:
            raise NotSent("there was no time left to ask")
        timeout = httpx.Timeout(min(READ, left), connect=min(CONNECT, left), pool=min(READ, left))
        sent = False
        try:
            with self._client.stream(method, url, timeout=timeout, **more) as response:  # type: ignore[arg-type]
                sent = True
                yield response
        except _UNSENT as error:
            if sent:
                raise Lost(_words(error)) from None
            raise NotSent(_words(error)) from None
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            raise Lost(_words(error)) from None

    def _body(self, response: httpx.Response, until: float, most: int, *, cut: bool = False) -> Iterator[bytes]:
        """The body in pieces, against the clock, the limit and the length that was told."""
        got = 0
        for chunk in response.iter_bytes(65536):
            got += len(chunk)
            if got > most:
                if cut:
                    return
                raise Refused(f"the answer is larger than {most // 2**20} MB")
            yield chunk
            if self._clock() > until:
                raise Lost("the answer did not end in time")
        told = response.headers.get("content-length", "")
        if told.isdigit() and not response.headers.get("content-encoding") and got != int(told):
            raise Lost(f"the answer broke off: {got} of {told} bytes")


def trusted(url: str, account: Account, hosts: tuple[str, ...]) -> bool:
    """Whether a URL may see the account's key: its own origin, and the provider's other hosts over https."""
    there, home = urlsplit(url), urlsplit(account.base_url)
    if (there.scheme, there.hostname, _port(there.scheme, there.port)) == (
        home.scheme,
        home.hostname,
        _port(home.scheme, home.port),
    ):
        return there.scheme == "https" or is_loopback(there.hostname or "")
    name = there.hostname or ""
    return there.scheme == "https" and any(name == host or name.endswith(f".{host}") for host in hosts)


def check_address(url: str, home: str) -> None:
    """See that a URL from an answer may be fetched at all. Raises Refused.

    It is https, or on this machine; and no answer from the net leads to this machine or its private networks.
    """
    there, own = urlsplit(url), urlsplit(home)
    name = there.hostname or ""
    if there.scheme not in ("http", "https") or not name or there.username or there.password:
        raise Refused(f"this is no address of a file: {url[:80]}")
    if is_loopback(own.hostname or ""):
        return
    if there.scheme != "https":
        raise Refused(f"the file is offered without encryption: {there.scheme}://{name}")
    with contextlib.suppress(OSError, ValueError):
        for *_, address in socket.getaddrinfo(name, there.port or 443, type=socket.SOCK_STREAM):
            found = ipaddress.ip_address(str(address[0]).partition("%")[0])
            if not found.is_global:
                raise Refused(f"the file is offered on a private network: {name}")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _port(scheme: str, port: int | None) -> int:
    return port or (443 if scheme == "https" else 80)


def _words(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text or type(error).__name__
