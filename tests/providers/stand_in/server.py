"""The stand-in itself: two listeners on the loopback, the four services, and what tests may ask and say."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from http.server import ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final

from tests.providers.stand_in.elevenlabs import ElevenLabs
from tests.providers.stand_in.fal import Fal
from tests.providers.stand_in.faults import WORK, Fault
from tests.providers.stand_in.handler import Handler
from tests.providers.stand_in.openai import OpenAI
from tests.providers.stand_in.replicate import Replicate
from tests.providers.stand_in.service import Service
from tests.providers.stand_in.state import Charge, File, Limit, State
from tests.providers.stand_in.wire import Recorded
from vbmake.services import SERVICES

IMITATED: Final[tuple[Service, ...]] = (OpenAI(), Replicate(), ElevenLabs(), Fal())


class Listener(ThreadingHTTPServer):
    """One port. `elsewhere` is the other host, which only has files."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, stand_in: StandIn, port: int, *, elsewhere: bool) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.stand_in = stand_in
        self.elsewhere = elsewhere
        self.open: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        """As the base class; connections that clients keep alive are remembered, to be ended with the server."""
        with self.stand_in.state.lock:
            self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection."""
        with self.stand_in.state.lock:
            self.open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is normal; everything else is a mistake in the stand-in and raised at its end."""
        error = sys.exception()
        if error is not None and not isinstance(error, ConnectionError):
            self.stand_in.errors.append(error)

    def end(self) -> None:
        """Stop listening, and end what is open."""
        self.shutdown()
        self.server_close()
        with self.stand_in.state.lock:
            for connection in self.open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue


