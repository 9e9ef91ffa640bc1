"""Painting: one texture, moved, turned, scaled, clipped and faded, laid on the canvas to a fraction of a pixel."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np

from vbmake.render import distance
from vbmake.render.opencv import cv2
from vbmake.render.place import WHOLE, Affine, Rect
from vbmake.render.sprite import Pixels, fade, lay_over, mix_over, spread
from vbmake.render.texture import Texture

_WHOLE_PIXEL = 1e-4  # px: nearer than this to a whole pixel is on it


@dataclass(frozen=True, slots=True)
class Stroke:
    """What one layer shows at one frame. Two strokes of the same layer with equal fields paint the same pixels.

    `token` tells the texture's content; `frame` is where the content lies in the layer's own px, `window` the part of
    the content (fractions) that fills it, `clip` what of it is revealed, `pose` takes the layer's px to the canvas.
    """

    token: Hashable
    frame: Rect
    pose: Affine
    opacity: float = 1.0
    window: Rect = WHOLE
    clip: Rect | None = None
    radius: float = 0.0
    exact: bool = False
    """The texture is wanted pixel for pixel: the pose only moves it."""
    soft: bool = False
    """The texture's own border is transparent: its edge needs no anti-aliasing."""

    @property
    def visible(self) -> Rect:
        return self.frame if self.clip is None else self.frame.meet(self.clip)

    def region(self, size: tuple[int, int]) -> tuple[int, int, int, int] | None:
        """The canvas pixels (left, top, right, bottom) that it can touch; None: none."""
        visible = self.visible
        if self.opacity <= 0 or visible.w <= 0 or visible.h <= 0 or self.pose.scale < 1e-6:
            return None
        bounds = self.pose.bounds(visible)
        margin = 1 if self.soft and not self.exact else 0
        left, top = math.floor(bounds.x + _WHOLE_PIXEL) - margin, math.floor(bounds.y + _WHOLE_PIXEL) - margin
        right = math.ceil(bounds.right - _WHOLE_PIXEL) + margin
        bottom = math.ceil(bounds.bottom - _WHOLE_PIXEL) + margin
        left, top, right, bottom = max(0, left), max(0, top), min(size[0], right), min(size[1], bottom)
        return (left, top, right, bottom) if left < right and top < bottom else None

    def crisp(self, size: tuple[int, int]) -> bool:
        """Its edges lie on whole pixels or off the canvas: no pixel is covered in part."""
        if self.radius > 0 or not self.pose.upright or (self.soft and self.clip is not None):
            return False
        if self.soft:
            return True
        bounds = self.pose.bounds(self.visible)
        sides = ((bounds.x, size[0]), (bounds.right, size[0]), (bounds.y, size[1]), (bounds.bottom, size[1]))
        return all(abs(at - round(at)) < _WHOLE_PIXEL or at < 0 or at > most for at, most in sides)

    def covers(self, texture: Texture, size: tuple[int, int]) -> bool:
        """Nothing of what lies below can be seen."""
        opaque = texture.opaque and not self.soft and self.opacity >= 1
        return opaque and self.region(size) == (0, 0, *size) and self.crisp(size)


def paint(canvas: Pixels, texture: Texture, stroke: Stroke) -> None:
    """Paint a stroke on the canvas (h, w, 4), BGRA premultiplied, in place."""
    size = (canvas.shape[1], canvas.shape[0])
    region = stroke.region(size)
    if region is None:
        return
    left, top, right, bottom = region
    target = canvas[top:bottom, left:right]
    crisp = stroke.crisp(size) or (stroke.soft and stroke.clip is None and stroke.radius == 0)
    if crisp and texture.opaque and not stroke.soft:
        if stroke.opacity >= 1:
            _sample(texture, stroke, left, top, target)
        else:
            mix_over(target, _sample(texture, stroke, left, top, np.empty_like(target)), stroke.opacity)
        return
    pixels = _sample(texture, stroke, left, top, np.empty_like(target))
    if not crisp:
        mask = np.rint(_mask(stroke, left, top, right - left, bottom - top) * np.float32(255 * stroke.opacity))
        pixels = cv2.multiply(pixels, spread(mask.astype(np.uint8)), scale=1 / 255)
    elif stroke.opacity < 1:
        pixels = fade(pixels, stroke.opacity)
    lay_over(target, pixels)


