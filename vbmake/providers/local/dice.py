"""What looks random and follows from words alone: the same on every machine and in every release of Python."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


def digest_of(*words: object) -> int:
    """A number of 256 bits that follows from the words; halves of surrogate pairs may be among them."""
    text = "\0".join(str(word) for word in words)
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest(), "big")


class Dice:
    """Throws that follow from the words they were made with."""

    def __init__(self, *words: object) -> None:
        self._random = random.Random(digest_of(*words))

    def between(self, low: float, high: float) -> float:
        """low <= result < high."""
        return low + (high - low) * self._random.random()  # of Python's generator only random() is promised to stay

    def whole(self, low: int, high: int) -> int:
        """low <= result <= high."""
        return min(high, low + int(self._random.random() * (high - low + 1)))

    def one_of(self, items: Sequence[Item]) -> Item:
        return items[self.whole(0, len(items) - 1)]

    def chance(self, part: float) -> bool:
        return self._random.random() < part
