"""Small pictures and clips that are really valid, made from a seed: the same seed gives the same bytes."""

from __future__ import annotations

import functools
import re
import struct
import threading
import zlib
from typing import Final, Literal

import numpy as np

from vbmake.render import ffmpeg

Kind = Literal["image", "clip", "speech", "music", "effect"]

TYPES: Final = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "webp": "image/webp",
    "mp4": "video/mp4",
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "pcm": "application/octet-stream",
}

_KINDS: Final[tuple[tuple[Kind, str], ...]] = (
    ("clip", "video t2v i2v wan kling veo ltx hailuo seedance clip"),
    ("music", "music musicgen lyria lyria2 song"),
    ("speech", "speech tts voice kokoro"),
    ("effect", "effect sfx sound audio"),
)


def kind_of(model: str) -> Kind:
    """What a model of Replicate or fal makes, told by the words in its name; a picture when none speaks."""
    words = set(re.split(r"[^a-z0-9]+", model.lower()))
    for kind, names in _KINDS:
        if words & set(names.split()):
            return kind
    return "image"


def picture(width: int, height: int, seed: bytes, extension: str = "png") -> bytes:
    """Bars of eight colours, `width` x `height` px, as png, jpeg or webp."""
    colours = np.frombuffer((seed * 24)[:24], dtype=np.uint8).reshape(8, 3)
    row = colours[np.arange(width) * 8 // width]
    if extension == "png":
        return _png(row.tobytes(), width, height, seed)
    import cv2  # the product's own reader and writer of pictures

    pixels = np.broadcast_to(row, (height, width, 3))
    done, encoded = cv2.imencode(f".{extension}", np.ascontiguousarray(pixels))
    assert done, extension
    return bytes(encoded)


def _png(row: bytes, width: int, height: int, seed: bytes) -> bytes:
    """A PNG of 8-bit RGB (W3C PNG, section 11): every row is the same, and a tEXt chunk holds the seed."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    text = chunk(b"tEXt", b"Comment\0" + seed.hex().encode())
    body = chunk(b"IDAT", zlib.compress((b"\0" + row) * height, 1))
    return b"\x89PNG\r\n\x1a\n" + head + text + body + chunk(b"IEND", b"")


def clip(width: int, height: int, frames: int, fps: int, seed: bytes) -> bytes:
    """A silent H.264 MP4. Encoded once a process for each size and length; a last `free` box holds the seed."""
    with _ENCODING:
        film = _clip(width, height, frames, fps)
    return film + struct.pack(">I4s", 8 + len(seed), b"free") + seed


_ENCODING = threading.Lock()


@functools.cache
def _clip(width: int, height: int, frames: int, fps: int) -> bytes:
    source = f"testsrc2=size={width}x{height}:rate={fps}"
    encode = "-c:v libx264 -preset ultrafast -threads 1 -pix_fmt yuv420p -movflags frag_keyframe+empty_moov"
    pipe = ["-fflags", "+bitexact", "-f", "mp4", "pipe:1"]
    return ffmpeg.run(["-f", "lavfi", "-i", source, "-frames:v", str(frames), *encode.split(), *pipe])
