"""Values with units: exact, bounded, and told how they are written."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vbmake.project import units


@pytest.mark.parametrize(
    ("parse", "written", "value"),
    [
        (units.parse_seconds, "2s", Fraction(2)),
        (units.parse_seconds, "500ms", Fraction(1, 2)),
        (units.parse_seconds, "1m30.5s", Fraction(181, 2)),
        (units.parse_seconds, "1:03.5", Fraction(127, 2)),
        (units.parse_seconds, "1:02:03", Fraction(3723)),
        (units.parse_seconds, 0, Fraction(0)),
        (units.parse_fps, 29.97, Fraction(30000, 1001)),
        (units.parse_fps, "60000/1001", Fraction(60000, 1001)),
        (units.parse_gain, "-12 dB", -12.0),
        (units.parse_canvas, "1280x720", (1280, 720)),
        (units.parse_color, "#f80", "#ff8800ff"),
        (units.parse_color, "RebeccaPurple", "#663399ff"),
        (units.parse_color, "rgb(255 136 0 / 50%)", "#ff880080"),
        (units.parse_color, "hsl(120, 100%, 50%)", "#00ff00ff"),
        (units.parse_anchor, "left-top", "top left"),
        (units.parse_fraction, "50%", 0.5),
        (units.parse_factor, "1.5x", Fraction(3, 2)),
        (units.parse_angle, "-90deg", -90.0),
    ],
)
def test_values_are_read_exactly(parse: Callable[[Any], Any], written: Any, value: Any) -> None:
    assert parse(written) == value


_PARSERS = [
    *(units.parse_seconds, units.parse_length, units.parse_gain, units.parse_color, units.parse_at, units.parse_fps),
    *(units.parse_canvas, units.parse_fraction, units.parse_angle, units.parse_factor, units.parse_language),
]


@pytest.mark.parametrize("parse", _PARSERS)
@pytest.mark.parametrize(
    "value",
    ["1e999999999", "9" * 100_000, "1/" + "0" * 50, ".nan", "-inf", None, True, [], {}, "", "é"],
)
def test_nonsense_is_refused_at_once(parse: Callable[[Any], Any], value: Any) -> None:
    with pytest.raises(ValueError, match=r"\w+ \w+"):
        parse(value)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(_PARSERS), st.text(alphabet="0123456789.:/smhx%pdBeg#abcf()-+ ", max_size=20))
def test_any_text_is_a_value_or_refused(parse: Callable[[Any], Any], text: str) -> None:
    with contextlib.suppress(ValueError):
        parse(text)
