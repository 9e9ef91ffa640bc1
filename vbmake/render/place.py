"""Geometry on the canvas, in px: rectangles, affine maps, and where a layer's box and its content lie.

Coordinates are continuous: the pixel in column i covers i..i+1. A layer's own coordinates begin at its pivot.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle: left, top, width, height."""

    x: float
    y: float
    w: float
    h: float

    @property
    def right(self) -> float:
        return self.x + self.w

    @property
    def bottom(self) -> float:
        return self.y + self.h

    def meet(self, other: Rect) -> Rect:
        """The part that lies in both; its sides are 0 when there is none."""
        x, y = max(self.x, other.x), max(self.y, other.y)
        right, bottom = min(self.right, other.right), min(self.bottom, other.bottom)
        return Rect(x, y, max(0.0, right - x), max(0.0, bottom - y))

    def within(self, part: Rect) -> Rect:
        """The rectangle that `part` (in fractions of this one) covers."""
        return Rect(self.x + part.x * self.w, self.y + part.y * self.h, part.w * self.w, part.h * self.h)


WHOLE = Rect(0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Affine:
    """x' = a x + b y + c; y' = d x + e y + f."""

    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 0.0
    e: float = 1.0
    f: float = 0.0

    @staticmethod
    def pose(x: float, y: float, scale: float, degrees: float) -> Affine:
        """Scale about the origin, rotate clockwise, then move to (x, y). Quarter turns are exact."""
        quarter, rest = divmod(degrees % 360, 90)
        if rest == 0:
            cos, sin = ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[int(quarter)]
        else:
            cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        return Affine(scale * cos, -scale * sin, x, scale * sin, scale * cos, y)

    def after(self, first: Affine) -> Affine:
        """This map applied to what `first` gives."""
        return Affine(
            self.a * first.a + self.b * first.d,
            self.a * first.b + self.b * first.e,
            self.a * first.c + self.b * first.f + self.c,
            self.d * first.a + self.e * first.d,
            self.d * first.b + self.e * first.e,
            self.d * first.c + self.e * first.f + self.f,
        )

    def inverse(self) -> Affine:
        """The map back. The map must not be flat (scale 0)."""
        det = self.a * self.e - self.b * self.d
        a, b, d, e = self.e / det, -self.b / det, -self.d / det, self.a / det
        return Affine(a, b, -(a * self.c + b * self.f), d, e, -(d * self.c + e * self.f))

    def moved(self, dx: float, dy: float) -> Affine:
        return Affine(self.a, self.b, self.c + dx, self.d, self.e, self.f + dy)

    def point(self, x: float, y: float) -> tuple[float, float]:
        return (self.a * x + self.b * y + self.c, self.d * x + self.e * y + self.f)

    def bounds(self, rect: Rect) -> Rect:
        """The upright rectangle around `rect` after the map."""
        corners = [self.point(x, y) for x in (rect.x, rect.right) for y in (rect.y, rect.bottom)]
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        return Rect(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))

    @property
    def scale(self) -> float:
        """How much longer lengths become (all maps here keep angles)."""
        return math.hypot(self.a, self.d)

    @property
    def upright(self) -> bool:
        """Rows stay rows and columns stay columns, or they change places: a quarter turn."""
        return (self.b == 0 and self.d == 0) or (self.a == 0 and self.e == 0)


def box_size(
    layer: Mapping[str, Any], canvas: tuple[int, int], natural: tuple[float, float] | None
) -> tuple[float, float]:
    """A layer's box: its sides in px. Of `natural`, the content's size, the aspect ratio counts; None: it has none."""
    width: Any = layer.get("width")
    height: Any = layer.get("height")
    if width is None and height is None:
        return (float(canvas[0]), float(canvas[1]))
    if natural is None:
        return (float(canvas[0] if width is None else width), float(canvas[1] if height is None else height))
    if width is None:
        return (float(height) * natural[0] / natural[1], float(height))
    if height is None:
        return (float(width), float(width) * natural[1] / natural[0])
    return (float(width), float(height))


def fitted(box: Rect, natural: tuple[float, float], fit: str) -> tuple[Rect, Rect]:
    """Where content of that size shows in the box, and which part of it (in fractions) does.

    `cover` shows a middle part in the whole box, `contain` the whole content in a middle part of the box, `stretch`
    and `blur` fill the box with the whole (blur's own background is part of its picture).
    """
    ratio = (natural[0] / natural[1]) / (box.w / box.h)
    if fit == "cover":
        part = Rect((1 - 1 / ratio) / 2, 0, 1 / ratio, 1) if ratio > 1 else Rect(0, (1 - ratio) / 2, 1, ratio)
        return box, part
    if fit == "contain":
        return box.within(contained(ratio)), WHOLE
    return box, WHOLE


def contained(ratio: float) -> Rect:
    """The middle part (in fractions) that content takes whose aspect ratio is `ratio` times its box's."""
    return Rect(0, (1 - 1 / ratio) / 2, 1, 1 / ratio) if ratio > 1 else Rect((1 - ratio) / 2, 0, ratio, 1)
