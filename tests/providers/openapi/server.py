"""A service on the loopback that takes what its OpenAPI document allows, and answers as the document says."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from tests.providers.openapi.answers import compose
from tests.providers.openapi.document import JSON, Document, Operation
from tests.providers.stand_in.sample import instance_of
from vbmake.services import SERVICES

KEY: Final = "key-of-the-described-service"


@dataclass(frozen=True)
class Asked:
    """A request that the document allows: its values, and what an answer can be made of."""

    server: Described
    operation: Operation
    params: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    files: Mapping[str, bytes] = field(default_factory=dict)

    def sample(self, name: str = "") -> Any:
        """An instance of the answer's schema, or of the one with this name."""
        document = self.server.document
        schema = document.component(name) if name else self.operation.answer[2]
        return instance_of({**schema, "components": document.told["components"]}, "the sea")


class Refused(Exception):
    """What the document does not allow."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Described:
    """A service as its document describes it. `refused` holds what was not allowed, `requests` what was answered."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.document = Document(Path(__file__).with_name(f"{service}.json"))
        self.refused: list[str] = []
        self.requests: list[Asked] = []
        self.errors: list[Exception] = []
        self.jobs: dict[str, dict[str, Any]] = {}
        self.files: dict[str, tuple[str, bytes]] = {}
        self._lock = threading.Lock()
        rules = [
            Rule(one.path.replace("{", "<").replace("}", ">"), methods=[one.method], endpoint=one)
            for one in self.document.operations
        ]
        self._routes = Map(rules)
        self._server = make_server("127.0.0.1", 0, self._serve, threaded=True, request_handler=_Silent)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> Described:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        if error is None and self.errors:
            raise self.errors[0]

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        """What stands for the service's base URL."""
        return f"{self.origin}{self.document.base}"

    def environ(self) -> dict[str, str]:
        """The key, as vbmake reads it from the environment."""
        return {SERVICES[self.service].key: KEY}

    def asked(self) -> list[str]:
        """The operations that were asked for, in order."""
        with self._lock:
            return [one.operation.name for one in self.requests]

    def keep(self, name: str, media: str, content: bytes) -> str:
        """Offer a file, as services do beside what their documents describe; its URL."""
        with self._lock:
            self.files[f"/files/{name}"] = (media, content)
        return f"{self.origin}/files/{name}"

    def _serve(self, environ: dict[str, Any], start: Any) -> Any:
        with Request(environ) as request:  # it closes the files of a form
            return self._answer(request)(environ, start)

    def _answer(self, request: Request) -> Response:
        try:
            if request.path in self.files and request.method == "GET":
                media, content = self.files[request.path]
                return Response(content, 200, content_type=media)
            asked = self._judged(request)
            with self._lock:
                self.requests.append(asked)
            return self._composed(asked)
        except Refused as refusal:
            where = f"{request.method} {request.path}"
            with self._lock:
                self.refused.append(f"{where}: {refusal.reason}")
            error = {"message": refusal.reason, "type": "invalid_request_error", "param": None, "code": None}
            return Response(json.dumps({"error": error}), refusal.status, content_type=JSON)
        except Exception as error:  # a mistake in a test's server is raised at its end, in the test's thread
            self.errors.append(error)
            return Response(repr(error), 500)

    def _judged(self, request: Request) -> Asked:
        """The request, held against the document. Raises Refused."""
        try:
            operation, params = self._routes.bind_to_environ(request.environ).match()
        except HTTPException as error:
            raise Refused(error.code or 500, f"the document has no such operation: {error.name}") from None
        headers = {name.lower(): value for name, value in request.headers.items()}
        if wrong := self.document.unauthorised(operation, headers):
            raise Refused(401, wrong)
        query = request.args.to_dict()
        for place, sent in (("path", params), ("query", query), ("header", headers)):
            for wrong in self.document.strays(operation, place, sent):
                raise Refused(400, wrong)
        body, files = self._body(operation, request)
        return Asked(self, operation, params, query, body, files)

    def _body(self, operation: Operation, request: Request) -> tuple[Any, dict[str, bytes]]:
        """The body's values, and the bytes of its files. Raises Refused."""
        if not operation.bodies:
            if request.get_data():
                raise Refused(400, "a body where the document has none")
            return None, {}
        schema = operation.bodies.get(request.mimetype)
        if schema is None:
            taken = ", ".join(operation.bodies)
            raise Refused(415, f"the content type is {request.mimetype or 'missing'}; the document has {taken}")
        files: dict[str, bytes] = {}
        if request.mimetype == JSON:
            try:
                body = json.loads(request.get_data())
            except ValueError as error:
                raise Refused(400, f"the body is no JSON: {error}") from None
        else:
            files = {name: part.read() for name, part in request.files.items()}
            body = self.document.form(schema, dict(request.form.lists()), list(files))
        for wrong in self.document.mistakes(schema, body):
            raise Refused(400, wrong)
        return body, files

    def _composed(self, asked: Asked) -> Response:
        """An answer that fits the document; one that does not is this server's mistake."""
        status, media, schema = asked.operation.answer
        made = compose(asked)
        if media != JSON:
            assert isinstance(made, bytes), f"{asked.operation.name} answers bytes"
            return Response(made, status, content_type=media)
        wrong = self.document.mistakes(schema, made, "answer")
        assert not wrong, f"{asked.operation.name}: {wrong}"
        return Response(json.dumps(made), status, content_type=JSON)


class _Silent(WSGIRequestHandler):
    """No line for each request."""

    def log(self, type: str, message: str, *args: Any) -> None:
        pass
