"""Music is down exactly while the voice sounds, waits out the gaps between words, and moves smoothly."""

from __future__ import annotations

import numpy as np
import pytest

from tests.render.sounds import RATE, tone
from vbmake.render.duck import ATTACK, HOLD, RELEASE, depth, envelope, voice_sounds


def sounding(count, *spans):
    sounds = np.zeros(count, np.bool_)
    for first, last in spans:
        sounds[first:last] = True
    return sounds


def test_the_voice_is_heard_where_it_sounds():
    voice = np.zeros((2 * RATE, 1), np.float32)
    voice[RATE : RATE + 4800, 0] = tone(0.1)
    sounds = voice_sounds([voice[:RATE], voice[RATE:]], RATE)
    assert np.flatnonzero(sounds).tolist() == list(range(100, 110))


def test_noise_far_below_a_voice_does_not_count():
    assert not voice_sounds([tone(1, 440, 0.004)[:, None]], RATE).any()


def test_a_block_that_is_not_whole_counts_too():
    assert voice_sounds([tone(0.015)[:, None]], RATE).tolist() == [True, True]


def test_music_is_all_the_way_down_while_the_voice_sounds_and_up_elsewhere():
    down = depth(sounding(1000, (300, 400)))
    assert down[300:401].min() == 1
    assert down[400 : 400 + HOLD + 1].min() == 1
    assert not down[: 300 - ATTACK + 1].any()
    assert not down[400 + HOLD + RELEASE :].any()
    assert np.all(np.diff(down[: 300 + 1]) >= 0)
    assert np.all(np.diff(down[400:]) <= 0)


def test_gaps_between_words_do_not_pump():
    assert depth(sounding(1000, (300, 350), (350 + HOLD, 450)))[300:451].min() == 1


def test_without_a_voice_the_music_stays_up():
    assert not depth(sounding(50)).any()


def test_the_gain_goes_to_the_asked_decibels_and_joins_from_block_to_block():
    down = depth(sounding(400, (200, 300)))
    gain = np.concatenate([envelope(down, -9.0, second * RATE, RATE, RATE) for second in range(4)])
    assert gain[200 * 480 : 300 * 480].max() == pytest.approx(10 ** (-9 / 20), rel=1e-6)
    assert gain[: 150 * 480].min() == 1
    assert np.abs(np.diff(gain)).max() < 2e-4
