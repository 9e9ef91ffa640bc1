"""fal's queue as it answers: a request is submitted, its status asked for, its result fetched."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

from tests.providers.stand_in import media
from tests.providers.stand_in.models import products
from tests.providers.stand_in.service import Asked, Route, Service
from tests.providers.stand_in.state import Job
from tests.providers.stand_in.wire import Answer, Refused

_ERRORS: Final = {
    401: ("unauthorized", "Authentication is required to access this application."),
    403: ("forbidden", "User is locked. Reason: Exhausted balance."),
    404: ("not_found", "Application not found"),
    429: ("rate_limited", "Too many requests."),
    500: ("internal_server_error", "Internal server error"),
    503: ("runner_unavailable", "No runner is available."),
}


class Fal(Service):
    """The routes of queue.fal.run. Requests are below owner/alias, whatever path the model has behind them."""

    name = "fal"
    key = "fal-stand-in-0123:456789abcdef"

    def routes(self) -> tuple[Route, ...]:
        one = r"/([\w.-]+/[\w.-]+)/requests/([\w-]+)"
        return (
            Route("GET", one + "/status", "status", "poll", status),
            Route("GET", one, "result", "result", result),
            Route("PUT", one + "/cancel", "cancellation", "cancel", cancel),
            Route("POST", r"/([\w.-]+(?:/[\w.-]+)+)", "queue", "submit", submit),
        )

    def presented(self, headers: Mapping[str, str]) -> str | None:
        scheme, _, key = headers.get("authorization", "").partition(" ")
        return key if scheme == "Key" else None

    def error(self, status: int, message: str = "", code: str = "", field: str = "") -> Answer:
        kind, words = _ERRORS.get(status, ("error", "Something went wrong."))
        headers = {"x-fal-error-type": code or kind}
        if status == 422:
            wrong = {"loc": ["body", field or "prompt"], "msg": message or "Field required", "type": code or "missing"}
            return Answer.of_json({"detail": [wrong]}, 422, {"x-fal-error-type": code or "missing"})
        return Answer.of_json({"detail": message or words, "error_type": code or kind}, status, headers)


def submit(asked: Asked) -> Answer:
    """POST /{app}."""
    body = asked.request.json
    if not isinstance(body, dict):
        raise Refused(422, "Input should be a valid dictionary", "model_attributes_type", "body")
    app = asked.parameters[0]
    job = asked.job(asked.charge(app, body), body, app="/".join(app.split("/")[:2]))
    return Answer.of_json(_place(asked, job) | {"queue_position": 0, "status": "IN_QUEUE", "logs": None})


def _place(asked: Asked, job: Job) -> dict[str, Any]:
    """Where the request is to be asked after."""
    url = f"{asked.world.origin()}/fal/{job.facts['app']}/requests/{job.id}"
    return {"request_id": job.id, "response_url": url, "status_url": f"{url}/status", "cancel_url": f"{url}/cancel"}


def _job(asked: Asked) -> Job:
    job = asked.world.state.jobs.get(asked.parameters[1])
    if job is None or job.facts.get("app") != asked.parameters[0]:
        raise Refused(404, "Request not found")
    return job


def status(asked: Asked) -> Answer:
    """GET status_url: 202 while it waits or runs, 200 when it is over."""
    job = _job(asked)
    with asked.world.state.lock:
        job.asked += 1
        asked.world.state.polls += 1
        state = job.state(time.monotonic())
        content: dict[str, Any] = _place(asked, job) | {"logs": None}
        if not job.over(time.monotonic()):
            waiting = job.asked == 1
            content |= {"status": "IN_QUEUE", "queue_position": 0} if waiting else {"status": "IN_PROGRESS", "logs": []}
            if job.fault is not None and job.fault.do == "unknown-status":
                content["status"] = "DAYDREAMING"
            return Answer.of_json(content, 202)
        content |= {"status": "COMPLETED", "logs": [], "metrics": {"inference_time": 1.5}}
        if state == "failed":
            assert job.fault is not None
            content |= {"error": job.fault.error, "error_type": job.fault.code or "internal_error"}
        elif state != "succeeded":
            content |= {"error": "Request was cancelled", "error_type": "client_cancelled"}
        return Answer.of_json(content)


def result(asked: Asked) -> Answer:
    """GET response_url: what the model made; 400 while it is still at it, the error when it came to nothing."""
    job = _job(asked)
    state = job.state(time.monotonic())
    if not job.over(time.monotonic()):
        raise Refused(400, "Request is still in progress", "request_in_progress")
    if state != "succeeded":
        fault = job.fault
        if fault is not None and fault.code:
            raise Refused(422, fault.error, fault.code)
        raise Refused(500, fault.error if fault is not None else "Request was cancelled", "internal_error")
    if job.fault is not None and job.fault.do == "removed":
        raise Refused(404, "The result is no longer available")
    with asked.world.state.lock:
        if job.output is None:
            job.output = _output(asked, job)
        return Answer.of_json(job.output)


def _output(asked: Asked, job: Job) -> dict[str, Any]:
    """The result in the form that fal's models of that kind have in common."""
    deed = job.fault.do if job.fault else ""
    kind = media.kind_of(job.charge.model)
    seed = job.input.get("seed", int.from_bytes(job.charge.seed[:4], "big"))
    files = []
    for one in [] if deed == "nothing" else products(kind, job.input, job.charge.seed, pictures="jpeg"):
        url = asked.world.keep("fal", one.content, one.extension, elsewhere=deed == "offsite")
        name = url.rpartition("/")[2]
        sized = {"width": one.width, "height": one.height} if kind == "image" else {"file_name": name}
        files.append({"url": url, "content_type": one.type, "file_size": len(one.content), **sized})
    if kind == "image":
        clean = [False] * len(files)
        prompt = job.input.get("prompt", "")
        return {"images": files, "timings": {}, "seed": seed, "has_nsfw_concepts": clean, "prompt": prompt}
    role = "video" if kind == "clip" else "audio"
    return {role: next(iter(files), None), "seed": seed}


def cancel(asked: Asked) -> Answer:
    """PUT cancel_url."""
    job = _job(asked)
    with asked.world.state.changed:
        if job.over(time.monotonic()):
            return Answer.of_json({"status": "ALREADY_COMPLETED"}, 400)
        job.canceled = True
        asked.world.state.changed.notify_all()
        return Answer.of_json({"status": "CANCELLATION_REQUESTED"}, 202)
