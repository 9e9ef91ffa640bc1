"""The encoder is given Rec. 709 in limited range, as near to the canvas as eight bits can be."""

from __future__ import annotations

import numpy as np
import pytest

from vbmake.render.sprite import Pixels
from vbmake.render.yuv import Planes

# Rec. 709: the weights of B, G and R in luma; chroma is the distance of B and R from it, 224 steps for its whole range.
LUMA = np.array([0.0722, 0.7152, 0.2126])


def noise(width: int, height: int) -> Pixels:
    pixels = np.random.default_rng(7).integers(0, 256, (height, width, 4), np.uint8)
    pixels[..., 3] = 255
    return pixels


def planes(pixels: Pixels) -> tuple[Pixels, Pixels, Pixels]:
    height, width = pixels.shape[:2]
    made = Planes(width, height)
    made.take(pixels)
    chroma = made.data[height:].reshape(2, height // 2, width // 2)
    return made.data[:height], chroma[0], chroma[1]


@pytest.mark.parametrize("level", [0, 1, 100, 128, 254, 255])
def test_grey_stays_grey(level: int) -> None:
    y, u, v = planes(np.full((2, 4, 4), (level, level, level, 255), np.uint8))
    assert set(y.flat) == {round(16 + level * 219 / 255)}
    assert set(u.flat) == set(v.flat) == {128}


def test_every_sample_is_within_one_step_of_the_exact_value() -> None:
    pixels = noise(64, 32)
    y, u, v = planes(pixels)
    exact = pixels[..., :3] @ LUMA
    assert np.abs(y - (16 + exact * 219 / 255)).max() <= 0.7
    for plane, color, weight in ((u, 0, LUMA[0]), (v, 2, LUMA[2])):
        chroma = 128 + (pixels[..., color] - exact) / (2 * (1 - weight)) * 224 / 255
        assert np.abs(plane - chroma.reshape(16, 2, 32, 2).mean((1, 3))).max() <= 1.2


def test_a_pixel_is_the_same_wherever_it_stands() -> None:
    # Vector units take the last pixels of a row another way: they must round alike.
    pixels = noise(64, 4)
    whole = planes(pixels)
    for width in (2, 6, 18, 34):
        for plane, part in zip(whole, planes(np.ascontiguousarray(pixels[:, :width])), strict=True):
            assert np.array_equal(plane[:, : part.shape[1]], part)
