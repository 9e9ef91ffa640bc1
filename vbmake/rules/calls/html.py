"""A picture of a page of HTML, taken by Chromium without a network.

The page is served to the browser of one job, under a name that only that browser knows. So it sees the files that it
was given and nothing else of the disk, every other host is unknown to it, and a file it asks for in vain is an error
rather than a gap.
"""

from __future__ import annotations

import contextlib
import html
import mimetypes
import os
import sys
import tempfile
import threading
import urllib.parse
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from vbmake import process
from vbmake.errors import FatalError, JobError
from vbmake.rules.command import check_outputs
from vbmake.rules.environment import private_environment
from vbmake.rules.tools import find_tool
from vbmake.rules.work import Work

HOST: Final = "page.vbmake"
TIMEOUT: Final = 120.0
# Nothing but the page's own server, whatever its scripts try.
POLICY: Final = "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; form-action 'none'"


def render_page(work: Work) -> None:
    """Take the picture of the page. Raises JobError or FatalError (a file the page wants is missing), MissingTool."""
    width, height = (int(side) for side in work.options["size"].split("x"))
    picture = work.outputs["image"]
    frame = _frame(work.inputs["page"][0].name, width, height)
    with (
        _serving(frame, _site(work)) as (port, missing),
        # Chromium puts a socket into its folder for temporary files, and a socket's path has at most 107 bytes.
        tempfile.TemporaryDirectory(prefix="vbmake-", ignore_cleanup_errors=True) as short,
    ):
        args = [
            find_tool("chromium"),
            *_private(Path(short) / "profile", port),
            f"--window-size={width},{height}",
            f"--force-device-scale-factor={work.options['density']}",
            f"--virtual-time-budget={round(work.options['wait'] * 1000)}",
            *(["--default-background-color=00000000"] if work.options["transparent"] else []),
            f"--screenshot={picture}",
            f"http://{HOST}/",
        ]
        environment = private_environment(work.directory, machine_fonts=True) | {"TMPDIR": short}
        process.run(args, cwd=work.directory, env=environment, log=work.log, on_line=work.log, timeout=TIMEOUT)
    if missing:
        wanted = ", ".join(sorted(missing))
        raise FatalError(f"html-page: the page asks for {wanted}, which it was not given; name them in `files: [...]`")
    if not picture.exists():
        raise JobError("html-page: the browser ended without a picture; see the job's log")
    check_outputs("html-page", work)


def _private(profile: Path, port: int) -> Iterator[str]:
    """Chromium's options: its own profile, no network but the page's server, nothing that changes from run to run."""
    yield "--headless=new"
    yield f"--user-data-dir={profile}"
    yield f"--host-resolver-rules=MAP {HOST} 127.0.0.1:{port}, MAP * ~NOTFOUND"
    yield from ("--no-proxy-server", "--no-first-run", "--no-default-browser-check", "--no-pings")
    yield from (
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-extensions",
    )
    yield from ("--disable-gpu", "--disable-dev-shm-usage", "--disable-breakpad", "--hide-scrollbars", "--mute-audio")
    yield "--log-level=3"  # fatal only: without a desktop it complains of every bus that is not there
    yield from ("--disable-lcd-text", "--font-render-hinting=none", "--force-color-profile=srgb")
    yield "--webrtc-ip-handling-policy=disable_non_proxied_udp"
    # Chromium refuses to make its sandbox for root, as in most containers; everyone else keeps it.
    if sys.platform != "win32" and os.geteuid() == 0:
        yield "--no-sandbox"


def _frame(page: str, width: int, height: int) -> bytes:
    """The page in a frame of the wanted size: headless Chromium takes bars off what the outer page sees."""
    source = html.escape(urllib.parse.quote(page), quote=True)
    style = f"position:absolute;left:0;top:0;border:0;width:{width}px;height:{height}px"
    return f'<!doctype html><body style="margin:0"><iframe src="{source}" style="{style}"></iframe>'.encode()


def _site(work: Work) -> dict[str, Path]:
    """The files that the page may ask for, by their URL paths: as they lie around the page's own folder.

    A file beside or below the page keeps its relative path; one elsewhere is found under its name alone.
    """
    page = work.inputs["page"][0].absolute()
    site = {f"/{page.name}": page}
    for file in work.inputs.get("files", ()):
        path = file.absolute()
        inside = path.is_relative_to(page.parent)
        url = "/" + (path.relative_to(page.parent).as_posix() if inside else path.name)
        if site.setdefault(url, path) != path:
            raise FatalError(f"html-page: {path.name} is given twice; the page could not tell them apart")
    return site


@contextlib.contextmanager
def _serving(frame: bytes, site: Mapping[str, Path]) -> Iterator[tuple[int, set[str]]]:
    """Serve the frame and the files on a free port of this machine; yields the port, and what is asked for in vain."""
    missing: set[str] = set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
            path = site.get(name)
            if self.headers.get("Host") != HOST or (path is None and name != "/"):
                if name != "/favicon.ico":  # browsers ask for it unasked
                    missing.add(name.removeprefix("/"))
                self.send_error(404)
                return
            body = path.read_bytes() if path else frame
            kind = (mimetypes.guess_type(path.name)[0] or "application/octet-stream") if path else "text/html"
            charset = "; charset=utf-8" if kind.startswith("text/") else ""
            self.send_response(200)
            self.send_header("Content-Type", kind + charset)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Security-Policy", POLICY)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing: what matters is in `missing`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1], missing
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
