"""Signed distances (px, negative inside) to simple outlines, and the anti-aliased coverage that follows from them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vbmake.render.place import Affine, Rect

Field = npt.NDArray[np.float32]


def grid(width: int, height: int, to: Affine | None = None) -> tuple[Field, Field]:
    """The coordinates (x, y) of the pixel centres of a picture, mapped by `to`; they broadcast to (height, width)."""
    x = (np.arange(width, dtype=np.float32) + np.float32(0.5))[None, :]
    y = (np.arange(height, dtype=np.float32) + np.float32(0.5))[:, None]
    if to is None:
        return x, y
    f = np.float32
    return (
        f(to.a) * x + f(to.b) * y + f(to.c) if to.b else f(to.a) * x + f(to.c),
        f(to.d) * x + f(to.e) * y + f(to.f) if to.d else f(to.e) * y + f(to.f),
    )


def rectangle(x: Field, y: Field, rect: Rect, radius: float = 0.0) -> Field:
    """Distance to a rectangle with rounded corners (the radius is limited to half the shorter side)."""
    radius = min(max(radius, 0.0), rect.w / 2, rect.h / 2)
    dx = np.abs(x - np.float32(rect.x + rect.w / 2)) - np.float32(rect.w / 2 - radius)
    dy = np.abs(y - np.float32(rect.y + rect.h / 2)) - np.float32(rect.h / 2 - radius)
    if radius == 0:
        return np.asarray(np.maximum(dx, dy), np.float32)
    outside = np.hypot(np.maximum(dx, 0), np.maximum(dy, 0))
    inside = np.minimum(np.maximum(dx, dy), 0)
    return np.asarray(outside + inside - np.float32(radius), np.float32)


def ellipse(x: Field, y: Field, rect: Rect) -> Field:
    """Distance to the ellipse in `rect`, exact at its edge (the implicit function over its gradient)."""
    rx, ry = np.float32(max(rect.w / 2, 1e-3)), np.float32(max(rect.h / 2, 1e-3))
    u, v = (x - np.float32(rect.x + rect.w / 2)) / rx, (y - np.float32(rect.y + rect.h / 2)) / ry
    norm = np.hypot(u, v)
    slope = np.hypot(u / rx, v / ry)
    return np.asarray(norm * (norm - 1) / np.maximum(slope, np.float32(1e-6)), np.float32)


def segment(x: Field, y: Field, start: tuple[float, float], end: tuple[float, float]) -> Field:
    """Distance to the line from `start` to `end`: subtract half a width for a line with round caps."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    px, py = x - np.float32(start[0]), y - np.float32(start[1])
    length = dx * dx + dy * dy
    along = np.clip((px * np.float32(dx) + py * np.float32(dy)) / np.float32(length), 0, 1) if length else np.float32(0)
    return np.asarray(np.hypot(px - along * np.float32(dx), py - along * np.float32(dy)), np.float32)


def coverage(distance: Field) -> Field:
    """How much of each pixel lies inside (0..1), from the distance of its centre to the edge in px of the picture."""
    return np.asarray(np.clip(np.float32(0.5) - distance, 0, 1), np.float32)


def span(start: float, end: float, length: int) -> Field:
    """How much of each of `length` pixels in a row lies between `start` and `end`: exact."""
    edge = np.arange(length, dtype=np.float32)
    return np.asarray(np.clip(np.minimum(edge + 1, end) - np.maximum(edge, start), 0, 1), np.float32)
