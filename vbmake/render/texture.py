"""Textures: what a layer shows, at whatever resolution a frame needs, scaled once and kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from typing import Any, Protocol

import numpy as np

from vbmake.render.memo import pictures
from vbmake.render.opencv import cv2
from vbmake.render.place import Rect, contained
from vbmake.render.sprite import Pixels, premultiply

STEP = 1.5
"""Levels of detail lie on a fixed grid, STEP apart, so that a frame's pixels depend on that frame alone."""
FINER = 1.2
"""A level has at least this many pixels for a canvas pixel: bilinear sampling then stays sharp at every offset."""
MIX_FROM = 1.6
"""Above this many, the next coarser level is mixed in: bilinear sampling alone would begin to shimmer."""

SOFTEN = np.array([0.17, 0.66, 0.17])
"""Levels are softened a little before they are sampled at fewer pixels than they have: a hard edge would otherwise move
in steps, (1 - 1/1.5) / 2 = 0.17 px beside its true place at worst. So it is under 0.1 px, and still sharper than a
level of one pixel for a pixel."""

SPARE = STEP
"""A level up to this many times larger than the picture itself is the picture itself, pixel for pixel."""

MAX_LEVEL = 24_000_000  # pixels of one scaled picture
_MAX_SIDE = 32_000  # OpenCV's warps count in 16 bits


class Source(Protocol):
    """Something that can be drawn at any size."""

    opaque: bool

    @property
    def key(self) -> Hashable | None:
        """What to remember its drawings by, across jobs; None: they are kept by the texture alone."""

    def render(self, width: int, height: int) -> Pixels:
        """The picture, (height, width, 4) BGRA premultiplied."""
        ...

    def own_size(self) -> tuple[float, float] | None:
        """How many pixels (width, height) the picture has of its own; None: as many as are wanted."""
        ...


class Texture:
    """A source shown `width` x `height` px large at scale 1. `density` is its own pixels per px, if it has pixels."""

    def __init__(self, source: Source, width: float, height: float, *, limit: float | None = None) -> None:
        self.source = source
        self.width, self.height = width, height
        self.opaque = source.opaque
        self._limit = limit  # the finest density worth making: above it, only work is added
        self._made: dict[tuple[int, int, bool], Pixels] = {}

    def exact(self) -> Pixels:
        """The picture at scale 1, pixel for pixel."""
        return self._at(*self._size(1.0), exact=True)

    def levels(self, density: float) -> list[tuple[Pixels, float]]:
        """The pictures to sample at `density` canvas px per px, with their weights (which sum to 1)."""
        step = math.ceil(math.log(density * FINER, STEP) - 1e-9)
        finer = self._at(*self._level(STEP**step))
        ratio = STEP**step / density
        if ratio <= MIX_FROM:
            return [(finer, 1.0)]
        coarser = self._at(*self._level(STEP ** (step - 1)))
        share = (ratio - MIX_FROM) / (STEP * FINER - MIX_FROM)
        return [(finer, 1 - share), (coarser, share)] if coarser is not finer else [(finer, 1.0)]

    def _size(self, density: float) -> tuple[int, int]:
        if self._limit is not None:
            density = min(density, self._limit)
        most = math.sqrt(MAX_LEVEL / max(1.0, self.width * self.height))
        most = min(most, _MAX_SIDE / max(1.0, self.width, self.height))
        density = min(density, most)
        return max(1, round(self.width * density)), max(1, round(self.height * density))

    def _level(self, density: float) -> tuple[int, int]:
        """The size of a level; one a little beyond the picture's own pixels is those pixels."""
        size, own = self._size(density), self.source.own_size()
        if own is None:
            return size
        width, height = (round(o) if o < s <= SPARE * o else s for s, o in zip(size, own, strict=True))
        return max(1, width), max(1, height)

    def _at(self, width: int, height: int, *, exact: bool = False) -> Pixels:
        found = self._made.get((width, height, exact))
        if found is None:
            key = self.source.key
            if key is None:
                found = self._render(width, height, exact)
            else:
                found = pictures.get((key, width, height, exact), lambda: self._render(width, height, exact))
            self._made[(width, height, exact)] = found
        return found

    def _render(self, width: int, height: int, exact: bool) -> Pixels:
        made = self.source.render(width, height)
        own = self.source.own_size()
        if exact or (own is not None and width > 2 * own[0] and height > 2 * own[1]):
            return made  # what was much enlarged is soft already
        softened: Pixels = cv2.sepFilter2D(made, -1, SOFTEN, SOFTEN, borderType=cv2.BORDER_REPLICATE)
        return softened


class Drawn:
    """A source that a function draws: gradients, shapes, SVG."""

    def __init__(self, draw: Callable[[int, int], Pixels], *, opaque: bool, key: Hashable | None = None) -> None:
        self.render = draw
        self.opaque = opaque
        self.key = key

    def own_size(self) -> tuple[float, float] | None:
        return None


