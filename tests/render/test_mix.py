"""The mix puts every stem at its sample, crossfades, loops and ducks, reaches its loudness, and needs little memory."""

from __future__ import annotations

import json
import struct
import tracemalloc

import numpy as np
import pytest

from tests.render.sounds import RATE, decibels, hear, impulse, tone, write_wav
from vbmake.errors import FatalError
from vbmake.render import loudness, mix, pcm
from vbmake.render.mix import Mixdown, render_mix
from vbmake.render.track import linear, place
from vbmake.rules.work import Work

MUSIC = {
    **{"source": 0, "at": 0, "end": None, "from": "0", "gain": 0.0},
    **{"fade_in": 0, "fade_out": 0, "loop": False, "duck": 0.0},
}


@pytest.fixture
def make(tmp_path):
    """make(samples, voice=[(sound, at)], sound=[(sound, at, fade_in, fade_out)], music=[(path, entry)]): heard."""

    def make(samples, *, voice=(), sound=(), music=(), target=None, name="mix.m4a"):
        inputs = {
            "voice": tuple(write_wav(tmp_path / f"voice{i}.wav", entry[0]) for i, entry in enumerate(voice)),
            "sound": tuple(write_wav(tmp_path / f"sound{i}.wav", entry[0]) for i, entry in enumerate(sound)),
            "music": tuple(entry[0] for entry in music),
        }
        options = {
            **{"rate": RATE, "samples": samples, "loudness": target, "peak": -1.5, "bitrate": "192k"},
            "voice": [{"stem": i, "at": entry[1]} for i, entry in enumerate(voice)],
            "sound": [
                {"stem": i, "at": entry[1], "fade_in": entry[2], "fade_out": entry[3]} for i, entry in enumerate(sound)
            ],
            "music": [{**MUSIC, "source": i, **entry[1]} for i, entry in enumerate(music)],
        }
        directory = tmp_path / f"{name}.work"
        directory.mkdir()
        work = Work(options, inputs, {"mix": directory / name}, directory)
        make.measures = render_mix(work)["mix"]
        make.path = work.outputs["mix"]
        assert [path.name for path in directory.iterdir()] == [name]
        assert json.loads(json.dumps(make.measures, allow_nan=False))["samples"] == samples
        heard = hear(make.path)
        assert heard.shape == (samples, 2)
        return heard

    return make


def test_a_click_is_heard_at_its_very_sample_after_encoding(make):
    heard = make(3 * RATE, voice=[(impulse(2000, 500), 1 * RATE)], sound=[(impulse(2000, 700), 2 * RATE, 0, 0)])
    loud = np.abs(heard[:, 0])
    assert loud[: 2 * RATE].argmax() == RATE + 500
    assert loud[2 * RATE :].argmax() == 700


@pytest.mark.parametrize("samples", [1, 1024, 47_999, 48_001])
def test_the_mix_is_exactly_as_long_as_the_film(make, samples):
    make(samples, voice=[(tone(2), 0)])
    movie = make.path.read_bytes().partition(b"mvhd")[2]  # version and flags, two dates, time scale, duration
    assert struct.unpack_from(">II", movie, 12) == (RATE, samples)


def test_voice_goes_to_both_channels_at_its_level(make):
    heard = make(RATE, voice=[(tone(1), 0)])[4800:-4800]
    assert [decibels(heard[:, c]) for c in (0, 1)] == pytest.approx([decibels(tone(1))] * 2, abs=0.1)


def test_a_crossfade_of_different_sounds_keeps_their_power(make):
    heard = make(2 * RATE, sound=[(tone(1.25, 440), 0, 0, 24000), (tone(1.25, 620), 36000, 24000, 0)])[:, 0]
    levels = [decibels(heard[start : start + 4800]) for start in range(9600, 86400, 4800)]
    assert levels == pytest.approx([decibels(tone(1))] * len(levels), abs=0.5)


