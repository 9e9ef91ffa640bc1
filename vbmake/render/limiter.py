"""A true-peak limiter: no peak at or between samples above a ceiling, by a gain that moves too slowly to be heard."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

REACH = 960  # samples by which the gain goes down before a peak and up after it: 20 ms, slower than a bass note's swing
_TAPS = 16  # of each phase of the interpolator
_MARGIN = 2 * _TAPS  # samples at each side that a true peak depends on, and more
_CLEAR = 0.6  # samples below this part of the ceiling hide no true peak above it (4.4 dB; real sound has up to 3)
_GRAIN = 480  # samples that are looked at together when true peaks are sought


@cache
def _phases() -> tuple[Floats, ...]:
    """The three interpolators between two samples (4 x oversampling, BS.1770-4 annex 2), as Kaiser-windowed sincs."""
    window = np.kaiser(4 * _TAPS + 1, 5.0)
    distance = np.arange(-2 * _TAPS, 2 * _TAPS + 1) / 4
    kernel = np.sinc(distance) * window
    return tuple((kernel[phase::4] / kernel[phase::4].sum()).astype(np.float32) for phase in (1, 2, 3))


def sample_peaks(sound: Floats) -> Floats:
    """The highest absolute value of each sample over all channels; `sound` is float32 (samples, channels)."""
    peaks: Floats = np.abs(sound[:, 0])
    for channel in sound.T[1:]:
        np.maximum(peaks, np.abs(channel), out=peaks)
    return peaks


def true_peaks(sound: Floats, above: float = 0.0) -> Floats:
    """Like `sample_peaks`, with the quarter steps around each sample, where samples nearby are higher than `above`."""
    peaks = sample_peaks(sound)
    grains = -(-len(peaks) // _GRAIN)
    padded = np.zeros(grains * _GRAIN, np.float32)
    padded[: len(peaks)] = peaks
    high = np.concatenate([[False], padded.reshape(grains, _GRAIN).max(axis=1) > above, [False]])
    edges = np.flatnonzero(high[1:] != high[:-1]) * _GRAIN
    for first, last in edges.reshape(-1, 2):
        begin, end = max(0, int(first) - _MARGIN), min(len(peaks), int(last) + _MARGIN)
        if end - begin > _TAPS:
            _look_between(sound[begin:end], peaks[begin:end])
    return peaks


def _look_between(sound: Floats, peaks: Floats) -> None:
    for channel in sound.T:
        for phase in _phases():
            between = np.abs(np.convolve(channel, phase, "same"))
            np.maximum(peaks, between, out=peaks)
            np.maximum(peaks[:-1], between[1:], out=peaks[:-1])
            np.maximum(peaks[1:], between[:-1], out=peaks[1:])


def limit(blocks: Iterable[Floats], ceiling: float) -> Iterator[Floats]:
    """The blocks, float32 (samples, channels), with every true peak at or below `ceiling` (linear).

    Works with 2 x REACH samples of look-ahead; as many samples come out as go in.
    """
    context = 2 * REACH + _MARGIN
    held: Floats | None = None  # what went out last (context) and what has not gone out yet
    before = 0  # samples of `held` that are context
    for block in blocks:
        held = block if held is None else np.concatenate([held, block])
        ready = len(held) - before - context
        if ready <= 0:
            continue
        yield _limited(held, before, ready, ceiling)
        keep = max(0, before + ready - context)
        before = before + ready - keep
        held = held[keep:]
    if held is not None and len(held) > before:
        yield _limited(held, before, len(held) - before, ceiling)


def _limited(held: Floats, before: int, count: int, ceiling: float) -> Floats:
    out = held[before : before + count]
    peaks = true_peaks(held, ceiling * _CLEAR)
    if peaks.max(initial=0.0) <= ceiling:
        return out
    needed = (ceiling / np.maximum(peaks, np.float32(ceiling))).astype(np.float32)
    return out * _smooth(needed)[before : before + count, None]


def _smooth(needed: Floats) -> Floats:
    """A gain that is nowhere above `needed` within REACH and moves with a triangular weight over that reach."""
    padded = np.pad(needed, REACH, constant_values=1.0)
    lowest = _sliding_min(padded, 2 * REACH + 1)  # centred, same length as needed
    width = REACH + 1
    once = _boxed(np.pad(lowest, REACH, mode="edge"), width)
    return _boxed(once, width).astype(np.float32)


def _sliding_min(values: Floats, width: int) -> Floats:
    """The minimum of each window of `width` values, by doubling windows; the result is width - 1 shorter."""
    span = 1
    while span * 2 <= width:
        values = np.minimum(values[:-span], values[span:])
        span *= 2
    rest = width - span
    return np.minimum(values[: len(values) - rest], values[rest:]) if rest else values


def _boxed(values: npt.NDArray[np.floating], width: int) -> npt.NDArray[np.float64]:
    """The mean of each window of `width` values; the result is width - 1 shorter."""
    total = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    means: npt.NDArray[np.float64] = (total[width:] - total[:-width]) / width
    return means
