"""HTTP for providers: the one module that knows the client library. Deadlines, size limits, and where keys may go.

The library has no deadline for a whole exchange and follows redirects with or without headers as it is told; both are
done here by hand (a server that sends a byte a second keeps a read timeout at bay for ever). Every exchange has a
connection of its own: one that was kept alive may be closed by the server just as a request goes out, and then nobody
could say whether that was carried out.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from vbmake.providers.types import Account, Request, Response
from vbmake.services import SERVICES

try:
    import httpx2 as httpx
except ImportError:  # the same library under its earlier name
    import httpx  # type: ignore[no-redef]  # one name for whichever is installed

_UNSENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_WRONG: Final = (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.LocalProtocolError)
CONNECT: Final = 10.0  # seconds
ANSWER: Final = 256 * 2**20  # bytes of an answer at most
REDIRECTS: Final = 5
_HERE: Final = ("all://localhost", "all://127.0.0.1", "all://[::1]")


class NotSent(Exception):
    """The request never reached the provider: nothing happened there."""


class Invalid(Exception):
    """The request cannot be sent, now or later: an address or a header that is none, a file that cannot be read."""


class Lost(Exception):
    """The request may have reached the provider, and no whole answer came back."""


class Refused(Exception):
    """vbmake itself would not go there, or take that much."""


class Client:
    """Exchanges with providers, for all threads. `clock` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        mounts = dict.fromkeys(_HERE)  # this machine is not behind the proxy that the environment may name
        self._client = httpx.Client(follow_redirects=False, limits=limits, mounts=mounts)

    def close(self) -> None:
        """Close every connection."""
        self._client.close()

    def send(self, request: Request, headers: Mapping[str, str], until: float) -> Response:
        """One exchange, ended by `until` (of the clock); redirects are answers.

        Raises NotSent, Invalid, Lost or Refused (an answer of more than 256 MB).
        """
        with contextlib.ExitStack() as stack:
            try:
                opened = {
                    name: (path.name, stack.enter_context(open(path, "rb")))
                    for name, path in (request.files or {}).items()
                }
            except OSError as error:
                raise Invalid(f"{error.filename} cannot be read: {error.strerror}") from None
            more: dict[str, Any] = {"json": request.json} if request.json is not None else {}
            if request.data is not None:
                more["data"] = dict(request.data)
            if opened:
                more["files"] = opened
            all_headers = {**request.headers, **headers}
            answer = stack.enter_context(self._stream(request.method, request.url, until, all_headers, **more))
            content = b"".join(_body(answer, ANSWER))
            return Response(answer.status_code, _names(answer), content)

    def download(
        self, url: str, path: Path, headers: Mapping[str, str], until: float, most: int, home: str
    ) -> Response:
        """Fetch a file, following redirects without `headers`; the answer's body is in `path` when it is 2xx.

        `home` is the account's base URL: only one on this machine may lead to others on this machine. Raises NotSent,
        Invalid, Lost, Refused, and OSError when the file cannot be written.
        """
        for _ in range(REDIRECTS + 1):
            public = check_address(url, home)
            asked = {"accept-encoding": "identity", **headers}
            with self._stream("GET", url, until, asked, public=public) as answer:
                known = _names(answer)
                if answer.status_code in (301, 302, 303, 307, 308) and "location" in known:
                    url, headers = _joined(url, known["location"]), {}
                    continue
                if answer.status_code // 100 != 2:
                    return Response(answer.status_code, known, b"".join(_body(answer, 2**16, cut=True)))
                chunks = _body(answer, most)
                with _writing(path) as write:
                    for chunk in chunks:
                        write(chunk)
                return Response(answer.status_code, known, b"")
        raise Refused(f"the file is behind more than {REDIRECTS} redirects")

    @contextlib.contextmanager
    def _stream(
        self, method: str, url: str, until: float, headers: Mapping[str, str], *, public: bool = False, **more: Any
    ) -> Iterator[httpx.Response]:
        """The answer as it comes. `public` sees that the peer is on the net and on no private network."""
        left = until - self._clock()
        if left <= 0:
            raise NotSent("there was no time left to ask")
        timeout = httpx.Timeout(left, connect=min(CONNECT, left))  # of each step
        try:
            watch = _Watch(urlsplit(url).hostname or "", left, public)
            extensions = {"trace": watch}
            request = self._client.build_request(
                method, url, headers=dict(headers), timeout=timeout, extensions=extensions, **more
            )
        except (*_WRONG, ValueError, TypeError) as error:
            raise Invalid(f"it cannot be sent: {_words(error)}") from None
        try:
            with watch:
                answer = self._client.send(request, stream=True)
                try:
                    yield answer
                finally:
                    answer.close()
                if watch.late:  # a body without a length seems to end where it was cut off
                    raise Lost(watch.words)
        except _UNSENT as error:
            raise NotSent(_words(error)) from None
        except _WRONG as error:
            raise Invalid(f"it cannot be sent: {_words(error)}") from None
        except _Local as error:
            raise error.error from None
        except (httpx.HTTPError, httpx.StreamError, OSError, ValueError) as error:
            raise Lost(watch.words if watch.late else _words(error)) from None


