"""A sprite: a picture with transparency, where it stands, and how it is laid over another picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vbmake.render.opencv import cv2

Pixels = npt.NDArray[np.uint8]
"""Pixels (height, width, channels) of 8 bits: B, G, R and mostly A. Premultiplied unless a name says `straight`."""


@dataclass(frozen=True, slots=True, eq=False)
class Sprite:
    """Pixels (h, w, 4), BGRA premultiplied, whose top left corner is at (x, y) px from its layer's pivot."""

    pixels: Pixels
    x: float
    y: float


def premultiply(straight: Pixels) -> Pixels:
    """BGRA with straight alpha (or BGR, or grey) -> BGRA premultiplied, a new array."""
    if straight.ndim == 2:
        return _array(cv2.cvtColor(straight, cv2.COLOR_GRAY2BGRA))
    if straight.shape[2] == 3:
        return _array(cv2.cvtColor(straight, cv2.COLOR_BGR2BGRA))
    alpha = cv2.extractChannel(straight, 3)
    colour = cv2.multiply(cv2.cvtColor(straight, cv2.COLOR_BGRA2BGR), cv2.merge([alpha] * 3), scale=1 / 255)
    return _array(cv2.merge([*cv2.split(colour), alpha]))


def straighten(pixels: Pixels) -> Pixels:
    """BGRA premultiplied -> BGRA with straight alpha, a new array; what is wholly transparent has no colour."""
    straight = pixels.copy()
    rows, columns = np.nonzero((pixels[..., 3] > 0) & (pixels[..., 3] < 255))
    some = pixels[rows, columns].astype(np.float32)
    straight[rows, columns, :3] = np.rint(np.minimum(255, some[:, :3] * 255 / some[:, 3:])).astype(np.uint8)
    return straight


def spread(alpha: npt.NDArray[np.uint8]) -> Pixels:
    """One channel (h, w) -> the same value in four (h, w, 4): a factor for premultiplied pixels."""
    return _array(cv2.merge([alpha] * 4))


def fade(pixels: Pixels, opacity: float) -> Pixels:
    """Premultiplied pixels made more transparent by the factor `opacity` (0..1), a new array."""
    return _array(cv2.convertScaleAbs(pixels, alpha=opacity))


def lay_over(canvas: Pixels, pixels: Pixels) -> None:
    """Lay premultiplied `pixels` over `canvas` (same shape, premultiplied), in place: Porter and Duff's `over`."""
    rest = cv2.bitwise_not(spread(_array(cv2.extractChannel(pixels, 3))))
    cv2.multiply(canvas, rest, dst=canvas, scale=1 / 255)
    cv2.add(canvas, pixels, dst=canvas)


def mix_over(canvas: Pixels, opaque: Pixels, opacity: float) -> None:
    """Lay wholly opaque pixels over `canvas` at `opacity` (0..1), in place."""
    cv2.addWeighted(opaque, opacity, canvas, 1 - opacity, 0, dst=canvas)


def colour(text: str) -> tuple[int, int, int, int]:
    """`#rrggbbaa` (straight) -> (blue, green, red, alpha), premultiplied."""
    red, green, blue, alpha = bytes.fromhex(text.removeprefix("#"))
    return (round(blue * alpha / 255), round(green * alpha / 255), round(red * alpha / 255), alpha)


def blank(width: int, height: int, fill: tuple[int, int, int, int] = (0, 0, 0, 0)) -> Pixels:
    """A picture of one premultiplied colour."""
    return np.full((height, width, 4), fill, np.uint8)


def _array(value: Any) -> Pixels:
    result: Pixels = value  # OpenCV is untyped
    return result
