"""The words of a recording are found in it with the help of the local voice, or spread over it; it is said which."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.render.sounds import RATE, write_wav
from vbmake.errors import FatalError
from vbmake.render import ffmpeg, pcm
from vbmake.rules.work import Work
from vbmake.speech.align import Alignment, align, voice_for, warp
from vbmake.speech.local import speak

TEXT = (
    "The war began in April 1861, when guns opened fire on a fort in the harbour. Four years later, more than six "
    "hundred thousand soldiers were dead, and the country was changed for ever."
)


def said(directory: Path, text: str = TEXT, **options: object) -> tuple[Path, list[int], int]:
    """Another voice saying the text: the file, the sample at which each word begins, and its samples."""
    path = directory / "said.wav"
    measure = speak(Work({"text": text, **options}, {}, {"speech": path}, directory)) or {}
    words = measure["speech"]["words"]
    return path, [word["start"] for word in words], measure["speech"]["samples"]


def checked(found: Alignment, text: str, samples: int) -> list[int]:
    """The starts of the words, after a look at what must hold for every alignment."""
    assert [word.text for word in found.words] == text.split()
    assert all(word.start < word.end <= samples for word in found.words)
    assert all(word.end <= after.start for word, after in pairwise(found.words))
    assert found.words[0].start >= 0
    return [word.start for word in found.words]


def errors(starts: list[int], truth: list[int]) -> np.ndarray:
    """ms"""
    return np.abs(np.array(starts) - truth) / RATE * 1000


@pytest.mark.parametrize(
    "voice",
    [
        {"voice": "en-gb", "speed": 200},
        {"voice": "en-us+f3", "speed": 140, "pitch": 70},
        {"voice": "en-gb+m3", "speed": 240},
    ],
    ids=lambda voice: f"{voice['voice']}-{voice['speed']}",
)
def test_words_of_another_voice_are_found_where_they_are_said(tmp_path: Path, voice: dict[str, object]) -> None:
    path, truth, samples = said(tmp_path, **voice)
    found = align(path, TEXT, "en")
    assert (found.method, found.note) == ("aligned", "")
    wrong = errors(checked(found, TEXT, samples), truth)
    assert wrong.mean() < 40
    assert wrong.max() < 200


def test_pauses_noise_and_another_rate_do_not_mislead(tmp_path: Path) -> None:
    path, truth, _ = said(tmp_path, voice="en-gb", speed=200)
    sound = pcm.Wav(path).read_all()[:, 0]
    pieces, starts, at = [np.zeros(RATE, np.float32)], [], 0
    for number, start in enumerate(truth):
        if number and number % 4 == 0:  # 0.7 s where the local voice makes no pause
            pieces += [sound[at:start], np.zeros(33_600, np.float32)]
            at = start
        starts.append(start + RATE + 33_600 * (number // 4))
    whole = np.concatenate([*pieces, sound[at:], np.zeros(RATE, np.float32)])
    whole = whole + np.random.default_rng(1).normal(0, 0.003, len(whole)).astype(np.float32)
    found = align(write_wav(tmp_path / "paused.wav", whole[::2], RATE // 2), TEXT, "en-GB")
    assert found.method == "aligned"
    wrong = errors(checked(found, TEXT, len(whole)), starts)
    assert wrong.mean() < 60
    assert found.words[0].start >= RATE * 0.95
    assert found.words[-1].end <= len(whole) - RATE * 0.8
    ends = [word.end for word in found.words]
    assert starts[4] - ends[3] > RATE * 0.5  # a pause belongs to no word


def test_a_compressed_recording_is_read_too(tmp_path: Path) -> None:
    path, truth, samples = said(tmp_path, "Two ships found the harbour by its light.", voice="en-gb")
    mp3 = tmp_path / "said.mp3"
    ffmpeg.run([*ffmpeg.input_args(path), "-c:a", "libmp3lame", "-b:a", "64k", f"file:{mp3}"])
    found = align(mp3, "Two ships found the harbour by its light.", "en")
    assert found.method == "aligned"
    # An mp3 is filled up to whole frames.
    assert errors(checked(found, "Two ships found the harbour by its light.", samples + 4 * 1152), truth).mean() < 80


def test_another_language_has_its_own_voice(tmp_path: Path) -> None:
    text = "Das Licht führte jedes Schiff sicher in den Hafen der Stadt."
    path, truth, samples = said(tmp_path, text, voice="de+f2", speed=200)
    found = align(path, text, "de-AT")
    assert found.method == "aligned"
    assert errors(checked(found, text, samples), truth).mean() < 60


@pytest.mark.parametrize(
    ("language", "voice"),
    [
        *(("en", "en-us"), ("en-GB", "en-gb"), ("en_US", "en-us"), ("pt-BR", "pt-br"), ("pt", "pt"), ("fr", "fr-fr")),
        *(("de-AT", "de"), ("zh", "cmn"), ("tlh", None), ("", None)),
    ],
)
def test_a_language_finds_its_voice(language: str, voice: str | None) -> None:
    assert voice_for(language, ["cmn", "de", "en-gb", "en-us", "fr-fr", "pt", "pt-br"]) == voice


def test_what_does_not_sound_like_the_words_is_spread_and_says_so(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 10 * RATE)
    found = align(write_wav(tmp_path / "noise.wav", noise), TEXT, "en")
    assert found.method == "spread"
    assert "does not sound like" in found.note
    checked(found, TEXT, len(noise))


def test_a_language_without_a_voice_is_spread_over_what_is_voiced(tmp_path: Path) -> None:
    text = "one two three four five six seven"
    path, truth, samples = said(tmp_path, text)
    quiet = np.concatenate([np.zeros(2 * RATE, np.float32), pcm.Wav(path).read_all()[:, 0]])
    found = align(write_wav(tmp_path / "late.wav", quiet), text, "tlh")
    assert found.method == "spread"
    assert "'tlh'" in found.note
    starts = checked(found, text, samples + 2 * RATE)
    assert errors(starts, [start + 2 * RATE for start in truth]).mean() < 200


def test_far_too_long_a_recording_is_spread(tmp_path: Path) -> None:
    path, _, samples = said(tmp_path)
    found = align(path, "Two words", "en")
    assert found.method == "spread"
    assert "times as long" in found.note
    checked(found, "Two words", samples)


@pytest.mark.parametrize("text", ["... --- !!!", "one"])
def test_silence_and_signs_that_nobody_says_get_times_too(tmp_path: Path, text: str) -> None:
    silence = write_wav(tmp_path / "silence.wav", np.zeros(RATE))
    found = align(silence, text, "en")
    assert (found.method, found.note) == ("spread", "nothing is heard in the recording")
    checked(found, text, RATE)
    path, _, samples = said(tmp_path, "Hello there")
    checked(align(path, text, "en"), text, samples)


def test_no_words_are_no_words(tmp_path: Path) -> None:
    assert align(write_wav(tmp_path / "silence.wav", np.zeros(RATE)), " \n", "en").words == []


@pytest.mark.parametrize(("content", "match"), [(b"", "no sound"), (b"no sound at all", "no sound")])
def test_what_is_no_recording_is_told(tmp_path: Path, content: bytes, match: str) -> None:
    path = tmp_path / "broken.wav"
    path.write_bytes(content)
    with pytest.raises(FatalError, match=match):
        align(path, "one two", "en")


def test_a_recording_shorter_than_its_words_is_told(tmp_path: Path) -> None:
    with pytest.raises(FatalError, match="too short for its 34 words"):
        align(write_wav(tmp_path / "short.wav", np.zeros(20)), TEXT, "en")


def test_a_warp_never_goes_back_and_follows_what_is_alike() -> None:
    own = np.cumsum(np.random.default_rng(2).normal(size=(60, 13)), axis=0)
    own = (own - own.mean(axis=0)) / own.std(axis=0)
    slowed = np.repeat(own, [1 + number % 3 for number in range(60)], axis=0)
    path = warp(own, slowed)
    assert (np.diff(path) >= 0).all()
    assert np.abs(path - (np.cumsum([1 + number % 3 for number in range(60)]) - 1)).max() <= 2
    assert (path[0], path[-1]) == (0, len(slowed) - 1)
