"""ElevenLabs as its API is described: what the adapter asks for is taken, and mistakes are not."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import elevenlabs
import httpx
import pytest

from tests.providers.asking_described import made
from tests.providers.openapi import Described
from tests.providers.openapi.server import KEY
from tests.providers.wishes import ELEVENLABS, wish, with_recording
from vbmake.providers.elevenlabs import ElevenLabs
from vbmake.providers.types import Account
from vbmake.render.probe import probe

VOICE = "JBFqnCBsd6RMkjVDRZzb"
SPEECH = f"/v1/text-to-speech/{VOICE}/with-timestamps"


@pytest.fixture
def server() -> Iterator[Described]:
    with Described("elevenlabs") as described:
        yield described


@pytest.mark.parametrize("name", ELEVENLABS)
def test_sounds_are_asked_for_as_described(server: Described, tmp_path: Path, name: str) -> None:
    found = made(server, tmp_path, ELEVENLABS[name])
    assert probe(found.files[0])["kind"] == "audio"
    (asked,) = server.requests
    assert asked.query["output_format"].startswith("mp3_44100_")
    words = ["Two", "boats"] if ELEVENLABS[name].kind == "speech" else []
    assert [word["text"] for word in found.words or ()] == words


def test_words_are_asked_for_as_described(server: Described, tmp_path: Path, tone: Path) -> None:
    found = made(server, tmp_path, with_recording(wish("words", "forced-alignment"), tone))
    assert [word["text"] for word in found.words or ()] == ["Two", "boats"]
    (asked,) = server.requests
    assert (asked.body["text"], asked.files) == ("Two boats", {"file": tone.read_bytes()})


@pytest.mark.parametrize("kind", ["speech", "music", "effect"])
@pytest.mark.parametrize("form", ["mp3_44100_192", "opus_48000_128", "wav_44100"])
def test_formats_that_are_described_are_taken_and_no_others(server: Described, kind: Any, form: str) -> None:
    asked = wish(kind, "", voice=VOICE, options={"output_format": form})
    request = ElevenLabs().submit(asked, Account("elevenlabs", "elevenlabs", server.url))
    with httpx.Client() as client:
        answer = client.post(request.url, json=request.json, headers={"xi-api-key": KEY})
    assert (ElevenLabs().check(asked) == "") is (answer.status_code == 200), server.refused


@pytest.mark.parametrize(
    ("path", "body", "status", "reason"),
    [
        (SPEECH, {"text": "Hello", "colour": "blue"}, 400, "colour"),
        (SPEECH, {"text": "Hello", "voice_settings": {"stabilty": 0.5}}, 400, "stabilty"),
        (SPEECH, {"text": "Hello", "seed": 2**32}, 400, "body.seed"),
        (SPEECH, {"model_id": "eleven_flash_v2_5"}, 400, "'text' is a required property"),
        (f"{SPEECH}?output_format=ogg", {"text": "Hello"}, 400, "output_format"),
        (f"{SPEECH}?colour=blue", {"text": "Hello"}, 400, "query parameter colour is unknown"),
        ("/v1/music", {"prompt": "A song", "music_length_ms": 1000}, 400, "body.music_length_ms"),
        ("/v1/sound-generation", {"text": "A bell", "duration_seconds": "2"}, 400, "body.duration_seconds"),
        ("/v1/songs", {"prompt": "A song"}, 404, "no such operation"),
    ],
)
def test_what_is_not_described_is_refused(
    server: Described, path: str, body: dict[str, Any], status: int, reason: str
) -> None:
    with httpx.Client() as client:
        answer = client.post(server.url + path, json=body, headers={"xi-api-key": KEY})
    assert answer.status_code == status
    (refused,) = server.refused
    assert reason in refused


def test_a_request_without_a_key_is_refused(server: Described) -> None:
    with httpx.Client() as client:
        assert client.post(server.url + SPEECH, json={"text": "Hello"}).status_code == 401


def test_every_field_that_is_described_is_one_of_the_sdk(server: Described) -> None:
    client = elevenlabs.ElevenLabs(api_key=KEY)
    calls: dict[str, Callable[..., Any]] = {
        "textToSpeechWithTimestamps": client.text_to_speech.convert_with_timestamps,
        "composeMusic": client.music.compose,
        "soundGeneration": client.text_to_sound_effects.convert,
        "forcedAlignment": client.forced_alignment.create,
    }
    for operation in server.document.operations:
        (schema,) = operation.bodies.values()
        fields = {*server.document.properties(schema), *(one["name"] for one in operation.parameters)}
        known = {name.replace("c_2_pa", "c2pa") for name in inspect.signature(calls[operation.name]).parameters}
        assert fields <= known, operation.name
