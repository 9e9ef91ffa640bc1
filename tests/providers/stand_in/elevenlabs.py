"""ElevenLabs as it answers: speech with and without the times of its characters, music, effects, forced alignment."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

from tests.providers.stand_in import sound
from tests.providers.stand_in.service import Asked, Route, Service
from tests.providers.stand_in.state import Charge
from tests.providers.stand_in.wire import Answer, Refused

_ERRORS: Final = {
    400: ("bad_request", "The request is not valid."),
    401: ("invalid_api_key", "Invalid API key"),
    403: ("forbidden", "You are not allowed to do this."),
    404: ("not_found", "There is no such thing."),
    429: ("too_many_concurrent_requests", "Too many concurrent requests for your subscription."),
    500: ("internal_server_error", "An unexpected error occurred."),
    503: ("system_busy", "Our systems are busy, please try again."),
}
_RATES: Final = "(8000|16000|22050|24000|32000|44100|48000)"
FORMATS: Final = rf"mp3_(22050|24000|44100)_\d+|wav_{_RATES}|pcm_{_RATES}|opus_48000_\d+"


class ElevenLabs(Service):
    """The routes below /v1; base URLs do not hold the version."""

    name = "elevenlabs"
    key = "xi_stand_in_elevenlabs_0123456789abcdef"

    def routes(self) -> tuple[Route, ...]:
        return (
            Route("POST", r"/v1/text-to-speech/(\w+)", "speech", "submit", speech),
            Route("POST", r"/v1/text-to-speech/(\w+)/with-timestamps", "timestamps", "submit", timestamps),
            Route("POST", r"/v1/music", "music", "submit", music),
            Route("POST", r"/v1/sound-generation", "effect", "submit", effect),
            Route("POST", r"/v1/forced-alignment", "alignment", "submit", alignment),
        )

    def presented(self, headers: Mapping[str, str]) -> str | None:
        return headers.get("xi-api-key")

    def error(self, status: int, message: str = "", code: str = "", field: str = "") -> Answer:
        if status == 422 and field:
            wrong = {"loc": ["body", *field.split(".")], "msg": message or "Field required", "type": code or "missing"}
            return Answer.of_json({"detail": [wrong]}, 422)
        usual, words = _ERRORS.get(status, ("error", "Something went wrong."))
        return Answer.of_json({"detail": {"status": code or usual, "message": message or words}}, status)

    def throttled(self, seconds: float) -> Answer:
        """Its 429 tells no delay: the limit is on how much runs at once."""
        return self.error(429)


def _object(asked: Asked, *needed: str) -> dict[str, Any]:
    body = asked.request.json
    if not isinstance(body, dict):
        raise Refused(422, "Input should be a valid dictionary", "model_attributes_type", "body")
    for field in needed:
        if not body.get(field):
            raise Refused(422, "Field required", "missing", field)
    return body


def _format(asked: Asked) -> tuple[str, int]:
    """The extension and the rate in Hz of the `output_format` in the query."""
    form = asked.request.query.get("output_format", "mp3_44100_128")
    if not re.fullmatch(FORMATS, form):
        raise Refused(422, f"Input should be a format such as 'mp3_44100_128', not '{form}'", "enum", "output_format")
    extension, rate, *_ = form.split("_")
    return extension, int(rate)


def _told(asked: Asked, charge: Charge, characters: int = 0) -> dict[str, str]:
    """The headers that tell of the cost and of what is under way."""
    limit = asked.world.state.limit("elevenlabs")
    running = asked.world.state.running("elevenlabs")
    return {
        "request-id": f"el_{charge.number:020d}",
        "character-cost": str(characters),
        "current-concurrent-requests": str(running),
        "maximum-concurrent-requests": str(limit.concurrent or 10),
    }


def _say(asked: Asked) -> tuple[bytes, str, sound.Spoken, dict[str, str]]:
    body = _object(asked, "text")
    extension, rate = _format(asked)
    seed = body.get("seed")
    if seed is not None and not 0 <= seed <= 4294967295:
        raise Refused(422, "Input should be between 0 and 4294967295", "less_than_equal", "seed")
    charge = asked.charge(body.get("model_id", "eleven_multilingual_v2"), {**body, "as": f"{extension} {rate}"})
    said = sound.spoken(body["text"], speed=(body.get("voice_settings") or {}).get("speed") or 1.0)
    content = sound.encoded(sound.speech(said, charge.seed, rate), rate, extension, charge.seed)
    with asked.world.state.lock:
        asked.world.state.texts[hashlib.sha256(content).hexdigest()] = body["text"]
    content = b"" if asked.deed == "nothing" else content
    return content, extension, said, _told(asked, charge, len(body["text"]))


def speech(asked: Asked) -> Answer:
    """POST /v1/text-to-speech/{voice}: the bytes."""
    content, extension, _, headers = _say(asked)
    return Answer.of_file(content, extension, headers)


def timestamps(asked: Asked) -> Answer:
    """POST /v1/text-to-speech/{voice}/with-timestamps: the bytes in base64, and when each character sounds."""
    content, _, said, headers = _say(asked)
    times: dict[str, Any] | None = {
        "characters": list(said.text),
        "character_start_times_seconds": list(said.starts),
        "character_end_times_seconds": list(said.ends),
    }
    times = None if asked.deed == "nothing" else times
    audio = base64.b64encode(content).decode()
    return Answer.of_json({"audio_base64": audio, "alignment": times, "normalized_alignment": times}, headers=headers)


def music(asked: Asked) -> Answer:
    """POST /v1/music."""
    body = _object(asked)
    if bool(body.get("prompt")) == bool(body.get("composition_plan")):
        raise Refused(422, "Provide either prompt or composition_plan", "value_error", "prompt")
    length = body.get("music_length_ms") or 10_000
    if not 3000 <= length <= 600_000:
        raise Refused(422, "Input should be between 3000 and 600000", "value_error", "music_length_ms")
    return _sound(asked, body, body.get("model_id", "music_v1"), length / 1000)


def effect(asked: Asked) -> Answer:
    """POST /v1/sound-generation."""
    body = _object(asked, "text")
    seconds = body.get("duration_seconds") or 2.0
    if not 0.5 <= seconds <= 30:
        raise Refused(422, "Input should be between 0.5 and 30", "value_error", "duration_seconds")
    return _sound(asked, body, body.get("model_id", "eleven_text_to_sound_v2"), seconds)


def _sound(asked: Asked, body: dict[str, Any], model: str, seconds: float) -> Answer:
    extension, rate = _format(asked)
    charge = asked.charge(model, {**body, "as": f"{extension} {rate}"})
    content = sound.encoded(sound.tune(seconds, charge.seed, rate), rate, extension, charge.seed)
    return Answer.of_file(
        b"" if asked.deed == "nothing" else content, extension, _told(asked, charge, round(seconds * 40))
    )


def alignment(asked: Asked) -> Answer:
    """POST /v1/forced-alignment: the text's words, spread over the recording."""
    fields, files = asked.request.form()
    text = fields.get("text", [""])[-1]
    if not text or "file" not in files:
        raise Refused(422, "Field required", "missing", "text" if not text else "file")
    try:
        seconds = sound.seconds_of(files["file"].content)
    except ValueError:
        raise Refused(400, "The audio could not be decoded.", "invalid_audio") from None
    charge = asked.charge("forced-alignment", [fields, files["file"].content])
    said = sound.spoken(text, seconds)
    characters = zip(said.text, said.starts, said.ends, strict=True)
    words = [] if asked.deed == "nothing" else said.words()
    content = {
        "characters": [{"text": one, "start": start, "end": end} for one, start, end in characters],
        "words": [{"text": word, "start": start, "end": end, "loss": 0.1} for word, start, end in words],
        "loss": 0.1,
    }
    return Answer.of_json(content, headers=_told(asked, charge))
