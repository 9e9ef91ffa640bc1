"""Amounts of bytes and of time, as people write and read them: 10GB, 30d, 2 h 5 min."""

from __future__ import annotations

import re
from collections.abc import Mapping

_AMOUNT = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*([A-Za-z]*)")
_BYTES = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_BYTES |= {"k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_BYTES |= {"kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}
_DAYS = {"h": 1 / 24, "d": 1, "w": 7, "m": 30, "y": 365}


def parse_bytes(text: str) -> int:
    """Bytes from 10GB, 500MB, 2GiB or 0. Raises ValueError."""
    return int(_parse(text, _BYTES, "a size is written 10GB, 500MB or 2GiB"))


def parse_days(text: str) -> float:
    """Days from 30d, 12h, 2w, 6m or 0. Raises ValueError."""
    return _parse(text, _DAYS, "an age is written 30d, 12h, 2w, 6m or 1y")


def told_bytes(count: int) -> str:
    """`1.2 MB`, in powers of 1000, as disks and stores are sold."""
    for unit, size in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} B"


def about(seconds: float) -> str:
    """`about 4 s`, `about 3 min 20 s`, `about 2 h 5 min`, as exact as an estimate is worth; `less than 1 s`."""
    if seconds < 1:
        return "less than 1 s"
    step = 1 if seconds < 600 else 60  # (s)
    minutes, rest = divmod(round(seconds / step) * step, 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "min"), (rest, "s"))
    return "about " + " ".join(f"{number} {unit}" for number, unit in parts if number)


def _parse(text: str, units: Mapping[str, float], words: str) -> float:
    match = _AMOUNT.fullmatch(text.strip())
    if match is None:
        raise ValueError(words)
    number = float(match[1])
    unit = units.get(match[2].lower())
    if unit is None and number:
        raise ValueError(words)
    return number * (unit or 0)
