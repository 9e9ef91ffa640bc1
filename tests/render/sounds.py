"""Small sounds for tests, and the way to hear what was made of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vbmake.render import ffmpeg, pcm

RATE = 48000


def write_wav(path: Path, sound: np.ndarray, rate: int = RATE) -> Path:
    """Write float samples (samples,) or (samples, channels) as a float WAV."""
    sound = np.asarray(sound, "<f4").reshape(len(sound), -1)
    path.write_bytes(pcm.float_header(len(sound), sound.shape[1], rate) + sound.tobytes())
    return path


def tone(seconds: float, hertz: float = 440.0, peak: float = 0.25) -> np.ndarray:
    return (peak * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def impulse(samples: int, at: int, height: float = 0.5) -> np.ndarray:
    sound = np.zeros(samples, np.float32)
    sound[at] = height
    return sound


def hear(path: Path) -> np.ndarray:
    """The decoded sound of any file, float32 (samples, channels), by ffmpeg."""
    out = path.with_name(f"{path.name}.heard.wav")
    ffmpeg.run([*ffmpeg.input_args(path), "-map", "0:a:0", *pcm.FLOAT_WAV, f"file:{out}"])
    try:
        return pcm.Wav(out).read_all()
    finally:
        out.unlink()


def decibels(sound: np.ndarray) -> float:
    """The RMS level of a sound in dB of full scale."""
    return float(10 * np.log10(np.square(sound.astype(np.float64)).mean()))
