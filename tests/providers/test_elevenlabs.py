"""ElevenLabs' adapter: what it asks, what it reads, what it refuses. No network: requests and answers are data."""

from __future__ import annotations

import base64
import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from vbmake.providers.elevenlabs import ElevenLabs, grouped
from vbmake.providers.types import Account, Failure, Generation, Ready, Response
from vbmake.services import Kind

ADAPTER = ElevenLabs()
ACCOUNT = Account("elevenlabs", "elevenlabs", "https://api.elevenlabs.io", "ELEVENLABS_API_KEY")
SOUND = b"ID3 not really"
VOICE = "JBFqnCBsd6RMkjVDRZzb"
MODELS: dict[Kind, str] = {
    "speech": "eleven_multilingual_v2",
    "music": "music_v1",
    "effect": "eleven_text_to_sound_v2",
    "words": "forced-alignment",
}


def asked(kind: Kind, **more: Any) -> Generation:
    basis = Generation(kind, "elevenlabs", MODELS.get(kind, "some-model"), "Two boats", seed=7)
    if kind == "speech":
        basis = dataclasses.replace(basis, voice=VOICE)
    if kind == "words":
        basis = dataclasses.replace(basis, files={"audio": Path("voice.wav")})
    return dataclasses.replace(basis, **more)


def answer(body: Any, status: int = 200, kind: str = "application/json", **headers: str) -> Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, {"content-type": kind, **named}, content)


def aligned(text: str, step: float = 0.125) -> dict[str, Any]:
    """An alignment in which each character takes `step` seconds."""
    return {
        "characters": list(text),
        "character_start_times_seconds": [index * step for index in range(len(text))],
        "character_end_times_seconds": [(index + 1) * step for index in range(len(text))],
    }


def speech(alignment: Any, normalized: Any = None, **headers: str) -> Response:
    sound = base64.b64encode(SOUND).decode()
    body = {"audio_base64": sound, "alignment": alignment, "normalized_alignment": normalized}
    return answer(body, 200, "application/json", **headers)


def read(generation: Generation, response: Response) -> Ready:
    ready = ADAPTER.accepted(generation, response, ACCOUNT)
    assert isinstance(ready, Ready)
    return ready


def error(status: int, detail: Any, **headers: str) -> Failure:
    return ADAPTER.failure(answer({"detail": detail}, status, **headers))


# What is asked.


def test_speech_is_asked_for_with_its_times_in_a_format_of_every_plan() -> None:
    request = ADAPTER.submit(asked("speech"), ACCOUNT)
    assert request.method == "POST"
    assert request.url == (
        f"https://api.elevenlabs.io/v1/text-to-speech/{VOICE}/with-timestamps?output_format=mp3_44100_128"
    )
    assert request.json == {"text": "Two boats", "model_id": "eleven_multilingual_v2", "seed": 7}
    assert request.headers == {}


def test_options_of_the_voice_are_its_settings_and_others_fields() -> None:
    options = {
        "stability": 0.4,
        "voice_settings": {"speed": 1.1},
        "previous_text": "Before.",
        "output_format": "wav_44100",
    }
    request = ADAPTER.submit(asked("speech", options=options), ACCOUNT)
    assert request.url.endswith("?output_format=wav_44100")
    assert request.json == {
        "text": "Two boats",
        "model_id": "eleven_multilingual_v2",
        "seed": 7,
        "voice_settings": {"stability": 0.4, "speed": 1.1},
        "previous_text": "Before.",
    }


@pytest.mark.parametrize(
    ("model", "language", "code"),
    [
        ("eleven_flash_v2_5", "de-AT", "de"),
        ("eleven_v3", "en", "en"),
        ("eleven_multilingual_v2", "de", None),
        ("eleven_flash_v2_5", "", None),
        ("eleven_flash_v2_5", "klingon", None),
    ],
)
def test_the_language_is_named_to_the_models_that_take_one(model: str, language: str, code: str | None) -> None:
    request = ADAPTER.submit(asked("speech", model=model, language=language), ACCOUNT)
    assert request.json.get("language_code") == code


def test_a_seed_is_within_its_range() -> None:
    assert ADAPTER.submit(asked("speech", seed=2**32 + 5), ACCOUNT).json["seed"] == 5


