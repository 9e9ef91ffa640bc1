"""Replicate as it answers: predictions that start, run and end, uploads, and the schemas of models."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from tests.providers.stand_in import media
from tests.providers.stand_in.models import products
from tests.providers.stand_in.service import Asked, Route, Service
from tests.providers.stand_in.state import Job
from tests.providers.stand_in.wire import Answer, Refused

ENDED: Final = ("succeeded", "failed", "canceled", "aborted")
_TITLES: Final = {
    400: ("Bad request", "The request is not valid."),
    401: ("Unauthenticated", "You did not pass a valid authentication token"),
    402: ("Insufficient credit", "You have insufficient credit to run this model."),
    404: ("Not found", "The requested resource could not be found."),
    422: ("Input validation failed", "- input is required"),
    429: ("Too Many Requests", "Request was throttled."),
    500: ("Internal server error", "An unexpected error occurred."),
}


class Replicate(Service):
    """The routes below /v1."""

    name = "replicate"
    version = "/v1"
    key = "r8_standInReplicate0123456789abcdef"

    def routes(self) -> tuple[Route, ...]:
        model = r"/v1/models/([\w.-]+/[\w.-]+)"
        return (
            Route("POST", r"/v1/predictions", "predictions", "submit", create),
            Route("POST", model + "/predictions", "predictions", "submit", create),
            Route("GET", r"/v1/predictions/(\w+)", "prediction", "poll", look),
            Route("POST", r"/v1/predictions/(\w+)/cancel", "cancellation", "cancel", cancel),
            Route("POST", r"/v1/files", "files", "upload", upload),
            Route("GET", model + r"/versions/(\w+)", "version", "look", version),
        )

    def presented(self, headers: Mapping[str, str]) -> str | None:
        scheme, _, key = headers.get("authorization", "").partition(" ")
        return key if scheme.lower() in ("bearer", "token") else None

    def error(self, status: int, message: str = "", code: str = "", field: str = "") -> Answer:
        title, usual = _TITLES.get(status, ("Error", "Something went wrong."))
        content = {"title": title, "detail": message or usual, "status": status}
        return Answer.of_json(content, status, {"Content-Type": "application/problem+json"})

    def throttled(self, seconds: float) -> Answer:
        """Its 429 tells the delay in the body, and as a sentence (exactly, where the real one rounds)."""
        detail = f"Request was throttled. Your rate limit resets in ~{math.ceil(seconds)}s."
        content = {"detail": detail, "status": 429, "retry_after": seconds}
        return Answer.of_json(content, 429, {"Retry-After": f"{seconds:g}"})


def create(asked: Asked) -> Answer:
    """POST /predictions, and POST /models/{owner}/{name}/predictions."""
    body = asked.request.json
    if not isinstance(body, dict):
        raise Refused(400, "The body is no JSON object.")
    official = asked.parameters[0] if asked.parameters else ""
    wanted = str(official or body.get("version") or "")
    missing = [
        name for name, there in (("version", wanted), ("input", isinstance(body.get("input"), dict))) if not there
    ]
    if missing:
        raise Refused(422, "".join(f"- {name} is required\n" for name in missing))
    if not re.fullmatch(r"([\w.-]+/[\w.-]+)(:[0-9a-f]{64})?|[0-9a-f]{64}", wanted):
        raise Refused(422, "Invalid version or not permitted")
    if set(body) - {"version", "input", "webhook", "webhook_events_filter", "stream"}:
        raise Refused(422, "- Additional property is not allowed")
    after = asked.request.headers.get("cancel-after", "")
    if after and not re.fullmatch(r"(\d+(\.\d+)?(ms|s|m|h)?)+", after):
        raise Refused(422, "Cancel-After is no duration")
    prefer = asked.request.headers.get("prefer", "")
    found = re.fullmatch(r"wait(?:=(\d+))?", prefer)
    if prefer.startswith("wait") and not (found and 1 <= int(found[1] or 60) <= 60):
        raise Refused(422, "Prefer: wait takes 1 to 60 seconds")
    model, _, digest = wanted.rpartition(":") if ":" in wanted or "/" not in wanted else (wanted, "", "")
    charge = asked.charge(wanted, body["input"])
    job = asked.job(charge, body["input"], model=model or "someone/something", version=digest or "hidden")
    if prefer.startswith("wait") and job.end != "stuck":
        with asked.world.state.lock:
            job.asked, job.polls, job.seconds = job.polls, 0, None
    content = prediction(asked, job)
    waited = prefer.startswith("wait") and content["status"] not in ENDED
    return Answer.of_json(content, 202 if waited else 201)


def _job(asked: Asked) -> Job:
    job = asked.world.state.jobs.get(asked.parameters[0])
    if job is None or job.charge.service != "replicate":
        raise Refused(404, "")
    return job


def look(asked: Asked) -> Answer:
    """GET /predictions/{id}."""
    job = _job(asked)
    with asked.world.state.lock:
        job.asked += 1
        asked.world.state.polls += 1
        return Answer.of_json(prediction(asked, job))


def cancel(asked: Asked) -> Answer:
    """POST /predictions/{id}/cancel."""
    job = _job(asked)
    with asked.world.state.changed:
        job.canceled = job.canceled or not job.over(time.monotonic())
        asked.world.state.changed.notify_all()
        return Answer.of_json(prediction(asked, job))


def prediction(asked: Asked, job: Job) -> dict[str, Any]:
    """A prediction as it stands."""
    api = f"{asked.world.origin()}/replicate/v1/predictions/{job.id}"
    status, deed = job.state(time.monotonic()), job.fault.do if job.fault else ""
    began, ended = _when(job.charge.time + 0.1), _when(job.charge.time + 1.6)
    shown = "daydreaming" if deed == "unknown-status" and status == "processing" else status
    seed = job.input.get("seed", int.from_bytes(job.charge.seed[:2], "big"))
    content: dict[str, Any] = {
        "id": job.id,
        "model": job.facts["model"],
        "version": job.facts["version"],
        "input": job.input,
        "logs": "" if status == "starting" else f"Using seed: {seed}\n",
        "output": None,
        "data_removed": False,
        "error": None,
        "source": "api",
        "status": shown,
        "created_at": _when(job.charge.time),
        "started_at": None if status in ("starting", "aborted") else began,
        "completed_at": ended if status in ENDED else None,
        "metrics": {"predict_time": 1.5, "total_time": 1.6} if status in ("succeeded", "failed") else {},
        "urls": {"get": api, "cancel": f"{api}/cancel", "web": f"{asked.world.origin()}/p/{job.id}", "stream": api},
    }
    if status == "failed":
        assert job.fault is not None
        content["error"] = job.fault.error
    elif status == "succeeded" and deed == "removed":
        content |= {"data_removed": True, "input": {}, "logs": None}
    elif status == "succeeded":
        content["output"] = _output(asked, job)
    return content


def _output(asked: Asked, job: Job) -> Any:
    """The files' URLs: a list for pictures, one URL for everything else, as most models have it. Made once."""
    deed = job.fault.do if job.fault else ""
    kind = media.kind_of(job.facts["model"])
    with asked.world.state.lock:
        if job.output is None:
            made = [] if deed == "nothing" else products(kind, job.input, job.charge.seed, pictures="webp")
            keep = asked.world.keep
            urls = [keep("replicate", one.content, one.extension, elsewhere=deed == "offsite") for one in made]
            job.output = (urls, urls if kind == "image" else next(iter(urls), None))
        return job.output[1]


