"""One canonical JSON for everything that is hashed: sorted keys, no spaces, exact numbers, UTF-8."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from fractions import Fraction
from typing import Any


def plain(value: Any) -> Any:
    """The JSON value of anything a plan may hold: fractions as "n/d" strings, tuples as lists, whole floats as ints.

    A float that is a whole number and the int of the same value mean the same to a rule, so they must give one key.
    Raises TypeError for what has no canonical form (NaN, infinities, other types).
    """
    if value is None or isinstance(value, bool | str | int):
        return value
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            raise TypeError(f"{value} has no canonical form")
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no canonical form")


def canonical_json(value: Any) -> str:
    """Canonical JSON text: equal values give equal text, byte for byte (floats by Python's shortest repr)."""
    return json.dumps(plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: Any) -> str:
    """sha256 (hex) of the canonical JSON."""
    return hashlib.sha256(canonical_json(value).encode("utf-8", "surrogatepass")).hexdigest()
