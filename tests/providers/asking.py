"""What the tests of the adapters ask, and answers as services give them."""

from __future__ import annotations

import json
from typing import Any

from vbmake.providers.types import Account, Generation, Response
from vbmake.services import SERVICES, Kind

PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)


def ask(service: str, kind: Kind = "image", model: str = "", prompt: str = "a lighthouse", **more: Any) -> Generation:
    """A generation; the service's own model unless one is named."""
    return Generation(
        kind=kind, service=service, model=model or SERVICES[service].models[kind], prompt=prompt, **{"seed": 7, **more}
    )


def account(service: str, base_url: str = "", timeout: float | None = None) -> Account:
    """An account at the service's own address."""
    return Account(service, service, base_url or SERVICES[service].base_url, timeout=timeout)


def answer(body: Any, status: int = 200, **headers: str) -> Response:
    """A response with a JSON body (or these bytes); header names are written with underscores."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, content)
