"""Moto's S3 server on a free port of the loopback, in this process; it counts requests, and fails on demand."""

from __future__ import annotations

import contextlib
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Fault = Callable[[str, str], str | None]
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_CONFIG_FILE": "/dev/null"}
"""What the environment says to a client: the server lets in any key, and no file of the user's is read."""
CODES = {"403": "AccessDenied", "501": "NotImplemented", "503": "SlowDown"}


@dataclass
class S3Server:
    """`requests` are the methods and paths that were asked for; `fault` may answer a request with an HTTP status.

    With `conditional` False it takes no conditional writes, as several stores do.
    """

    endpoint: str = ""
    requests: list[tuple[str, str]] = field(default_factory=list)
    fault: Fault = lambda _method, _path: None
    conditional: bool = True

    def asked(self, method: str, part: str = "") -> list[str]:
        """The paths of the requests of that method whose path has `part` in it."""
        return [path for verb, path in self.requests if verb == method and part in path]

    def wrapped(self, app: App) -> App:
        """The app, watched."""

        def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
            method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
            self.requests.append((method, path))
            status = self.fault(method, path)
            if not self.conditional and method != "GET" and {"HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH"} & set(environ):
                status = "501 Not Implemented"
            if status is None:
                return app(environ, start)
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            code = CODES.get(status[:3], "InternalError")
            if status.startswith(("200", "404")):  # as whoever stands between, and knows nothing of S3, answers
                start(status, [("Content-Type", "text/html")])
                return [b"" if status.startswith("404") else b"<html>Log in</html>"]
            start(status, [("Content-Type", "application/xml")])
            return [f"<Error><Code>{code}</Code><Message>{status}</Message></Error>".encode()]

        return answer


@contextlib.contextmanager
def running_server() -> Iterator[S3Server]:
    """A server that keeps its buckets in memory."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the server's dependencies announce their own deprecations
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
        from werkzeug.serving import make_server

    class Quiet(MotoRequestHandler):
        def log(self, type: str, message: str, *args: Any) -> None: ...

    watched = S3Server()
    app = watched.wrapped(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    watched.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield watched
    finally:
        server.shutdown()
        thread.join()
