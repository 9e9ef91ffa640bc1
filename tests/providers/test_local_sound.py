"""Placeholder sounds resemble what their words say, last as long as asked, and are the same every time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.providers.test_local_music import heard, level
from tests.rules.workshop import made, shipped
from vbmake.providers.local.sound import SOUNDS, kind_of


def sound(path: Path, prompt: str, seconds: str = "2") -> np.ndarray:
    return heard(made(shipped("placeholder-sound"), path, prompt=prompt, seconds=seconds))


def brightness(samples: np.ndarray) -> float:
    strength = np.abs(np.fft.rfft(samples[:, 0]))
    return float((strength * np.fft.rfftfreq(len(samples), 1 / 48000)).sum() / strength.sum())


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("A loud whoosh", "a whoosh"),
        ("footsteps on gravel", "steps"),
        ("Heavy RAIN on a roof", "rain"),
        ("ocean waves", "sea"),
        ("cannons firing", "a hit"),
        ("birds singing", "birds"),
        ("xyzzy", "a chime"),
        ("", "a chime"),
    ],
)
def test_words_choose_the_sound(prompt: str, name: str) -> None:
    assert kind_of(prompt)[0] == name


@pytest.mark.parametrize("word", [*(min(words) for _, words in SOUNDS.values()), "xyzzy"])
def test_every_sound_has_its_length_and_a_fair_level(tmp_path: Path, word: str) -> None:
    for number, seconds in enumerate(("1", "0.01")):
        samples = sound(tmp_path / str(number), word, seconds)
        assert len(samples) == round(float(seconds) * 48000)
        assert 0.05 < np.abs(samples).max() < 10 ** (-1 / 20)
        assert np.abs(samples[-1]).max() < 0.001


def test_a_click_is_short_and_rain_lasts(tmp_path: Path) -> None:
    click, rain = sound(tmp_path / "1", "click"), sound(tmp_path / "2", "rain")
    assert level(click[24000:]) == 0
    assert level(rain[24000:48000]) > 0.02
    assert brightness(rain) > 3 * brightness(sound(tmp_path / "3", "heartbeat"))


def test_the_same_words_are_the_same_sound(tmp_path: Path) -> None:
    assert np.array_equal(sound(tmp_path / "1", "Bell"), sound(tmp_path / "2", "bell"))
    assert not np.array_equal(sound(tmp_path / "3", "bell"), sound(tmp_path / "4", "small bell"))
