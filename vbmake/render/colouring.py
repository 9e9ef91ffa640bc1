"""Letters into sprites: masks are coloured and laid over their shadow and box, with exact transparency."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vbmake.render.lettering import Lettering
from vbmake.render.opencv import cv2
from vbmake.render.sprite import Sprite
from vbmake.render.text_style import Color, Shadow, TextSpec

Plane = NDArray[np.float32]


def span_colors(spec: TextSpec) -> list[Color]:
    """The colours of the spans, less the style's own, in order of appearance."""
    return [color for color in dict.fromkeys(color for _, _, color in spec.spans) if color != spec.style.color]


def colour_letters(spec: TextSpec, letterings: Sequence[Lettering]) -> Sprite:
    """Colour the masks: box, shadow, outline, letters, from the back to the front, in one premultiplied picture."""
    style, first = spec.style, letterings[0]
    if not first.width:  # nothing but spaces: no box either
        return Sprite(np.zeros((1, 1, 4), np.uint8), 0.0, 0.0)
    padding = style.box.padding if style.box else 0.0
    # The block's corner seen from the pivot, with the letters on whole pixels: half a pixel would blur them.
    left = -spec.origin[0] * (first.width + 2 * padding) + padding
    top = -spec.origin[1] * (first.height + 2 * padding) + padding
    ink_x, ink_y = _whole(left + first.x), _whole(top + first.y)
    ink_height, ink_width = first.masks.shape[:2]
    bounds = [(ink_x, ink_y, ink_x + ink_width, ink_y + ink_height)]
    frame = None
    if style.box:
        x, y = _whole(left - padding), _whole(top - padding)
        frame = (x, y, x + _whole(first.width + 2 * padding), y + _whole(first.height + 2 * padding))
        bounds.append(frame)
    if style.shadow:
        reach = _reach(style.shadow)
        x, y = ink_x + _whole(style.shadow.x) - reach, ink_y + _whole(style.shadow.y) - reach
        bounds.append((x, y, x + ink_width + 2 * reach, y + ink_height + 2 * reach))
    x, y = min(bound[0] for bound in bounds), min(bound[1] for bound in bounds)
    width, height = max(bound[2] for bound in bounds) - x, max(bound[3] for bound in bounds) - y
    picture = np.zeros((4, height, width), np.float32)  # a plane a channel: four times faster than pixels of four
    if style.box and frame:
        _paint(picture, _rounded(frame, style.box.radius), style.box.color, frame[0] - x, frame[1] - y)
    if style.shadow:
        cast = _cast(first.masks, style.shadow)
        _paint(picture, cast, style.shadow.color, bounds[-1][0] - x, bounds[-1][1] - y)
    _ink(picture[:, ink_y - y : ink_y - y + ink_height, ink_x - x : ink_x - x + ink_width], spec, letterings)
    pixels = np.ascontiguousarray(np.rint(picture).astype(np.uint8).transpose(1, 2, 0))
    pixels.flags.writeable = False
    return Sprite(pixels, float(x), float(y))


def _whole(value: float) -> int:
    return math.floor(value + 0.5)


def _premultiplied(color: Color) -> tuple[np.float32, ...]:
    """Blue, green, red and alpha, 0..255."""
    red, green, blue, alpha = color
    return tuple(np.float32(value) for value in (blue * alpha / 255, green * alpha / 255, red * alpha / 255, alpha))


def _ink(picture: Plane, spec: TextSpec, letterings: Sequence[Lettering]) -> None:
    """Lay letters and outline over the picture: their masks add up to full cover, so colours are added, not stacked."""

    def cover(lettering: Lettering, channel: int) -> Plane:
        return np.divide(lettering.masks[:, :, channel], np.float32(255), dtype=np.float32)

    letters = cover(letterings[0], 0) + cover(letterings[0], 2)
    layers: list[tuple[Plane, Color]] = []
    for lettering, color in zip(letterings, span_colors(spec), strict=False):  # without spans: one, and no colours
        marked = np.minimum(cover(lettering, 2), letters)
        letters = letters - marked
        layers.append((marked, color))
    layers.append((letters, spec.style.color))
    if spec.style.outline:
        layers.append((cover(letterings[0], 1), spec.style.outline.color))
    ink = np.zeros_like(picture)
    for part, color in layers:
        for plane, value in zip(ink, _premultiplied(color), strict=True):
            plane += part * value
    np.minimum(ink, np.float32(255), out=ink)
    rest = np.float32(1) - ink[3] / np.float32(255)
    for under, over in zip(picture, ink, strict=True):
        under *= rest
        under += over


def _paint(picture: Plane, cover: Plane, color: Color, x: int, y: int) -> None:
    """Lay one colour over the picture where `cover` (0..1) says, with its corner at (x, y)."""
    rest = np.float32(1) - cover * np.float32(color[3] / 255)
    for plane, value in zip(picture, _premultiplied(color), strict=True):
        part = plane[y : y + cover.shape[0], x : x + cover.shape[1]]
        part *= rest
        part += cover * value


def _rounded(frame: tuple[int, int, int, int], radius: float) -> Plane:
    """The cover of a rectangle with rounded corners, by the distance of each pixel's centre from its edge."""
    width, height = frame[2] - frame[0], frame[3] - frame[1]
    radius = max(0.0, min(radius, width / 2, height / 2))
    across = np.abs(np.arange(width, dtype=np.float32) + np.float32(0.5 - width / 2)) - np.float32(width / 2 - radius)
    down = np.abs(np.arange(height, dtype=np.float32) + np.float32(0.5 - height / 2)) - np.float32(height / 2 - radius)
    outside = np.sqrt(np.maximum(across, 0)[None, :] ** 2 + np.maximum(down, 0)[:, None] ** 2)
    inside = np.minimum(np.maximum(across[None, :], down[:, None]), 0)
    cover: Plane = np.clip(np.float32(0.5) - (outside + inside - np.float32(radius)), 0, 1)
    return cover


def _reach(shadow: Shadow) -> int:
    """How far the blur carries beyond the letters, px: three sigmas."""
    return math.ceil(shadow.blur * 1.5)


def _cast(masks: NDArray[np.uint8], shadow: Shadow) -> Plane:
    """The cover of letters and outline together, blurred, with `_reach` px more on every side."""
    whole = np.minimum(masks.sum(axis=2, dtype=np.uint16), 255).astype(np.uint8)
    reach = _reach(shadow)
    if reach:
        whole = np.pad(whole, reach)
        # In bytes: OpenCV's float blur may round otherwise on another processor.
        side = 2 * reach + 1
        whole = np.asarray(cv2.GaussianBlur(whole, (side, side), shadow.blur / 2, borderType=cv2.BORDER_CONSTANT))
    cover: Plane = np.divide(whole, np.float32(255), dtype=np.float32)
    return cover
