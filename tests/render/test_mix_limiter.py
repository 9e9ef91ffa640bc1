"""The limiter keeps true peaks under its ceiling and leaves everything else alone."""

from __future__ import annotations

import numpy as np
import pytest

from tests.render.sounds import RATE, tone, write_wav
from vbmake.render import loudness
from vbmake.render.limiter import REACH, limit, sample_peaks, true_peaks


def blocks(sound, size=4800):
    return [sound[start : start + size] for start in range(0, len(sound), size)]


def limited(sound, ceiling, size=4800):
    return np.concatenate(list(limit(blocks(sound, size), ceiling)))


def stereo(sound):
    return np.stack([sound, sound], 1).astype(np.float32)


@pytest.mark.parametrize("length", [1, 30, 100, 4800, 20_001])
def test_as_many_samples_come_out_as_go_in(length):
    assert limited(stereo(np.ones(length)), 0.5).shape == (length, 2)


def test_what_is_below_the_ceiling_passes_untouched():
    sound = stereo(tone(1, 440, 0.4))
    assert np.array_equal(limited(sound, 0.5), sound)


def test_no_true_peak_is_above_the_ceiling(tmp_path):
    rng = np.random.default_rng(5)
    sound = (rng.standard_normal((2 * RATE, 2)) * 0.3).astype(np.float32)
    out = limited(sound, 0.5)
    assert sample_peaks(out).max() <= 0.5 + 1e-6
    assert loudness.measure(write_wav(tmp_path / "a.wav", out)).peak <= 20 * np.log10(0.5) + 0.3


def test_a_peak_between_samples_is_seen():
    between = stereo(np.sin(np.pi / 2 * np.arange(2000) + np.pi / 4))  # all samples at 0.707, peaks of 1 between them
    assert sample_peaks(between).max() == pytest.approx(0.7071, abs=1e-3)
    assert true_peaks(between)[500:1500] == pytest.approx(np.ones(1000), abs=0.02)


def test_a_peak_lowers_only_its_surroundings_and_slowly():
    sound = stereo(np.full(9600, 0.25))
    sound[4800] = 1.0
    gain = (limited(sound, 0.5) / sound)[:, 0]
    assert gain[4800] <= 0.5
    touched = np.flatnonzero(gain < 1)
    assert touched[0] >= 4800 - 2 * REACH - 32
    assert touched[-1] <= 4800 + 2 * REACH + 32
    assert np.abs(np.diff(gain)).max() < 2 / REACH


@pytest.mark.parametrize("size", [100, 1000, 48_000])
def test_where_blocks_begin_does_not_matter(size):
    rng = np.random.default_rng(7)
    sound = (rng.standard_normal((30_000, 2)) * np.linspace(0, 0.6, 30_000)[:, None]).astype(np.float32)
    assert limited(sound, 0.5, size) == pytest.approx(limited(sound, 0.5, 30_000), abs=1e-5)