def upload(asked: Asked) -> Answer:
    """POST /files: inputs of more than 256 kB."""
    _, files = asked.request.form()
    if "content" not in files:
        raise Refused(400, "- content is required")
    content = files["content"]
    url = asked.world.keep("replicate", content.content, content.name.rpartition(".")[2] or "png")
    now = _when(time.time())
    told = {"id": url.rpartition("/")[2], "name": content.name, "content_type": "application/octet-stream"}
    more = {"size": len(content.content), "etag": "", "checksums": {}, "metadata": {}, "created_at": now}
    return Answer.of_json({**told, **more, "expires_at": now, "urls": {"get": url}}, 201)


def version(asked: Asked) -> Answer:
    """GET /models/{owner}/{name}/versions/{id}, with the schema of its inputs."""
    text = {"type": "string", "title": "Prompt"}
    inputs = {"type": "object", "required": ["prompt"], "properties": {"prompt": text, "seed": {"type": "integer"}}}
    schemas = {"Input": inputs, "Output": {"type": "string", "format": "uri"}}
    content = {"id": asked.parameters[1], "created_at": _when(time.time()), "cog_version": "0.16.0"}
    return Answer.of_json({**content, "openapi_schema": {"openapi": "3.0.2", "components": {"schemas": schemas}}})


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
