"""The bytes of image files, read without decoding: is the file whole, how large is the picture, which way is it up."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff"


def damage(data: bytes) -> str:
    """What is wrong with a file that decoders would silently show in part, or ''."""
    if data.startswith(PNG):
        return _png_damage(data)
    if data.startswith(JPEG):
        return _jpeg_damage(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        said = struct.unpack_from("<I", data, 4)[0] + 8
        return "" if len(data) >= said else f"it ends after {len(data)} of {said} bytes"
    if data.startswith(b"GIF8"):
        return _gif_damage(data)
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


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
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


def _gif_damage(data: bytes) -> str:
    """A GIF is whole for us when the blocks of its first picture end."""
    try:
        at = 13 + _palette(data[10])
        while data[at] == 0x21:  # extensions before the picture
            at = _blocks_end(data, at + 2)
        if data[at] == 0x2C:
            _blocks_end(data, at + 11 + _palette(data[at + 9]))
            return ""
    except IndexError:
        return f"it ends too early, after {len(data)} bytes"
    return "it holds no picture"


def _palette(flags: int) -> int:
    """Bytes of a GIF's colour table."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _blocks_end(data: bytes, at: int) -> int:
    """The end of a chain of GIF's data blocks. Raises IndexError when the file ends within it."""
    while data[at]:
        at += data[at] + 1
    return at + 1


def declared_size(data: bytes) -> tuple[int, int] | None:
    """Width and height as the head of the file says, for formats that can blow up small files; None: unknown."""
    if data.startswith(PNG) and len(data) >= 24:
        return struct.unpack_from(">II", data, 16)
    if data.startswith(b"GIF8") and len(data) >= 10:
        return struct.unpack_from("<HH", data, 6)
    if data.startswith(JPEG):
        for kind, start, end in _jpeg_segments(data):
            if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC) and end <= len(data):
                height, width = struct.unpack_from(">HH", data, start + 1)
                return width, height
    return None


def orientation(data: bytes) -> int:
    """The EXIF orientation (1..8) of a PNG or WebP; 1 when it has none."""
    if data.startswith(PNG):
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
    return _tiff_value(exif, 0x0112) or 1


def alpha_is_multiplied(data: bytes) -> bool:
    """Whether libtiff gives the colours of this file multiplied with their alpha: for every declared kind of alpha."""
    return data[:4] in (b"II*\0", b"MM\0*") and _tiff_value(data, 338) in (1, 2)


def _tiff_value(data: bytes, wanted: int) -> int:
    """The first number under a tag in the first directory of a TIFF structure; 0 when there is none."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    try:
        if order is None:
            return 0
        (directory,) = struct.unpack_from(f"{order}I", data, 4)
        (count,) = struct.unpack_from(f"{order}H", data, directory)
        for entry in range(count):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", data, directory + 2 + 12 * entry)
            if tag == wanted:
                return int(value)
    except struct.error:
        pass
    return 0
