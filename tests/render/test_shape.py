"""Shapes and gradients are drawn to a fraction of a pixel."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.render.scenes import compose, layer
from vbmake.render.gradient import draw_gradient
from vbmake.render.shape import draw_shape, margin

RED, WHITE = "#ff0000ff", "#ffffffff"


def shape(kind: str, **options: Any) -> dict[str, Any]:
    plain = {"fill": RED, "stroke": None, "stroke_width": 0, "radius": 0, "from": [0, 0], "to": [0, 0]}
    return {**plain, "kind": kind, **options}


def covered(options: dict[str, Any], box: tuple[float, float], detail: int = 1) -> float:
    """The area in px that a shape paints."""
    pad = math.ceil(margin(options))
    size = (round((box[0] + 2 * pad) * detail), round((box[1] + 2 * pad) * detail))
    return float(draw_shape(options, box, pad, *size)[..., 3].sum()) / 255 / detail**2


def test_a_rectangle_covers_its_box() -> None:
    made = draw_shape(shape("rectangle"), (10, 6), 2, 14, 10)
    assert (made[2:8, 2:12] == (0, 0, 255, 255)).all()
    assert made[..., 3].sum() == 60 * 255


def test_rounded_corners_take_the_area_that_geometry_says() -> None:
    assert covered(shape("rectangle", radius=10), (40, 30)) == pytest.approx(1200 - (4 - math.pi) * 100, abs=1)
    assert covered(shape("rectangle", radius=99), (30, 30)) == pytest.approx(math.pi * 225, abs=1)


@pytest.mark.parametrize("detail", [1, 3])
def test_an_ellipse_has_the_area_of_an_ellipse(detail: int) -> None:
    assert covered(shape("ellipse"), (60, 20), detail) == pytest.approx(math.pi * 300, rel=0.01)


def test_a_stroke_lies_inside_the_outline() -> None:
    made = draw_shape(shape("rectangle", stroke=WHITE, stroke_width=2), (12, 12), 2, 16, 16)
    assert (made[2:4, 2:14] == 255).all()
    assert (made[4:12, 4:12] == (0, 0, 255, 255)).all()
    assert made[..., 3].sum() == 144 * 255
    assert covered(shape("ellipse", fill=None, stroke=WHITE, stroke_width=3), (40, 40)) == pytest.approx(
        math.pi * (400 - 289), rel=0.01
    )


def test_a_stroke_wider_than_the_shape_leaves_nothing_to_fill() -> None:
    made = draw_shape(shape("rectangle", stroke=WHITE, stroke_width=9), (10, 10), 2, 14, 14)
    assert (made[2:12, 2:12] == 255).all()


def test_a_line_has_its_width_and_round_ends() -> None:
    line = shape("line", fill=None, stroke=WHITE, stroke_width=4, **{"from": [0, 5], "to": [30, 5]})
    assert covered(line, (30, 10)) == pytest.approx(30 * 4 + math.pi * 4, rel=0.02)


def test_a_translucent_fill_is_premultiplied() -> None:
    made = draw_shape(shape("rectangle", fill="#ff800080"), (4, 4), 2, 8, 8)
    assert tuple(made[4, 4]) == (0, 64, 128, 128)


def test_a_linear_gradient_runs_along_its_angle_from_corner_to_corner() -> None:
    stops = [[0, "#000000ff"], [1, "#ffffffff"]]
    right = draw_gradient({"kind": "linear", "angle": 0, "stops": stops}, 100, 20, (100, 20))
    assert (np.diff(right[5, :, 0].astype(int)) >= 2).all()
    assert (right[:, 40] == right[0, 40]).all()
    down = draw_gradient({"kind": "linear", "angle": 90, "stops": stops}, 20, 100, (20, 100))
    assert (down[:, 7] == right[5]).all()
    across = draw_gradient({"kind": "linear", "angle": 45, "stops": stops}, 64, 64, (64, 64))
    assert across[0, 0, 0] <= 2
    assert across[-1, -1, 0] >= 253
    assert int(across[0, -1, 0]) == pytest.approx(128, abs=2)


def test_a_radial_gradient_ends_in_the_farthest_corner() -> None:
    stops = [[0, "#ff0000ff"], [1, "#0000ffff"]]
    gradient = {"kind": "radial", "center": [0.5, 0.5], "radius": 1.0, "stops": stops}
    made = draw_gradient(gradient, 81, 61, (81, 61))
    assert made[30, 40].tolist() == pytest.approx([0, 0, 255, 255], abs=3)
    assert made[0, 0].tolist() == pytest.approx([255, 0, 0, 255], abs=5)
    half = draw_gradient({**gradient, "radius": 0.5}, 81, 61, (81, 61))
    assert tuple(half[0, 20]) == (255, 0, 0, 255)


def test_a_gradient_to_transparent_does_not_darken_on_its_way() -> None:
    stops = [[0, "#ffffffff"], [1, "#00000000"]]
    made = draw_gradient({"kind": "linear", "angle": 0, "stops": stops}, 50, 1, (50, 1))
    assert (made[..., 0] == made[..., 3]).all()


def test_a_shape_of_a_scene_fills_exactly_its_box() -> None:
    options = layer("shape", x=48, y=32, origin=[0.5, 0.5], width=20, height=10, shape=shape("rectangle"))
    (frame,) = compose([options])
    assert (frame[27:37, 38:58, 2] == 255).all()
    assert int(frame[..., 2].astype(int).sum()) == 200 * 255
