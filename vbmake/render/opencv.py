"""OpenCV, set up so that it draws the same pixels on every machine: one thread, no vendor kernels, bounded images."""

from __future__ import annotations

import os
from typing import Any

MAX_PIXELS = 200_000_000
"""The largest picture that is read, in pixels: 200 megapixels, which no camera or scanner output in a film exceeds."""

# OpenCV reads this once, while it is loaded.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(MAX_PIXELS))
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")

import cv2 as _cv2  # noqa: E402  (the limits above must be in the environment before OpenCV is loaded)

cv2: Any = _cv2  # its stubs know neither 8-bit arrays nor the shapes that come back

# Jobs are the unit of parallelism. IPP picks other kernels, with other roundings, for other processors.
cv2.setNumThreads(1)
if hasattr(cv2, "ipp"):
    cv2.ipp.setUseIPP(False)

__all__ = ["MAX_PIXELS", "cv2"]
