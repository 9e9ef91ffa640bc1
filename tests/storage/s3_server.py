"""Start moto's S3 server on a free port of the loopback, in this process."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def running_server() -> Iterator[str]:
    """The address of a server that keeps its buckets in memory."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the server's dependencies announce their own deprecations
        from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()
