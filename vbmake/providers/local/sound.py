"""Placeholders for sound effects: short shaped tones and noise that the words of the prompt choose."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Final

import numpy as np

from vbmake.providers.local.dice import Dice, digest_of
from vbmake.providers.local.length import length_of
from vbmake.providers.local.music import finished, write_sound
from vbmake.providers.local.synth import RATE, Floats, Stereo, noise, smooth
from vbmake.rules.work import Work

LONGEST: Final = 120  # seconds

Maker = Callable[[int, Dice, int], Floats]  # samples, dice, a seed for noise -> one channel


def make_sound(work: Work) -> None:
    """Make the sound of `prompt` as `effect` (WAV, 48 kHz, stereo, 16 bit), exactly `seconds` long.

    A sound that is over sooner is followed by silence. Raises FatalError.
    """
    options = work.options
    prompt = str(options["prompt"])
    seconds = length_of(options["seconds"], LONGEST, "a longer sound can be looped")
    samples = round(seconds * RATE)
    name, maker = kind_of(prompt)
    seed = digest_of("sound", *prompt.lower().split()) % 2**32
    sides = [maker(samples, Dice("sound", *prompt.lower().split()), seed + ear) for ear in (0, 1)]
    sound: Stereo = np.stack(sides, axis=1).astype(np.float32)
    lasting = name in ("rain", "wind", "sea", "fire", "crowd", "engine")
    write_sound(work.outputs["effect"], finished(sound, 0.15 if lasting else 0.001, 0.4 if lasting else 0.05))
    work.log(f"a placeholder that sounds like {name}")


def kind_of(prompt: str) -> tuple[str, Maker]:
    """Which of the sounds the first word that tells one asks for; a chime of two notes when none does."""
    for word in re.findall(r"[a-z]+", prompt.lower()):
        for name, (maker, words) in SOUNDS.items():
            if word in words or word.rstrip("s") in words or (word.endswith("ing") and word[:-3] in words):
                return name, maker
    return "a chime", _chime


def _time(samples: int) -> Floats:
    return np.arange(samples) / RATE


def _placed(samples: int, at: int, sound: Floats, into: Floats) -> None:
    room = min(len(sound), samples - at)
    if room > 0:
        into[at : at + room] += sound[:room]


def _burst(seconds: float, decay: float, width: int, seed: int) -> Floats:
    """Noise that sets in at once and dies away, the duller the wider `width` (samples)."""
    t = _time(round(seconds * RATE))
    return np.asarray(smooth(noise(len(t), seed), width) * math.sqrt(width) * np.exp(-t * decay))


def _ring(hertz: float, seconds: float, decay: float, partials: tuple[float, ...]) -> Floats:
    t = _time(round(seconds * RATE))
    total = np.zeros(len(t))
    for index, ratio in enumerate(partials):
        total += np.sin(2 * math.pi * hertz * ratio * t) * np.exp(-decay * (1 + 0.6 * index) * t) / (1 + index)
    return np.asarray(total * np.minimum(1, t / 0.002))


def _chime(samples: int, dice: Dice, _seed: int) -> Floats:
    out = np.zeros(samples)
    low = 440 * 2 ** (dice.whole(0, 9) / 12)
    gap = min(round(0.16 * RATE), samples // 3)
    _placed(samples, 0, _ring(low, 1.4, 4.0, (1, 2, 3)), out)
    _placed(samples, gap, _ring(low * 2 ** (dice.one_of((4, 5, 7)) / 12), 1.6, 3.5, (1, 2, 3)), out)
    return out


def _whoosh(samples: int, dice: Dice, seed: int) -> Floats:
    """Noise that grows brighter and louder to its middle, and goes."""
    part = np.linspace(0, 1, samples)
    peak = dice.between(0.45, 0.6)
    shape = np.where(part < peak, part / peak, (1 - part) / (1 - peak))
    raw = noise(samples, seed)
    bright, dull = smooth(raw, 6) * 2.4, smooth(raw, 48) * 6.9
    return np.asarray((dull * (1 - shape) + bright * shape) * np.sin(shape * math.pi / 2) ** 3)


def _click(samples: int, dice: Dice, seed: int) -> Floats:
    out = np.zeros(samples)
    tick = _burst(0.02, 380, 2, seed)
    tick += _ring(dice.between(1800, 2600), 0.02, 260, (1,))
    _placed(samples, 0, tick, out)
    _placed(samples, round(0.055 * RATE), tick * 0.45, out)
    return out


def _hit(samples: int, dice: Dice, seed: int) -> Floats:
    out = np.zeros(samples)
    t = _time(min(samples, 2 * RATE))
    low = dice.between(38, 52)
    phase = 2 * math.pi * (low * t + 90 / 20 * (1 - np.exp(-20 * t)))
    _placed(samples, 0, np.asarray(np.sin(phase) * np.exp(-4 * t)), out)
    _placed(samples, 0, _burst(0.5, 18, 12, seed) * 0.5, out)
    return out


def _bell(samples: int, dice: Dice, _seed: int) -> Floats:
    out = np.zeros(samples)
    _placed(samples, 0, _ring(dice.between(520, 900), 4.0, 1.1, (1, 2.0, 2.76, 5.4, 8.93)), out)
    return out


def _beep(samples: int, dice: Dice, _seed: int) -> Floats:
    t = _time(samples)
    on = (t % 0.5) < 0.16
    return np.asarray(np.sin(2 * math.pi * dice.between(800, 1200) * t) * smooth(on.astype(np.float64), 240))


def _rain(samples: int, dice: Dice, seed: int) -> Floats:
    out = np.asarray(np.diff(smooth(noise(samples + 1, seed), 2)) * 0.5)
    for _ in range(min(4000, samples // 700)):
        _placed(samples, dice.whole(0, samples), _ring(dice.between(1500, 5200), 0.02, 210, (1,)) * 0.35, out)
    return out


def _wind(samples: int, dice: Dice, seed: int) -> Floats:
    t = _time(samples)
    gusts = 0.55 + 0.3 * np.sin(2 * math.pi * 0.23 * t + dice.between(0, 6)) + 0.15 * np.sin(2 * math.pi * 0.61 * t)
    return np.asarray((smooth(noise(samples, seed), 90) * 9 + smooth(noise(samples, seed + 9), 20) * gusts) * gusts)


def _sea(samples: int, dice: Dice, seed: int) -> Floats:
    t = _time(samples)
    swell = (0.5 + 0.5 * np.sin(2 * math.pi * t / dice.between(4.5, 6.5) - 1.2)) ** 2
    raw = noise(samples, seed)
    return np.asarray(smooth(raw, 60) * 7 * (0.4 + swell) + smooth(raw, 5) * swell)


def _fire(samples: int, dice: Dice, seed: int) -> Floats:
    out = smooth(noise(samples, seed), 120) * 4
    for _ in range(samples // 3500):
        _placed(samples, dice.whole(0, samples), _burst(0.015, 300, 3, seed) * dice.between(0.2, 1.0), out)
    return out


def _crowd(samples: int, dice: Dice, seed: int) -> Floats:
    out = smooth(noise(samples, seed), 30) * 0.6
    hands = [_burst(0.02, 260, 5 + index % 5, seed + index) for index in range(24)]
    for _ in range(min(6000, samples // 300)):
        _placed(samples, dice.whole(0, samples), dice.one_of(hands) * dice.between(0.2, 0.8), out)
    return out


def _engine(samples: int, dice: Dice, seed: int) -> Floats:
    t = _time(samples)
    low = dice.between(42, 60)
    total = sum(np.sin(2 * math.pi * low * number * t + number) / number for number in range(1, 9))
    return np.asarray(total * (1 + 0.2 * np.sin(2 * math.pi * low / 4 * t)) + smooth(noise(samples, seed), 40) * 2)


def _steps(samples: int, dice: Dice, seed: int) -> Floats:
    out = np.zeros(samples)
    at = 0
    while at < samples:
        _placed(samples, at, _burst(0.12, 55, 24, seed) + _ring(dice.between(80, 100), 0.12, 40, (1,)), out)
        at += round(dice.between(0.5, 0.56) * RATE)
    return out


def _heart(samples: int, _dice: Dice, _seed: int) -> Floats:
    out = np.zeros(samples)
    for beat in range(0, samples, round(0.85 * RATE)):
        _placed(samples, beat, _ring(52, 0.25, 18, (1, 1.5)), out)
        _placed(samples, beat + round(0.24 * RATE), _ring(46, 0.25, 20, (1, 1.5)) * 0.7, out)
    return out


def _bird(samples: int, dice: Dice, _seed: int) -> Floats:
    out = np.zeros(samples)
    at = 0
    while at < samples:
        t = _time(round(dice.between(0.07, 0.14) * RATE))
        low, up = dice.between(2600, 3800), dice.between(-9000, 12000)
        call = np.sin(2 * math.pi * (low * t + up * t**2 / 2)) * np.sin(np.linspace(0, math.pi, len(t))) ** 2
        _placed(samples, at, call, out)
        at += len(t) + round((0.04 if dice.chance(0.7) else dice.between(0.4, 0.9)) * RATE)
    return out


def _riser(samples: int, dice: Dice, seed: int) -> Floats:
    part = np.linspace(0, 1, samples)
    low = dice.between(90, 140)
    phase = 2 * math.pi * np.cumsum(low * 2 ** (3 * part)) / RATE
    return np.asarray((np.sin(phase) * 0.7 + smooth(noise(samples, seed), 4) * part) * part**2)


SOUNDS: Final[dict[str, tuple[Maker, frozenset[str]]]] = {
    name: (maker, frozenset(words.split()))
    for name, maker, words in (
        ("a whoosh", _whoosh, "whoosh swoosh swish swipe pass flyby transition sweep arrow"),
        (
            "a click",
            _click,
            "click tick tap button switch snap keyboard typewriter key typing mouse camera shutter pop",
        ),
        (
            "a hit",
            _hit,
            "hit impact boom explosion explode bang drum thud slam punch cannon gun gunshot shot crash thunder door",
        ),
        ("a bell", _bell, "bell ding gong church ring chime"),
        ("a beep", _beep, "beep alarm phone computer robot radar timer notification error"),
        ("rain", _rain, "rain drizzle shower storm drop"),
        ("wind", _wind, "wind breeze gust blizzard air desert"),
        ("sea", _sea, "sea ocean wave surf beach water river stream waterfall harbour harbor"),
        ("fire", _fire, "fire campfire flame crackle burn"),
        ("crowd", _crowd, "applause crowd clap audience cheer people market battle"),
        ("engine", _engine, "engine car motor truck train plane machine ship hum drone factory"),
        ("steps", _steps, "step footstep walk march run horse hoof"),
        ("a heart", _heart, "heart heartbeat pulse"),
        ("birds", _bird, "bird chirp tweet seagull gull forest garden morning"),
        ("a riser", _riser, "riser rise build suspense tension laser"),
    )
}