class _Watch:
    """Looks after one exchange, as the library's trace: who the peer is, and that it ends in time, whatever comes."""

    def __init__(self, host: str, seconds: float, public: bool) -> None:
        self.late = False
        self.words = f"no whole answer within {seconds:.3g} s"
        self._host = host
        self._public = public
        self._timer = threading.Timer(min(seconds, threading.TIMEOUT_MAX), self._expire)
        self._timer.daemon = True
        self._stream: Any = None
        self._direct = True  # no proxy is between

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()

    def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        if event.endswith("connect_tcp.started"):
            self._direct = str(info.get("host", "")).strip("[]") == self._host
        elif event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._stream = stream = info["return_value"]
            peer = str(stream.get_extra_info("server_addr")[0]) if self._public and self._direct else ""
            # The address that was really taken: a name may mean another one each time it is asked for (DNS rebinding).
            if peer and not is_public(peer):
                stream.close()
                raise Refused(f"the file is offered on a private network: {self._host}")
            if self.late:
                stream.close()
                raise NotSent("there was no time left to ask")

    def _expire(self) -> None:
        self.late = True
        peer = self._stream.get_extra_info("socket") if self._stream is not None else None
        if isinstance(peer, socket.socket):
            with contextlib.suppress(OSError):
                socket.socket.shutdown(peer, socket.SHUT_RDWR)  # below TLS: whoever reads there finds the end


class _Local(Exception):
    """An error of this machine's disk, on its way through code that takes every OSError for one of the network."""

    def __init__(self, error: OSError) -> None:
        self.error = error


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[Callable[[bytes], None]]:
    """A file that is on the disk in the end, as a function that appends to it."""

    def write(chunk: bytes) -> None:
        try:
            stream.write(chunk)
        except OSError as error:
            raise _Local(error) from None

    try:
        stream = open(path, "wb")  # noqa: SIM115 - closed below, with its errors told apart from the network's
    except OSError as error:
        raise _Local(error) from None
    try:
        yield write
        try:
            stream.flush()
            os.fsync(stream.fileno())
        except OSError as error:
            raise _Local(error) from None
    finally:
        with contextlib.suppress(OSError):
            stream.close()


def _body(answer: httpx.Response, most: int, *, cut: bool = False) -> Iterator[bytes]:
    """The body in pieces as they come, up to the limit (the library compares it with the length that was told)."""
    got = 0
    for chunk in answer.iter_bytes():
        got += len(chunk)
        if got > most:
            if cut:
                return
            raise Refused(f"the answer is larger than {most // 2**20} MB")
        yield chunk


def _names(answer: httpx.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.headers.items()}


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        raise Refused(f"the file is behind a redirect to no address: {location[:80]}") from None


def trusted(url: str, account: Account, hosts: tuple[str, ...]) -> bool:
    """Whether a URL may see the account's key: its own origin over https (or on this machine).

    The provider's other `hosts` may see it over https, when the account is at the provider itself: a key of a gateway
    is nothing for those.
    """
    there, home = _origin(url), _origin(account.base_url)
    if there is None or home is None:
        return False
    scheme, name, _ = there
    if there == home:
        return scheme == "https" or is_loopback(name)
    service = SERVICES.get(account.service)
    own = service is None or home == _origin(service.base_url)
    return own and scheme == "https" and any(name == host or name.endswith(f".{host}") for host in hosts)


def check_address(url: str, home: str) -> bool:
    """See that a URL from an answer may be fetched at all; whether it must turn out to be a public one. Raises Refused.

    It has the origin of `home`, or is on this machine as `home` is, or is https and on no private network.
    """
    there = _origin(url)
    if there is None:
        raise Refused(f"this is no address of a file: {url[:80]}")
    scheme, name, _ = there
    own = _origin(home)
    if own is not None and (there == own or (is_loopback(name) and is_loopback(own[1]))):
        return False
    if scheme != "https":
        raise Refused(f"the file is offered without encryption: {scheme}://{name}")
    if is_loopback(name):
        raise Refused(f"the file is offered on this machine: {name}")
    return True


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    if host.rstrip(".") == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return _address(host).is_loopback
    except ValueError:
        return False


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public net."""
    try:
        return _address(address).is_global
    except ValueError:
        return False


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    found = ipaddress.ip_address(text.partition("%")[0])
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def _origin(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port; None for what is no plain address of the web."""
    try:
        split = urlsplit(url)
        port = split.port or (443 if split.scheme == "https" else 80)
    except ValueError:
        return None
    if split.scheme not in ("http", "https") or not split.hostname or split.username or split.password:
        return None
    return split.scheme, split.hostname, port


def _words(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text or type(error).__name__