def test_music_is_asked_for_by_prompt_and_milliseconds_without_a_seed() -> None:
    request = ADAPTER.submit(asked("music", seconds=12.5, options={"force_instrumental": True}), ACCOUNT)
    assert request.url == "https://api.elevenlabs.io/v1/music?output_format=mp3_44100_128"
    assert request.json == {
        "prompt": "Two boats",
        "model_id": "music_v1",
        "music_length_ms": 12500,
        "force_instrumental": True,
    }  # a seed together with a prompt is an error there


def test_an_effect_is_asked_for_by_text_and_seconds() -> None:
    request = ADAPTER.submit(asked("effect", seconds=2.5, options={"loop": True}), ACCOUNT)
    assert request.url == "https://api.elevenlabs.io/v1/sound-generation?output_format=mp3_44100_128"
    assert request.json == {
        "text": "Two boats",
        "model_id": "eleven_text_to_sound_v2",
        "duration_seconds": 2.5,
        "loop": True,
    }
    assert "duration_seconds" not in ADAPTER.submit(asked("effect"), ACCOUNT).json


def test_words_are_asked_for_with_the_text_and_the_recording() -> None:
    request = ADAPTER.submit(asked("words"), ACCOUNT)
    assert request.url == "https://api.elevenlabs.io/v1/forced-alignment"
    assert (request.data, request.files) == ({"text": "Two boats"}, {"file": Path("voice.wav")})


@pytest.mark.parametrize(
    "base", ["http://localhost:9/eleven", "http://localhost:9/eleven/", "http://localhost:9/eleven/v1"]
)
def test_a_base_url_may_be_written_with_or_without_its_version(base: str) -> None:
    account = dataclasses.replace(ACCOUNT, base_url=base)
    assert ADAPTER.submit(asked("words"), account).url == "http://localhost:9/eleven/v1/forced-alignment"


def test_the_key_has_a_header_of_its_own() -> None:
    assert ADAPTER.authorise("secret") == {"xi-api-key": "secret"}


# What is refused before anything is paid.


@pytest.mark.parametrize("voice", ["", "../v1/voices", "a/b", "a?b=c", "a b", "a\n", "ä", "%2e%2e", ".", "Rachel"])
def test_a_voice_that_is_no_id_leads_nowhere(voice: str) -> None:
    generation = asked("speech", voice=voice)
    assert "is an id of 20 letters and digits" in ADAPTER.check(generation)
    path = ADAPTER.submit(generation, ACCOUNT).url.removeprefix("https://api.elevenlabs.io/v1/text-to-speech/")
    assert path.count("/") == 1
    assert path.endswith("/with-timestamps?output_format=mp3_44100_128")


@pytest.mark.parametrize(
    ("generation", "words"),
    [
        (asked("image"), "elevenlabs makes no image; it makes speech, music, effect, words"),
        (asked("speech", prompt=" "), "the text for elevenlabs's eleven_multilingual_v2 is empty"),
        (asked("music", seconds=1.0), "makes 3 to 600 seconds of music, not 1"),
        (asked("effect", seconds=31.0), "makes 0.5 to 30 seconds of effect, not 31"),
        (asked("words", files={}), "needs a recording"),
        (asked("speech", options={"stabilty": 1}), "has no option 'stabilty'; did you mean 'stability'?"),
        (asked("speech", options={"voice_settings": {"tempo": 1}}), "has no option 'tempo'"),
        (
            asked("speech", options={"stability": 1.5}),
            "stability of elevenlabs's eleven_multilingual_v2 is a number from",
        ),
        (asked("speech", options={"similarity_boost": "high"}), "from 0 to 1, not 'high'"),
        (asked("speech", options={"voice_settings": {"style": -0.1}}), "from 0 to 1, not -0.1"),
        (asked("speech", options={"voice_settings": {"style": True}}), "from 0 to 1, not True"),
        (asked("speech", options={"voice_settings": 1}), "is a mapping such as {stability: 0.5}, not 1"),
        (asked("speech", options={"output_format": "pcm_44100"}), "output_format of elevenlabs's"),
        (asked("music", options={"output_format": "wav_44100"}), "such as mp3_44100_192 or opus_48000_128, not 'wav"),
        (asked("effect", options={"output_format": "mp3_1&model_id=x"}), "output_format of elevenlabs's"),
        (asked("music", options={"stability": 1}), "has no option 'stability'"),
        (asked("words", options={"output_format": "mp3_44100_128"}), "It has: none"),
    ],
)
def test_what_it_cannot_do_is_told_before_anything_is_paid(generation: Generation, words: str) -> None:
    assert words in ADAPTER.check(generation)


