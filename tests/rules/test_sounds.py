"""The rules that make sound, or pictures of it."""

from __future__ import annotations

import struct
import wave
from pathlib import Path

import av
import numpy as np
import pytest

from tests.rules.workshop import made, needing
from vbmake.errors import FatalError, JobError
from vbmake.render.opencv import cv2


def sound(directory: Path, samples: np.ndarray, rate: int = 48000) -> Path:
    path = directory / "sound.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


def tone(hertz: float, seconds: float, level: float = 0.8) -> np.ndarray:
    return level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * 48000)) / 48000)


def song(directory: Path) -> Path:
    """One note, middle C for half a second, as a MIDI file."""
    track = bytes([0, 0x90, 60, 100, 0x83, 0x60, 0x80, 60, 0, 0, 0xFF, 0x2F, 0])
    path = directory / "song.mid"
    path.write_bytes(b"MThd" + struct.pack(">IHHH", 6, 0, 1, 480) + b"MTrk" + struct.pack(">I", len(track)) + track)
    return path


def played(path: Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (48000, 2, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2) / 32768


def test_a_midi_file_is_heard_at_its_pitch_and_the_same_each_time(tmp_path: Path) -> None:
    rule = needing("midi-music")
    path = made(rule, tmp_path, inputs={"midi": song(tmp_path)}, reverb=False, chorus=False)
    heard = played(path)[:24000].sum(axis=1)
    spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard))))
    strongest = np.fft.rfftfreq(len(heard), 1 / 48000)[spectrum.argmax()]
    assert min(abs(strongest / (261.63 * harmonic) - 1) for harmonic in (1, 2, 3)) < 0.02
    assert (
        made(rule, tmp_path / "2", inputs={"midi": song(tmp_path)}, reverb=False, chorus=False).read_bytes()
        == path.read_bytes()
    )
    louder = played(made(rule, tmp_path, inputs={"midi": song(tmp_path)}, level=1.0, reverb=False, chorus=False))
    assert np.abs(louder).max() > 1.5 * np.abs(heard).max() / 2


@pytest.mark.parametrize("role", ["midi", "soundfont"])
def test_what_is_no_midi_file_or_no_soundfont_fails_instead_of_being_silent(tmp_path: Path, role: str) -> None:
    rule = needing("midi-music")
    broken = tmp_path / "broken.bin"
    broken.write_bytes(b"neither of them")
    with pytest.raises(JobError, match="not a SoundFont or MIDI file"):
        made(rule, tmp_path, inputs={"midi": song(tmp_path), role: broken})


def test_a_waveform_is_as_tall_as_its_sound_is_loud(tmp_path: Path) -> None:
    path = sound(tmp_path, np.concatenate([tone(440, 0.5), np.zeros(24000), tone(440, 0.5, 0.2)]))
    pixels = cv2.imread(
        str(made(needing("waveform"), tmp_path, inputs={"sound": path}, size="300x100", color="red", color_end="blue")),
        cv2.IMREAD_UNCHANGED,
    )
    assert pixels.shape == (100, 300, 4)
    tall = [
        int((pixels[:, first:last, 3] > 128).any(axis=1).sum()) for first, last in ((0, 95), (105, 195), (205, 300))
    ]
    assert tall[0] >= 98
    assert tall[1] == 6  # silence is a row of dots
    assert 25 <= tall[2] <= 50
    assert pixels[50, 2:12].max(axis=0).tolist()[2] > 240  # red at the left
    assert pixels[50, -12:].max(axis=0).tolist()[0] > 240  # blue at the right
    assert pixels[..., 3].min() == 0


def test_a_spectrum_lasts_as_long_as_its_sound_and_shows_its_pitches(tmp_path: Path) -> None:
    path = sound(tmp_path, np.concatenate([tone(100, 0.5), tone(3000, 0.5)]))
    rule = needing("spectrum")
    clip = made(rule, tmp_path, inputs={"sound": path}, size="200x60", bar=6, gap=4, rate=20)
    first = clip.read_bytes()
    with av.open(str(clip)) as container:
        frames = [frame.to_ndarray(format="rgba") for frame in container.decode(video=0)]
        assert container.streams.video[0].average_rate == 20
    assert len(frames) == 20
    centers = []
    for frame in (frames[4], frames[18]):
        heights = (frame[..., 3] > 128).sum(axis=0)
        centers.append(int(heights.argmax()))
        assert heights.max() >= 30
    assert centers[0] < 60 < 120 < centers[1]
    assert (
        made(rule, tmp_path / "2", inputs={"sound": path}, size="200x60", bar=6, gap=4, rate=20).read_bytes() == first
    )


@pytest.mark.parametrize("name", ["waveform", "spectrum"])
@pytest.mark.parametrize("content", [b"", b"no sound at all"])
def test_what_has_no_sound_is_told(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / "silent.wav"
    path.write_bytes(content)
    with pytest.raises(FatalError, match=r"silent\.wav has no sound that can be read"):
        made(needing(name), tmp_path, inputs={"sound": path})


@pytest.mark.parametrize("name", ["waveform", "spectrum"])
def test_silence_is_drawn_as_silence(tmp_path: Path, name: str) -> None:
    assert (
        made(needing(name), tmp_path, inputs={"sound": sound(tmp_path, np.zeros(4800))}, size="64x32").stat().st_size
        > 0
    )
