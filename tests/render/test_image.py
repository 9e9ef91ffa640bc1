"""Image files are decoded by content, upright, whatever their kind; what is damaged is told, not shown in part."""

from __future__ import annotations

import base64
import struct
import threading
import zlib
from pathlib import Path

import numpy as np
import pytest

from tests.render.scenes import pattern, write_png
from vbmake.errors import FatalError
from vbmake.render import image
from vbmake.render.image import read_image
from vbmake.render.memo import Memo
from vbmake.render.opencv import cv2
from vbmake.render.sprite import Pixels

# 8x8 px of Adobe's inverted CMYK: full cyan.
CMYK_JPEG = (
    "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwAQCwwODAoQDg0OEhEQExgoGhgWFhgxIyUdKDozPTw5Mzg3QEhcTkBEV0U3OFBtUVdfYmdoZz5NcXlwZHhc"
    "ZWdj/8AAFAgACAAIBEMRAE0RAFkRAEsRAP/EABQAAQAAAAAAAAAAAAAAAAAAAAf/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/9oADgRDAE0AWQBLAAA/AD8g"
    "EAgP/9k="
)


def encoded(extension: str, pixels: Pixels, *options: int) -> bytes:
    made, data = cv2.imencode(extension, pixels, list(options))
    assert made
    return bytes(data)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def exif(orientation: int) -> bytes:
    return b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)


def jpeg_turned(pixels: Pixels, orientation: int) -> bytes:
    data, body = encoded(".jpg", pixels, cv2.IMWRITE_JPEG_QUALITY, 100), b"Exif\0\0" + exif(orientation)
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:]


def png_turned(pixels: Pixels, orientation: int) -> bytes:
    data = encoded(".png", pixels)
    return data[:33] + chunk(b"eXIf", exif(orientation)) + data[33:]


def turned(pixels: Pixels, orientation: int) -> Pixels:
    """What a camera stores so that orientation n shows `pixels` upright (EXIF 2.3, 4.6.4)."""
    stored = {
        1: lambda p: p,
        2: np.fliplr,
        3: lambda p: np.rot90(p, 2),
        4: np.flipud,
        5: lambda p: p.transpose(1, 0, 2),
        6: lambda p: np.rot90(p, 1),
        7: lambda p: np.rot90(p, 2).transpose(1, 0, 2),
        8: lambda p: np.rot90(p, -1),
    }[orientation](pixels)
    return np.ascontiguousarray(stored)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["jpg", "png"])
def test_an_image_stands_upright_by_its_exif_orientation(tmp_path: Path, kind: str, orientation: int) -> None:
    upright = pattern(24, 16)
    data = (jpeg_turned if kind == "jpg" else png_turned)(turned(upright, orientation), orientation)
    (path := tmp_path / f"photo.{kind}").write_bytes(data)
    read = read_image(path)
    assert read.shape == upright.shape
    assert np.abs(read.astype(int) - upright).max() <= (40 if kind == "jpg" else 0)


def test_sixteen_bits_become_eight_over_the_whole_range(tmp_path: Path) -> None:
    deep = np.linspace(0, 65535, 256).round().astype(np.uint16).reshape(16, 16)
    read = read_image(write_png(tmp_path / "deep.png", deep))
    assert (read == np.arange(256).reshape(16, 16, 1)).all()


@pytest.mark.parametrize("extension", [".webp", ".gif", ".bmp", ".tiff", ".png", ".avif"])
def test_the_usual_kinds_of_image_are_read(tmp_path: Path, extension: str) -> None:
    flat = np.full((16, 24, 3), (0, 255, 255), np.uint8)
    (path := tmp_path / "image.anything").write_bytes(encoded(extension, flat))
    read = read_image(path)
    assert read.shape == (16, 24, 3)
    assert np.abs(read.astype(int) - flat).max() <= 8


def test_grey_palette_and_cmyk_are_read_as_colour(tmp_path: Path) -> None:
    grey = read_image(write_png(tmp_path / "grey.png", np.full((4, 4), 90, np.uint8)))
    assert (grey == 90).all()
    assert grey.shape == (4, 4, 3)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 1, 8, 3, 0, 0, 0))
    palette = chunk(b"PLTE", bytes([255, 0, 0, 0, 0, 255])) + chunk(b"tRNS", bytes([255, 128]))
    body = chunk(b"IDAT", zlib.compress(b"\0\0\1"))
    (path := tmp_path / "palette.png").write_bytes(b"\x89PNG\r\n\x1a\n" + head + palette + body + chunk(b"IEND", b""))
    assert read_image(path).tolist() == [[[0, 0, 255, 255], [255, 0, 0, 128]]]
    (path := tmp_path / "press.jpg").write_bytes(base64.b64decode(CMYK_JPEG))
    assert np.abs(read_image(path)[4, 4].astype(int) - (255, 255, 0)).max() <= 4


