"""Replicate: predictions of any model it hosts, for images, clips, speech, music and effects."""

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

PICTURE: Final = 256 * 1024
"""The largest picture that goes into a request, in bytes: larger ones Replicate wants uploaded first."""

SHORTEST: Final = 5
LONGEST: Final = 30 * 60  # seconds; Replicate itself ends a prediction after that

_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_MODEL: Final = re.compile(
    rf"(?P<deployment>deployments/)?(?P<owner>{_NAME})/(?P<name>{_NAME})(?::(?P<version>[0-9a-f]{{64}}))?"
)
_ALONE: Final = re.compile(r"[0-9a-f]{64}")
_SEED: Final = re.compile(r"\bseed\b\D{0,3}(\d{1,20})", re.IGNORECASE)
_SHAPES: Final = ("1:1", "16:9", "3:2", "2:3", "4:5", "5:4", "9:16", "3:4", "4:3")

FAMILIES: Final = (
    Family(
        re.compile(r"black-forest-labs/flux-(schnell|dev|krea-dev)(-lora)?"),
        seed="seed",
        shape="aspect_ratio",
        shapes=(*_SHAPES, "21:9", "9:21"),
        fixed={"num_outputs": 1, "output_format": "png"},
    ),
    Family(
        re.compile(r"black-forest-labs/flux-(pro|1\.1-pro|2-(pro|dev|flex|max))"),
        seed="seed",
        shape="aspect_ratio",
        shapes=_SHAPES,
        fixed={"output_format": "png"},
    ),
    Family(
        re.compile(r"black-forest-labs/flux-1\.1-pro-ultra"),
        seed="seed",
        shape="aspect_ratio",
        shapes=(*_SHAPES, "21:9", "9:21"),
        fixed={"output_format": "png"},
    ),
    Family(
        re.compile(r"wan-video/wan-2\.2-t2v-fast"),
        seed="seed",
        shape="aspect_ratio",
        shapes=("16:9", "9:16"),
        length=Length("num_frames", least=81, most=121, rate=16, step=4, extra=1),
    ),
    Family(
        re.compile(r"wan-video/wan-2\.2-i2v-fast"),
        seed="seed",
        image="image",
        length=Length("num_frames", least=81, most=121, rate=16, step=4, extra=1),
    ),
    Family(
        re.compile(r"wan-video/wan-2\.5-t2v(-fast)?"),
        seed="seed",
        shape="size",
        shapes=("1280*720", "720*1280"),
        length=Length("duration", choices=(5, 10)),
    ),
    Family(
        re.compile(r"wan-video/wan-2\.5-i2v(-fast)?"),
        seed="seed",
        image="image",
        length=Length("duration", choices=(5, 10)),
    ),
    Family(
        re.compile(r"minimax/speech-02-(turbo|hd)"),
        prompt="text",
        text=5000,
        voice="voice_id",
        language="language_boost",
    ),
    Family(re.compile(r"minimax/speech-[\w.-]+"), prompt="text", voice="voice_id", language="language_boost"),
    Family(re.compile(r"google/lyria-2"), seed="seed"),
    Family(
        re.compile(r"meta/musicgen"),
        seed="seed",
        length=Length("duration", least=1, most=30),
        fixed={"output_format": "wav"},
    ),
)
"""The models whose input is known; any other gets the prompt and what the project writes under `options`."""


class Replicate:
    """Adapter of replicate.com, and of every server that speaks its HTTP API (Cog containers among them).

    A model is "owner/name" (Replicate's official ones), "owner/name:VERSION", a VERSION alone (64 hex digits), or
    "deployments/owner/name".
    """

    name: ClassVar[str] = "replicate"
    hosts: ClassVar[tuple[str, ...]] = ("replicate.delivery",)
    kinds: ClassVar[tuple[Kind, ...]] = ("image", "clip", "speech", "music", "effect")
    idempotent: ClassVar[bool] = False

    def authorise(self, key: str) -> Mapping[str, str]:
        """The header that carries the token."""
        return {"authorization": f"Bearer {key}"}

    def check(self, generation: Generation) -> str:
        """What is wrong with the model's name, the prompt, the length or the picture; "" when nothing is."""
        if wrong := refused_kind(self, generation):
            return wrong
        if _address(generation.model) is None:
            return (
                f"{generation.model!r} is no model of Replicate: write owner/name, owner/name:VERSION (64 hex digits), "
                "or deployments/owner/name"
            )
        return problem(_family(generation), generation, PICTURE)

    def submit(self, generation: Generation, account: Account) -> Request:
        """The request for a prediction, that does not wait for its end. Raises Failure for what `check` refuses."""
        where = _address(generation.model)
        if where is None:
            raise Failure("invalid", self.check(generation))
        path, version = where
        body: dict[str, Any] = {"input": build(_family(generation), generation, PICTURE)}
        if version:
            body["version"] = version
        # A run that nobody waits for any more ends by itself: a killed build cannot cancel it.
        seconds = min(max(int(account.timeout or LONGEST), SHORTEST), LONGEST)
        return Request("POST", f"{account.base}{path}", json=body, headers={"cancel-after": f"{seconds}s"})

    def accepted(self, generation: Generation, response: Response, account: Account) -> Accepted | Ready:
        """What the answer to `submit` says: accepted as a rule, Ready from a server that answers when it is done."""
        prediction = _prediction(response)
        if prediction is None:
            raise Failure(
                "unknown",
                f"Replicate answered {response.status} with what is no prediction ({said(response) or 'no JSON'}): "
                "whether it runs is unknown, see https://replicate.com/predictions",
                paid="maybe",
            )
        done = _outcome(generation, prediction)
        if done is not None:
            return done
        name = prediction.get("id")
        if not isinstance(name, str) or not re.fullmatch(r"[\w-]{1,128}", name):
            raise Failure(
                "unknown", "Replicate accepted the prediction without telling its id; see its web page", paid="maybe"
            )
        urls = prediction.get("urls")
        told = urls if isinstance(urls, dict) else {}
        own = f"{account.base}/predictions/{quote(name, safe='')}"
        return Accepted(
            id=name,
            poll=own_address(told.get("get"), account) or own,
            cancel=own_address(told.get("cancel"), account) or f"{own}/cancel",
            facts={"cancel_method": "POST", **_facts(generation, prediction)},
        )

    def polled(self, generation: Generation, response: Response, account: Account) -> Running | Accepted | Ready:
        """What the prediction has come to."""
        prediction = _prediction(response)
        if prediction is None:
            raise Failure("transient", "Replicate answered a poll with something that is no prediction", paid="maybe")
        done = _outcome(generation, prediction)
        if done is not None:
            return done
        note = str(prediction.get("status") or "running")
        last = _tail(prediction, 1, 80)
        return Running(note=f"{note}: {last}" if last else note)

    def failure(self, response: Response) -> Failure:
        """Sort an answer that is not 2xx."""
        sorted_ = failure("Replicate", "REPLICATE_API_TOKEN", response)
        if response.status == 404:
            return Failure(
                "invalid",
                f"{sorted_.message}. A model that is not one of Replicate's official ones needs its version: "
                "owner/name:VERSION. A prediction is forgotten after a while, too.",
            )
        if response.status == 410:
            return Failure("failed", f"{sorted_.message}. Results are removed after an hour.", paid="maybe")
        return sorted_