@pytest.mark.parametrize(
    "name", ["text", "prompt", "model_id", "seed", "language_code", "music_length_ms", "composition_plan"]
)
@pytest.mark.parametrize("kind", MODELS)
def test_options_cannot_replace_what_vbmake_sends(kind: Kind, name: str) -> None:
    assert f"cannot hold {name!r}" in ADAPTER.check(asked(kind, options={name: "evil"}))


@pytest.mark.parametrize("kind", MODELS)
def test_a_good_wish_passes(kind: Kind) -> None:
    assert ADAPTER.check(asked(kind)) == ""


# What it reads.


def test_speech_comes_with_words_in_seconds_and_what_it_cost() -> None:
    ready = read(asked("speech"), speech(aligned("Two boats,\nat 9."), request_id="r-1", character_cost="9"))
    assert (ready.payloads[0].content, ready.payloads[0].extension) == (SOUND, "mp3")
    assert ready.words == (
        {"text": "Two", "start": 0, "end": 0.375},
        {"text": "boats,", "start": 0.5, "end": 1.25},
        {"text": "at", "start": 1.375, "end": 1.625},
        {"text": "9.", "start": 1.75, "end": 2.0},
    )
    assert ready.usage == {"characters": 9}
    assert ready.facts == {"request_id": "r-1", "credits": 9}


def test_where_the_written_text_has_no_times_the_spoken_has() -> None:
    assert [word["text"] for word in read(asked("speech"), speech(None, aligned("Two boats"))).words or ()] == [
        "Two",
        "boats",
    ]


BACK = aligned("Two boats") | {"character_start_times_seconds": [1, 1, 1, 1, 0, 0, 0, 0, 0]}
SHORT = aligned("Two boats") | {"character_end_times_seconds": [1.0]}
ENDLESS = json.loads(
    '{"characters": ["a"], "character_start_times_seconds": [0], "character_end_times_seconds": [1e999]}'
)


@pytest.mark.parametrize(
    ("alignment", "why"),
    [
        (None, "there are none"),
        (aligned(" \n"), "there are none"),
        (SHORT, "9 characters have 9 starts and 1 ends"),
        (BACK | {"character_end_times_seconds": [2] * 9}, "the times go back at 0 s"),
        (ENDLESS, "'a' is said from 0 to inf"),
        ({"characters": "Two"}, "there are none"),
    ],
)
def test_speech_whose_times_cannot_be_used_is_kept_and_it_is_told(alignment: Any, why: str) -> None:
    ready = read(asked("speech"), speech(alignment))
    assert ready.payloads[0].content == SOUND
    assert ready.words is None
    assert ready.facts == {"word_times": f"not usable: {why}"}


@pytest.mark.parametrize("kind", ["music", "effect"])
def test_music_and_effects_are_the_body(kind: Kind) -> None:
    ready = read(asked(kind, seconds=4.0), answer(SOUND, kind="audio/mpeg"))
    assert (ready.payloads[0].content, ready.payloads[0].extension) == (SOUND, "mp3")
    assert ready.usage == {"runs": 1, "seconds": 4}
    wav = asked(kind, options={"output_format": "wav_44100"})
    assert read(wav, answer(SOUND, kind="application/octet-stream")).payloads[0].extension == "wav"


def test_aligned_words_are_those_that_are_written() -> None:
    characters = [{"text": letter, "start": index, "end": index + 1} for index, letter in enumerate("Hi, you")]
    words = [{"text": "Hi", "start": 0, "end": 2, "loss": 0.1}, {"text": "you", "start": 4, "end": 7, "loss": 0.1}]
    expected = ({"text": "Hi,", "start": 0, "end": 3}, {"text": "you", "start": 4, "end": 7})
    assert read(asked("words"), answer({"characters": characters, "words": words, "loss": 0.1})).words == expected
    from_words = read(asked("words"), answer({"characters": [], "words": words, "loss": 0.1})).words or ()
    assert [word["text"] for word in from_words] == ["Hi", "you"]