def test_alpha_is_kept_only_where_something_is_transparent(tmp_path: Path) -> None:
    clear = np.full((4, 4, 4), (10, 20, 30, 255), np.uint8)
    assert read_image(write_png(tmp_path / "opaque.png", clear)).shape == (4, 4, 3)
    clear[1, 1, 3] = 77
    read = read_image(write_png(tmp_path / "clear.png", clear))
    assert read.tolist() == clear.tolist()
    (path := tmp_path / "clear.tiff").write_bytes(encoded(".tiff", clear))
    assert np.abs(read_image(path).astype(int) - clear).max() <= 2


@pytest.mark.parametrize(
    ("extension", "lost", "told"),
    [
        (".png", 20, "damaged"),
        (".jpg", 90, "damaged"),
        (".webp", 20, "damaged"),
        (".gif", 60, "damaged"),
        (".bmp", 90, "no image"),
    ],
)
def test_a_truncated_image_is_told(tmp_path: Path, extension: str, lost: int, told: str) -> None:
    noise = np.random.default_rng(3).integers(0, 255, (24, 24, 3), np.uint8)
    (path := tmp_path / f"half{extension}").write_bytes(encoded(extension, noise)[:-lost])
    with pytest.raises(FatalError, match=rf"half{extension}.*{told}.*again"):
        read_image(path)


def test_a_flipped_bit_in_a_png_is_told(tmp_path: Path) -> None:
    data = bytearray(encoded(".png", pattern(30, 30)))
    data[60] ^= 4
    (path := tmp_path / "bent.png").write_bytes(data)
    with pytest.raises(FatalError, match=r"bent\.png is damaged: the checksum"):
        read_image(path)


def test_a_thumbnail_does_not_make_a_truncated_jpeg_whole(tmp_path: Path) -> None:
    thumb = b"Exif\0\0" + encoded(".jpg", pattern(8, 8))
    data = encoded(".jpg", pattern(64, 64))
    whole = data[:2] + b"\xff\xe1" + struct.pack(">H", len(thumb) + 2) + thumb + data[2:]
    (path := tmp_path / "thumb.jpg").write_bytes(whole)
    assert read_image(path).shape == (64, 64, 3)
    path.write_bytes(whole[:-200])
    with pytest.raises(FatalError, match="ends too early"):
        read_image(path)


def test_what_is_no_image_is_told(tmp_path: Path, clip: Path) -> None:
    (path := tmp_path / "notes.png").write_text("not a picture at all")
    with pytest.raises(FatalError, match=r"notes\.png is no image that can be read; allowed are PNG"):
        read_image(path)
    path.write_bytes(b"")
    with pytest.raises(FatalError, match=r"notes\.png is empty"):
        read_image(path)
    path.write_bytes(clip.read_bytes())
    with pytest.raises(FatalError, match=r"notes\.png is no image but a video"):
        read_image(path)
    with pytest.raises(FatalError, match=r"gone\.png cannot be read"):
        read_image(tmp_path / "gone.png")


def test_an_image_beyond_sense_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 40_000, 40_000, 8, 2, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    (path := tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + head + body)
    with pytest.raises(FatalError, match=r"bomb\.png is larger than 200 megapixels \(40000x40000 px\)"):
        read_image(path)


def test_an_image_is_decoded_once_until_its_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_png(tmp_path / "one.png", pattern(8, 8))
    first = read_image(path)
    monkeypatch.setattr(image, "_decode", lambda path: pytest.fail("decoded again"))
    assert read_image(path) is first
    monkeypatch.undo()
    path.unlink()
    write_png(path, pattern(9, 9))
    assert read_image(path).shape == (9, 9, 3)


def test_a_memo_makes_what_many_threads_want_once_and_keeps_its_budget() -> None:
    memo, made = Memo(1000), []
    gate = threading.Barrier(4)

    def make() -> Pixels:
        made.append(1)
        return np.zeros(400, np.uint8)

    def want() -> None:
        gate.wait()
        memo.get("same", make)

    threads = [threading.Thread(target=want) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    for name in ("b", "c", "d"):
        memo.get(name, make)
    assert memo.held == 800
    memo.get("same", make)
    assert len(made) == 5


def test_a_failure_to_make_is_not_remembered() -> None:
    memo = Memo(1000)

    def fail() -> Pixels:
        raise FatalError("no")

    with pytest.raises(FatalError):
        memo.get("key", fail)
    assert memo.get("key", lambda: np.ones(3, np.uint8)).sum() == 3