class StandIn:
    """OpenAI, Replicate, ElevenLabs and fal on the loopback (see the package's docstring).

    Jobs end at their `polls`-th poll, or after `seconds` when that is given. With `varies` no two charges give the same
    bytes, as no real service repeats itself. `fetches` and `file_polls` limit how often a file can be fetched, and how
    many polls (of any job) it outlives. `hears` is what transcriptions hear in recordings that were not made here;
    `says` answers chats (a text or JSON; None: the usual).
    """

    def __init__(self, *, polls: int = 2, seconds: float | None = None, varies: bool = True, port: int = 0) -> None:
        self.state = State()
        self.polls = polls
        self.seconds = seconds
        self.varies = varies
        self.fetches: int | None = None
        self.file_polls: int | None = None
        self.hears = "Two thousand years ago, ships found the harbour by its light."
        self.says: Callable[[Mapping[str, Any]], Any] | None = None
        self.errors: list[BaseException] = []
        self.services = {service.name: service for service in IMITATED}
        self.keys = {service.name: {service.key} for service in IMITATED}
        self._listeners = (Listener(self, port, elsewhere=False), Listener(self, 0, elsewhere=True))
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> StandIn:
        for listener in self._listeners:
            thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
            thread.start()
            self._threads.append(thread)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if error is None and self.errors:
            raise self.errors[0]

    def close(self) -> None:
        """End everything; who hangs is let go."""
        with self.state.changed:
            self.state.closed = True
            self.state.changed.notify_all()
        for listener, thread in zip(self._listeners, self._threads, strict=True):
            listener.end()
            thread.join()

    # where it is, and who may use it

    def origin(self, *, elsewhere: bool = False) -> str:
        """http://127.0.0.1:PORT; the other host is http://localhost:OTHER."""
        port = self._listeners[elsewhere].server_address[1]
        return f"http://{'localhost' if elsewhere else '127.0.0.1'}:{port}"

    def url(self, service: str) -> str:
        """What stands for the service's base URL, with /v1 where that has it."""
        return f"{self.origin()}/{service}{self.services[service].version}"

    def key(self, service: str) -> str:
        """The API key that the service knows."""
        return self.services[service].key

    def accept(self, service: str, key: str) -> None:
        """Another key that is good, too."""
        self.keys[service].add(key)

    def environ(self) -> dict[str, str]:
        """The environment variables that make vbmake use the stand-in: every key and every address."""
        known = [SERVICES[name] for name in self.services]
        return {one.key: self.key(one.name) for one in known} | {one.address: self.url(one.name) for one in known}

    # what happened

    def charges(self, service: str | None = None, route: str | None = None) -> list[Charge]:
        """Everything that was paid for, in order."""
        with self.state.lock:
            kept = [one for one in self.state.charges if service in (None, one.service)]
            return [one for one in kept if route in (None, one.route)]

    def requests(self, service: str | None = None, route: str | None = None) -> list[Recorded]:
        """The requests as they came, refused ones too. `route` is a route or a phase ("fetch": downloads)."""
        with self.state.lock:
            kept = [one for one in self.state.requests if service in (None, one.service)]
            return [one for one in kept if route in (None, one.route, one.phase)]

    def elsewhere(self) -> list[Recorded]:
        """The requests that the other host got."""
        return self.requests(route="elsewhere")

    def peak(self, service: str) -> int:
        """The most work that was under way at once: requests that generate, and jobs until they end."""
        with self.state.lock:
            return self.state.peaks[service]

    def running(self, service: str) -> int:
        """How much is under way now."""
        return self.state.running(service)

    def refused(self, service: str) -> int:
        """How many 429s the limits gave (scripted ones are not counted)."""
        with self.state.lock:
            return self.state.refused[service]

    def hanging(self) -> int:
        """How many requests wait for release()."""
        with self.state.lock:
            return self.state.hanging

    def until(self, condition: Callable[[], object], timeout: float = 10.0) -> None:
        """Wait for something to happen: `server.until(lambda: server.charges("openai"))`. Raises TimeoutError."""
        end = time.monotonic() + timeout
        with self.state.changed:
            while not condition():
                left = end - time.monotonic()
                if left <= 0:
                    raise TimeoutError("it did not happen")
                self.state.changed.wait(min(left, 0.05))

    # what shall happen

    def misbehave(self, service: str, do: str = "answer", **said: Any) -> None:
        """Let something go wrong: `faults.DEEDS` has what, `faults.Fault` has the arguments. Raises ValueError."""
        if service not in self.services:
            raise ValueError(f"{service!r} is not imitated; there are: {', '.join(self.services)}")
        fault = Fault(service, do, **said)
        routes = self.services[service].routes()
        known = {name for route in routes for name in (route.name, route.phase)}
        if fault.route not in known | {"files", "fetch", "elsewhere"}:
            raise ValueError(f"{service} has no route {fault.route!r}; there are: {', '.join(sorted(known))}, fetch")
        if do in WORK and not any(fault.route in (one.name, one.phase) for one in routes if one.phase == "submit"):
            raise ValueError(f"{do!r} is for work that is submitted, not for {fault.route!r}")
        with self.state.lock:
            self.state.faults.append(fault)

    def behave(self) -> None:
        """Forget every fault that is left."""
        with self.state.lock:
            self.state.faults.clear()

    def limit(
        self,
        service: str,
        *,
        concurrent: int | None = None,
        per_second: float | None = None,
        burst: int = 1,
        latency: float = 0.0,
        wait: float = 0.02,
    ) -> None:
        """What the service puts up with; more is answered with 429.

        `concurrent` at once (refused with `wait` as Retry-After), `per_second` on average after a `burst`. Each request
        that generates takes `latency` seconds.
        """
        now = time.monotonic()
        with self.state.lock:
            self.state.limits[service] = Limit(concurrent, per_second, burst, latency, wait, tokens=burst, filled=now)

    def release(self) -> None:
        """Let those who hang have their answers."""
        with self.state.changed:
            self.state.releases += 1
            self.state.changed.notify_all()

    # for the services

    def keep(self, service: str, content: bytes, extension: str, *, elsewhere: bool = False) -> str:
        """Keep a result, and say under which URL it can be fetched."""
        with self.state.lock:
            name = f"{len(self.state.files) + 1:06d}-{service}.{extension}"
            dies = None if self.file_polls is None else self.state.polls + self.file_polls
            self.state.files[name] = File(name, service, content, extension, self.fetches, dies)
        return f"{self.origin(elsewhere=elsewhere)}/files/{name}"