def _sample(texture: Texture, stroke: Stroke, left: int, top: int, into: Pixels) -> Pixels:
    """The texture's pixels for the region of `into` at (left, top); they are written there."""
    if stroke.exact:
        picture = texture.exact()
        if _copy(picture, stroke, left, top, into):
            return into
        return _warp(picture, stroke, left, top, into)
    # The window's pixels are spread over the whole frame: zooming in needs more of them.
    levels = texture.levels(stroke.pose.scale / max(stroke.window.w, stroke.window.h))
    _warp(levels[0][0], stroke, left, top, into)
    if len(levels) > 1:
        coarser = _warp(levels[1][0], stroke, left, top, np.empty_like(into))
        cv2.addWeighted(into, levels[0][1], coarser, levels[1][1], 0, dst=into)
        if not texture.opaque:  # three roundings must not leave colour brighter than its alpha
            np.minimum(into[..., :3], into[..., 3:], out=into[..., :3])
    return into


def _copy(picture: Pixels, stroke: Stroke, left: int, top: int, into: Pixels) -> bool:
    """Copy instead of sampling where texture pixels lie exactly on canvas pixels; False if they do not."""
    pose, frame = stroke.pose, stroke.frame
    if (pose.a, pose.b, pose.d, pose.e) != (1, 0, 0, 1) or stroke.window != WHOLE:
        return False
    x, y = frame.x + pose.c, frame.y + pose.f
    if abs(x - round(x)) > _WHOLE_PIXEL or abs(y - round(y)) > _WHOLE_PIXEL:
        return False
    if abs(picture.shape[1] - frame.w) > _WHOLE_PIXEL or abs(picture.shape[0] - frame.h) > _WHOLE_PIXEL:
        return False
    row, column = top - round(y), left - round(x)
    height, width = into.shape[:2]
    np.copyto(into, picture[row : row + height, column : column + width])
    return True


def _warp(picture: Pixels, stroke: Stroke, left: int, top: int, into: Pixels) -> Pixels:
    frame, window = stroke.frame, stroke.window
    height, width = picture.shape[:2]
    ax, ay = window.w * width / frame.w, window.h * height / frame.h
    into_texture = Affine(ax, 0, window.x * width - frame.x * ax, 0, ay, window.y * height - frame.y * ay)
    # From pixel centres of the region to pixel centres of the texture.
    m = into_texture.after(stroke.pose.inverse()).after(Affine(c=left + 0.5, f=top + 0.5)).moved(-0.5, -0.5)
    made: Any = cv2.warpAffine(
        picture,
        np.array([[m.a, m.b, m.c], [m.d, m.e, m.f]]),
        (into.shape[1], into.shape[0]),
        dst=into,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT if stroke.soft else cv2.BORDER_REPLICATE,
    )
    if made is not into:
        np.copyto(into, made)
    return into


def _mask(stroke: Stroke, left: int, top: int, width: int, height: int) -> distance.Field:
    """How much of each pixel of the region the visible part covers (0..1)."""
    visible, pose = stroke.visible, stroke.pose
    bounds = pose.bounds(visible)
    straight = None
    if pose.upright:
        columns = distance.span(bounds.x - left, bounds.right - left, width)
        rows = distance.span(bounds.y - top, bounds.bottom - top, height)
        straight = rows[:, None] * columns[None, :]
        if stroke.radius <= 0:
            return straight
    x, y = distance.grid(width, height, pose.inverse().after(Affine(c=left, f=top)))
    scale = np.float32(pose.scale)
    rounded = distance.coverage(distance.rectangle(x, y, stroke.frame, stroke.radius) * scale)
    if straight is None and stroke.clip is not None:
        straight = distance.coverage(distance.rectangle(x, y, visible) * scale)
    return rounded if straight is None else np.minimum(rounded, straight)