def test_grouping_keeps_letters_that_take_no_time_and_runs_of_space() -> None:
    assert grouped(["a", " ", "\t", "b", "́"], [0, 1, 1, 1, 1], [1, 1, 1, 1, 1]) == (
        {"text": "a", "start": 0, "end": 1},
        {"text": "b́", "start": 1, "end": 1},
    )


# A failure inside a 2xx.


@pytest.mark.parametrize(
    ("kind", "response", "words"),
    [
        ("speech", answer({}), "there is no base64 text"),
        ("speech", answer({"audio_base64": ""}), "it is empty"),
        ("speech", answer({"audio_base64": "ü"}), "it is no base64 text"),
        ("speech", answer(b"<html>"), "there is no base64 text"),
        ("music", answer(b"", kind="audio/mpeg"), "without any sound"),
        ("effect", answer({"detail": "later"}), "instead of sound: later"),
        ("words", answer({"words": None}), "there are none"),
        ("words", answer({"words": [{"text": "a"}]}), "'a' is said from None to None"),
        ("words", answer(b"{"), "there are none"),
    ],
)
def test_a_2xx_without_a_result_is_a_failure(kind: Kind, response: Response, words: str) -> None:
    with pytest.raises(Failure) as caught:
        ADAPTER.accepted(asked(kind), response, ACCOUNT)
    assert caught.value.sort == "failed"
    assert words in caught.value.message
    assert f"elevenlabs's {MODELS[kind]}" in caught.value.message
    assert caught.value.paid in ("maybe", "yes")


def test_there_is_nothing_to_poll() -> None:
    with pytest.raises(Failure, match="answers at once"):
        ADAPTER.polled(asked("speech"), answer({}), ACCOUNT)


# Answers that are not 2xx: `detail` is an object, a list or a text.

MANY = {"status": "too_many_concurrent_requests", "message": "Too many concurrent requests."}
BUSY = {"status": "system_busy", "message": "The system is busy."}


@pytest.mark.parametrize(
    ("failure", "sort", "words"),
    [
        (error(401, {"status": "invalid_api_key", "message": "Invalid API key"}), "auth", "ELEVENLABS_API_KEY"),
        (error(401, {"status": "quota_exceeded", "message": "You have 3 credits"}), "quota", "You have 3 credits"),
        (error(402, {"type": "x", "code": "paid_plan_required", "message": "Library voice"}), "quota", "Library voice"),
        (error(402, "Pay"), "quota", "Pay"),
        (error(400, {"status": "voice_not_found", "message": "No voice x"}), "invalid", "with `voice`"),
        (error(400, {"status": "max_character_limit_exceeded", "message": "Too long"}), "invalid", "in parts"),
        (error(400, {"status": "content_against_policy", "message": "No"}), "moderation", "other words"),
        (error(400, {"status": "bad_prompt", "message": "It names an artist"}), "moderation", "It names an artist"),
        (
            error(422, [{"loc": ["body", "text"], "msg": "Field required", "type": "missing"}]),
            "invalid",
            "Field required",
        ),
        (error(404, "Not Found"), "invalid", "Not Found"),
        (error(429, MANY), "rate", "lower the provider's `limit`"),
        (error(429, BUSY), "rate", "The system is busy; it"),
        (error(429, "Slow down"), "rate", "Slow down"),
        (error(500, {"status": "internal_error", "message": "Oops"}), "transient", "Oops"),
        (ADAPTER.failure(answer(b"<html>", 502)), "transient", "502"),
        (ADAPTER.failure(answer(b"null", 400)), "invalid", "400"),
    ],
)
def test_every_error_is_sorted_and_says_what_to_do(failure: Failure, sort: str, words: str) -> None:
    assert failure.sort == sort
    assert words in failure.message
    assert failure.message.startswith("elevenlabs answered ")


def test_a_limit_of_concurrency_passes_soon() -> None:
    assert error(429, MANY).retry_after == 2
    assert error(429, BUSY).retry_after == 5
    assert error(429, BUSY, retry_after="0.5").retry_after == 0.5


def test_a_fault_of_the_service_may_have_been_paid() -> None:
    assert error(500, "Oops").paid == "maybe"
    assert error(429, MANY).paid == "nothing"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
def test_no_message_repeats_a_key_or_moves_the_cursor(status: int) -> None:
    message = error(status, {"message": "The key sk_0123456789abcdef0123 may not \x1b[2J\r\n do this"}).message
    assert "0123456789" not in message
    assert message.isprintable()
