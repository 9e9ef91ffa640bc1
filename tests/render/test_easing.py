"""Easing curves are Penner's."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from vbmake.render.animate import Track, progress
from vbmake.render.easing import CURVES, ease

FAMILIES = ("quad", "cubic", "quart", "quint", "sine", "expo", "circ", "back", "elastic", "bounce")


def test_every_easing_of_the_language_is_there() -> None:
    ways = {f"{way}-{family}" for way in ("in", "out", "in-out") for family in FAMILIES}
    assert set(CURVES) == ways | {"linear", "ease-in", "ease-out", "ease-in-out"}


@pytest.mark.parametrize("name", sorted(CURVES))
def test_an_easing_leads_from_0_to_1_without_a_jump(name: str) -> None:
    assert ease(name, 0) == 0
    assert ease(name, 1) == 1
    assert ease(name, -3) == 0
    assert ease(name, 7) == 1
    values = [ease(name, step / 2000) for step in range(2001)]
    assert max(abs(b - a) for a, b in pairwise(values)) < 0.04


@pytest.mark.parametrize("family", FAMILIES)
def test_out_is_in_backwards(family: str) -> None:
    for t in (0.1, 0.35, 0.5, 0.8):
        assert ease(f"out-{family}", t) == pytest.approx(1 - ease(f"in-{family}", 1 - t))


@pytest.mark.parametrize(
    ("name", "t", "value"),
    [
        ("linear", 0.3, 0.3),
        ("in-quad", 0.5, 0.25),
        ("out-cubic", 0.5, 0.875),
        ("in-out-quart", 0.25, 8 * 0.25**4),
        ("in-sine", 0.5, 1 - math.sqrt(0.5)),
        ("in-expo", 0.5, 2**-5),
        ("in-circ", 0.6, 0.2),
        ("in-back", 0.5, 0.5**2 * (2.70158 * 0.5 - 1.70158)),
        ("out-bounce", 0.5, 7.5625 * (0.5 - 1.5 / 2.75) ** 2 + 0.75),
        ("out-elastic", 0.3, 1 + 2**-3 * math.sin((0.3 - 0.075) * 2 * math.pi / 0.3)),
        ("in-out-elastic", 0.25, -(2 ** (20 * 0.25 - 10)) * math.sin((20 * 0.25 - 11.125) * 2 * math.pi / 4.5) / 2),
        ("ease-in-out", 0.25, 4 * 0.25**3),
    ],
)
def test_an_easing_has_penners_values(name: str, t: float, value: float) -> None:
    assert ease(name, t) == pytest.approx(value)


def test_a_track_holds_its_first_and_last_value_and_eases_towards_each_key() -> None:
    track = Track([[10, 1.0, "linear"], [20, 3.0, "in-quad"], [30, 2.0, "linear"]], 9.0)
    assert [track.at(f) for f in (-5, 10, 15, 20, 25, 30, 99)] == [1, 1, 1.5, 3, 2.5, 2, 2]
    assert Track([], 9.0).at(4) == 9


def test_a_movement_that_takes_no_time_is_over_at_once() -> None:
    assert [progress([5, 5], f, "linear") for f in (4, 5)] == [0, 1]
