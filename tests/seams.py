"""Marks that survive encoding: a number burned into each picture, and tones whose onsets can be told to the sample."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BITS = 12
_COLUMNS = 4


def barcode(number: int, width: int = 64, height: int = 48) -> NDArray[np.uint8]:
    """A picture (height, width, 3) BGR that shows a number below 4096 as 4 x 3 blocks, low bit first."""
    rows = BITS // _COLUMNS
    bits = np.array([number >> bit & 1 for bit in range(BITS)], np.uint8).reshape(rows, _COLUMNS)
    blocks = np.where(bits, 235, 20).astype(np.uint8)
    tall = np.repeat(np.repeat(blocks, -(-height // rows), axis=0), -(-width // _COLUMNS), axis=1)
    return np.repeat(tall[:height, :width, None], 3, axis=2)


def read_barcode(picture: NDArray[np.uint8]) -> int:
    """The number in a picture of any size that shows a barcode all over; blocks that are grey are an AssertionError."""
    rows = BITS // _COLUMNS
    height, width = picture.shape[:2]
    number = 0
    for bit in range(BITS):
        y, x = divmod(bit, _COLUMNS)
        top, left = (2 * y + 1) * height // (2 * rows), (2 * x + 1) * width // (2 * _COLUMNS)
        level = float(picture[top - 2 : top + 3, left - 2 : left + 3, :3].mean())
        assert level < 90 or level > 165, f"block {bit} is neither black nor white: {level:.0f}"
        number |= (level > 128) << bit
    return number


def tone_onset(samples: NDArray[np.float64], rate: int, hertz: float, block: int = 240) -> int | None:
    """The sample at which a tone begins, to within one `block`: where its power first comes near its greatest.

    Goertzel's single frequency, here as a product with the complex tone, block by block.
    """
    count = len(samples) // block
    if count == 0:
        return None
    phase = np.exp(-2j * np.pi * hertz * np.arange(count * block) / rate)
    power = np.abs((samples[: count * block] * phase).reshape(count, block).sum(axis=1)) / block
    if power.max() < 1e-4:
        return None
    return int(np.argmax(power > power.max() / 2)) * block
