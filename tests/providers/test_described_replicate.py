"""Replicate as its API is described: what the adapter asks for is taken, mistakes are not, to a whole film."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.providers.asking_described import made
from tests.providers.openapi import Described
from tests.providers.openapi.server import KEY
from tests.providers.wishes import REPLICATE
from tests.scenarios.world import World
from vbmake.render.probe import probe

KINDS = {"image": "image", "clip": "video"}
BEARER = {"Authorization": f"Bearer {KEY}"}
PAINTER = "/models/black-forest-labs/flux-schnell/predictions"


@pytest.fixture
def server() -> Iterator[Described]:
    with Described("replicate") as described:
        yield described


@pytest.mark.parametrize("name", REPLICATE)
def test_predictions_are_asked_for_as_described(server: Described, tmp_path: Path, name: str) -> None:
    found = made(server, tmp_path, REPLICATE[name])
    assert probe(found.files[0])["kind"] == KINDS.get(REPLICATE[name].kind, "audio")
    create, *looks = server.asked()
    assert create.endswith("predictions.create")
    assert looks == ["predictions.get", "predictions.get"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "reason"),
    [
        ("POST", PAINTER, {"input": {"prompt": "a hill"}, "colour": "blue"}, 400, "colour"),
        ("POST", PAINTER, {"input": {}, "version": "ab" * 32}, 400, "version"),
        ("POST", PAINTER, {"input": "a hill"}, 400, "body.input"),
        ("POST", PAINTER, {}, 400, "'input' is a required property"),
        ("POST", "/predictions", {"input": {}}, 400, "'version' is a required property"),
        ("POST", "/predictions", {"input": {}, "version": "a", "webhook": 1}, 400, "body.webhook"),
        ("POST", "/pictures", {"input": {}}, 404, "no such operation"),
        ("DELETE", "/predictions/abc", None, 405, "no such operation"),
    ],
)
def test_what_is_not_described_is_refused(
    server: Described, method: str, path: str, body: Any, status: int, reason: str
) -> None:
    with httpx.Client() as client:
        answer = client.request(method, server.url + path, json=body, headers=BEARER)
    assert answer.status_code == status
    (refused,) = server.refused
    assert reason in refused


def test_a_request_without_a_key_is_refused(server: Described) -> None:
    with httpx.Client() as client:
        assert client.get(f"{server.url}/predictions/abc").status_code == 401


def test_a_film_of_a_clip_a_voice_and_a_bell_is_made_and_never_asked_for_again(
    server: Described, tmp_path: Path
) -> None:
    with Described("elevenlabs") as labs:
        (tmp_path / "project").mkdir()
        world = World(tmp_path / "project", tmp_path / "cache", server.environ() | labs.environ())
        bell = {"source": {"prompt": "a bell", "provider": "elevenlabs"}}
        scene = {"id": "wave", "say": "One two three four.", "sounds": [bell]}
        scene["layers"] = [{"video": {"prompt": "a wave", "provider": "replicate"}}]
        world.declare(
            {
                **{"vbmake": 1, "name": "film", "size": "64x36", "fps": 10, "quality": "draft", "scenes": [scene]},
                "providers": {"replicate": {"base_url": server.url}, "elevenlabs": {"base_url": labs.url}},
                "voice": {"provider": "elevenlabs"},
                "captions": {"style": "phrase", "files": ["srt"]},
            }
        )
        first = world.build()
        assert (server.refused, labs.refused) == ([], [])
        assert sorted(labs.asked()) == ["soundGeneration", "textToSpeechWithTimestamps"]
        assert b"One two three four." in first.targets["build/film.srt"]
        count = len(server.requests)
        second = world.build()
        assert (len(server.requests), len(labs.requests)) == (count, 2)
        assert not second.ran
        assert second.targets == first.targets
