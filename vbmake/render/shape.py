"""Shapes: rectangles, ellipses and lines, filled and stroked, drawn at any size from their distance functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from vbmake.render import distance
from vbmake.render.distance import Field
from vbmake.render.place import Affine, Rect
from vbmake.render.sprite import Pixels


def margin(shape: Mapping[str, Any]) -> float:
    """How far in px a shape may reach out of its box: a line by half its width; all by a pixel's edge."""
    return 2.0 + (float(shape.get("stroke_width") or 0) / 2 if shape["kind"] == "line" else 0.0)


def draw_shape(shape: Mapping[str, Any], box: tuple[float, float], pad: float, width: int, height: int) -> Pixels:
    """The shape of a box of `box` px with `pad` px around it, drawn `width` by `height` px large: BGRA premultiplied.

    A stroke lies wholly inside the outline of a rectangle or an ellipse, so that a shape is as large as its box says.
    """
    sx, sy = (box[0] + 2 * pad) / width, (box[1] + 2 * pad) / height
    x, y = distance.grid(width, height, Affine(sx, 0, -pad, 0, sy, -pad))
    unit = np.float32((sx * sy) ** 0.5)  # px of the box in a pixel of the picture
    stroke_width = float(shape.get("stroke_width") or 0) if shape.get("stroke") else 0.0
    if shape["kind"] == "line":
        start, end = (tuple(map(float, shape[name])) for name in ("from", "to"))
        line = distance.segment(x, y, (start[0], start[1]), (end[0], end[1])) - np.float32(stroke_width / 2)
        return _paint([(distance.coverage(line / unit), shape.get("stroke"))], width, height)
    outer = distance.coverage(_outline(shape, x, y, box, 0.0) / unit)
    inner = outer
    if stroke_width > 0:
        hollow = min(box) <= 2 * stroke_width  # the strokes of both sides meet: nothing is left to fill
        inner = np.zeros_like(outer) if hollow else distance.coverage(_outline(shape, x, y, box, stroke_width) / unit)
    return _paint([(inner, shape.get("fill")), (outer - inner, shape.get("stroke"))], width, height)


def _outline(shape: Mapping[str, Any], x: Field, y: Field, box: tuple[float, float], inset: float) -> Field:
    rect = Rect(inset, inset, box[0] - 2 * inset, box[1] - 2 * inset)
    if shape["kind"] == "ellipse":
        return distance.ellipse(x, y, rect)
    return distance.rectangle(x, y, rect, float(shape.get("radius") or 0) - inset)


def _paint(parts: list[tuple[Field, str | None]], width: int, height: int) -> Pixels:
    """The sum of colours, each over the part of every pixel that it covers (the parts do not overlap)."""
    total = np.zeros((height, width, 4), np.float32)
    for part, text in parts:
        if text is not None:
            red, green, blue, alpha = bytes.fromhex(text.removeprefix("#"))
            tone = np.asarray([blue, green, red, 255], np.float32) * np.float32(alpha / 255)
            total += np.broadcast_to(part, (height, width))[..., None] * tone
    return np.rint(np.minimum(total, 255)).astype(np.uint8)
