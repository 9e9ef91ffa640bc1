"""The way of one request through the stand-in: read, let in or refused, done, and answered well or badly."""

from __future__ import annotations

import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

from tests.providers.stand_in import control, wire
from tests.providers.stand_in.faults import Fault, tell_delay
from tests.providers.stand_in.media import TYPES
from tests.providers.stand_in.service import Asked, Service
from tests.providers.stand_in.state import Ticket
from tests.providers.stand_in.wire import Answer, Recorded, Refused

if TYPE_CHECKING:
    from tests.providers.stand_in.server import Listener

PAGE = b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


class Handler(BaseHTTPRequestHandler):
    """One connection. Answers leave in one piece, so that no two small packets wait for each other (Nagle)."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Listener

    def handle_one_request(self) -> None:
        """As the base class, but a client that goes away is nothing to talk about."""
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Tests read `StandIn.requests` instead."""

    def respond(self) -> None:
        """Answer one request, whatever its method."""
        world = self.server.stand_in
        path, query = wire.parts_of(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self._body(headers)
        if path.startswith("/_stand_in/"):
            self._send(control.answer(world, self.command, path.removeprefix("/_stand_in"), body))
            return
        request = Recorded(
            0, "", self.command, path, query, headers, body, time.time(), host=f"{self.server.server_address[1]}"
        )
        if path.startswith("/files/") or self.server.elsewhere:
            self._file(request)
            return
        service = world.services.get(path.split("/")[1])
        if service is None:
            self._send(Answer.of_json({"message": f"no service at {path}"}, 404))
            return
        request.service, request.path = service.name, path.removeprefix(f"/{service.name}")
        self._api(service, request)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = respond

    def _body(self, headers: dict[str, str]) -> bytes:
        if "chunked" not in headers.get("transfer-encoding", ""):
            return self.rfile.read(int(headers.get("content-length", 0)))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _api(self, service: Service, request: Recorded) -> None:
        """A request to a service: key, room, fault, work, answer, in this order."""
        state = self.server.stand_in.state
        found = service.find(request.method, request.path)
        if found is not None:
            request.route, request.phase = found[0].name, found[0].phase
        state.record(request)
        if service.presented(request.headers) not in self.server.stand_in.keys[service.name]:
            self._deliver(request, service.error(401))
            return
        if found is None:
            self._deliver(request, service.error(404))
            return
        route, parameters = found
        ticket: Ticket | None = None
        if route.phase == "submit":
            ticket, delay = state.begin(service.name, self.connection)
            if delay:
                self._deliver(request, service.throttled(delay), ticket=ticket)
                return
        try:
            fault = state.fault_for(request)
            asked = Asked(self.server.stand_in, request, parameters, fault, ticket)
            if route.phase == "submit":
                wire.wait(self.connection, state.limit(service.name).latency, lambda: state.closed)
            self._deliver(
                request, lambda: self._worked(service, lambda: route.call(asked)), fault, ticket, service=service
            )
        finally:
            state.end(ticket)

    def _worked(self, service: Service, call: Callable[[], Answer]) -> Answer:
        try:
            return call()
        except Refused as refused:
            return service.error(refused.status, refused.message, refused.code, refused.field)

    def _file(self, request: Recorded) -> None:
        """A download: the file, 404 when it is not there any more, or what the script says."""
        world = self.server.stand_in
        name = request.path.rpartition("/")[2]
        with world.state.lock:
            file = world.state.files.get(name)
        request.service = file.service if file is not None else ""
        request.route, request.phase = ("elsewhere", "elsewhere") if self.server.elsewhere else ("files", "fetch")
        world.state.record(request)
        fault = world.state.fault_for(request)

        def found() -> Answer:
            with world.state.lock:
                spent = file is not None and file.fetches is not None and file.fetched >= file.fetches
                old = file is not None and file.dies_at_poll is not None and world.state.polls >= file.dies_at_poll
                if file is None or spent or old:
                    return Answer(404, {}, b"<Error><Code>NoSuchKey</Code></Error>", "application/xml")
                file.fetched += 1
            return Answer(200, {}, file.content, TYPES.get(file.extension, "application/octet-stream"))

        self._deliver(request, found, fault)

    def _deliver(
        self,
        request: Recorded,
        answer: Answer | Callable[[], Answer],
        fault: Fault | None = None,
        ticket: Ticket | None = None,
        service: Service | None = None,
    ) -> None:
        """Answer, in the way that the fault says. The ticket is given back before the client can know of the end."""
        state = self.server.stand_in.state
        if fault is not None and fault.do == "hang" and not fault.charged:
            if not self._hang():
                return
            fault = None
        if fault is None or fault.works:
            answer = answer() if callable(answer) else answer
        if fault is not None:
            if fault.do == "hang":
                if not self._hang():
                    return
            elif fault.do == "reset":
                state.end(ticket)
                self.close_connection = True
                wire.reset(self.connection)
                return
            elif fault.do == "answer":
                answer = _scripted(fault, service)
            elif fault.do == "redirect":
                there = f"{self.server.stand_in.origin(elsewhere=True)}{self.path}"
                answer = Answer(302, {"Location": fault.to or there})
            elif fault.do == "html":
                answer = Answer(200, {}, PAGE, "text/html")
        assert isinstance(answer, Answer)
        good = 200 <= answer.status < 300
        state.end(ticket)
        with state.changed:
            request.status = answer.status
            state.changed.notify_all()
        self._send(answer, fault if good else None)

    def _hang(self) -> bool:
        """Say nothing until released; False when there is nobody left who waits."""
        state = self.server.stand_in.state
        with state.changed:
            before = state.releases
            state.hanging += 1
            state.changed.notify_all()
        there = wire.wait(self.connection, float("inf"), lambda: state.closed or state.releases > before)
        with state.changed:
            state.hanging -= 1
            state.changed.notify_all()
        there = there and not state.closed
        self.close_connection = self.close_connection or not there
        return there

    def _send(self, answer: Answer, fault: Fault | None = None) -> None:
        do = fault.do if fault is not None else ""
        body = b"" if do == "empty" else answer.body[: len(answer.body) // 2] if do == "broken-json" else answer.body
        length = max(len(body), fault.size) if fault is not None and do == "oversized" else len(body)
        undeclared = fault is not None and do == "oversized" and not fault.declared
        headers = {"Content-Type": answer.type, "Date": self.date_time_string(), **answer.headers}
        headers |= {"Connection": "close"} if undeclared else {"Content-Length": str(length)}
        lines = [f"HTTP/1.1 {answer.status} {self.responses.get(answer.status, ('Unassigned',))[0]}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        body = b"" if self.command == "HEAD" else body
        if do == "truncate":
            self.wfile.write(head + body[: len(body) // 2])
            self.close_connection = True
        elif fault is not None and do == "drip":
            self._drip(head, body, fault.seconds)
        elif do == "oversized":
            self.wfile.write(head + body)
            self._pad(length - len(body))
        else:
            self.wfile.write(head + body)

    def _drip(self, head: bytes, body: bytes, seconds: float) -> None:
        state = self.server.stand_in.state
        self.wfile.write(head)
        for n in range(len(body)):
            if state.closed or not wire.wait(self.connection, seconds, lambda: state.closed):
                self.close_connection = True
                return
            self.wfile.write(body[n : n + 1])

    def _pad(self, count: int) -> None:
        block = bytes(1 << 16)
        while count > 0 and not self.server.stand_in.state.closed:
            self.wfile.write(block[:count])
            count -= len(block)
        self.close_connection = True


def _scripted(fault: Fault, service: Service | None) -> Answer:
    """The answer that a fault says, in the service's own form as far as it leaves that open."""
    if fault.body is None and service is not None and fault.status >= 400:
        answer = service.error(fault.status, fault.message, fault.code)
    elif fault.body is None:
        answer = Answer(fault.status, {}, PAGE if fault.status >= 500 else b"", "text/html")
    elif isinstance(fault.body, (str, bytes)):
        raw = fault.body.encode() if isinstance(fault.body, str) else fault.body
        answer = Answer(fault.status, {}, raw, "text/html" if raw.lstrip().startswith(b"<") else "text/plain")
    else:
        answer = Answer.of_json(fault.body, fault.status)
    tell_delay(answer, fault.retry_after, fault.told)
    answer.headers.update(fault.headers)
    return answer
