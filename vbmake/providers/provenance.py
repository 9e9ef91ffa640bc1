"""Where an asset comes from: what was asked, what was answered, what it cost. Without secrets, to stand beside it."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Any, Final

from vbmake.providers.book import exact
from vbmake.providers.journal import Step
from vbmake.providers.types import Account, Generation, Ready, Request, Response

LONG: Final = 20_000  # characters of a text that are told; a longer one by its digest
LONG_DATA: Final = 200  # of a data URL: a file
_HEADERS: Final = (
    "request-id",
    "x-request-id",
    "cf-ray",
    "openai-version",
    "openai-processing-ms",
    "content-type",
    "date",
)
_IDS: Final = ("x-request-id", "request-id", "x-fal-request-id")


def provenance(
    generation: Generation,
    account: Account,
    request: Request | None,
    response: Response,
    ready: Ready,
    step: Step,
    cost: Decimal | None,
) -> dict[str, Any]:
    """The facts of an asset, JSON-ready. Times are UTC (ISO 8601), `cost` is in USD (None: unpriced)."""
    headers = response.headers
    handle = step.facts.get("handle") or {}
    identifier = handle.get("id") or next((headers[name] for name in _IDS if name in headers), "")
    return {
        "account": account.name,
        "service": account.service,
        "model": generation.model,
        "kind": generation.kind,
        "seed": generation.seed,
        "request": _told(request) if request is not None else None,
        "request_id": identifier or str(ready.facts.get("request_id", "")),
        "response": {
            "status": response.status,
            "headers": {name: headers[name] for name in _HEADERS if name in headers},
            "facts": _shortened(dict(ready.facts)),
        },
        "usage": dict(ready.usage),
        "cost": exact(cost),
        "answered": step.facts.get("answered", ""),
        "fetched": step.time,
    }


def _told(request: Request) -> dict[str, Any]:
    return {
        "method": request.method,
        "url": request.url,
        "json": _shortened(request.json),
        "form": _shortened(dict(request.data)) if request.data is not None else None,
    }


def _shortened(value: Any) -> Any:
    """JSON without the long texts that files are sent as."""
    if isinstance(value, dict):
        return {str(name): _shortened(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_shortened(item) for item in value]
    if isinstance(value, str) and len(value) > (LONG_DATA if value.startswith("data:") else LONG):
        return f"sha256 {hashlib.sha256(value.encode()).hexdigest()} of {len(value)} characters"
    return value
