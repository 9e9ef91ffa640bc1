"""Where layers lie."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plan.films import STILL, build, film


def placed(**values: Any) -> tuple[float, float, list[float]]:
    scenes = [{"id": "a", "duration": "1s", "layers": [{"image": "p.png", **values}]}]
    layer = build(film(scenes=scenes), measures={"p.png": STILL}).job("shot:main/a/0").options["layers"][0]
    return layer["x"], layer["y"], layer["origin"]


@pytest.mark.parametrize("values", [{}, {"at": "top left"}, {"at": "center", "rotate": 10}])
def test_what_fills_the_picture_stays_where_it_is(values: dict[str, Any]) -> None:
    assert placed(**values) == (160, 90, [0.5, 0.5])


@pytest.mark.parametrize("values", [{"width": "50%"}, {"scale": 0.5}, {"animate": {"scale": [["0s", 1], ["1s", 0.5]]}}])
def test_what_is_smaller_than_the_picture_goes_to_its_anchor(values: dict[str, Any]) -> None:
    assert placed(at="top left", margin="10%", **values) == (32, 18, [0, 0])
