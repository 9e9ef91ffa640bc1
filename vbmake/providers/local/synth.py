"""The instruments of local music, as sums of sines and shaped noise, and the room they are heard in."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from vbmake.providers.local.moods import Instrument
from vbmake.providers.local.score import Score

RATE: Final = 48000

Floats = npt.NDArray[np.float64]
Stereo = npt.NDArray[np.float32]  # (samples, 2)

# Level and place (-1 left, 1 right) of each player.
_DESK: Final[dict[Instrument, tuple[float, float]]] = {
    **{"pad": (0.16, 0.0), "strings": (0.13, 0.0), "keys": (0.34, 0.14), "pluck": (0.3, -0.18), "synth": (0.17, 0.12)},
    **{"bass": (0.4, 0.0), "kick": (0.62, 0.0), "snare": (0.26, -0.06), "hat": (0.11, 0.28), "boom": (0.6, 0.0)},
}
_DRY: Final = frozenset({"bass", "kick"})  # low sounds blur in a room
_CROWD: Final = {"strings": 0.7}  # the lead among equals


def perform(score: Score, samples: int) -> Stereo:
    """The piece, played: exactly `samples` of 48 kHz in two channels, not yet brought to a level.

    The sums are made in one order and in float32, the tones in float64: all processors give the same 16 bits.
    """
    beat = 60 / score.bpm * RATE
    tones: dict[tuple[Instrument, int, int], Stereo] = {}
    dry, wet = (np.zeros((samples, 2), np.float32) for _ in range(2))
    for note in score.notes:
        start = round(note.start * beat)
        key = (note.instrument, note.pitch, max(1, round(note.length * beat)))
        sound = tones.get(key)
        if sound is None:
            sound = tones[key] = _tone(*key)
        room = min(len(sound), samples - start)
        if room <= 0:
            continue
        level, place = _DESK[note.instrument]
        angle = (place + 1) * math.pi / 4
        force = level * note.force**1.3 * _CROWD.get(note.instrument, 1.0)
        gains = np.array([math.cos(angle), math.sin(angle)], np.float32) * np.float32(force * math.sqrt(2))
        bus = dry if note.instrument in _DRY else wet
        bus[start : start + room] += sound[:room] * gains
    return np.asarray(dry + wet + np.float32(0.2) * reverberate(wet), np.float32)


def _tone(instrument: Instrument, pitch: int, length: int) -> Stereo:
    """One note at full force, with its fading away: (samples, 2)."""
    hertz = 440 * 2 ** ((pitch - 69) / 12)
    left, right = _PLAYERS[instrument](hertz, length)
    return np.stack([left, right], axis=1).astype(np.float32)


Pair = tuple[Floats, Floats]
Player = Callable[[float, int], Pair]


def _time(samples: int) -> Floats:
    return np.arange(samples) / RATE


def _held(length: int, attack: float, release: float) -> Floats:
    """An envelope that rises, stays and, after `length` samples, falls (seconds)."""
    after = round(release * RATE)
    t = _time(length + after)
    rise = np.minimum(1.0, t / attack)
    fall = np.clip(1 - (t - length / RATE) / release, 0.0, 1.0)
    return np.asarray(np.sin(rise * math.pi / 2) ** 2 * np.sin(fall * math.pi / 2) ** 2)


def _partials(hertz: float, t: Floats, strengths: Sequence[float], phase: float = 0.0) -> Floats:
    """Harmonics of a tone, those that can be heard."""
    total = np.zeros(len(t))
    for number, strength in enumerate(strengths, 1):
        if hertz * number < 14000 and strength:
            total += strength * np.sin(2 * math.pi * hertz * number * t + phase * number)
    return total


def _pad(hertz: float, length: int) -> Pair:
    envelope = _held(length, 0.7, 1.1)
    t = _time(len(envelope))
    swell = 1 + 0.12 * np.sin(2 * math.pi * 0.23 * t)
    strengths = (1.0, 0.42, 0.2, 0.09, 0.05, 0.02)
    sides = [
        _partials(hertz * (1 + side * 0.0016), t, strengths, side) + 0.7 * _partials(hertz, t, (1.0, 0.3, 0.1), 0.5)
        for side in (-1.0, 1.0)
    ]
    return sides[0] * envelope * swell * 0.5, sides[1] * envelope * swell * 0.5


def _strings(hertz: float, length: int) -> Pair:
    short = length < RATE * 0.6
    envelope = _held(length, 0.05 if short else 0.28, 0.25 if short else 0.6)
    t = _time(len(envelope))
    strengths = [1 / number**1.35 for number in range(1, 13)]
    vibrato = 0.0025 * np.sin(2 * math.pi * 5.1 * t) * np.minimum(1, t / 0.8) / (2 * math.pi * 5.1)
    sides = [_partials(hertz * (1 + side * 0.002), t + vibrato, strengths, side * 0.7) for side in (-1.0, 1.0)]
    return sides[0] * envelope * 0.6, sides[1] * envelope * 0.6


def _keys(hertz: float, length: int) -> Pair:
    """A felt piano: each partial a little sharp, and the sooner gone the higher it is."""
    envelope = _held(length, 0.004, 0.35)
    t = _time(len(envelope))
    total = np.zeros(len(t))
    for number in range(1, 8):
        pitch = hertz * number * math.sqrt(1 + 0.0004 * number**2)
        if pitch < 12000:
            decay = (0.9 + hertz / 500) * (0.55 + 0.45 * number)
            total += np.exp(-decay * t) * np.sin(2 * math.pi * pitch * t) / number**1.55
    felt = np.exp(-t * 90) * np.sin(2 * math.pi * 190 * t) * 0.12
    sound = (total + felt) * envelope
    return sound, sound


def _pluck(hertz: float, length: int) -> Pair:
    envelope = _held(length, 0.003, 0.25)
    t = _time(len(envelope))
    total = np.zeros(len(t))
    for number in range(1, 10):
        if hertz * number < 12000:
            bite = math.sin(math.pi * number * 0.23)  # where the string is plucked
            total += bite * np.exp(-(2.2 + 1.1 * number) * t) * np.sin(2 * math.pi * hertz * number * t) / number
    return total * envelope * 1.2, total * envelope * 1.2


def _synth(hertz: float, length: int) -> Pair:
    """A saw whose filter closes after each stroke."""
    envelope = _held(length, 0.004, 0.12)
    t = _time(len(envelope))
    sides = []
    for side in (-1.0, 1.0):
        total = np.zeros(len(t))
        for number in range(1, 15):
            pitch = hertz * number * (1 + side * 0.0018)
            if pitch < 13000:
                total += np.exp(-t * 1.6 * (number - 1)) * np.sin(2 * math.pi * pitch * t + side) / number
        sides.append(total * envelope * np.exp(-t * 1.4))
    return sides[0], sides[1]


def _bass(hertz: float, length: int) -> Pair:
    envelope = _held(length, 0.012, 0.12)
    t = _time(len(envelope))
    sound = (_partials(hertz, t, (1.0,)) + np.exp(-3 * t) * _partials(hertz, t, (0.0, 0.5, 0.22, 0.08))) * envelope
    sound *= 0.75 + 0.25 * np.exp(-2 * t)
    return sound, sound


def _kick(_hertz: float, _length: int) -> Pair:
    t = _time(round(0.34 * RATE))
    # The integral of a pitch that falls from 125 to 46 Hz.
    phase = 2 * math.pi * (46 * t + (125 - 46) / 32 * (1 - np.exp(-32 * t)))
    sound = np.sin(phase) * np.exp(-9 * t) * np.minimum(1, (t[-1] - t) / 0.02)
    return sound, sound


def _boom(_hertz: float, _length: int) -> Pair:
    t = _time(round(1.5 * RATE))
    phase = 2 * math.pi * (41 * t + (92 - 41) / 14 * (1 - np.exp(-14 * t)))
    skin = smooth(noise(len(t), 7), 40) * np.exp(-t * 22) * 2.0
    sound = (np.sin(phase) * np.exp(-3.2 * t) + skin) * np.minimum(1, t / 0.003) * np.minimum(1, (t[-1] - t) / 0.05)
    return sound, sound


def _snare(_hertz: float, _length: int) -> Pair:
    t = _time(round(0.26 * RATE))
    body = np.sin(2 * math.pi * 188 * t) * np.exp(-t * 26) * 0.5
    left, right = (
        (body + np.diff(smooth(noise(len(t), seed), 3), prepend=0.0) * 1.6 * np.exp(-t * 19)) * np.minimum(1, t / 0.002)
        for seed in (3, 4)
    )
    return left, right


def _hat(_hertz: float, _length: int) -> Pair:
    t = _time(round(0.09 * RATE))
    bright = np.diff(noise(len(t) + 2, 5), 2)
    sound = bright * np.exp(-t * 62) * 0.6 * np.minimum(1, t / 0.001)
    return sound, sound


_PLAYERS: Final[dict[Instrument, Player]] = {
    **{"pad": _pad, "strings": _strings, "keys": _keys, "pluck": _pluck, "synth": _synth, "bass": _bass},
    **{"kick": _kick, "snare": _snare, "hat": _hat, "boom": _boom},
}


def noise(samples: int, seed: int) -> Floats:
    """White noise from -1 to 1. numpy promises that a bit generator's raw stream never changes."""
    raw = np.random.PCG64(seed).random_raw(samples)
    return np.asarray((raw >> np.uint64(11)).astype(np.float64) / 2.0**52 - 1.0)


