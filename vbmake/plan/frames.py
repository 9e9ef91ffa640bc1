"""Frame arithmetic: whole frames and samples from exact rationals. No float seconds are added up anywhere."""

from __future__ import annotations

import functools
from fractions import Fraction
from math import ceil, floor

SAMPLE_RATE = 48000


@functools.lru_cache(maxsize=4096)  # a film says the same few times again and again
def to_frames(seconds: Fraction, fps: Fraction) -> int:
    """The whole frame nearest to a time (halves go up)."""
    return floor(seconds * fps + Fraction(1, 2))


@functools.lru_cache(maxsize=4096)
def frames_covering(seconds: Fraction, fps: Fraction) -> int:
    """How many frames it takes to last at least this long; never fewer than one."""
    return max(1, ceil(seconds * fps))


@functools.lru_cache(maxsize=4096)
def to_samples(seconds: Fraction) -> int:
    """The whole sample (at 48 kHz) nearest to a time."""
    return floor(seconds * SAMPLE_RATE + Fraction(1, 2))


def sample_at(frame: int, fps: Fraction) -> int:
    """The sample (at 48 kHz) at which a frame begins, to the nearest."""
    # floor(frame * SAMPLE_RATE / fps + 1/2) in whole numbers: fractions take ten times as long, and a film asks often
    return (2 * frame * SAMPLE_RATE * fps.denominator + fps.numerator) // (2 * fps.numerator)


@functools.lru_cache(maxsize=4096)
def samples_covering(frames: int, fps: Fraction) -> int:
    """How many samples it takes to last as long as so many frames. It does not depend on where they stand."""
    return ceil(Fraction(frames * SAMPLE_RATE) / fps)


def frame_of_sample(sample: int, fps: Fraction) -> int:
    """The frame nearest to a sample."""
    return floor(Fraction(sample, SAMPLE_RATE) * fps + Fraction(1, 2))
