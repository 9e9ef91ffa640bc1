"""OpenAI as it answers: images, speech, transcriptions and chat completions."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
import time
from collections.abc import Mapping
from typing import Any, Final

from tests.providers.stand_in import media, sound
from tests.providers.stand_in.sample import instance_of, mistakes
from tests.providers.stand_in.service import Asked, Route, Service
from tests.providers.stand_in.wire import Answer, Refused

_IMAGE_KEYS: Final = """
    prompt model n size quality output_format output_compression background moderation response_format style user stream
    partial_images
"""
_SPEECH_KEYS: Final = "model input voice response_format speed instructions stream_format"
_CHAT_KEYS: Final = """
    model messages max_completion_tokens max_tokens seed temperature top_p n stop user store metadata stream tools
    response_format reasoning_effort verbosity presence_penalty frequency_penalty logprobs top_logprobs tool_choice
    parallel_tool_calls service_tier safety_identifier prompt_cache_key modalities logit_bias
"""
RATE: Final = 24000  # Hz of its speech
FIXED_SIZES: Final = ("1024x1024", "1536x1024", "1024x1536", "auto")
_ERRORS: Final = {
    400: ("invalid_request_error", "", "The request is not valid."),
    401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    403: ("invalid_request_error", "unsupported_country_region_territory", "Country not supported."),
    404: ("invalid_request_error", "", "Invalid URL."),
    429: ("requests", "rate_limit_exceeded", "Rate limit reached for requests."),
    500: ("server_error", "", "The server had an error while processing your request."),
    503: ("server_error", "", "The engine is currently overloaded, please try again later."),
}


class OpenAI(Service):
    """The routes below /v1."""

    name = "openai"
    version = "/v1"
    key = "sk-stand-in-openai-0123456789abcdef"

    def routes(self) -> tuple[Route, ...]:
        return (
            Route("POST", r"/v1/images/generations", "images", "submit", images),
            Route("POST", r"/v1/audio/speech", "speech", "submit", speech),
            Route("POST", r"/v1/audio/transcriptions", "transcriptions", "submit", transcriptions),
            Route("POST", r"/v1/chat/completions", "chat", "submit", chat),
        )

    def presented(self, headers: Mapping[str, str]) -> str | None:
        scheme, _, key = headers.get("authorization", "").partition(" ")
        return key if scheme.lower() == "bearer" else None

    def error(self, status: int, message: str = "", code: str = "", field: str = "") -> Answer:
        kind, usual, words = _ERRORS.get(status, ("server_error" if status >= 500 else "invalid_request_error", "", ""))
        if code == "insufficient_quota":
            kind, words = "insufficient_quota", "You exceeded your current quota, please check your plan and billing."
        content = {"message": message or words, "type": kind, "param": field or None, "code": code or usual or None}
        return Answer.of_json({"error": content}, status, {"x-request-id": "req_refused"})

    def throttled(self, seconds: float) -> Answer:
        answer = super().throttled(seconds)
        whole = {"Retry-After": str(math.ceil(seconds)), "retry-after-ms": str(math.ceil(seconds * 1000))}
        answer.headers.update(whole | {"x-ratelimit-reset-requests": f"{math.ceil(seconds * 1000)}ms"})
        return answer


def _object(asked: Asked, known: str) -> dict[str, Any]:
    """The JSON of the body; unknown keys are refused, as the real service does."""
    body = asked.request.json
    if not isinstance(body, dict):
        raise Refused(400, "We could not parse the JSON body of your request.")
    unknown = sorted(set(body) - set(known.split()))
    if unknown:
        raise Refused(400, f"Unknown parameter: '{unknown[0]}'.", "unknown_parameter", unknown[0])
    return body


def _needed(body: Mapping[str, Any], *fields: str) -> None:
    for field in fields:
        if not body.get(field):
            raise Refused(400, f"Missing required parameter: '{field}'.", "missing_required_parameter", field)


def _size(model: str, size: str) -> tuple[int, int]:
    """Width and height; refuses what the model cannot."""
    if size == "auto":
        return 1024, 1024
    found = re.fullmatch(r"(\d+)x(\d+)", size)
    width, height = (int(found[1]), int(found[2])) if found else (0, 0)
    fine = bool(width and height and width <= 4096 and height <= 4096)
    if model.startswith("gpt-image-2"):
        fine = fine and not width % 16 and not height % 16 and width <= 3 * height and height <= 3 * width
        fine = fine and width * height <= 3840 * 2160
    elif model.startswith("gpt-image-"):
        fine = size in FIXED_SIZES
    if not fine:
        raise Refused(400, f"Invalid size '{size}' for model '{model}'.", "invalid_value", "size")
    return width, height


def images(asked: Asked) -> Answer:
    """POST /images/generations."""
    body = _object(asked, _IMAGE_KEYS)
    _needed(body, "prompt")
    model = body.get("model", "dall-e-2")
    if model.startswith("gpt-image") and "response_format" in body:
        raise Refused(400, "Unknown parameter: 'response_format'.", "unknown_parameter", "response_format")
    count = body.get("n", 1)
    if not isinstance(count, int) or not 1 <= count <= 10:
        raise Refused(400, "Invalid 'n': integer out of range 1..10.", "integer_out_of_range", "n")
    form = body.get("output_format", "png")
    if form not in ("png", "jpeg", "webp"):
        raise Refused(400, f"Invalid value: '{form}'.", "invalid_value", "output_format")
    size = body.get("size", "1024x1024")
    width, height = _size(model, size)
    charge = asked.charge(model, body)
    made = [media.picture(width, height, hashlib.sha256(charge.seed + bytes([n])).digest(), form) for n in range(count)]
    by_url = model.startswith("dall-e") and body.get("response_format", "url") == "url"
    data: list[dict[str, Any]] = []
    for one in made:
        if by_url:
            url = asked.world.keep("openai", one, form, elsewhere=asked.deed == "offsite")
            data.append({"url": url, "revised_prompt": f"{body['prompt']}, in detail"})
        else:
            data.append({"b64_json": base64.b64encode(one).decode()})
    tokens, pixels = len(body["prompt"]) // 4 + 1, width * height * count // 1000
    usage = {"input_tokens": tokens, "output_tokens": pixels, "total_tokens": tokens + pixels}
    details = {"input_tokens_details": {"text_tokens": tokens, "image_tokens": 0}}
    answer: dict[str, Any] = {"created": int(time.time()), "data": [] if asked.deed == "nothing" else data}
    if not model.startswith("dall-e"):
        answer |= {"size": f"{width}x{height}", "quality": "high", "output_format": form, "background": "opaque"}
        answer["usage"] = usage | details
    return Answer.of_json(answer, headers=_told(charge.number))


def speech(asked: Asked) -> Answer:
    """POST /audio/speech."""
    body = _object(asked, _SPEECH_KEYS)
    _needed(body, "model", "input", "voice")
    if len(body["input"]) > 4096:
        raise Refused(400, "Invalid 'input': string too long, at most 4096 characters.", "string_too_long", "input")
    form, speed = body.get("response_format", "mp3"), body.get("speed", 1.0)
    if form not in ("mp3", "opus", "aac", "flac", "wav", "pcm"):
        raise Refused(400, f"Invalid value: '{form}'.", "invalid_value", "response_format")
    if not 0.25 <= speed <= 4:
        raise Refused(400, "Invalid 'speed': 0.25 to 4.", "invalid_value", "speed")
    charge = asked.charge(body["model"], body)
    said = sound.spoken(body["input"], speed=speed)
    pcm = sound.speech(said, charge.seed, RATE)
    content = b"" if asked.deed == "nothing" else sound.encoded(pcm, RATE, form, charge.seed)
    with asked.world.state.lock:
        asked.world.state.texts[hashlib.sha256(content).hexdigest()] = body["input"]
    return Answer.of_file(content, form, _told(charge.number))


def transcriptions(asked: Asked) -> Answer:
    """POST /audio/transcriptions. It hears what the recording was made from here, else what `StandIn.hears` says."""
    fields, files = asked.request.form()
    single = {name: values[-1] for name, values in fields.items()}
    _needed({**single, "file": "file" in files}, "file", "model")
    model, form = single["model"], single.get("response_format", "json")
    if form == "verbose_json" and model != "whisper-1":
        message = f"response_format 'verbose_json' is not compatible with model '{model}'. Use 'json' instead."
        raise Refused(400, message, "unsupported_value", "response_format")
    audio = files["file"].content
    try:
        seconds = sound.seconds_of(audio)
    except ValueError:
        raise Refused(400, "Audio file might be corrupted or unsupported", "invalid_value", "file") from None
    charge = asked.charge(model, [fields, audio])
    with asked.world.state.lock:
        text = asked.world.state.texts.get(hashlib.sha256(audio).hexdigest(), asked.world.hears)
    usage = {"type": "duration", "seconds": math.ceil(seconds)}
    if form != "verbose_json":
        return Answer.of_json({"text": text, "usage": usage}, headers=_told(charge.number))
    words = [] if asked.deed == "nothing" else sound.spoken(text, seconds).words()
    answer = {"task": "transcribe", "language": "english", "duration": seconds, "text": text, "usage": usage}
    if "word" in fields.get("timestamp_granularities[]", []):
        answer["words"] = [{"word": word.strip(".,;:!?\"'"), "start": start, "end": end} for word, start, end in words]
    return Answer.of_json(answer, headers=_told(charge.number))


def chat(asked: Asked) -> Answer:
    """POST /chat/completions: says what `StandIn.says` says, else an instance of the schema, else a sentence."""
    body = _object(asked, _CHAT_KEYS)
    _needed(body, "model", "messages")
    model = body["model"]
    if re.match(r"gpt-5|o\d", model):
        if "max_tokens" in body:
            message = (
                "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens'."
            )
            raise Refused(400, message, "unsupported_parameter", "max_tokens")
        if body.get("temperature", 1) != 1:
            raise Refused(400, "Unsupported value: only the default (1) is.", "unsupported_value", "temperature")
    schema = _schema(body)
    charge = asked.charge(model, body)
    asked_for = str(body["messages"][-1].get("content", ""))
    said = asked.world.says(body) if asked.world.says else None
    if said is None:
        said = instance_of(schema, asked_for[:40]) if schema else f"Take {charge.seed.hex()[:6]} of: {asked_for[:80]}"
    content: str | None = said if isinstance(said, str) else json.dumps(said)
    refusal, finish = None, "stop"
    if asked.deed == "refusal":
        content, refusal = None, "I'm sorry, I can't assist with that."
    elif asked.deed == "length":
        content, finish = (content or "")[: len(content or "") // 2], "length"
    elif asked.deed == "content-filter":
        content, finish = None, "content_filter"
    elif asked.deed == "nothing":
        content = ""
    reply: dict[str, Any] = {"role": "assistant", "content": content, "refusal": refusal, "annotations": []}
    tokens, out = len(json.dumps(body["messages"])) // 4, len(content or "") // 4
    usage = {
        "prompt_tokens": tokens,
        "completion_tokens": out,
        "total_tokens": tokens + out,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }
    answer = {
        "id": f"chatcmpl-{charge.seed.hex()[:24]}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [{"index": 0, "message": reply, "finish_reason": finish, "logprobs": None}],
        "usage": usage,
    }
    return Answer.of_json(answer, headers=_told(charge.number))


def _schema(body: Mapping[str, Any]) -> dict[str, Any] | None:
    """The schema of the answer, when one is asked for and it is fit for that."""
    form = body.get("response_format") or {}
    if form.get("type") != "json_schema":
        return None
    asked = form.get("json_schema") or {}
    if not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", asked.get("name", "")):
        raise Refused(400, "Invalid 'response_format.json_schema.name'.", "invalid_value", "response_format")
    schema = asked.get("schema") or {}
    wrong = mistakes(schema) if asked.get("strict") else ""
    if wrong:
        message = f"Invalid schema for response_format '{asked['name']}': {wrong}"
        raise Refused(400, message, "invalid_json_schema", "response_format")
    return dict(schema)


def _told(number: int) -> dict[str, str]:
    return {"x-request-id": f"req_{number:024d}", "openai-processing-ms": "12", "openai-version": "2020-10-01"}