def _family(generation: Generation) -> Family:
    return family_of(generation.model.partition(":")[0], generation.kind, FAMILIES)


def _address(model: str) -> tuple[str, str] | None:
    """The path that takes a model's predictions, and the version that goes into the body; None for no model."""
    if _ALONE.fullmatch(model):
        return "/predictions", model
    match = _MODEL.fullmatch(model)
    if match is None:
        return None
    if match["deployment"]:
        return None if match["version"] else (f"/deployments/{match['owner']}/{match['name']}/predictions", "")
    if match["version"]:
        return "/predictions", match["version"]
    return f"/models/{match['owner']}/{match['name']}/predictions", ""


def _prediction(response: Response) -> Mapping[str, Any] | None:
    body = body_of(response)
    return body if isinstance(body, dict) and ("status" in body or "id" in body) else None


def _outcome(generation: Generation, prediction: Mapping[str, Any]) -> Ready | None:
    """The result of a prediction that is over; None while it runs. Raises Failure when it came to nothing."""
    status = prediction.get("status")
    if status == "succeeded":
        return _ready(generation, prediction)
    who = f"the prediction {prediction.get('id') or ''} of {generation.model}".replace("  ", " ")
    if status == "failed":
        error = sentence(line(str(prediction.get("error") or "no reason given")))
        if refused(error):
            raise Failure("moderation", f"{who} was refused: {error}; change the prompt", paid="maybe")
        logs = _tail(prediction, 5, 300)
        raise Failure("failed", f"{who} failed: {error}" + (f" (its last words: {logs})" if logs else ""), paid="maybe")
    if status == "canceled":
        raise Failure("failed", f"{who} was cancelled while it ran, by hand or at its time limit", paid="maybe")
    if status == "aborted":
        raise Failure("failed", f"{who} was ended before it began, by hand or at its time limit: nothing was paid")
    return None


def _ready(generation: Generation, prediction: Mapping[str, Any]) -> Ready:
    output = prediction.get("output")
    who = f"the prediction {prediction.get('id') or ''} of {generation.model}".replace("  ", " ")
    if output is None and prediction.get("data_removed"):
        raise Failure(
            "failed",
            f"{who} succeeded, but its result was removed: Replicate keeps results for an hour. "
            "Building again asks for a new one, and pays for it",
            paid="yes",
        )
    files = payloads(output, generation.kind)
    if not files:
        raise Failure("failed", f"{who} succeeded without a file: {line(str(output), 120)}", paid="yes")
    usage: dict[str, float] = {"runs": 1}
    metrics = prediction.get("metrics")
    seconds = metrics.get("predict_time") if isinstance(metrics, dict) else None
    by_time = ":" in generation.model or "/" not in generation.model or generation.model.startswith("deployments/")
    if by_time and isinstance(seconds, int | float) and not isinstance(seconds, bool):
        # Official models are paid by what they make: there seconds would be those of the film, which are not told.
        usage["seconds"] = float(seconds)
    if generation.kind == "image":
        usage["images"] = len(files)
    return Ready(payloads=files, usage=usage, facts=_facts(generation, prediction))


def _facts(generation: Generation, prediction: Mapping[str, Any]) -> dict[str, Any]:
    """What is worth keeping of a prediction."""
    facts = {name: prediction[name] for name in ("id", "version", "model", "metrics") if prediction.get(name)}
    asked = prediction.get("input")
    used = asked.get("seed") if isinstance(asked, dict) else None
    logged = _SEED.search(str(prediction.get("logs") or ""))
    if used is not None or logged:
        facts["seed"] = int(logged[1]) if logged else used
    left = unsaid(_family(generation), generation)
    return {**facts, "left_to_model": left} if left else facts


def _tail(prediction: Mapping[str, Any], lines: int, longest: int) -> str:
    """The end of the logs, on one line."""
    rows = [row.strip() for row in str(prediction.get("logs") or "").splitlines() if row.strip()]
    return line(" / ".join(rows[-lines:]), longest)
