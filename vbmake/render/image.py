"""Image files: decoded by content whatever their name, turned upright, refused when damaged or beyond sense."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from vbmake.errors import FatalError
from vbmake.render.memo import pictures
from vbmake.render.opencv import MAX_PIXELS, cv2
from vbmake.render.sprite import Pixels

_AGAIN = "save it again from an image program, or fetch it again"
_TURNS = {  # EXIF orientation -> what OpenCV does to stand it upright: (flip code first, then rotation)
    2: (1, None),
    3: (None, cv2.ROTATE_180),
    4: (0, None),
    5: (1, cv2.ROTATE_90_COUNTERCLOCKWISE),
    6: (None, cv2.ROTATE_90_CLOCKWISE),
    7: (1, cv2.ROTATE_90_CLOCKWISE),
    8: (None, cv2.ROTATE_90_COUNTERCLOCKWISE),
}


def file_key(path: Path) -> tuple[str, int, int, int]:
    """What tells a file from its later versions, for memories within this process."""
    stat = path.stat()
    return (str(path), stat.st_ino, stat.st_size, stat.st_mtime_ns)


def read_image(path: Path) -> Pixels:
    """The picture in a file: (h, w, 3) BGR, or (h, w, 4) BGRA with straight alpha if any of it is transparent.

    Upright by its EXIF orientation, 8 bits whatever it had; the first frame of an animation. The array is shared:
    do not write to it. Raises FatalError for a file that is missing, empty, damaged, no image, or larger than 200
    megapixels.
    """
    try:
        return pictures.get(("image", file_key(path)), lambda: _decode(path))
    except OSError as error:
        raise FatalError(f"{path.name} cannot be read: {error.strerror or error}") from None


def _decode(path: Path) -> Pixels:
    data = path.read_bytes()
    if not data:
        raise FatalError(f"{path.name} is empty; {_AGAIN}")
    damage = _damage(data)
    if damage:
        raise FatalError(f"{path.name} is damaged: {damage}; {_AGAIN}")
    size = _declared_size(data)
    if size and size[0] * size[1] > MAX_PIXELS:
        raise _too_large(path, *size)
    # JPEG carries no alpha, and this way its CMYK and orientation are dealt with by the decoder.
    mode = cv2.IMREAD_COLOR if data.startswith(b"\xff\xd8\xff") else cv2.IMREAD_UNCHANGED
    try:
        pixels: Any = cv2.imdecode(np.frombuffer(data, np.uint8), mode)
    except cv2.error as error:
        if "CV_IO_MAX_IMAGE" in str(error):
            raise _too_large(path) from None
        pixels = None
    if pixels is None:
        pixels = _decode_elsewise(path, data)
    elif mode == cv2.IMREAD_UNCHANGED:
        pixels = _upright(pixels, _orientation(data))
    if pixels.shape[0] * pixels.shape[1] > MAX_PIXELS:
        raise _too_large(path, pixels.shape[1], pixels.shape[0])
    return _eight_bits(pixels)


def _too_large(path: Path, *size: int) -> FatalError:
    found = f" ({size[0]}x{size[1]} px)" if size else ""
    return FatalError(f"{path.name} is larger than {MAX_PIXELS // 10**6} megapixels{found}; scale it down")


def _eight_bits(pixels: Any) -> Pixels:
    """Any depth and channel count -> uint8 BGR, or BGRA when some of it is transparent."""
    if pixels.dtype == np.uint16:
        pixels = cv2.convertScaleAbs(pixels, alpha=255 / 65535)
    elif pixels.dtype != np.uint8:
        pixels = np.rint(np.clip(np.nan_to_num(pixels), 0, 1) * 255).astype(np.uint8)
    if pixels.ndim == 2 or pixels.shape[2] == 1:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)
    elif pixels.shape[2] == 2:
        grey, alpha = cv2.split(pixels)
        pixels = cv2.merge([grey, grey, grey, alpha])
    if pixels.shape[2] == 4 and int(pixels[..., 3].min()) == 255:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_BGRA2BGR)
    result: npt.NDArray[np.uint8] = np.ascontiguousarray(pixels)
    return result


def _upright(pixels: Any, orientation: int) -> Any:
    flip, turn = _TURNS.get(orientation, (None, None))
    if flip is not None:
        pixels = cv2.flip(pixels, flip)
    return pixels if turn is None else cv2.rotate(pixels, turn)


def _decode_elsewise(path: Path, data: bytes) -> Any:
    """What OpenCV does not read: HEIC, and GIF with older OpenCVs. From memory, so that no other file is opened."""
    form = "mov" if data[4:8] == b"ftyp" else "gif" if data.startswith(b"GIF8") else None
    if form is not None:
        try:
            with av.open(io.BytesIO(data), "r", format=form) as container:
                streams = container.streams.video
                if len(streams) > 1:
                    raise FatalError(f"{path.name} is an image made of tiles (HEIC); save it as JPEG or PNG")
                for frame in container.decode(streams[0]) if streams else ():
                    return frame.to_ndarray(format="bgra")
        except (av.FFmpegError, ValueError, IndexError):
            pass
    raise FatalError(
        f"{path.name} is no image that can be read; allowed are PNG, JPEG, WebP, GIF, TIFF, BMP and AVIF: {_AGAIN}"
    )


def _damage(data: bytes) -> str:
    """What is wrong with a file that decoders would silently show in part, or ''."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return _png_damage(data)
    if data.startswith(b"\xff\xd8\xff"):
        return _jpeg_damage(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        said = struct.unpack_from("<I", data, 4)[0] + 8
        return "" if len(data) >= said else f"it ends after {len(data)} of {said} bytes"
    return ""


def _png_damage(data: bytes) -> str:
    at = 8
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            break
        if zlib.crc32(data[at + 4 : end - 4]) != struct.unpack_from(">I", data, end - 4)[0]:
            return f"the checksum at byte {at} is wrong"
        if kind == b"IEND":
            return ""
        at = end
    return f"it ends too early, after {len(data)} bytes"


def _jpeg_damage(data: bytes) -> str:
    """A JPEG is whole when an end marker follows the start of its scan; thumbnails in its head have their own."""
    for kind, _, end in _jpeg_segments(data):
        if kind == 0xDA:
            return "" if data.find(b"\xff\xd9", end) >= 0 else f"it ends too early, after {len(data)} bytes"
    return f"it ends before its picture begins, after {len(data)} bytes"


def _jpeg_segments(data: bytes) -> Any:
    """(marker, start of the payload, end) of each segment up to the first scan."""
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            return
        kind = data[at + 1]
        if kind == 0xFF or kind == 0x01 or 0xD0 <= kind <= 0xD8:
            at += 1 if kind == 0xFF else 2
            continue
        end = at + 2 + struct.unpack_from(">H", data, at + 2)[0]
        yield kind, at + 4, end
        if kind == 0xDA:
            return
        at = end


def _declared_size(data: bytes) -> tuple[int, int] | None:
    """Width and height as the head of the file says, for formats that can blow up small files; None: unknown."""
    if data.startswith(b"\x89PNG\r\n\x1a\n") and len(data) >= 24:
        return struct.unpack_from(">II", data, 16)
    if data.startswith(b"GIF8") and len(data) >= 10:
        return struct.unpack_from("<HH", data, 6)
    if data.startswith(b"\xff\xd8\xff"):
        for kind, start, end in _jpeg_segments(data):
            if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC) and end <= len(data):
                height, width = struct.unpack_from(">HH", data, start + 1)
                return width, height
    return None


def _orientation(data: bytes) -> int:
    """The EXIF orientation (1..8) of a PNG or WebP; 1 when it has none."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        at, form, head = 8, ">I4s", 8
    elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        at, form, head = 12, "<4sI", 8
    else:
        return 1
    while at + head <= len(data):
        first, second = struct.unpack_from(form, data, at)
        length, kind = (first, second) if isinstance(first, int) else (second, first)
        if kind in (b"eXIf", b"EXIF"):
            return _exif_orientation(data[at + head : at + head + length].removeprefix(b"Exif\0\0"))
        at += head + length + (4 if form[0] == ">" else length % 2)
    return 1


def _exif_orientation(exif: bytes) -> int:
    """Tag 0x0112 of the first directory of a TIFF structure."""
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    try:
        if order is None:
            return 1
        (directory,) = struct.unpack_from(f"{order}I", exif, 4)
        (count,) = struct.unpack_from(f"{order}H", exif, directory)
        for entry in range(count):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", exif, directory + 2 + 12 * entry)
            if tag == 0x0112:
                return int(value)
    except struct.error:
        pass
    return 1
