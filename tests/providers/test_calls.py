"""What came from a provider is decoded and brought into the form of films; what cannot be used is told as paid."""

from __future__ import annotations

import json
import wave
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.conftest import MakeMedia
from vbmake.providers import calls
from vbmake.providers.engine import Made
from vbmake.providers.failures import ProviderError
from vbmake.providers.types import Generation
from vbmake.rules.work import Work

OUTPUTS = {
    "image": {"image": "png"},
    "clip": {"clip": "mp4"},
    "speech": {"speech": "wav", "times": "json"},
    "music": {"music": "wav"},
    "effect": {"effect": "wav"},
}
KEY = "12" * 32
Working = Callable[..., tuple[Work, list[Generation]]]


@pytest.fixture
def working(tmp_path: Path) -> Working:
    """A job of a kind, and what it asks for; what comes is given."""

    def make(
        kind: str, *files: Path, inputs: Any = None, options: Any = None, **made: Any
    ) -> tuple[Work, list[Generation]]:
        asked: list[Generation] = []
        directory = tmp_path / "private"
        directory.mkdir(exist_ok=True)
        outputs = {**OUTPUTS[kind], "provenance": "json"}
        places = {role: directory / f"{role}.{extension}" for role, extension in outputs.items()}

        def ask(generation: Generation) -> Made:
            asked.append(generation)
            return Made(files, **{"cost": Decimal("0.0400"), "provenance": {"service": "openai"}, **made})

        said = {"kind": kind, "service": "openai", "model": "m", "prompt": "a hill", **(options or {})}
        return Work(said, inputs or {}, places, directory, key=KEY, ask=ask), asked

    return make


def picture(path: Path, pixels: Any = None) -> Path:
    cv2.imwrite(str(path), np.zeros((12, 20, 3), np.uint8) + 40 if pixels is None else pixels)
    return path


@pytest.mark.parametrize("extension", ["png", "jpg", "webp"])
def test_a_picture_becomes_png_whatever_it_came_as(working: Working, tmp_path: Path, extension: str) -> None:
    source = picture(tmp_path / f"0.{extension}")
    work, _ = working("image", source)
    measure = calls.make_image(work)
    assert measure is not None
    assert (measure["image"]["width"], measure["image"]["height"]) == (20, 12)
    content = work.outputs["image"].read_bytes()
    assert content[:4] == b"\x89PNG"
    assert (content == source.read_bytes()) is (extension == "png")
    facts = json.loads(work.outputs["provenance"].read_text())
    assert facts == {"service": "openai", "key": KEY}


def test_the_name_of_a_file_tells_nothing(working: Working, tmp_path: Path) -> None:
    picture(tmp_path / "0.jpg").rename(tmp_path / "0.png")
    work, _ = working("image", tmp_path / "0.png")
    calls.make_image(work)
    assert work.outputs["image"].read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize(
    "content", [b"<!doctype html><html>not a picture</html>", b"", b"\x89PNG\r\n\x1a\n" + bytes(40), b"\0" * 4096]
)
def test_a_picture_that_is_none_is_told_as_paid_and_how_to_get_another(
    working: Working, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "0.png").write_bytes(content)
    for kind, call in (("image", calls.make_image), ("clip", calls.make_clip), ("music", calls.make_music)):
        work, _ = working(kind, tmp_path / "0.png")
        with pytest.raises(ProviderError, match="cannot be used") as caught:
            call(work)
        assert caught.value.paid == "yes"
        assert "it cost 0.04 USD" in str(caught.value)
        assert "doit reroll" in str(caught.value)


