"""Image files: decoded by content whatever their name, turned upright, refused when damaged or beyond sense."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from vbmake.errors import FatalError
from vbmake.render.image_head import JPEG, alpha_is_multiplied, damage, declared_size, orientation
from vbmake.render.memo import pictures
from vbmake.render.opencv import MAX_PIXELS, cv2
from vbmake.render.sprite import Pixels, straighten

_AGAIN = "save it again from an image program, or fetch it again"
_STILL_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis")
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
    fault = damage(data)
    if fault:
        raise FatalError(f"{path.name} is damaged: {fault}; {_AGAIN}")
    size = declared_size(data)
    if size and size[0] * size[1] > MAX_PIXELS:
        raise _too_large(path, *size)
    # JPEG carries no alpha, and this way its CMYK and orientation are dealt with by the decoder.
    mode = cv2.IMREAD_COLOR if data.startswith(JPEG) else cv2.IMREAD_UNCHANGED
    try:
        pixels: Any = cv2.imdecode(np.frombuffer(data, np.uint8), mode)
    except cv2.error as error:
        if "CV_IO_MAX_IMAGE" in str(error):
            raise _too_large(path) from None
        pixels = None
    if pixels is None:
        pixels = _decode_elsewise(path, data)
    elif mode == cv2.IMREAD_UNCHANGED:
        pixels = _upright(pixels, orientation(data))
    if pixels.shape[0] * pixels.shape[1] > MAX_PIXELS:
        raise _too_large(path, pixels.shape[1], pixels.shape[0])
    made = _eight_bits(pixels)
    if made.shape[2] == 4 and alpha_is_multiplied(data):
        made = straighten(made)
    return made


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
    if data[4:8] == b"ftyp" and data[8:12] not in _STILL_BRANDS:
        raise FatalError(f"{path.name} is no image but a video; show it with `video:`")
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
