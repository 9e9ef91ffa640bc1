"""Ducking: how far music steps back while somebody speaks, from the level of the voice itself (side-chain)."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

GRAIN = 100  # level blocks a second: 10 ms
THRESHOLD = 10 ** (-45 / 20)  # RMS above which the voice sounds
ATTACK, HOLD, RELEASE = 20, 40, 50  # blocks; the hold waits out the gaps between words


def voice_sounds(blocks: Iterable[Floats], rate: int) -> npt.NDArray[np.bool_]:
    """For each 10 ms whether the voice sounds. Blocks are float32 (samples, 1), whole 10 ms long save the last."""
    grain = rate // GRAIN
    sounding: list[npt.NDArray[np.bool_]] = []
    for block in blocks:
        voice = block[:, 0]
        whole = np.zeros(-(-len(voice) // grain) * grain, np.float32)
        whole[: len(voice)] = voice
        power = np.square(whole.reshape(-1, grain)).mean(axis=1)
        sounding.append(power > THRESHOLD**2)
    return np.concatenate(sounding) if sounding else np.zeros(0, np.bool_)


def depth(sounds: npt.NDArray[np.bool_]) -> Floats:
    """How far down the music is, 0 (not) to 1 (all the way), at each border of 10 ms: one more than there are blocks.

    It is 1 wherever the voice sounds: the way down ends when the voice begins (the mix knows what comes), the way up
    starts HOLD after it ended.
    """
    count = len(sounds) + 1
    at = np.arange(count)
    border = np.zeros(count, np.bool_)
    border[:-1] |= sounds
    border[1:] |= sounds
    if not border.any():
        return np.zeros(count, np.float32)
    far = 4 * count + ATTACK + HOLD + RELEASE
    since = at - np.maximum.accumulate(np.where(border, at, -far))
    until = np.minimum.accumulate(np.where(border, at, far)[::-1])[::-1] - at
    down = np.maximum(1 - until / ATTACK, 1 - np.maximum(0, since - HOLD) / RELEASE)
    down = np.clip(down, 0, 1)
    smooth: Floats = (down * down * (3 - 2 * down)).astype(np.float32)
    return smooth


def envelope(down: Floats, duck: float, start: int, count: int, rate: int) -> Floats:
    """The gain of each sample in [start, start + count) of music that steps back by `duck` dB (negative lowers)."""
    grain = rate // GRAIN
    first, last = start // grain, min(len(down), (start + count) // grain + 2)
    gains = 10 ** (duck * down[first:last].astype(np.float64) / 20)
    borders = np.arange(first, last) * grain
    gain: Floats = np.interp(np.arange(start, start + count), borders, gains).astype(np.float32)
    return gain
