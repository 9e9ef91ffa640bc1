"""Requests to the stand-in by hand, without any SDK and without the product's own client."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.providers.stand_in import StandIn

PICTURE = {"model": "gpt-image-2", "prompt": "A lighthouse", "size": "64x64"}


@dataclass(frozen=True)
class Got:
    """An answer; `headers` have small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON. Raises ValueError."""
        return json.loads(self.body)


def call(method: str, url: str, content: object = None, headers: Mapping[str, str] | None = None) -> Got:
    """One request on a connection of its own. Raises what http.client raises."""
    split = urlsplit(url)
    connection = http.client.HTTPConnection(split.netloc, timeout=10)
    try:
        target = f"{split.path}?{split.query}" if split.query else split.path
        connection.request(method, target, None if content is None else json.dumps(content), headers or {})
        answer = connection.getresponse()
        return Got(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def credentials(server: StandIn, service: str) -> dict[str, str]:
    """The header that carries the service's key."""
    key = server.key(service)
    if service == "elevenlabs":
        return {"xi-api-key": key}
    return {"Authorization": f"{'Key' if service == 'fal' else 'Bearer'} {key}"}


def draw(server: StandIn, prompt: str = "A lighthouse") -> Got:
    """Ask OpenAI for a small picture."""
    url = f"{server.url('openai')}/images/generations"
    return call("POST", url, PICTURE | {"prompt": prompt}, credentials(server, "openai"))


def drawing(server: StandIn) -> socket.socket:
    """A connection that has asked OpenAI for a small picture, and has read nothing yet."""
    split = urlsplit(server.origin())
    connection = socket.create_connection((str(split.hostname), int(split.port or 0)), timeout=10)
    body = json.dumps(PICTURE)
    [(name, value)] = credentials(server, "openai").items()
    head = f"POST /openai/v1/images/generations HTTP/1.1\r\n{name}: {value}\r\nContent-Length: {len(body)}\r\n\r\n"
    connection.sendall(f"{head}{body}".encode())
    return connection


def predict(server: StandIn, prompt: str = "A lighthouse") -> Got:
    """Ask Replicate for a small picture: its prediction."""
    asked = {"prompt": prompt, "width": 32, "height": 32, "output_format": "png"}
    url = f"{server.url('replicate')}/models/black-forest-labs/flux-schnell/predictions"
    return call("POST", url, {"input": asked}, credentials(server, "replicate"))


def polled(server: StandIn, prediction: Got, times: int = 2) -> Any:
    """The prediction after so many polls, as JSON."""
    for _ in range(times):
        prediction = call("GET", prediction.json["urls"]["get"], headers=credentials(server, "replicate"))
    return prediction.json
