"""A stem holds every part of a scene's sound exactly where it belongs, and is exactly as long as the scene."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from tests.render.sounds import RATE, decibels, impulse, tone, write_wav
from vbmake.errors import FatalError
from vbmake.render import pcm
from vbmake.render.stem import render_stem
from vbmake.rules.work import Work

PART = {
    **{"source": 0, "at": 0, "samples": None, "from": "0", "to": None, "speed": "1"},
    **{"reverse": False, "loop": False, "gain": 0.0, "fade_in": 0, "fade_out": 0},
}


@pytest.fixture
def stem(tmp_path):
    def stem(samples, *parts, sources, channels=1, name="stem.wav"):
        options = {"rate": RATE, "channels": channels, "samples": samples, "parts": [{**PART, **p} for p in parts]}
        work = Work(options, {"sources": tuple(sources)}, {"stem": tmp_path / name}, tmp_path)
        assert render_stem(work) == {"stem": {"samples": samples, "channels": channels}}
        assert not list(tmp_path.glob("part*"))
        wav = pcm.Wav(work.outputs["stem"])
        assert (wav.rate, wav.channels, wav.samples) == (RATE, channels, samples)
        return wav.read_all()

    return stem


def peak_at(sound):
    return int(np.abs(sound[:, 0]).argmax())


@pytest.mark.parametrize("at", [0, 1, 4799, 48001])
def test_a_sound_lands_on_its_very_sample(stem, tmp_path, at):
    source = write_wav(tmp_path / "click.wav", impulse(9600, 1234))
    sound = stem(96000, {"at": at}, sources=[source])
    assert peak_at(sound) == at + 1234
    assert np.count_nonzero(sound) == 1


def test_a_trim_is_exact_to_the_sample(stem, tmp_path):
    source = write_wav(tmp_path / "click.wav", impulse(2 * RATE, RATE))
    sound = stem(RATE, {"from": "3/4", "to": str(Fraction(RATE + 1, RATE))}, sources=[source])
    assert peak_at(sound) == RATE // 4
    assert not stem(RATE, {"from": "3/4", "to": "1"}, sources=[source]).any()


def test_a_trim_far_into_a_long_source_is_as_exact(stem, make_media, tmp_path):
    args = ["-f", "lavfi", "-i", f"aevalsrc=exprs='eq(n,{41 * RATE})':s={RATE}:d=45"]
    for name in ("long.flac", "long.wav", "long.mka"):
        encoder = ["-c:a", "pcm_s16le"] if name != "long.flac" else ["-c:a", "flac"]
        sound = stem(RATE, {"from": "81/2"}, sources=[make_media(name, *args, *encoder)])
        assert peak_at(sound) == RATE // 2, name


def test_a_stem_is_silent_to_its_end_and_cut_at_it(stem, tmp_path):
    source = write_wav(tmp_path / "tone.wav", tone(0.5))
    long = stem(RATE, {"at": 100}, sources=[source])
    assert long[100 : 100 + RATE // 2].any()
    assert not long[100 + RATE // 2 :].any()
    assert len(stem(1001, {}, sources=[source])) == 1001


def test_parts_add_up_with_their_gains(stem, tmp_path):
    source = write_wav(tmp_path / "click.wav", impulse(100, 0))
    sound = stem(200, {"gain": -6.0206}, {"at": 50}, {"at": 50, "gain": 6.0206}, sources=[source])
    assert sound[[0, 50], 0] == pytest.approx([0.25, 1.5], abs=1e-4)


def test_mono_goes_to_both_channels_at_its_level_and_stereo_is_mixed_down_without_clipping(stem, tmp_path):
    mono = write_wav(tmp_path / "mono.wav", np.full(1000, 0.5))
    stereo = write_wav(tmp_path / "stereo.wav", np.stack([np.full(1000, 0.5), np.full(1000, 0.25)], 1))
    assert stem(1000, {}, sources=[mono], channels=2)[500].tolist() == pytest.approx([0.5, 0.5])
    assert stem(1000, {}, sources=[stereo], channels=2)[500].tolist() == pytest.approx([0.5, 0.25])
    assert stem(1000, {}, sources=[stereo])[500, 0] == pytest.approx(0.375)


def test_a_loop_has_no_seam(stem, tmp_path):
    source = write_wav(tmp_path / "tone.wav", tone(0.1, 400))
    sound = stem(3 * RATE, {"loop": True, "from": "1/40"}, sources=[source])
    assert np.abs(sound[:, 0] - np.resize(tone(0.075, 400), 3 * RATE)).max() < 1e-6


def test_reverse_plays_the_trimmed_part_backwards(stem, tmp_path):
    source = write_wav(tmp_path / "click.wav", impulse(RATE, 10_000))
    assert peak_at(stem(RATE, {"reverse": True, "to": "1/2"}, sources=[source])) == RATE // 2 - 1 - 10_000


@pytest.mark.parametrize("speed", ["1/4", "1/2", "3/2", "5"])
def test_speed_changes_the_length_and_not_the_pitch(stem, tmp_path, speed):
    source = write_wav(tmp_path / "tone.wav", tone(2, 600))
    sound = stem(9 * RATE, {"speed": speed}, sources=[source])[:, 0]
    length = np.flatnonzero(np.abs(sound) > 0.01)[-1]
    expected = 2 * RATE / Fraction(speed)
    assert length == pytest.approx(float(expected), rel=0.05, abs=2400)
    middle = sound[int(expected) // 4 : int(expected) * 3 // 4]
    spectrum = np.abs(np.fft.rfft(middle))
    assert spectrum.argmax() * RATE / len(middle) == pytest.approx(600, rel=0.02)


def test_fades_end_where_the_sound_ends_even_when_it_is_shorter_than_its_place(stem, tmp_path):
    source = write_wav(tmp_path / "ones.wav", np.ones(1000))
    sound = stem(4000, {"at": 500, "samples": 3000, "fade_in": 100, "fade_out": 200}, sources=[source])[:, 0]
    assert sound[500:600] == pytest.approx(np.arange(100) / 100, abs=1e-6)
    assert sound[1300:1500] == pytest.approx(1 - np.arange(200) / 200, abs=1e-6)
    assert sound[600:1300].min() == 1
    assert not sound[1500:].any()


def test_a_part_is_no_longer_than_it_may_be(stem, tmp_path):
    source = write_wav(tmp_path / "ones.wav", np.ones(1000))
    assert np.flatnonzero(stem(4000, {"samples": 300, "loop": True}, sources=[source])).tolist() == list(range(300))


def test_a_source_at_another_rate_keeps_pitch_and_level(stem, tmp_path):
    t = np.arange(44100) / 44100
    source = write_wav(tmp_path / "cd.wav", 0.25 * np.sin(2 * np.pi * 1000 * t), 44100)
    sound = stem(RATE, {}, sources=[source])[2000:-2000, 0]
    assert decibels(sound) == pytest.approx(decibels(tone(1, 1000)), abs=0.05)
    assert np.abs(np.fft.rfft(sound[:44000])).argmax() * RATE / 44000 == pytest.approx(1000, abs=2)


def test_a_video_gives_its_sound_and_one_without_sound_is_silent(stem, make_media, clip):
    noisy = make_media(
        "noisy.mp4",
        *["-f", "lavfi", "-i", "color=black:s=64x48:d=1", "-f", "lavfi", "-i", "sine=440:d=1:r=48000"],
        *["-c:v", "libx264", "-threads", "1", "-c:a", "aac"],
    )
    sound = stem(2 * RATE, {"source": 0}, {"source": 1, "at": RATE}, sources=[noisy, clip], channels=2)
    assert decibels(sound[4800:43200]) > -30
    assert not sound[RATE + 2048 :].any()


def test_a_track_that_starts_late_in_its_file_stays_late(stem, make_media):
    late = make_media(
        "late.mkv",
        *["-f", "lavfi", "-i", "color=black:s=64x48:d=2", "-itsoffset", "0.5"],
        *["-f", "lavfi", "-i", "aevalsrc=0.5:d=1:s=48000", "-c:v", "libx264", "-threads", "1", "-c:a", "pcm_s16le"],
    )
    assert np.flatnonzero(stem(2 * RATE, {}, sources=[late]))[0] == RATE // 2


def test_a_part_beyond_the_end_of_its_source_is_silent(stem, tmp_path):
    source = write_wav(tmp_path / "tone.wav", tone(0.5))
    assert not stem(RATE, {"from": "3", "loop": True}, sources=[source]).any()


def test_the_same_stem_is_made_of_the_same_bytes(stem, tmp_path):
    source = write_wav(tmp_path / "tone.wav", tone(1), 44100)
    parts = [{"speed": "3/2", "fade_in": 100}, {"at": 700, "loop": True, "gain": -3.0}]
    for name in ("a.wav", "b.wav"):
        stem(2 * RATE, *parts, sources=[source], name=name)
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()


def test_unusable_sources_and_parts_are_told(stem, tmp_path):
    text = tmp_path / "notes.wav"
    text.write_text("not a sound")
    with pytest.raises(FatalError, match=r"notes\.wav"):
        stem(100, {}, sources=[text])
    source = write_wav(tmp_path / "tone.wav", tone(0.5))
    with pytest.raises(FatalError, match="speed is 0"):
        stem(100, {"speed": "0"}, sources=[source])
    with pytest.raises(FatalError, match="nothing lies between"):
        stem(100, {"from": "2", "to": "1"}, sources=[source])
