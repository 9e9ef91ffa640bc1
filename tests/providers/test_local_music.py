"""Local music follows the mood of its words, lasts exactly as long as asked, and is the same every time."""

from __future__ import annotations

import struct
import wave
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from tests.rules.workshop import made, needing, shipped
from vbmake.errors import FatalError
from vbmake.providers.local.midi import midi_file
from vbmake.providers.local.moods import UNSAID, Instrument, moods
from vbmake.providers.local.score import SCALES, compose

MOODS = moods()
PEAK = 10 ** (-1 / 20)


def heard(path: Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (48000, 2, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2) / 32768


def level(sound: np.ndarray) -> float:
    return float(np.sqrt(np.square(sound).mean()))


def test_music_lasts_exactly_as_long_as_asked_and_is_never_too_loud(tmp_path: Path) -> None:
    for number, seconds in enumerate(("8", "7/3", "0.5", "0.01", "10010000/30000000")):
        sound = heard(made(shipped("local-music"), tmp_path / str(number), prompt="calm", seconds=seconds))
        numerator, _, denominator = seconds.partition("/")
        assert len(sound) == round(float(numerator) / float(denominator or 1) * 48000)
        assert 0.3 < np.abs(sound).max() < PEAK


def test_music_begins_and_ends_in_silence_and_sounds_between(tmp_path: Path) -> None:
    sound = heard(made(shipped("local-music"), tmp_path, prompt="happy", seconds="12"))
    assert np.abs(sound[[0, -1]]).max() < 0.001
    seconds = [level(part) for part in np.array_split(sound, 12)]
    assert min(seconds[1:-1]) > 0.01
    assert seconds[-1] < max(seconds) / 2
    assert abs(sound.mean()) < 0.005


def test_the_same_words_and_seed_are_the_same_bytes(tmp_path: Path) -> None:
    def file(name: str, prompt: str, seed: int | None = None) -> bytes:
        return made(shipped("local-music"), tmp_path / name, prompt=prompt, seconds="5", seed=seed).read_bytes()

    first = file("1", "Sad piano")
    assert file("2", "sad  PIANO") == first
    assert file("3", "Sad piano", 7) != first
    assert file("4", "Sad piano", 7) == file("5", "Sad piano", 7) != file("6", "Sad piano", 8)


def test_moods_choose_tempo_scale_and_players() -> None:
    calm, electronic = compose("something calm", 60, None), compose("neon synthwave", 60, None)
    assert (calm.mood, electronic.mood) == ("calm", "electronic")
    assert calm.bpm < 80 < 105 < electronic.bpm
    assert not {note.instrument for note in calm.notes} & {"kick", "snare", "hat"}
    assert {"kick", "hat", "synth"} <= {note.instrument for note in electronic.notes}
    assert {compose(name, 30, None).mood for name in MOODS} == set(MOODS)
    assert compose("a film about cheese", 30, None).mood in MOODS


def test_the_table_of_moods_says_what_can_be_played() -> None:
    for name, mood in MOODS.items():
        assert {mood.ground, mood.lead, mood.drum} <= set(get_args(Instrument)), name
        assert len(mood.chords) > 1, "another progression is wanted for the middle"
        assert {len(chords) for chords in mood.chords} == {4}, name
        assert {len(figure) for figure in mood.figures} == {8}, name
        assert {len(pattern) for pattern in (mood.bass, mood.kick, mood.snare, mood.hat)} <= {0, 8}, name
    assert set(UNSAID) <= set(MOODS)


@pytest.mark.parametrize("mood", sorted(MOODS))
def test_a_piece_stays_in_its_scale_and_comes_home(mood: str) -> None:
    score = compose(mood, 40, 3)
    pitched = [note for note in score.notes if note.instrument not in ("kick", "snare", "hat", "boom")]
    last = [note for note in pitched if note.start >= (score.bars - 1) * 4]
    tonic = min(note.pitch for note in last) % 12
    scale = {(tonic + step) % 12 for step in SCALES[MOODS[mood].scale]}
    assert {note.pitch % 12 for note in pitched} <= scale
    assert {note.pitch % 12 for note in last} <= {
        (tonic + SCALES[MOODS[mood].scale][degree]) % 12 for degree in (0, 2, 4)
    }
    assert score.bars * 4 * 60 / score.bpm == pytest.approx(40)
    assert all(0 <= note.start < score.bars * 4 and 24 <= note.pitch <= 100 for note in score.notes)


def test_the_score_is_a_midi_file_of_the_same_length() -> None:
    score = compose("documentary", 20, None)
    data = midi_file(score)
    assert data[:4] == b"MThd"
    assert struct.unpack(">IHHH", data[4:14]) == (6, 0, 1, 480)
    assert struct.unpack(">I", data[18:22])[0] == len(data) - 22
    assert data[22:].startswith(b"\x00\xff\x51\x03" + round(60e6 / score.bpm).to_bytes(3, "big"))
    assert data.endswith(b"\xff\x2f\x00")


def test_a_soundfont_plays_the_same_piece_at_its_length(tmp_path: Path) -> None:
    rule = needing("local-music-midi")
    path = made(rule, tmp_path, prompt="calm", seconds="4")
    sound = heard(path)
    assert len(sound) == 4 * 48000
    assert 0.3 < np.abs(sound).max() < PEAK
    assert np.abs(sound[[0, -1]]).max() < 0.001
    assert made(rule, tmp_path / "2", prompt="calm", seconds="4").read_bytes() == path.read_bytes()
    assert not [file for file in path.parent.iterdir() if file.suffix in (".mid", ".wav") and file != path]


def test_what_is_no_soundfont_is_told(tmp_path: Path) -> None:
    broken = tmp_path / "broken.sf2"
    broken.write_bytes(b"no soundfont")
    with pytest.raises(FatalError, match="could not play"):
        made(needing("local-music-midi"), tmp_path, inputs={"soundfont": broken}, prompt="calm", seconds="2")


@pytest.mark.parametrize("seconds", ["0", "601"])
def test_music_of_no_length_or_beyond_sense_is_refused(tmp_path: Path, seconds: str) -> None:
    with pytest.raises(FatalError, match=r"allowed are 0\.01 to 600 s"):
        made(shipped("local-music"), tmp_path, prompt="calm", seconds=seconds)
