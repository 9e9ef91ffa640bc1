"""Gradients: colours that run along a line or out from a centre."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from vbmake.render.distance import Field, grid
from vbmake.render.sprite import Pixels


def draw_gradient(gradient: Mapping[str, Any], width: int, height: int, box: tuple[float, float]) -> Pixels:
    """A gradient over a box of `box` px, drawn `width` by `height` px large: BGRA premultiplied.

    As in CSS, a linear gradient reaches its first and last colour in the corners its angle points from and to, and
    colours are mixed premultiplied. A radial one reaches its last colour at `radius` times the distance from its
    centre to the farthest corner.
    """
    x, y = grid(width, height)
    x, y = x * np.float32(box[0] / width), y * np.float32(box[1] / height)
    place = _along(gradient, x, y, box) if gradient["kind"] == "linear" else _around(gradient, x, y, box)
    return _colours(np.broadcast_to(place, (height, width)), gradient["stops"])


def _along(gradient: Mapping[str, Any], x: Field, y: Field, box: tuple[float, float]) -> Field:
    angle = math.radians(gradient.get("angle") or 0.0)
    cos, sin = math.cos(angle), math.sin(angle)
    length = max(abs(box[0] * cos) + abs(box[1] * sin), 1e-6)
    across = (x - np.float32(box[0] / 2)) * np.float32(cos) + (y - np.float32(box[1] / 2)) * np.float32(sin)
    return np.asarray(across / np.float32(length) + np.float32(0.5), np.float32)


def _around(gradient: Mapping[str, Any], x: Field, y: Field, box: tuple[float, float]) -> Field:
    cx, cy = gradient.get("center") or (0.5, 0.5)
    cx, cy = cx * box[0], cy * box[1]
    reach = math.hypot(max(cx, box[0] - cx), max(cy, box[1] - cy)) * (gradient.get("radius") or 1.0)
    return np.asarray(np.hypot(x - np.float32(cx), y - np.float32(cy)) / np.float32(max(reach, 1e-6)), np.float32)


def _colours(place: Field, stops: Any) -> Pixels:
    """The colour at each place along the stops, by a table fine enough for 8 bits."""
    size = 4096
    where = np.asarray([float(stop) for stop, _ in stops])
    straight = np.asarray([list(bytes.fromhex(text.removeprefix("#"))) for _, text in stops], np.float64)
    alpha = straight[:, 3:] / 255
    channels = np.hstack([straight[:, 2::-1] * alpha, straight[:, 3:]])
    steps = np.linspace(0, 1, size)
    table = np.stack([np.interp(steps, where, channels[:, channel]) for channel in range(4)], axis=1)
    index = np.clip(place * np.float32(size - 1) + np.float32(0.5), 0, size - 1).astype(np.int32)
    return np.asarray(np.rint(table).astype(np.uint8)[index], np.uint8)
