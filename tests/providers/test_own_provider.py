"""The example of a provider of one's own does what it says, once it is installed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import tomllib
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import Request as Get
from urllib.request import urlopen

import pytest

import vbmake
from tests.providers.asking import PNG, account, ask
from vbmake.errors import FatalError
from vbmake.providers import registry
from vbmake.providers.types import Adapter, Failure, Generation, Ready, Response

EXAMPLE = Path(__file__).parent / "own"


class Desk(BaseHTTPRequestHandler):
    """A web UI that paints whatever it is asked."""

    asked: list[dict[str, object]]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.asked.append({"path": self.path, "key": self.headers["authorization"], **body})
        content = json.dumps({"images": [b64encode(PNG).decode()]}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def desk() -> Iterator[tuple[str, list[dict[str, object]]]]:
    """The address of a web UI and what it was asked."""
    asked: list[dict[str, object]] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Desk", (Desk,), {"asked": asked}))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The example on the path as an installer puts it there: its module, and the entry points of its pyproject."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    shutil.copy(EXAMPLE / "vbmake_webui.py", tmp_path)
    facts = tmp_path / f"vbmake_webui-{project['version']}.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    rows = [
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in points.items())
        for group, points in project["entry-points"].items()
    ]
    (facts / "entry_points.txt").write_text("\n".join(rows))
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    sys.modules.pop("vbmake_webui", None)


def ready(adapter: Adapter, generation: Generation, base_url: str) -> Ready:
    """What an engine does with an adapter, without everything that can go wrong."""
    at = account("openai", base_url)
    assert adapter.check(generation) == ""
    asked = adapter.submit(generation, at)
    headers = {**asked.headers, **adapter.authorise("desk-key"), "content-type": "application/json"}
    with urlopen(Get(asked.url, json.dumps(asked.json).encode(), headers, method=asked.method), timeout=10) as got:
        answer = Response(got.status, {name.lower(): value for name, value in got.headers.items()}, got.read())
    result = adapter.accepted(generation, answer, at)
    assert isinstance(result, Ready)
    return result


@pytest.mark.usefixtures("installed")
def test_an_installed_provider_is_found_by_its_name_and_makes_a_picture(
    desk: tuple[str, list[dict[str, object]]],
) -> None:
    base_url, asked = desk
    adapter = registry.adapter("webui")
    assert "webui" in registry.services()
    made = ready(adapter, ask("webui", model="sdxl", width=640, height=360, options={"steps": 8}), base_url)
    assert made.payloads[0].content == PNG
    assert made.usage == {"images": 1}
    assert asked == [
        {
            "path": "/sdapi/v1/txt2img",
            "key": "Bearer desk-key",
            "steps": 8,
            "width": 640,
            "height": 360,
            "seed": 7,
            "prompt": "a lighthouse",
            "override_settings": {"sd_model_checkpoint": "sdxl"},
        }
    ]


@pytest.mark.usefixtures("installed")
def test_its_failures_are_sorted_and_its_oddities_survived() -> None:
    adapter = registry.adapter("webui")
    asked, at = ask("webui", model="sdxl"), account("openai", "http://127.0.0.1:1")
    assert adapter.check(ask("webui", model="sdxl", prompt=" ")) == "the prompt is empty"
    assert adapter.failure(Response(500, {}, b'{"detail": "out of memory"}')).sort == "transient"
    for odd in (b"", b"[]", b"{}", b'{"images": []}', b'{"images": ["!"]}', b'{"images": [null]}'):
        with pytest.raises(Failure, match="without a picture"):
            adapter.accepted(asked, Response(200, {}, odd), at)


def test_without_its_package_it_is_not_known() -> None:
    with pytest.raises(FatalError, match="no provider service 'webui'"):
        registry.adapter("webui")


@pytest.mark.usefixtures("installed")
def test_a_fresh_interpreter_finds_it_too(installed: Path) -> None:
    script = "from vbmake.providers import registry; print(type(registry.adapter('webui')).__name__)"
    path = f"import sys; sys.path[:0] = [{str(installed)!r}, {str(Path(vbmake.__file__).parents[1])!r}]\n"
    done = subprocess.run([sys.executable, "-c", path + script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "WebUI"
