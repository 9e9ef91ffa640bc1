"""fal: models of its queue, for images, clips, speech, music and effects."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final
from urllib.parse import quote

from vbmake.providers.answers import failure, line, own_address, refused, said, sentence
from vbmake.providers.inputs import Family, Length, build, family_of, problem, unsaid
from vbmake.providers.outputs import payloads
from vbmake.providers.reading import body_of, refused_kind
from vbmake.providers.types import Accepted, Account, Failure, Generation, Ready, Request, Response, Running
from vbmake.services import Kind

PICTURE: Final = 4 * 1024 * 1024
"""The largest picture that goes into a request, in bytes."""

_MODEL: Final = re.compile(r"[A-Za-z0-9][\w.-]*(?:/[A-Za-z0-9][\w.-]*){1,7}", re.ASCII)
_SPACES: Final = ("workflows", "comfy")  # names before the owner
_STATES: Final = ("IN_QUEUE", "IN_PROGRESS", "COMPLETED")
_SHAPES: Final = ("21:9", "16:9", "4:3", "3:2", "1:1", "2:3", "3:4", "9:16", "9:21")

FAMILIES: Final = (
    Family(
        re.compile(r"fal-ai/flux/(schnell|dev)|fal-ai/flux-lora|fal-ai/flux-pro/v1\.1"),
        seed="seed",
        size="image_size",
        fixed={"num_images": 1, "output_format": "png"},
    ),
    Family(
        re.compile(r"fal-ai/flux-pro/v1\.1-ultra"),
        seed="seed",
        shape="aspect_ratio",
        shapes=_SHAPES,
        fixed={"num_images": 1, "output_format": "png"},
    ),
    Family(
        re.compile(r"fal-ai/wan/v2\.2-5b/text-to-video"),
        seed="seed",
        shape="aspect_ratio",
        shapes=("16:9", "9:16", "1:1"),
        length=Length("num_frames", least=17, most=161, rate=24, step=4, extra=1),
        fixed={"frames_per_second": 24},
    ),
    Family(
        re.compile(r"fal-ai/wan/v2\.2-5b/text-to-video/(distill|fast-wan)"),
        seed="seed",
        shape="aspect_ratio",
        shapes=("16:9", "9:16", "1:1"),
        length=Length("num_frames", least=81, most=121, rate=24, step=4, extra=1),
        fixed={"frames_per_second": 24},
    ),
    Family(
        re.compile(r"fal-ai/wan/v2\.2-5b/image-to-video"),
        seed="seed",
        image="image_url",
        length=Length("num_frames", least=17, most=161, rate=24, step=4, extra=1),
        fixed={"frames_per_second": 24},
    ),
    Family(
        re.compile(r"fal-ai/minimax/speech-02-(turbo|hd)"),
        prompt="text",
        text=5000,
        voice="voice_setting.voice_id",
        language="language_boost",
        fixed={"output_format": "url"},
    ),
    Family(re.compile(r"fal-ai/lyria2"), seed="seed"),
    Family(re.compile(r"fal-ai/stable-audio"), length=Length("seconds_total", least=1, most=47)),
)
"""The models whose input is known; any other gets the prompt and what the project writes under `options`."""


class Fal:
    """Adapter of fal.ai's queue. A model is the name of its endpoint: "fal-ai/flux/schnell"."""

    name: ClassVar[str] = "fal"
    hosts: ClassVar[tuple[str, ...]] = ()  # results stand on fal.media, which asks for no key
    kinds: ClassVar[tuple[Kind, ...]] = ("image", "clip", "speech", "music", "effect")
    idempotent: ClassVar[bool] = False

    def authorise(self, key: str) -> Mapping[str, str]:
        """The header that carries the key: fal's own word for it is Key."""
        return {"authorization": f"Key {key}"}

    def check(self, generation: Generation) -> str:
        """What is wrong with the model's name, the prompt, the length or the picture; "" when nothing is."""
        if wrong := refused_kind(self, generation):
            return wrong
        if _MODEL.fullmatch(generation.model) is None:
            return (
                f"{generation.model!r} is no model of fal: write the name of its endpoint, such as fal-ai/flux/schnell"
            )
        return problem(_family(generation), generation, PICTURE)

    def submit(self, generation: Generation, account: Account) -> Request:
        """The request that puts it into the queue. Raises Failure for what `check` refuses."""
        if _MODEL.fullmatch(generation.model) is None:
            raise Failure("invalid", self.check(generation))
        headers = {}
        if account.timeout and account.timeout > 1:
            # What nobody waits for any more is not begun: a killed build cannot cancel it.
            headers["x-fal-request-timeout"] = f"{account.timeout:g}"
        body = build(_family(generation), generation, PICTURE)
        return Request("POST", f"{account.base}/{generation.model}", json=body, headers=headers)

    def accepted(self, generation: Generation, response: Response, account: Account) -> Accepted | Ready:
        """Where the request stands in the queue and where to ask for it."""
        body = _object(response)
        name = body.get("request_id") if body is not None else None
        if body is None or not isinstance(name, str) or not re.fullmatch(r"[\w-]{1,128}", name):
            raise Failure(
                "unknown",
                f"fal answered {response.status} without a request id ({said(response) or 'no JSON'}): "
                "whether it runs is unknown, see https://fal.ai/dashboard/requests",
                paid="maybe",
            )
        own = _request(generation, name, account)
        return Accepted(
            id=name,
            poll=own_address(body.get("status_url"), account) or f"{own}/status",
            cancel=own_address(body.get("cancel_url"), account) or f"{own}/cancel",
            facts={"cancel_method": "PUT", "id": name, **_left(generation)},
        )

    def polled(self, generation: Generation, response: Response, account: Account) -> Running | Accepted | Ready:
        """What the status says, or the result itself: it stands at another URL than the status."""
        body = _object(response)
        if body is None:
            raise Failure("transient", "fal answered a poll with something that is no JSON object", paid="maybe")
        if not _is_status(body):
            return _ready(generation, response, body)
        if body["status"] != "COMPLETED":
            return Running(note=_note(body))
        error = body.get("error")
        if error:
            words = sentence(line(error if isinstance(error, str) else str(error)))
            kind = body.get("error_type")
            told = f"{generation.model} failed at fal: {words}" + (f" ({line(str(kind), 60)})" if kind else "")
            if refused(f"{words} {kind}"):
                raise Failure("moderation", f"{told}; change the prompt", paid="maybe")
            raise Failure("failed", told, paid="maybe")
        name = str(body.get("request_id") or "")
        own = _request(generation, name, account) if re.fullmatch(r"[\w-]{1,128}", name) else ""
        where = own_address(body.get("response_url"), account) or own
        if not where:
            raise Failure("failed", "fal says that it is done and not where the result is", paid="yes")
        metrics = body.get("metrics")
        facts = {"cancel_method": "PUT", **({"id": name} if name else {}), **({"metrics": metrics} if metrics else {})}
        return Accepted(id=name, poll=where, cancel=f"{own}/cancel" if own else "", facts={**facts, "result": True})

    def failure(self, response: Response) -> Failure:
        """Sort an answer that is not 2xx; the answer at a result's URL is the model's own."""
        sorted_ = failure("fal", "FAL_KEY", response)
        kind = response.headers.get("x-fal-error-type", "")
        told = f"{sorted_.message} ({line(kind, 60)})" if kind else sorted_.message
        if response.status >= 500 and response.headers.get("x-fal-retryable", "").lower() == "false":
            return Failure("failed", told)
        return Failure(sorted_.sort, told, sorted_.retry_after, sorted_.paid)


