"""Every field of the language either changes what a service is asked, or is refused: none is without an effect."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from tests.providers.asking import PNG, account, ask
from vbmake.providers.registry import adapter
from vbmake.providers.types import Generation
from vbmake.services import SERVICES, Kind

FIELDS: Final[dict[Kind, tuple[str, ...]]] = {
    "image": ("seed", "size"),
    "clip": ("seed", "size", "seconds", "image"),
    "speech": ("seed", "voice"),
    "music": ("seed", "seconds"),
    "effect": ("seed", "seconds"),
    "script": ("seed",),
}
MORE: Final = {
    "openai": (("image", "dall-e-3"), ("image", "someone/painter"), ("speech", "tts-1")),
    "elevenlabs": (),
    "replicate": (
        *((kind, "owner/model") for kind in FIELDS if kind != "script"),
        ("image", "black-forest-labs/flux-1.1-pro-ultra"),
        ("clip", "wan-video/wan-2.5-t2v"),
        ("clip", "wan-video/wan-2.5-i2v"),
        ("music", "meta/musicgen"),
        ("speech", "minimax/speech-2.6"),
    ),
    "fal": (
        *((kind, "owner/model") for kind in FIELDS if kind != "script"),
        ("image", "fal-ai/flux-pro/v1.1-ultra"),
        ("clip", "fal-ai/wan/v2.2-5b/image-to-video"),
        ("music", "fal-ai/stable-audio"),
        ("speech", "fal-ai/minimax/speech-02-hd"),
    ),
}
CASES: Final = [
    (service, kind, model, field)
    for service in MORE
    for kind, model in [*((kind, model) for kind, model in SERVICES[service].models.items()), *MORE[service]]
    for field in FIELDS.get(kind, ())
]
# The film has these where the project names none, so what it means cannot be told: the provenance says what was left.
LEFT: Final = {("image", "size"), ("clip", "size"), ("music", "seconds")}


def changed(generation: Generation, field: str, picture: Path) -> Generation:
    changes: dict[str, dict[str, Any]] = {
        "seed": {"seed": 8, "named": frozenset({"seed"})},
        "size": {"width": 720, "height": 1280},
        "seconds": {"seconds": 10.0 if generation.kind == "clip" else 20.0},
        "voice": {"voice": "EXAVITQu4vr4xnSDxMaL" if generation.service == "elevenlabs" else "nova"},
        "image": {"files": {"image": picture}},
    }
    return replace(generation, **changes[field])


@pytest.mark.parametrize(("service", "kind", "model", "field"), CASES)
def test_a_field_is_sent_or_refused(service: str, kind: Kind, model: str, field: str, tmp_path: Path) -> None:
    picture = tmp_path / "hill.png"
    picture.write_bytes(PNG)
    voice = SERVICES[service].voice if kind == "speech" else ""
    size = {"width": 1280, "height": 720} if kind in ("image", "clip") else {}
    before = ask(service, kind, model, voice=voice, **size)
    maker = adapter(service)
    after = changed(before, field, picture)
    wrong = maker.check(after)
    if wrong:
        assert any(word in wrong for word in (field, f"${field}", "picture", "seconds", " s ")), wrong
        return
    requests = [maker.submit(one, account(service)) for one in (before, after)]
    if requests[0] != requests[1]:
        return
    assert (kind, field) in LEFT
    assert service in ("replicate", "fal"), "the others' models are known"


def test_a_place_in_the_options_makes_a_field_heard() -> None:
    asked = {"seed": 8, "named": frozenset({"seed"}), "seconds": 3.0}
    options = {"noise": "$seed", "length": "$seconds"}
    clip = ask("fal", "clip", "owner/model", **asked)
    assert "$seed" in adapter("fal").check(clip)
    assert "$seconds" in adapter("fal").check(replace(clip, options={"noise": "$seed"}))
    assert not adapter("fal").check(replace(clip, options=options))