def smooth(sound: Floats, width: int) -> Floats:
    """The mean of `width` samples around each, twice: a low-pass filter that all processors reckon alike."""
    for _ in range(2):
        total = np.cumsum(np.concatenate([np.zeros(width), sound, np.zeros(width - 1)]))
        sound = ((total[width:] - total[:-width]) / width)[(width - 1) // 2 :][: len(sound)]
    return sound


def reverberate(sound: Stereo, seconds: float = 1.9) -> Stereo:
    """What the room answers, as long as the sound: combs and all-passes after Schroeder (1962), other for each ear."""
    out = np.empty_like(sound)
    for ear, spread in ((0, 0), (1, 23)):
        heard = sound[:, ear]
        total = np.zeros(len(heard), np.float32)
        for delay in (1687, 1601, 2053, 2251):
            delay += spread
            total += _comb(heard, delay, 10 ** (-3 * delay / RATE / seconds))
        for delay in (347, 113):
            total = _allpass(total, delay + spread // 4, 0.6)
        out[:, ear] = total
    return out


def _comb(sound: npt.NDArray[np.float32], delay: int, gain: float) -> npt.NDArray[np.float32]:
    """y[n] = x[n - delay] + gain y[n - delay], a block of `delay` at a time."""
    out = np.zeros(len(sound) + delay, np.float32)
    factor = np.float32(gain)
    for start in range(delay, len(sound), delay):
        end = min(start + delay, len(sound))
        before = slice(start - delay, end - delay)
        out[start:end] = sound[before] + factor * out[before]
    return out[: len(sound)]


def _allpass(sound: npt.NDArray[np.float32], delay: int, gain: float) -> npt.NDArray[np.float32]:
    """y[n] = -g x[n] + x[n - delay] + g y[n - delay]."""
    out = np.empty_like(sound)
    factor = np.float32(gain)
    out[:delay] = -factor * sound[:delay]
    for start in range(delay, len(sound), delay):
        end = min(start + delay, len(sound))
        before = slice(start - delay, end - delay)
        out[start:end] = sound[before] + factor * (out[before] - sound[start:end])
    return out
