"""From the canvas to the encoder: BGRA pixels into the planes of YUV 4:2:0, Rec. 709 in limited range."""

from __future__ import annotations

import numpy as np

from vbmake.render.opencv import cv2
from vbmake.render.sprite import Pixels

# Y, U and V from B, G, R and 1, in 1024ths: OpenCV reckons in those, so that all processors round alike. The sums are
# such that grey stays grey and white is 235.
_MATRIX = np.array([[64, 629, 187, 16 * 1024], [450, -347, -103, 128 * 1024], [-41, -409, 450, 128 * 1024]]) / 1024


class Planes:
    """The planes of one picture of (width, height) px, both even: `data`, (height * 3 / 2, width), is ffmpeg's yuv420p.

    One is used for all frames of a shot: `take` writes over what it held.
    """

    def __init__(self, width: int, height: int) -> None:
        self.data: Pixels = np.empty((height * 3 // 2, width), np.uint8)
        quarter = width * height // 4
        chroma = self.data[height:].reshape(-1)
        self._y = self.data[:height]
        self._u = chroma[:quarter].reshape(height // 2, width // 2)
        self._v = chroma[quarter:].reshape(height // 2, width // 2)
        self._bgr: Pixels = np.empty((height, width, 3), np.uint8)
        self._yuv: Pixels = np.empty((height, width, 3), np.uint8)
        self._half: Pixels = np.empty((height // 2, width // 2, 3), np.uint8)

    def take(self, pixels: Pixels) -> None:
        """Convert a picture (height, width, 4), BGRA, opaque; a colour sample is the mean of its four pixels."""
        cv2.cvtColor(pixels, cv2.COLOR_BGRA2BGR, dst=self._bgr)
        cv2.transform(self._bgr, _MATRIX, dst=self._yuv)
        cv2.extractChannel(self._yuv, 0, dst=self._y)
        cv2.resize(self._yuv, self._half.shape[1::-1], dst=self._half, interpolation=cv2.INTER_AREA)
        cv2.extractChannel(self._half, 1, dst=self._u)
        cv2.extractChannel(self._half, 2, dst=self._v)