def test_a_picture_that_is_cut_off_is_no_picture(working: Working, tmp_path: Path) -> None:
    random = np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8)
    content = picture(tmp_path / "0.png", random).read_bytes()
    (tmp_path / "0.png").write_bytes(content[: len(content) // 2])
    work, _ = working("image", tmp_path / "0.png")
    with pytest.raises(ProviderError, match="damaged"):
        calls.make_image(work)


def test_an_error_that_nobody_foresaw_is_told_as_paid_too(
    working: Working, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Path) -> None:
        raise ZeroDivisionError("0/0")

    monkeypatch.setattr("vbmake.render.probe.probe", broken)
    work, _ = working("image", picture(tmp_path / "0.png"))
    with pytest.raises(ProviderError, match="ZeroDivisionError: 0/0"):
        calls.make_image(work)


def test_a_clip_becomes_mp4(working: Working, clip: Path, make_media: MakeMedia) -> None:
    other = make_media("clip.webm", "-i", str(clip), "-frames:v", "5", "-c:v", "libvpx", "-deadline", "realtime")
    for source, same in ((clip, True), (other, False)):
        work, _ = working("clip", source)
        measure = calls.make_clip(work)
        assert measure is not None
        assert measure["clip"]["kind"] == "video"
        assert (work.outputs["clip"].read_bytes() == source.read_bytes()) is same


def test_a_clip_may_begin_with_a_picture(working: Working, clip: Path, tmp_path: Path) -> None:
    first = picture(tmp_path / "first.png")
    work, asked = working("clip", clip, inputs={"image": (first,)})
    calls.make_clip(work)
    assert asked[0].files == {"image": first}


def test_a_sound_in_place_of_a_clip_is_told(working: Working, tone: Path) -> None:
    work, _ = working("clip", tone)
    with pytest.raises(ProviderError, match="it is audio, not a clip"):
        calls.make_clip(work)


@pytest.mark.parametrize("kind", ["music", "effect"])
def test_a_sound_becomes_stereo_at_48_khz(working: Working, make_media: MakeMedia, kind: str) -> None:
    source = make_media("low.mp3", "-f", "lavfi", "-i", "sine=sample_rate=22050:duration=0.5")
    work, _ = working(kind, source)
    call = calls.make_music if kind == "music" else calls.make_effect
    measure = call(work)
    assert measure is not None
    with wave.open(str(work.outputs[kind]), "rb") as sound:
        assert (sound.getnchannels(), sound.getframerate(), sound.getsampwidth()) == (2, 48000, 2)


def test_a_voice_is_as_the_local_one_and_its_times_go_on(working: Working, tone: Path) -> None:
    times = ({"text": "one", "start": 0.0, "end": 0.5},)
    work, _ = working("speech", tone, words=times)
    measure = calls.make_speech(work)
    assert measure is not None
    assert measure["speech"]["rate"] == 48000
    with wave.open(str(work.outputs["speech"]), "rb") as sound:
        assert (sound.getnchannels(), sound.getframerate()) == (1, 48000)
        assert sound.getnframes() == measure["speech"]["samples"]
    assert json.loads(work.outputs["times"].read_text()) == {"words": list(times), "note": ""}


def test_times_that_a_provider_promised_and_spoiled_are_told_to_who_looks_for_words(
    working: Working, tone: Path
) -> None:
    facts = {"response": {"facts": {"word_times": "not usable: there are none"}}}
    work, _ = working("speech", tone, provenance=facts)
    calls.make_speech(work)
    assert json.loads(work.outputs["times"].read_text()) == {"words": None, "note": "not usable: there are none"}


def test_a_silent_voice_is_told_as_paid(working: Working, make_media: MakeMedia) -> None:
    silence = make_media("silence.wav", "-f", "lavfi", "-i", "anullsrc=r=48000:cl=mono", "-t", "0.5")
    work, _ = working("speech", silence)
    with pytest.raises(ProviderError, match="silent"):
        calls.make_speech(work)


def test_no_file_at_all_is_told_as_paid(working: Working) -> None:
    for kind, call in (("image", calls.make_image), ("speech", calls.make_speech), ("effect", calls.make_effect)):
        work, _ = working(kind)
        with pytest.raises(ProviderError, match="sent no") as caught:
            call(work)
        assert caught.value.paid == "yes"


def test_the_seed_follows_from_the_key_unless_one_is_declared(working: Working, tmp_path: Path) -> None:
    source = picture(tmp_path / "0.png")
    seeds = set()
    for _ in range(2):
        work, asked = working("image", source)
        calls.make_image(work)
        seeds.add(asked[0].seed)
    (seed,) = seeds
    assert 0 <= seed < 2**31
    work, asked = working("image", source, options={"seed": 7})
    calls.make_image(work)
    assert asked[0].seed == 7
