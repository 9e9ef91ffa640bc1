"""The real providers, with your own keys: `VBMAKE_LIVE=1 pytest -m live tests/live`. Never in CI; costs a few cents.

Only what has a key in the environment is tried. Each test asks for one small asset and checks that it is one.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.world import World
from vbmake.services import SERVICES

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.environ.get("VBMAKE_LIVE") != "1", reason="live providers are asked only with VBMAKE_LIVE=1"),
]

PICTURE = {"prompt": "A plain red circle on white", "size": "256x256"}
CASES: dict[str, dict[str, Any]] = {
    "openai image": {
        "layers": [
            {"image": {**PICTURE, "provider": "openai", "model": "gpt-image-1-mini", "options": {"quality": "low"}}}
        ]
    },
    "openai voice and word times": {"say": {"text": "One, two, three.", "voice": {"provider": "openai"}}},
    "elevenlabs voice": {"say": {"text": "One, two, three.", "voice": {"provider": "elevenlabs"}}},
    "elevenlabs sound": {
        "sounds": [{"source": {"prompt": "a short click", "provider": "elevenlabs", "duration": "1s"}}]
    },
    "replicate image": {"layers": [{"image": {**PICTURE, "provider": "replicate"}}]},
    "fal image": {"layers": [{"image": {**PICTURE, "provider": "fal"}}]},
}


@pytest.mark.parametrize("name", CASES)
def test_a_real_provider_makes_one_small_asset_and_is_not_asked_again(name: str, tmp_path: Path) -> None:
    key = SERVICES[name.split()[0]].key
    if not os.environ.get(key):
        pytest.skip(f"{key} is not set")
    scene = {"id": "x", **({} if "say" in CASES[name] else {"duration": "1s"}), **CASES[name]}
    film = {"vbmake": 1, "name": "film", "size": "256x256", "captions": {"style": "phrase"}, "scenes": [scene]}
    world = World(tmp_path / "project", tmp_path / "cache").declare(
        {**film, "budget": {"run": "0.25 USD", "unpriced": "allow"}}
    )
    ended = world.doit()
    assert ended.code == 0, ended.text
    assert (world.root / "build" / "film.mp4").stat().st_size
    (provenance, *_) = sorted((world.root / ".vbmake" / "work").rglob("*.provenance.json"))
    assert json.loads(provenance.read_text())["request_id"]
    again = world.doit(VBMAKE_OFFLINE="1", **{key: ""})
    assert again.code == 0, again.text
    assert "paid" not in again.text