def _family(generation: Generation) -> Family:
    return family_of(generation.model, generation.kind, FAMILIES)


def _object(response: Response) -> dict[str, Any] | None:
    body = body_of(response)
    return body if isinstance(body, dict) else None


def _is_status(body: Mapping[str, Any]) -> bool:
    """A status, and not a result: models may have an output that is called `status`, too."""
    marks = ("response_url", "status_url", "request_id", "queue_position", "logs")
    return "status" in body and (body["status"] in _STATES or any(mark in body for mark in marks))


def _note(body: Mapping[str, Any]) -> str:
    position = body.get("queue_position")
    if body["status"] == "IN_QUEUE" and isinstance(position, int):
        return f"in the queue, {position} before it"
    return str(body["status"]).lower().replace("_", " ")


def _request(generation: Generation, name: str, account: Account) -> str:
    """The URL of a request: under the app, without the path of the endpoint."""
    parts = generation.model.split("/")
    app = parts[: 3 if parts[0] in _SPACES else 2]
    return f"{account.base}/{'/'.join(app)}/requests/{quote(name, safe='')}"


def _ready(generation: Generation, response: Response, body: Mapping[str, Any]) -> Ready:
    flags = body.get("has_nsfw_concepts")
    if isinstance(flags, list) and flags and all(flag is True for flag in flags):
        raise Failure(
            "moderation", f"fal's content filter blackened what {generation.model} made; change the prompt", paid="yes"
        )
    files = payloads(body, generation.kind)
    if not files:
        raise Failure("failed", f"{generation.model} answered without a file: {line(str(dict(body)), 120)}", paid="yes")
    facts = {name: body[name] for name in ("seed", "timings", "actual_prompt", "revised_prompt") if body.get(name)}
    if request := response.headers.get("x-fal-request-id"):
        facts["id"] = request
    usage: dict[str, float] = {"runs": 1}
    if generation.kind == "image":
        usage["images"] = len(files)
    return Ready(payloads=files, usage=usage, facts={**facts, "model": generation.model, **_left(generation)})


def _left(generation: Generation) -> dict[str, Any]:
    left = unsaid(_family(generation), generation)
    return {"left_to_model": left} if left else {}
