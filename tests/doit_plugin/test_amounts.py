"""Sizes and ages as people write them."""

from __future__ import annotations

import pytest

from vbmake.doit_plugin.amounts import about, parse_bytes, parse_days, told_bytes


@pytest.mark.parametrize(
    ("text", "count"),
    [("10GB", 10**10), ("500 mb", 5 * 10**8), ("2GiB", 2**31), ("1.5k", 1500), ("7b", 7), ("0", 0)],
)
def test_a_size_is_read(text: str, count: int) -> None:
    assert parse_bytes(text) == count


@pytest.mark.parametrize(("text", "days"), [("30d", 30), ("12h", 0.5), ("2w", 14), ("6m", 180), ("1y", 365), ("0", 0)])
def test_an_age_is_read(text: str, days: float) -> None:
    assert parse_days(text) == days


@pytest.mark.parametrize("text", ["", "10", "GB", "-1GB", "10 parsecs", "1e9", "10GBGB"])
def test_another_word_is_told_with_what_is_allowed(text: str) -> None:
    with pytest.raises(ValueError, match="a size is written 10GB"):
        parse_bytes(text)
    with pytest.raises(ValueError, match="an age is written 30d"):
        parse_days(text)


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1_234_567, "1.2 MB"), (5 * 10**12, "5.0 TB")]
)
def test_a_size_is_told(count: int, text: str) -> None:
    assert told_bytes(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "less than 1 s"),
        (0.99, "less than 1 s"),
        (1.2, "about 1 s"),
        (59.6, "about 1 min"),
        (200.4, "about 3 min 20 s"),
        (599.9, "about 10 min"),
        (601, "about 10 min"),
        (3590, "about 1 h"),
        (7504, "about 2 h 5 min"),
        (90_000, "about 25 h"),
    ],
)
def test_an_estimate_of_time_is_told(seconds: float, text: str) -> None:
    assert about(seconds) == text
