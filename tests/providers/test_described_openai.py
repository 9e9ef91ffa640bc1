"""The engine and the adapter at work against a server made from OpenAI's published document, to whole films."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.providers.asking_described import made
from tests.providers.openapi import Described
from tests.providers.openapi.server import KEY
from tests.providers.wishes import OPENAI, SCHEMA, WORDS, with_recording
from tests.scenarios.world import World
from vbmake.providers.script import asked_script, read_answer
from vbmake.render.probe import probe


@pytest.fixture
def server() -> Iterator[Described]:
    with Described("openai") as described:
        yield described


@pytest.mark.parametrize("name", [name for name, wish in OPENAI.items() if wish.kind == "image"])
def test_pictures_are_asked_for_as_described(server: Described, tmp_path: Path, name: str) -> None:
    wish = OPENAI[name]
    (path,) = made(server, tmp_path, wish).files
    assert probe(path)["kind"] == "image"
    (asked,) = server.requests
    assert (asked.operation.name, asked.body["prompt"]) == ("createImage", wish.prompt)


@pytest.mark.parametrize("name", [name for name, wish in OPENAI.items() if wish.kind == "speech"])
def test_speech_is_asked_for_as_described(server: Described, tmp_path: Path, name: str) -> None:
    (path,) = made(server, tmp_path, OPENAI[name]).files
    assert probe(path)["kind"] == "audio"
    assert server.asked() == ["createSpeech"]


@pytest.mark.parametrize("name", WORDS)
def test_words_are_asked_for_as_described(server: Described, tmp_path: Path, tone: Path, name: str) -> None:
    found = made(server, tmp_path, with_recording(WORDS[name], tone))
    assert [word["text"] for word in found.words or ()] == ["Nothing", "was", "said"]
    (asked,) = server.requests
    assert asked.body["timestamp_granularities"] == ["word"]
    assert asked.files == {"file": tone.read_bytes()}


def test_a_script_is_asked_for_as_described(server: Described, tmp_path: Path) -> None:
    wish = asked_script({"kind": "script", "service": "openai", "model": "gpt-5-mini", "prompt": "How bees dance"}, 7)
    script = read_answer(made(server, tmp_path, wish).data)
    assert script["scenes"]
    assert server.asked() == ["createChatCompletion"]


def test_options_of_a_chat_are_asked_for_as_described(server: Described, tmp_path: Path) -> None:
    assert list(made(server, tmp_path, OPENAI["script"]).data or {}) == SCHEMA["required"]


# The server finds mistakes.

IMAGE = {"model": "gpt-image-2", "prompt": "a hill"}
SPEECH = {"model": "tts-1", "voice": "alloy", "input": "Hello"}
CHAT = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": "Hello"}]}
JSON = {"Content-Type": "application/json"}
BEARER = {"Authorization": f"Bearer {KEY}"}


def told(server: Described, method: str, path: str, **more: Any) -> httpx.Response:
    with httpx.Client() as client:
        return client.request(method, server.url + path, **{"headers": BEARER, **more})


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("/images/generations", {**IMAGE, "colour": "blue"}, "colour"),
        ("/images/generations", {**IMAGE, "n": "1"}, "body.n"),
        ("/images/generations", {"model": "gpt-image-2"}, "'prompt' is a required property"),
        ("/audio/speech", {**SPEECH, "speed": 9}, "9 is greater than the maximum of 4"),
        ("/audio/speech", {**SPEECH, "response_format": "ogg"}, "'ogg' is not one of"),
        ("/audio/speech", {**SPEECH, "pitch": 1}, "pitch"),
        ("/chat/completions", {**CHAT, "colour": "blue"}, "colour"),
        ("/chat/completions", {**CHAT, "messages": []}, "body.messages"),
        ("/chat/completions", {**CHAT, "messages": [{"role": "user", "content": "x", "tone": "kind"}]}, "body.message"),
        ("/chat/completions", {**CHAT, "response_format": {"type": "json_schema"}}, "body.response_format"),
        ("/chat/completions", {**CHAT, "max_completion_tokens": "9"}, "body.max_completion_tokens"),
    ],
)
def test_a_body_with_a_mistake_is_refused(server: Described, path: str, body: dict[str, Any], reason: str) -> None:
    answer = told(server, "POST", path, json=body)
    assert answer.status_code == 400
    assert reason in answer.json()["error"]["message"]
    (refused,) = server.refused
    assert reason in refused
    assert server.requests == []


@pytest.mark.parametrize(
    ("fields", "files", "reason"),
    [
        ({"model": "whisper-1", "colour": "blue"}, ["file"], "colour"),
        ({"model": "whisper-1", "temperature": "warm"}, ["file"], "body.temperature"),
        ({"model": "whisper-1", "response_format": "xml"}, ["file"], "body.response_format"),
        ({"model": "whisper-1", "timestamp_granularities[]": "letter"}, ["file"], "body.timestamp_granularities"),
        ({"model": "whisper-1", "timestamp_granularities": "word"}, ["file"], "body.timestamp_granularities"),
        ({}, ["file"], "'model' is a required property"),
        ({"model": "whisper-1"}, ["prompt"], "body"),
        ({"model": "whisper-1", "file": "the bytes"}, ["sound"], "body"),
    ],
)
def test_a_form_with_a_mistake_is_refused(
    server: Described, fields: dict[str, str], files: list[str], reason: str
) -> None:
    opened = dict.fromkeys(files, ("a.wav", b"RIFF", "audio/wav"))
    answer = told(server, "POST", "/audio/transcriptions", data=fields, files=opened)
    assert answer.status_code == 400
    assert reason in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "more", "status"),
    [
        ("POST", "/images/paintings", {"json": IMAGE}, 404),
        ("GET", "/images/generations", {}, 405),
        ("POST", "/images/generations", {"json": IMAGE, "headers": {}}, 401),
        ("POST", "/images/generations", {"json": IMAGE, "headers": {"Authorization": "Basic x"}}, 401),
        ("POST", "/images/generations", {"data": IMAGE}, 415),
        (
            "POST",
            "/images/generations",
            {"content": b"{", "headers": {**BEARER, "content-type": "application/json"}},
            400,
        ),
        ("POST", "/images/generations?colour=blue", {"json": IMAGE}, 400),
        ("POST", "/audio/transcriptions", {"json": {"model": "whisper-1"}}, 415),
    ],
)
def test_what_the_document_does_not_have_is_refused(
    server: Described, method: str, path: str, more: dict[str, Any], status: int
) -> None:
    assert told(server, method, path, **more).status_code == status
    assert len(server.refused) == 1


def test_what_is_right_is_answered(server: Described) -> None:
    for path, body in (("/images/generations", IMAGE), ("/audio/speech", SPEECH), ("/chat/completions", CHAT)):
        assert told(server, "POST", path, json=body).status_code == 200
    assert server.refused == []


# Whole films.


def world_of(server: Described, tmp_path: Path) -> World:
    (tmp_path / "project").mkdir()
    return World(tmp_path / "project", tmp_path / "cache", server.environ())


def film(server: Described, **more: Any) -> dict[str, Any]:
    small = {"vbmake": 1, "name": "film", "size": "64x36", "fps": 10, "quality": "draft"}
    return {**small, "providers": {"openai": {"base_url": server.url}}, **more}


def test_a_film_of_an_image_and_a_voice_is_made_and_never_asked_for_again(server: Described, tmp_path: Path) -> None:
    world = world_of(server, tmp_path)
    image = {"prompt": "a hill", "provider": "openai", "options": {"quality": "low"}}
    scene = {"id": "hill", "say": "One two three four.", "layers": [{"image": image}]}
    world.declare(
        film(
            server,
            scenes=[scene],
            voice={"provider": "openai", "voice": "alloy"},
            captions={"style": "phrase", "files": ["srt"]},
        )
    )
    first = world.build()
    assert server.refused == []
    assert sorted(server.asked()) == ["createImage", "createSpeech", "createTranscription"]
    assert probe(world.root / "build/film.mp4")["kind"] == "video"
    assert b"One two three four." in first.targets["build/film.srt"]
    second = world.build()
    assert len(server.requests) == 3
    assert not second.ran
    assert second.targets == first.targets


def test_a_film_whose_script_is_written_too_is_made_by_the_program(server: Described, tmp_path: Path) -> None:
    world = world_of(server, tmp_path)
    script = {"prompt": "How bees dance", "provider": "openai", "duration": "6s"}
    world.declare(film(server, scenes={"script": script}))
    ended = world.doit()
    assert ended.code == 0, ended.text
    assert server.refused == []
    assert server.asked() == ["createChatCompletion"]
    assert probe(world.root / "build/film.mp4")["kind"] == "video"
    assert world.doit().code == 0
    assert len(server.requests) == 1
