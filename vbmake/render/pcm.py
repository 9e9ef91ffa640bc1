"""WAV files read and written by blocks, without limit of length (RIFF and RF64)."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from vbmake.errors import FatalError

Floats = npt.NDArray[np.float32]

# ffmpeg's output arguments for a file that `Wav` reads: 32-bit float, of any length, the same bytes every time.
FLOAT_WAV = ("-c:a", "pcm_f32le", "-fflags", "+bitexact", "-flags:a", "+bitexact", "-rf64", "auto", "-f", "wav")

_INTEGER, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_LIMIT = 0xFFFFFFFF


class Wav:
    """A WAV file of float32 or 16-bit samples. `samples` counts samples of one channel.

    Nothing is held open or in memory between reads. Raises FatalError when the file is no such WAV.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with open(path, "rb") as file:
                form, self._offset, size = _chunks(file)
            kind, self.channels, self.rate, bits = struct.unpack_from("<HHI6xH", form)
            if kind == _EXTENSIBLE:
                (kind,) = struct.unpack_from("<H", form, 24)
        except (OSError, struct.error, ValueError) as error:
            raise FatalError(f"{path.name} is not a WAV file that can be read: {error}") from None
        if (kind, bits) not in ((_FLOAT, 32), (_INTEGER, 16)) or not self.channels:
            raise FatalError(f"{path.name} holds WAV format {kind} of {bits} bits; float 32 and integer 16 can be read")
        self._type = np.dtype("<f4" if kind == _FLOAT else "<i2")
        self.samples = size // (self._type.itemsize * self.channels)

    def read(self, start: int, count: int) -> Floats:
        """Samples [start, start + count) as float32 (count, channels); fewer at the end of the file."""
        count = max(0, min(count, self.samples - start))
        width = self._type.itemsize * self.channels
        flat = np.fromfile(self.path, self._type, count * self.channels, offset=self._offset + start * width)
        block = flat[: len(flat) // self.channels * self.channels].reshape(-1, self.channels)
        if self._type.kind == "f":
            return block.astype(np.float32, copy=False)
        return block.astype(np.float32) / np.float32(32768)

    def read_all(self) -> Floats:
        """The whole file as float32 (samples, channels)."""
        return self.read(0, self.samples)


def _chunks(file: BinaryIO) -> tuple[bytes, int, int]:
    """The `fmt ` chunk, and the offset and size (bytes) of the samples. A size that was never filled in is the rest."""
    head = file.read(12)
    if len(head) < 12 or head[:4] not in (b"RIFF", b"RF64") or head[8:] != b"WAVE":
        raise ValueError("it has no RIFF/WAVE header")
    form = b""
    long_size: int | None = None
    while len(chunk := file.read(8)) == 8:
        name, size = chunk[:4], int.from_bytes(chunk[4:], "little")
        if name == b"data":
            offset = file.tell()
            rest = file.seek(0, 2) - offset
            if not form:
                raise ValueError("its samples come before their format")
            return form, offset, min(rest, long_size if size == _LIMIT and long_size is not None else size)
        body = file.read(size) if name in (b"fmt ", b"ds64") else b""
        if name == b"fmt ":
            form = body
        elif name == b"ds64":
            long_size = int.from_bytes(body[8:16], "little")
        else:
            file.seek(size, 1)
        file.seek(size & 1, 1)
    raise ValueError("it has no samples")


def float_header(samples: int, channels: int, rate: int) -> bytes:
    """The header of a float32 WAV of that many samples a channel; RF64 (EBU Tech 3306) beyond 4 GB."""
    size = samples * channels * 4
    form = struct.pack("<4sIHHIIHHH", b"fmt ", 18, _FLOAT, channels, rate, rate * channels * 4, channels * 4, 32, 0)
    fact = struct.pack("<4sII", b"fact", 4, min(samples, _LIMIT))
    if 4 + len(form) + len(fact) + 8 + size <= _LIMIT:
        riff = 4 + len(form) + len(fact) + 8 + size
        return struct.pack("<4sI4s", b"RIFF", riff, b"WAVE") + form + fact + struct.pack("<4sI", b"data", size)
    riff = 4 + 36 + len(form) + len(fact) + 8 + size
    long = struct.pack("<4sIQQQI", b"ds64", 28, riff, size, samples, 0)
    head = struct.pack("<4sI4s", b"RF64", _LIMIT, b"WAVE")
    return head + long + form + fact + struct.pack("<4sI", b"data", _LIMIT)


def write_s16(path: Path, voice: Floats, rate: int) -> None:
    """Write mono float samples as a 16-bit WAV; samples beyond full scale are clipped."""
    data = np.clip(np.rint(voice * np.float32(32767)), -32768, 32767).astype("<i2").tobytes()
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, _INTEGER, 1, rate, rate * 2, 2, 16)
    with open(path, "wb") as file:
        file.write(struct.pack("<4sI4s", b"RIFF", 4 + len(form) + 8 + len(data), b"WAVE") + form)
        file.write(struct.pack("<4sI", b"data", len(data)) + data)
