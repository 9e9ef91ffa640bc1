"""Answers of described services: samples of their schemas, with real media and what the request asked for in them."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from jsonschema import Draft202012Validator

from tests.providers.stand_in import media, sound
from tests.providers.stand_in.models import products
from tests.providers.stand_in.sample import instance_of

if TYPE_CHECKING:
    from tests.providers.openapi.server import Asked

RATE: Final = 24000  # Hz


def compose(asked: Asked) -> Any:
    """The answer: JSON, or the bytes of a file."""
    return _ANSWERS[asked.operation.name](asked)


def _seed(asked: Asked) -> bytes:
    """No two requests that differ get the same media."""
    return hashlib.sha256(json.dumps(asked.body, sort_keys=True).encode()).digest()


# OpenAI


def _image(asked: Asked) -> Any:
    body = asked.body
    width, height = (int(side) for side in body["size"].split("x")) if body.get("size") else (1024, 1024)
    content = media.picture(width, height, _seed(asked), body.get("output_format", "png"))
    told = {**asked.sample(), "data": [{"b64_json": base64.b64encode(content).decode()}]}
    told["output_format"] = body.get("output_format", "png")
    return told


def _speech(asked: Asked) -> bytes:
    said = sound.spoken(asked.body["input"], speed=asked.body.get("speed", 1.0))
    pcm = sound.speech(said, _seed(asked), RATE)
    return sound.encoded(pcm, RATE, asked.body.get("response_format", "mp3"), _seed(asked))


def _transcription(asked: Asked) -> Any:
    """It hears, of all that was said here, what lasts as long as the recording."""
    seconds = sound.seconds_of(asked.files["file"])
    texts = [one.body["input"] for one in asked.server.requests if one.operation.name == "createSpeech"]
    heard = min(texts, key=lambda text: abs(sound.spoken(text).seconds - seconds), default="Nothing was said.")
    if asked.body.get("response_format", "json") != "verbose_json":
        return {**asked.sample("CreateTranscriptionResponseJson"), "text": heard}
    told = asked.sample("CreateTranscriptionResponseVerboseJson")
    words = [
        {"word": word.strip(".,;:!?"), "start": start, "end": end}
        for word, start, end in sound.spoken(heard, seconds).words()
    ]
    if "word" not in asked.body.get("timestamp_granularities", []):
        told.pop("words")
        return {**told, "text": heard, "duration": seconds, "language": "english"}
    return {**told, "text": heard, "duration": seconds, "language": "english", "words": words}


def _chat(asked: Asked) -> Any:
    """An instance of the schema that the request asks for, as JSON."""
    form = asked.body.get("response_format", {"type": "text"})
    content = "A sentence about the sea."
    if form["type"] == "json_schema":
        schema = form["json_schema"]["schema"]
        said = instance_of(schema, "the sea")
        Draft202012Validator(schema).validate(said)
        content = json.dumps(said)
    message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": None, "annotations": []}
    choice = {"index": 0, "finish_reason": "stop", "logprobs": None, "message": message}
    return {**asked.sample(), "model": asked.body["model"], "choices": [choice]}


# ElevenLabs


def _format(asked: Asked) -> tuple[str, int]:
    """The extension and the rate in Hz that are asked for."""
    extension, rate, *_ = asked.query.get("output_format", "mp3_44100_128").split("_")
    return extension, int(rate)


def _timed_speech(asked: Asked) -> Any:
    extension, rate = _format(asked)
    said = sound.spoken(asked.body["text"])
    times = {
        "characters": list(said.text),
        "character_start_times_seconds": list(said.starts),
        "character_end_times_seconds": list(said.ends),
    }
    content = sound.encoded(sound.speech(said, _seed(asked), rate), rate, extension, _seed(asked))
    audio = base64.b64encode(content).decode()
    return {**asked.sample(), "audio_base64": audio, "alignment": times, "normalized_alignment": None}


def _tune(asked: Asked) -> bytes:
    extension, rate = _format(asked)
    seconds = asked.body.get("duration_seconds") or asked.body.get("music_length_ms", 3000) / 1000
    return sound.encoded(sound.tune(seconds, _seed(asked), rate), rate, extension, _seed(asked))


def _alignment(asked: Asked) -> Any:
    said = sound.spoken(asked.body["text"], sound.seconds_of(asked.files["file"]))
    letters = zip(said.text, said.starts, said.ends, strict=True)
    return {
        **asked.sample(),
        "characters": [{"text": letter, "start": start, "end": end} for letter, start, end in letters],
        "words": [{"text": word, "start": start, "end": end, "loss": 0.1} for word, start, end in said.words()],
    }


# Replicate


def _prediction(asked: Asked) -> Any:
    """A prediction: starting when it is made, processing at the first look, over at the second."""
    name = asked.params.get("prediction_id", "")
    if name:
        status = {"starting": "processing"}.get(asked.server.jobs[name]["status"], "succeeded")
    else:
        name, status = f"prediction{len(asked.server.jobs):04d}", "starting"
        model = "/".join(asked.params.values()) or asked.body["version"]
        asked.server.jobs[name] = {"model": model, "input": asked.body["input"], "seed": _seed(asked)}
    job = asked.server.jobs[name]
    job["status"] = status
    if status == "succeeded" and "output" not in job:
        kind = media.kind_of(job["model"])
        made = products(kind, job["input"], job["seed"], pictures="webp")
        urls = [
            asked.server.keep(f"{name}-{number}.{one.extension}", media.TYPES[one.extension], one.content)
            for number, one in enumerate(made)
        ]
        job["output"] = urls if kind == "image" else urls[0]
    own = f"{asked.server.url}/predictions/{name}"
    return {
        **asked.sample(),
        **{"id": name, "model": job["model"], "version": "hidden", "input": job["input"], "status": status},
        **{"error": None, "logs": "", "metrics": {"predict_time": 1.5}, "output": job.get("output")},
        "urls": {"get": own, "cancel": f"{own}/cancel", "web": f"{asked.server.origin}/p/{name}"},
    }


_ANSWERS: Final[Mapping[str, Callable[[Asked], Any]]] = {
    "createImage": _image,
    "createSpeech": _speech,
    "createTranscription": _transcription,
    "createChatCompletion": _chat,
    "textToSpeechWithTimestamps": _timed_speech,
    "composeMusic": _tune,
    "soundGeneration": _tune,
    "forcedAlignment": _alignment,
    "predictions.create": _prediction,
    "predictions.get": _prediction,
    "models.predictions.create": _prediction,
    "deployments.predictions.create": _prediction,
}
