"""WAV files are read by blocks, beyond 4 GB too, and what is no WAV is told."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from tests.render.sounds import tone, write_wav
from vbmake.errors import FatalError
from vbmake.render import ffmpeg, pcm


def test_a_block_is_read_without_the_rest(tmp_path):
    sound = np.stack([tone(1), -tone(1)], 1)
    wav = pcm.Wav(write_wav(tmp_path / "a.wav", sound))
    assert np.array_equal(wav.read(1000, 50), sound[1000:1050])
    assert len(wav.read(47_990, 50)) == 10
    assert len(wav.read(50_000, 50)) == 0


def test_sound_beyond_four_gigabytes_is_written_and_read(tmp_path):
    samples = 600_000_000  # 4.8 GB, sparse on disk
    path = tmp_path / "long.wav"
    header = pcm.float_header(samples, 2, 48000)
    with open(path, "wb") as file:
        file.write(header)
        file.seek(len(header) + (samples - 1) * 8)
        file.write(struct.pack("<ff", 0.5, -0.5))
    wav = pcm.Wav(path)
    assert wav.samples == samples
    assert wav.read(samples - 2, 5).tolist() == [[0, 0], [0.5, -0.5]]


def test_ffmpeg_reads_the_headers(tmp_path):
    path = write_wav(tmp_path / "a.wav", np.stack([tone(0.1), tone(0.1)], 1))
    raw = ffmpeg.run([*ffmpeg.input_args(path), "-f", "f32le", "-"])
    assert raw == np.stack([tone(0.1), tone(0.1)], 1).tobytes()


@pytest.mark.parametrize("codec", ["pcm_s16le", "pcm_f32le"])
def test_what_ffmpeg_writes_is_read(tmp_path, codec):
    path, out = write_wav(tmp_path / "a.wav", tone(0.1)), tmp_path / "b.wav"
    ffmpeg.run([*ffmpeg.input_args(path), "-metadata", "title=x", "-c:a", codec, f"file:{out}"])
    assert pcm.Wav(out).read_all()[:, 0] == pytest.approx(tone(0.1), abs=1 / 32768)


def test_sixteen_bits_are_clipped_and_not_wrapped(tmp_path):
    path = tmp_path / "a.wav"
    pcm.write_s16(path, np.array([0.5, 2.0, -2.0], np.float32), 48000)
    assert pcm.Wav(path).read_all()[:, 0] == pytest.approx([0.5, 1.0, -1.0], abs=1e-4)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"RIFF",
        b"RIFF\x04\0\0\0WAVE",
        b"RIFF\x24\0\0\0WAVEdata\x04\0\0\0\0\0\0\0",
        b"ID3" + bytes(100),
        b"RIFF\x24\0\0\0WAVEfmt \x02\0\0\0\3\0data\0\0\0\0",
    ],
)
def test_what_is_no_wav_is_told(tmp_path, content):
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(FatalError, match=r"a\.wav is not a WAV file"):
        pcm.Wav(path)


def test_a_format_that_cannot_be_read_is_told(tmp_path):
    path, out = write_wav(tmp_path / "a.wav", tone(0.1)), tmp_path / "b.wav"
    ffmpeg.run([*ffmpeg.input_args(path), "-c:a", "pcm_s24le", f"file:{out}"])
    with pytest.raises(FatalError, match="24 bits"):
        pcm.Wav(out)
