"""How long a service asks to be left alone: every form in which the delay is told, as seconds."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final

from vbmake.providers.types import Response

LONGEST: Final = 900.0
"""The longest delay that is believed, in seconds."""

READ: Final = 64 * 1024  # bytes: an answer that says when to come back is short

_SECONDS: Final[Mapping[str, float]] = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_UNIT: Final = r"(?:ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hours?)"
_PART: Final = re.compile(rf"(\d+(?:\.\d+)?)\s{{0,2}}({_UNIT})(?![a-z])")
_DURATION: Final = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h))+")  # "1m26.4s", as in x-ratelimit-reset-tokens
_COMPACT: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_SAID: Final = re.compile(r"\b(?:resets?|again|retry|wait)\b[^0-9]{0,24}(?=\d)", re.IGNORECASE)
_NAMES: Final = ("retry_after", "retryafter", "retry_after_seconds", "retrydelay")
_RESET: Final = "x-ratelimit-reset"
_REMAINING: Final = "x-ratelimit-remaining"


def retry_after(response: Response, now: float | None = None) -> float | None:
    """In how many seconds (0..900) the service asks to be asked again; None when it says nothing that can be read.

    Looked for, in this order: the headers `retry-after-ms` and `retry-after` (seconds, or an HTTP date), `retry_after`
    anywhere in a JSON body, a sentence such as "resets in ~5s", the headers `x-ratelimit-reset*`. A date is compared
    with the answer's own `Date`, because the clocks of two machines differ; without one with `now` (Unix seconds;
    None: the clock's).
    """
    clock = time.time() if now is None else now
    for seconds in _told(response, clock):
        if seconds is not None and math.isfinite(seconds):
            return min(max(seconds, 0.0), LONGEST)
    return None


def _told(response: Response, now: float) -> Iterator[float | None]:
    headers = response.headers
    milliseconds = _number(headers.get("retry-after-ms"))
    yield None if milliseconds is None else milliseconds / 1000
    yield _number(headers.get("retry-after"))
    yield _until(headers.get("retry-after", ""), headers.get("date", ""), now)
    if len(response.content) <= READ:
        yield from _in_body(response)
    yield _resets(headers, now)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def _until(date: str, sent: str, now: float) -> float | None:
    """Seconds until an HTTP date, counted from the answer's own date when it has one."""
    moment = _moment(date)
    if moment is None:
        return None
    start = _moment(sent)
    return moment - (now if start is None else start)


def _moment(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _in_body(response: Response) -> Iterator[float | None]:
    try:
        body = response.json()
    except (ValueError, RecursionError):
        body = None
    for value in _named(body, 6):
        yield _number(value)
        yield _duration(value) if isinstance(value, str) else None
    yield _sentence(response.content.decode("utf-8", "replace"))


def _named(value: Any, depth: int) -> Iterator[Any]:
    """What stands under a name that means the delay, outer before inner."""
    if depth and isinstance(value, Mapping):
        yield from (item for name, item in value.items() if str(name).lower().replace("-", "_") in _NAMES)
    if depth and isinstance(value, Mapping | list):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _named(item, depth - 1)


def _sentence(text: str) -> float | None:
    """The duration in "Please try again in 1m 20s", "Your rate limit resets in ~5s"."""
    for said in _SAID.finditer(text):
        total, end = 0.0, said.end()
        while part := _PART.match(text.lower(), end):
            total += float(part[1]) * _SECONDS["ms" if part[2].startswith(("ms", "mil")) else part[2][0]]
            end = part.end() + (text[part.end() : part.end() + 1] == " ")
        if end > said.end():
            return total
    return None


def _duration(text: str) -> float | None:
    """Seconds of "6m0s", "20ms", "1.5s"."""
    text = text.strip().lower()
    if not _DURATION.fullmatch(text):
        return None
    return sum(float(amount) * _SECONDS[unit] for amount, unit in _COMPACT.findall(text))


def _resets(headers: Mapping[str, str], now: float) -> float | None:
    """When the limit that is used up is whole again; the latest of all when none says that it is used up."""
    waits: dict[str, float] = {}
    for name, value in headers.items():
        if name.startswith(_RESET):
            seconds = _number(value)
            if seconds is None:
                seconds = _duration(value)
            elif seconds > 1e11:  # a moment in milliseconds
                seconds = seconds / 1000 - now
            elif seconds > 1e9:  # a moment
                seconds -= now
            if seconds is not None and math.isfinite(seconds):
                waits[name.removeprefix(_RESET)] = seconds
    empty = [seconds for limit, seconds in waits.items() if headers.get(_REMAINING + limit, "").strip() == "0"]
    return max(empty or waits.values(), default=None)
