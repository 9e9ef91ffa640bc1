"""A video on the film's frames: which of its pictures each frame shows, as pixels."""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter
from numpy.typing import NDArray

from vbmake.render import media
from vbmake.render.pictures import Pictures

Picture = NDArray[np.uint8]

# Fixed rounding: the same pixels from every processor.
_EXACT = Interpolation.ACCURATE_RND | Interpolation.BITEXACT
# Matrix coefficients as H.273 numbers them, to swscale's tables.
_MATRICES = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}
_BT601, _BT709 = 5, 1


class Clip:
    """A video on the film's frames: `frame(f)` is what its pieces show at frame `f`.

    A piece `{"from": k0, "to": k1, "at": seconds, "rate": rational}` shows, for k0 <= f < k1, the picture that is on
    screen at `at + (f - k0 + 1/2) / fps * rate`. Before the first piece its first picture holds, after each its last.
    `size_hint` (w, h) is the largest size, px, at which the pictures are wanted: pictures at least twice as large are
    scaled down to cover it while they are decoded. Raises FatalError when the file cannot be used.
    """

    def __init__(
        self,
        path: Path,
        pieces: Sequence[Mapping[str, Any]],
        fps: str | Fraction,
        size_hint: tuple[int, int] | None = None,
    ) -> None:
        if not pieces:
            raise ValueError("a clip needs at least one piece")
        self._pieces = sorted((int(p["from"]), int(p["to"]), Fraction(p["at"]), Fraction(p["rate"])) for p in pieces)
        self._starts = [piece[0] for piece in self._pieces]
        self._fps = Fraction(fps)
        self._pictures = Pictures(path, backwards=any(rate < 0 for _, _, _, rate in self._pieces))
        self._painter = _Painter(self._pictures.aspect, size_hint)

    def frame(self, f: int) -> Picture:
        """The picture at frame `f`: uint8 (height, width, 3) BGR, or (height, width, 4) BGRA with straight alpha.

        Upright, in square pixels, full range. The array is shared and read-only. Raises FatalError where the file is
        damaged.
        """
        return self._painter.paint(self._pictures.at(self._second(f)))

    def _second(self, f: int) -> Fraction:
        first, end, at, rate = self._pieces[max(0, bisect.bisect_right(self._starts, f) - 1)]
        f = max(first, min(f, end - 1))
        return at + (f - first + Fraction(1, 2)) / self._fps * rate

    def close(self) -> None:
        """Close the file. The clip cannot be used again."""
        self._pictures.close()

    def __enter__(self) -> Clip:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()


class _Painter:
    """Turns decoded pictures into pixels, all of one size; a picture that is shown again is not converted again."""

    def __init__(self, aspect: Fraction | None, hint: tuple[int, int] | None) -> None:
        self._aspect = aspect
        self._hint = hint
        self._size: tuple[int, int] | None = None
        self._reformatter = VideoReformatter()
        self._last: tuple[VideoFrame, Picture] | None = None

    def paint(self, frame: VideoFrame) -> Picture:
        if self._last is not None and self._last[0] is frame:
            return self._last[1]
        turned = media.clockwise(frame)
        if self._size is None:
            self._size = self._target(frame, turned)
        width, height = self._size
        smaller = width * height < frame.width * frame.height
        rgb = frame.format.is_rgb or frame.format.name == "pal8"
        pixels = self._reformatter.reformat(
            frame,
            width=width,
            height=height,
            format="bgra" if media.has_alpha(frame) else "bgr24",
            src_colorspace=None if rgb else _matrix(frame),
            src_color_range=None if rgb else _range(frame),
            dst_color_range=None if rgb else ColorRange.JPEG,
            interpolation=(Interpolation.AREA if smaller else Interpolation.BICUBIC) | _EXACT,
            threads=1,
        ).to_ndarray()
        picture = np.ascontiguousarray(np.rot90(pixels, -turned // 90)).astype(np.uint8, copy=False)
        picture.flags.writeable = False
        self._last = (frame, picture)
        return picture

    def _target(self, frame: VideoFrame, turned: int) -> tuple[int, int]:
        """The size to scale to, before the picture is turned upright."""
        width, height = media.display_size(frame, self._aspect)
        if self._hint is None:
            return width, height
        wanted = self._hint[::-1] if turned in (90, 270) else self._hint
        scale = max(Fraction(wanted[0], width), Fraction(wanted[1], height))
        if scale > Fraction(1, 2) or scale <= 0:
            return width, height
        return max(1, round(width * scale)), max(1, round(height * scale))


def _matrix(frame: VideoFrame) -> int:
    """swscale's matrix for the frame's: what is not told goes by height, as players guess."""
    return _MATRICES.get(frame.colorspace, _BT709 if frame.height > 576 else _BT601)


def _range(frame: VideoFrame) -> ColorRange:
    name = frame.format.name
    full = frame.color_range == ColorRange.JPEG or name.startswith("yuvj")
    if frame.color_range == ColorRange.UNSPECIFIED and name.startswith(("gray", "ya")):
        full = True
    return ColorRange.JPEG if full else ColorRange.MPEG
