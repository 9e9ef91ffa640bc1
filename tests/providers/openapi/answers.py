"""Answers of described services: samples of their schemas, with real media and what the request asked for in them."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from jsonschema import Draft202012Validator

from tests.providers.openapi.server import Asked
from tests.providers.stand_in import media, sound
from tests.providers.stand_in.sample import instance_of

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


_ANSWERS: Final[Mapping[str, Callable[[Asked], Any]]] = {
    "createImage": _image,
    "createSpeech": _speech,
    "createTranscription": _transcription,
    "createChatCompletion": _chat,
}