def test_music_fades_in_at_its_start_and_out_at_the_films_end(make, tmp_path):
    music = write_wav(tmp_path / "music.wav", tone(0.1, 400))
    entry = {"at": RATE, "loop": True, "fade_in": RATE, "fade_out": 2 * RATE}
    heard = make(6 * RATE, music=[(music, entry)])[:, 0]
    assert not np.abs(heard[: RATE - 2048]).max() > 1e-4
    full = decibels(tone(1))
    for second, expected in ((1.5, 0.5), (2.5, 1), (3.9, 1), (5.0, 0.5), (5.75, 0.125)):
        around = heard[int((second - 0.02) * RATE) : int((second + 0.02) * RATE)]
        assert decibels(around) == pytest.approx(full + 20 * np.log10(expected), abs=0.4), second


def test_music_loops_without_a_seam_from_where_it_was_told(make, tmp_path):
    sound = np.concatenate([np.zeros(RATE // 2, np.float32), tone(0.5, 400)])
    heard = make(4 * RATE, music=[(write_wav(tmp_path / "m.wav", sound), {"from": "1/2", "loop": True})])[2048:-2048, 0]
    spectrum = np.abs(np.fft.rfft(heard[: 3 * RATE] * np.hanning(3 * RATE)))
    assert spectrum.argmax() == 1200
    assert spectrum[1300:].max() < spectrum.max() / 1000  # a seam would click at all frequencies


def test_music_ends_at_its_end_and_one_that_is_over_fades_out_before_it(make, tmp_path):
    music = write_wav(tmp_path / "music.wav", tone(2))
    heard = make(3 * RATE, music=[(music, {"end": RATE}), (music, {"at": RATE, "gain": -20.0, "fade_out": RATE})])[:, 0]
    assert decibels(heard[RATE // 2 : RATE - 100]) == pytest.approx(decibels(tone(1)), abs=0.2)
    assert decibels(heard[RATE + 4800 : 2 * RATE]) == pytest.approx(decibels(tone(1)) - 20, abs=0.3)
    assert decibels(heard[-2400:]) < decibels(tone(1)) - 40


def test_music_is_exactly_as_much_lower_under_the_voice_as_was_asked(make, tmp_path):
    music = write_wav(tmp_path / "music.wav", tone(1, 300))
    said = tone(1.2, 2000)
    heard = make(6 * RATE, voice=[(said, 2 * RATE)], music=[(music, {"loop": True, "duck": -9.0})])[:, 0]

    def music_at(second, length=0.2):
        piece = heard[int(second * RATE) : int((second + length) * RATE)]
        spectrum = np.abs(np.fft.rfft(piece * np.hanning(len(piece))))
        return 20 * np.log10(spectrum[: int(1000 * length)].max() / (0.25 * len(piece) / 4))

    assert music_at(0.5) == pytest.approx(0, abs=0.2)
    assert [music_at(second) for second in (2.0, 2.5, 3.0)] == pytest.approx([-9] * 3, abs=0.5)
    assert -9 < music_at(3.8) < 0
    assert music_at(5.0) == pytest.approx(0, abs=0.2)


def test_music_that_does_not_duck_stays(make, tmp_path):
    music = write_wav(tmp_path / "music.wav", tone(4, 300))
    heard = make(4 * RATE, voice=[(tone(1, 2000, 0.05), RATE)], music=[(music, {})])[:, 0]
    low = np.convolve(heard, np.ones(24) / 24, "same")  # 2 kHz has a zero here
    assert decibels(low[70_000:80_000]) == pytest.approx(decibels(low[120_000:130_000]), abs=0.3)


@pytest.mark.parametrize("peak", [0.01, 0.9])
def test_the_mix_has_the_loudness_that_was_asked(make, peak):
    t = np.arange(4 * RATE) / RATE
    speech = tone(4, 350, peak) * (np.sin(2 * np.pi * 2.5 * t) > 0)
    make(4 * RATE, voice=[(speech, 0)], target=-16.0)
    heard = loudness.measure(make.path)
    assert heard.lufs == pytest.approx(-16, abs=0.5)
    assert heard.peak <= -1.5 + 0.2
    assert (make.measures["lufs"], make.measures["peak"]) == (heard.lufs, heard.peak)


def test_what_the_limiter_takes_is_made_up_for(make):
    rng = np.random.default_rng(1)
    spiky = tone(5, 500, 0.03)
    spiky[rng.integers(0, len(spiky), 400)] = 0.9
    make(5 * RATE, voice=[(spiky, 0)], target=-18.0)
    assert make.measures["lufs"] == pytest.approx(-18, abs=0.5)
    assert make.measures["peak"] <= -1.3


def test_very_quiet_sound_is_not_blown_up(make):
    heard = make(2 * RATE, voice=[(tone(2, 440, 0.0008), 0)], target=-16.0)
    assert decibels(heard[4800:-4800]) == pytest.approx(decibels(tone(1, 440, 0.0008)) + mix.MAX_GAIN, abs=0.5)


def test_silence_stays_silent_and_has_no_loudness(make):
    heard = make(2 * RATE, voice=[(np.zeros(RATE), 0)], target=-16.0)
    assert not heard.any()
    assert make.measures["lufs"] is None
    assert make.measures["peak"] is None


def test_a_mix_of_nothing_is_silent(make):
    assert not make(RATE, target=-16.0).any()


def test_what_is_too_short_to_be_measured_keeps_its_level(make):
    heard = make(9600, voice=[(tone(0.2), 0)], target=-30.0)
    assert decibels(heard[2400:-2400]) == pytest.approx(decibels(tone(1)), abs=0.3)


def test_the_same_mix_is_made_of_the_same_bytes(make, tmp_path):
    music = write_wav(tmp_path / "music.wav", tone(1, 300), 44100)
    files = []
    for name in ("a.m4a", "b.m4a"):
        entry = {"loop": True, "duck": -9.0, "fade_in": RATE}
        make(3 * RATE, voice=[(tone(1), RATE)], music=[(music, entry)], target=-16.0, name=name)
        files.append(make.path.read_bytes())
    assert files[0] == files[1]


def test_an_hour_is_mixed_in_the_memory_of_a_minute(tmp_path):
    voice = pcm.Wav(write_wav(tmp_path / "voice.wav", tone(3)))
    music = pcm.Wav(write_wav(tmp_path / "music.wav", np.stack([tone(2), tone(2)], 1)))
    samples = 3600 * RATE
    stems = tuple(place(voice, second * RATE, samples) for second in range(0, 3600, 3))
    down = np.zeros(3600 * 100 + 1, np.float32)
    bed = mix.Music(place(music, 0, samples, loop=True, curve=linear), -9.0, down)
    tracemalloc.start()
    try:
        blocks = Mixdown(stems, (bed,), samples, RATE).blocks()
        for _, block in zip(range(30), blocks, strict=False):
            assert len(block) == RATE
        assert tracemalloc.get_traced_memory()[1] < 8_000_000  # an hour of it is 1.4 GB
    finally:
        tracemalloc.stop()


def test_progress_goes_from_nothing_to_all(tmp_path):
    seen = []
    voice = write_wav(tmp_path / "voice.wav", tone(2))
    options = {"rate": RATE, "samples": 2 * RATE, "voice": [{"stem": 0, "at": 0}], "sound": [], "music": []}
    options |= {"loudness": -16.0, "peak": -1.5, "bitrate": "192k"}
    outputs = {"mix": tmp_path / "mix.m4a"}
    render_mix(Work(options, {"voice": (voice,)}, outputs, tmp_path, progress=lambda *pair: seen.append(pair)))
    assert seen == sorted(seen)
    assert seen[-1] == (4 * RATE, 4 * RATE)


def test_unusable_music_and_stems_are_told(make, tmp_path, clip):
    with pytest.raises(FatalError, match="no sound track"):
        make(RATE, music=[(clip, {})], name="a.m4a")
    short = write_wav(tmp_path / "short.wav", tone(1))
    with pytest.raises(FatalError, match="no sound from 3 s on"):
        make(RATE, music=[(short, {"from": "3"})], name="b.m4a")
    with pytest.raises(FatalError, match="at least one frame"):
        make(0, name="c.m4a")
