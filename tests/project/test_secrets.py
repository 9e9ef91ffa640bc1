"""Keys that stand where none belongs are refused, and told back by no mistake."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.project.directories import load, mistakes
from vbmake.errors import Place, Problem
from vbmake.redact import HIDDEN

KEY = "sk-proj-0123456789abcdefABCDEF"
PLAIN = "9f8e7d6c5b4a39281706f5e4d3c2b1a0"  # such as ElevenLabs once gave
IMAGE = {"prompt": "a hill", "provider": "openai"}


def declared(**parts: Any) -> str:
    return json.dumps({"vbmake": 1, "scenes": [{"duration": "1s", "layers": [{"color": "red"}]}], **parts})


def painted(**more: Any) -> str:
    return declared(scenes=[{"duration": "1s", "layers": [{"image": {**IMAGE, **more}}]}])


PLACES = {
    "a key in place of a variable": (declared(providers={"openai": {"key": KEY}}), "providers.openai.key"),
    "a key without a prefix": (declared(providers={"elevenlabs": {"key": PLAIN}}), "providers.elevenlabs.key"),
    "a list of keys": (declared(providers={"openai": {"key": ["a secret"]}}), "providers.openai.key"),
    "a key in place of a provider": (declared(providers={"openai": KEY}), "providers.openai"),
    "a key in an address": (
        declared(providers={"openai": {"base_url": "https://host/v1?key=a-secret"}}),
        "providers.openai.base_url",
    ),
    "a key of another kind": (declared(voice={"provider": KEY}), "voice.provider"),
    "a key for a number": (declared(providers={"openai": {"rpm": PLAIN}}), "providers.openai.rpm"),
    "a password in an address": (declared(sync={"to": "s3://me:a-secret@bucket/here"}), "sync.to"),
    "a header": (
        painted(options={"Authorization": "Basic a-secret"}),
        "scenes[0].layers[0].image.options.Authorization",
    ),
    "a header of headers": (
        painted(options={"headers": {"xi-api-key": "a-secret"}}),
        "scenes[0].layers[0].image.options.headers.xi-api-key",
    ),
    "a key in a list": (painted(options={"extra": [{"say": KEY}]}), "scenes[0].layers[0].image.options.extra[0].say"),
    "a key in place of a model": (painted(model=KEY), "scenes[0].layers[0].image.model"),
    "a token of a song": (
        declared(music={"source": {**IMAGE, "provider": "elevenlabs", "options": {"access_token": "a-secret"}}}),
        "music.source.options.access_token",
    ),
}


@pytest.mark.parametrize(("text", "path"), PLACES.values(), ids=PLACES)
def test_a_key_where_none_belongs_is_refused_and_not_told(tmp_path: Path, text: str, path: str) -> None:
    found = mistakes(tmp_path, text)
    assert (path, HIDDEN) in [(problem.place.path, problem.found) for problem in found]
    told = "\n".join(map(str, found))
    assert not [secret for secret in (KEY, PLAIN, "a-secret", "a secret") if secret in told], told


def test_a_key_in_place_of_a_name_is_not_told_in_its_path_either(tmp_path: Path) -> None:
    found = mistakes(tmp_path, declared(providers={KEY: {"rpm": 3}, "openai": {KEY: 3}}))
    assert len(found) == 2
    assert KEY not in "\n".join(map(str, found))


def test_the_options_of_models_are_no_keys(tmp_path: Path) -> None:
    options = {
        "max_tokens": 400,
        "key": "C minor",
        "stop_token": "###",
        "seed_id": "a" * 20,
        "weights": "owner/task-sk-1",
    }
    image = load(tmp_path, painted(options=options)).films[0].scenes[0].layers[0].image
    assert image.options == options


def test_what_only_resembles_a_key_is_told() -> None:
    path = "scenes[0].layers[0].image"
    said = Problem(Place("video.yaml", 1, 1, path), "photos/sk-logo.png is not there", found='"photos/sk-logo.png"')
    assert str(said) == f'video.yaml:1:1: {path}: photos/sk-logo.png is not there\n    found: "photos/sk-logo.png"'
