"""Speech-like sounds whose length follows the text, and where each of their characters stands in time."""

from __future__ import annotations

import functools
import io
import re
import threading
import wave
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from vbmake.render import ffmpeg

CHARACTER: Final = 0.06  # seconds a character of speech takes; people say about 15 a second
LEAD: Final = 0.05  # seconds of silence before the first
MP3_SECONDS: Final = 30


@dataclass(frozen=True)
class Spoken:
    """A text and where its characters begin and end, in seconds."""

    text: str
    starts: tuple[float, ...]
    ends: tuple[float, ...]

    @property
    def seconds(self) -> float:
        """How long the recording is."""
        return round((self.ends[-1] if self.ends else 0.0) + LEAD, 6)

    def words(self) -> list[tuple[str, float, float]]:
        """(word, start, end) of every run of characters without a space."""
        return [
            (found[0], self.starts[found.start()], self.ends[found.end() - 1])
            for found in re.finditer(r"\S+", self.text)
        ]


def spoken(text: str, seconds: float | None = None, speed: float = 1.0) -> Spoken:
    """The text said evenly: in `seconds` in all, or as long as it takes at `speed` times the usual pace."""
    step = CHARACTER / speed
    if seconds is not None and text:
        step = max(seconds - 2 * LEAD, 0.001) / len(text)
    starts = tuple(round(LEAD + n * step, 6) for n in range(len(text)))
    return Spoken(text, starts, tuple(round(LEAD + (n + 1) * step, 6) for n in range(len(text))))


def speech(said: Spoken, seed: bytes, rate: int = 24000) -> bytes:
    """Raw mono 16-bit samples: a tone while a character sounds, silence at spaces."""
    samples = np.zeros(max(1, round(said.seconds * rate)))
    pitch = 110 + seed[0]
    for character, start, end in zip(said.text, said.starts, said.ends, strict=True):
        if not character.isspace():
            first, last = round(start * rate), round(end * rate)
            count = np.arange(last - first)
            shape = np.sin(np.pi * (count + 0.5) / max(1, last - first))
            hertz = pitch * (1 + (ord(character) % 12) / 12)
            samples[first:last] = 0.4 * shape * np.sin(2 * np.pi * hertz * count / rate)
    return _pcm(samples, seed)


def tune(seconds: float, seed: bytes, rate: int = 44100) -> bytes:
    """Raw mono 16-bit samples of a chord of two tones."""
    time = np.arange(max(1, round(seconds * rate))) / rate
    low, high = 110 + seed[0], 330 + seed[1]
    return _pcm(0.2 * np.sin(2 * np.pi * low * time) + 0.2 * np.sin(2 * np.pi * high * time), seed)


def _pcm(samples: np.ndarray[Any, np.dtype[np.float64]], seed: bytes) -> bytes:
    """As little-endian 16-bit; the lowest bits of the first samples are the seed's, so that seeds differ."""
    whole = np.round(samples * 32000).astype("<i2")
    bits = np.unpackbits(np.frombuffer(seed, dtype=np.uint8))[: len(whole)]
    whole[: len(bits)] = (whole[: len(bits)] & ~1) | bits
    return whole.tobytes()


def wav(pcm: bytes, rate: int) -> bytes:
    """The samples in a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(pcm)
    return file.getvalue()


_ENCODERS: Final = {
    "opus": "-c:a libopus -f ogg",
    "aac": "-c:a aac -f adts",
    "flac": "-c:a flac -f flac",
}


def encoded(pcm: bytes, rate: int, extension: str, seed: bytes) -> bytes:
    """The samples as pcm, wav, mp3 (of the same length, but one tone), opus, aac or flac."""
    if extension == "pcm":
        return pcm
    if extension == "wav":
        return wav(pcm, rate)
    if extension == "mp3":
        return mp3(len(pcm) / 2 / rate, rate, seed)
    bits = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact"]
    return ffmpeg.run(["-i", "pipe:0", *bits, *_ENCODERS[extension].split(), "pipe:1"], stdin=wav(pcm, rate))


def mp3(seconds: float, rate: int, seed: bytes) -> bytes:
    """An MP3 of `seconds`: as many frames of a tone that was encoded once a process, after a tag with the seed."""
    with _ENCODING:
        frames = _mp3_frames(rate)
    per_frame = 1152 if rate >= 32000 else 576
    count = max(1, -(-round(seconds * rate) // per_frame))
    text = b"\0" + seed.hex().encode()
    frame = b"TXXX" + len(text).to_bytes(4, "big") + b"\0\0" + text
    tag = b"ID3\x03\0\0" + bytes([0, 0, len(frame) >> 7, len(frame) & 127]) + frame  # ID3v2.3: 7 bits a byte
    return tag + b"".join(frames[n % len(frames)] for n in range(count))


_ENCODING = threading.Lock()


@functools.cache
def _mp3_frames(rate: int) -> tuple[bytes, ...]:
    """The frames of a tone. Without the bit reservoir each of them stands for itself, so a file may end after any."""
    tone = f"sine=frequency=220:sample_rate={rate}:duration={MP3_SECONDS}"
    options = "-c:a libmp3lame -b:a 64k -reservoir 0 -write_xing 0 -id3v2_version 0 -fflags +bitexact -f mp3"
    data = ffmpeg.run(["-f", "lavfi", "-i", tone, *options.split(), "pipe:1"])
    scale = 144 if rate >= 32000 else 72
    frames, at = [], 0
    while at + 4 <= len(data):
        size = scale * 64000 // rate + (data[at + 2] >> 1 & 1)
        frames.append(data[at : at + size])
        at += size
    return tuple(frames[1:-1])


def seconds_of(data: bytes) -> float:
    """How long a recording is, whatever its format. Raises ValueError when it is none."""
    import av

    try:
        with av.open(io.BytesIO(data), "r") as container:
            return float(
                sum(frame.samples / frame.sample_rate for frame in container.decode(container.streams.audio[0]))
            )
    except (av.FFmpegError, IndexError) as error:
        raise ValueError("no audio that can be read") from error
