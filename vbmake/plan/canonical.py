"""One canonical JSON for everything that is hashed: sorted keys, no spaces, exact numbers, UTF-8."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from math import isfinite
from typing import Any

import orjson

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
_PLAIN = frozenset((str, int, bool, type(None)))  # asked for before each call: most of a plan is these


def plain(value: Any) -> Any:
    """The JSON value of anything a plan may hold: fractions as "n/d" strings, tuples as lists, whole floats as ints.

    A float that is a whole number and the int of the same value mean the same to a rule, so they must give one key.
    Raises TypeError for what has no canonical form (NaN, infinities, other types).
    """
    return value if type(value) in _PLAIN else _FORMS.get(type(value), _other)(value)


def _mapping(value: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        str(key): item if type(item) in _PLAIN else _FORMS.get(type(item), _other)(item) for key, item in value.items()
    }


def _sequence(value: Sequence[Any]) -> list[Any]:
    return [item if type(item) in _PLAIN else _FORMS.get(type(item), _other)(item) for item in value]


def _number(value: float) -> float:
    if value.is_integer():
        return int(value) if abs(value) < 2**53 else value
    if not isfinite(value):
        raise TypeError(f"{value} has no canonical form")
    return value


def _other(value: Any) -> Any:
    """Of types that are rare, and of those that a class of its own makes a mapping or a fraction."""
    return _mapping(value) if isinstance(value, Mapping) else _unknown(value)


def _unknown(value: Any) -> Any:
    """What orjson shall write for what it does not know itself."""
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, orjson.Fragment):
        return json.loads(orjson.dumps(value))  # (it tells its text in no other way; json takes what is no Unicode)
    raise TypeError(f"{type(value).__name__} has no canonical form")


_IN_ORDER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, default=_other)
_FORMS: dict[type, Callable[[Any], Any]] = {dict: _mapping, list: _sequence, tuple: _sequence, float: _number}


def digest(value: Any) -> str:
    """sha256 (hex) of the canonical JSON."""
    return digest_plain(plain(value))


def digest_plain(value: Any) -> str:
    """sha256 (hex) of the canonical JSON of what `plain` returned: a large plan is not made plain twice."""
    return hashlib.sha256(plain_json(value)).hexdigest()


def plain_json(value: Any) -> bytes:
    """Canonical JSON of what `plain` returned: equal values give equal bytes.

    Of other values that `plain` takes it is JSON, too, with fractions as `plain` has them.
    """
    try:
        return _fitted(orjson.dumps(value, _unknown, orjson.OPT_SORT_KEYS))
    except TypeError:  # an int of over 64 bits, or text that is no Unicode (from the name of a file)
        return _ENCODER.encode(plain(value)).encode("utf-8", "surrogatepass")


def compact_json(value: Any) -> bytes:
    """JSON without spaces, in the order of the value's own keys."""
    try:
        return _fitted(orjson.dumps(value))
    except TypeError:
        return _IN_ORDER.encode(value).encode("utf-8", "surrogatepass")


def quickly(data: bytes) -> Any:
    """The value of a JSON line. Integers of over 64 bits come back as floats. Raises ValueError."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:  # perhaps text that is no Unicode, as `plain_json` writes it
        return json.loads(data)


def _fitted(data: bytes) -> bytes:
    """The same bytes in as much memory as they need: those of orjson hold on to several times as much."""
    return memoryview(data).tobytes()


def ready(data: bytes) -> Any:
    """What `plain_json` and `compact_json` take for a value of which this is the JSON: it is not written anew."""
    return orjson.Fragment(data)
