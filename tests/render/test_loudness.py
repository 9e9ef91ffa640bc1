"""Loudness is measured as EBU R 128 says it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.render.sounds import tone, write_wav
from vbmake.errors import JobError
from vbmake.render.loudness import Loudness, measure, parse


def test_a_calibration_tone_reads_its_level(tmp_path):
    # EBU Tech 3341, case 1: a stereo sine of 1 kHz at -23 dBFS has -23 LUFS.
    sine = tone(3, 1000, 10 ** (-23 / 20))
    level = measure(write_wav(tmp_path / "a.wav", np.stack([sine, sine], 1)))
    assert level.lufs == pytest.approx(-23, abs=0.1)
    assert level.peak == pytest.approx(-23, abs=0.2)


def test_a_peak_between_samples_is_measured(tmp_path):
    sine = np.sin(np.pi / 2 * np.arange(48000) + np.pi / 4) * np.hanning(48000) * 0.5
    assert np.abs(sine).max() < 0.36
    assert measure(write_wav(tmp_path / "a.wav", sine)).peak == pytest.approx(-6.0, abs=0.2)


@pytest.mark.parametrize("sound", [np.zeros(96000), tone(0.2)])
def test_silence_and_what_is_too_short_have_no_loudness(tmp_path, sound):
    assert measure(write_wav(tmp_path / "a.wav", sound)).lufs is None


def test_silence_has_no_peak(tmp_path):
    assert measure(write_wav(tmp_path / "a.wav", np.zeros(96000))) == Loudness(None, None)


def test_a_file_without_sound_is_an_error(clip):
    with pytest.raises(JobError):
        measure(clip)


def test_a_report_without_a_summary_measures_nothing():
    assert parse(["Input #0", "I: -20.0 LUFS of something else"]) == Loudness(None, None)