class Picture:
    """A source made of pixels: a part of a picture (straight BGR or BGRA, or premultiplied), perhaps mirrored.

    `blurred` shows the whole part over a blurred copy of itself that fills the frame.
    """

    def __init__(
        self,
        pixels: Callable[[], Pixels],
        part: Rect,
        *,
        opaque: bool,
        flip: str = "none",
        blurred: bool = False,
        premultiplied: bool = False,
        key: Hashable | None = None,
    ) -> None:
        self._pixels = pixels
        self._part = part
        self._flip = {"horizontal": 1, "vertical": 0, "both": -1}.get(flip)
        self._blurred = blurred
        self._premultiplied = premultiplied
        self.opaque = opaque or blurred
        self.key = (key, part, flip, blurred) if key is not None else None

    def render(self, width: int, height: int) -> Pixels:
        pixels = self._pixels()
        h, w = pixels.shape[:2]
        part = Rect(self._part.x * w, self._part.y * h, self._part.w * w, self._part.h * h)
        made = (
            self._over_blur(pixels, part, width, height) if self._blurred else self._plain(pixels, part, width, height)
        )
        if self._flip is not None:
            made = cv2.flip(made, self._flip)
        return np.ascontiguousarray(made)

    def own_size(self) -> tuple[float, float] | None:
        h, w = self._pixels().shape[:2]
        return None if self._blurred else (w * self._part.w, h * self._part.h)

    def _plain(self, pixels: Pixels, part: Rect, width: int, height: int) -> Pixels:
        return resample(pixels, part, width, height, premultiplied=self._premultiplied)

    def _over_blur(self, pixels: Pixels, part: Rect, width: int, height: int) -> Pixels:
        """The whole part in the middle, over its own middle, blurred and a little darker."""
        ratio = (part.w / part.h) / (width / height)
        middle = contained(1 / ratio)
        small = (max(2, round(96 * min(1.0, width / height))), max(2, round(96 * min(1.0, height / width))))
        cover = self._plain(pixels, part.within(middle), *small)
        cover[..., 3] = 255
        cover = cv2.convertScaleAbs(cv2.GaussianBlur(cover, (0, 0), 4, borderType=cv2.BORDER_REPLICATE), alpha=0.8)
        made: Any = cv2.resize(cover, (width, height), interpolation=cv2.INTER_CUBIC)
        made[..., 3] = 255
        inner = contained(ratio)
        left, top = round(inner.x * width), round(inner.y * height)
        right, bottom = max(left + 1, round(inner.right * width)), max(top + 1, round(inner.bottom * height))
        front = self._plain(pixels, part, right - left, bottom - top)
        back = made[top:bottom, left:right]
        rest = 255 - front[..., 3:].astype(np.uint16)
        back[:] = front + ((back * rest + 127) // 255).astype(np.uint8)
        result: Pixels = made
        return result


def resample(pixels: Pixels, part: Rect, width: int, height: int, *, premultiplied: bool = False) -> Pixels:
    """The `part` (in pixels) of a picture, `width` x `height` px large: a new array, BGRA premultiplied.

    Smaller by averaging areas, larger by bicubic interpolation; both in premultiplied colour, so that what is
    transparent never bleeds into what is not.
    """
    h, w = pixels.shape[:2]
    left, top = max(0, min(w - 1, math.floor(part.x + 1e-6))), max(0, min(h - 1, math.floor(part.y + 1e-6)))
    right, bottom = (
        min(w, max(left + 1, math.ceil(part.right - 1e-6))),
        min(h, max(top + 1, math.ceil(part.bottom - 1e-6))),
    )
    shrinks = width <= part.w and height <= part.h
    if shrinks:  # less than one canvas pixel is lost by cutting at whole source pixels
        left, top = round(part.x), round(part.y)
        right, bottom = max(left + 1, round(part.right)), max(top + 1, round(part.bottom))
    piece: Any = pixels[top:bottom, left:right]
    if piece.shape[2] == 4 and not premultiplied:
        piece = premultiply(piece)
    if (right - left, bottom - top) == (width, height) and shrinks:
        made = piece
    elif shrinks:
        made = cv2.resize(piece, (width, height), interpolation=cv2.INTER_AREA)
    else:
        made = _enlarge(piece, Rect(part.x - left, part.y - top, part.w, part.h), width, height)
    return premultiply(made) if made.shape[2] == 3 else np.array(made)


def _enlarge(piece: Any, part: Rect, width: int, height: int) -> Any:
    """Bicubic, at exact offsets; a direction in which the picture gets smaller is averaged first."""
    small = (min(piece.shape[1], max(1, round(piece.shape[1] * width / part.w))), piece.shape[0])
    small = (small[0], min(piece.shape[0], max(1, round(piece.shape[0] * height / part.h))))
    sx, sy = small[0] / piece.shape[1], small[1] / piece.shape[0]
    if small != (piece.shape[1], piece.shape[0]):
        piece = cv2.resize(piece, small, interpolation=cv2.INTER_AREA)
    ax, ay = part.w * sx / width, part.h * sy / height
    matrix = np.array([[ax, 0, part.x * sx + ax / 2 - 0.5], [0, ay, part.y * sy + ay / 2 - 0.5]])
    made = cv2.warpAffine(
        piece,
        matrix,
        (width, height),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    if made.shape[2] == 4:  # cubic overshoot may not make colour brighter than its alpha
        np.minimum(made[..., :3], made[..., 3:], out=made[..., :3])
    return made
