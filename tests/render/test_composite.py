"""The compositor puts every layer where it was told to, to the pixel, and blends it without fringes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.render.scenes import SIZE, STYLE, compose, layer, passage, pattern, write_png
from vbmake.errors import FatalError
from vbmake.render.sprite import Pixels

RED, GREEN = "#ff0000ff", "#00ff00ff"
WIDTH, HEIGHT = SIZE


def area(frame: Pixels, channel: int = 2) -> float:
    """The px that a full colour covers, in all."""
    return float(frame[..., channel].sum()) / 255


def middle(frame: Pixels, channel: int = 2) -> tuple[float, float]:
    """The centre of gravity (x, y) of one colour."""
    weight = frame[..., channel].astype(float)
    y, x = np.mgrid[: frame.shape[0], : frame.shape[1]] + 0.5
    return (float((x * weight).sum() / weight.sum()), float((y * weight).sum() / weight.sum()))


def bounds(frame: Pixels, channel: int = 2) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what is not black in one colour."""
    ys, xs = np.nonzero(frame[..., channel])
    return (int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1)


def block(**options: Any) -> dict[str, Any]:
    return layer("color", **{"color": RED, "width": 20, "height": 10, **options})


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """192x64 px: three times as wide as high."""
    return write_png(tmp_path / "photo.png", pattern(192, 64))


@pytest.fixture
def disc(tmp_path: Path) -> Path:
    """A green disc of 60 px on nothing, whose hidden colour is white."""
    y, x = np.mgrid[:80, :80] - 39.5
    alpha = np.clip(30.5 - np.hypot(x, y), 0, 1)
    pixels = np.dstack([np.where(alpha > 0, value, 255) for value in (0, 255, 0)] + [np.rint(alpha * 255)])
    return write_png(tmp_path / "disc.png", pixels.astype(np.uint8))


# Place


@pytest.mark.parametrize(
    ("origin", "expected"), [((0, 0), (40, 30)), ((0.5, 0.5), (30, 25)), ((1, 1), (20, 20)), ((0, 1), (40, 20))]
)
def test_the_origin_says_which_part_of_the_box_stands_on_the_pivot(
    origin: tuple[float, float], expected: tuple[int, int]
) -> None:
    (frame,) = compose([block(x=40, y=30, origin=list(origin))])
    left, top = expected
    assert bounds(frame) == (left, top, left + 20, top + 10)
    assert area(frame) == 200


def test_a_layer_at_rest_stands_on_whole_pixels() -> None:
    (frame,) = compose([block(x=40.4, y=30.6, width=19.7)])
    assert bounds(frame) == (40, 31, 60, 41)
    assert area(frame) == 200


def test_a_layer_beyond_the_canvas_is_cut_off() -> None:
    (frame,) = compose([block(x=90, y=-5)])
    assert bounds(frame) == (90, 0, 96, 5)
    assert area(compose([block(x=500)])[0]) == 0


def test_a_quarter_turn_is_exact_and_about_the_pivot() -> None:
    (frame,) = compose([block(x=50, y=30, rotate=90)])
    assert bounds(frame) == (40, 30, 50, 50)
    assert area(frame) == 200
    assert set(np.unique(frame[..., 2])) == {0, 255}


@pytest.mark.parametrize("degrees", [10, 45, -70])
def test_a_turned_layer_keeps_its_area_and_its_middle(degrees: float) -> None:
    (frame,) = compose([block(x=48, y=32, origin=[0.5, 0.5], rotate=degrees, width=30, height=24)])
    assert area(frame) == pytest.approx(720, rel=0.005)
    assert middle(frame) == pytest.approx((48, 32), abs=0.02)


def test_scale_is_about_the_pivot() -> None:
    (frame,) = compose([block(x=48, y=32, origin=[0.5, 0.5], scale=2)])
    assert bounds(frame) == (28, 22, 68, 42)


def test_a_box_with_one_side_takes_the_other_from_the_picture(photo: Path) -> None:
    (frame,) = compose([layer("image", asset=0, width=60)], assets=[photo])
    assert bounds(frame, 1)[2:] == (60, 20)
    (frame,) = compose([layer("image", asset=0, height=21)], assets=[photo])
    assert bounds(frame, 1)[2:] == (63, 21)


# Fit, crop, flip


def test_cover_fills_the_box_with_the_middle_of_the_picture(photo: Path) -> None:
    (frame,) = compose([layer("image", asset=0, width=64, height=64)], assets=[photo])
    assert np.array_equal(frame[:64, :64, :3], pattern(192, 64)[:, 64:128])
    assert not frame[:, 64:, :3].any()


def test_contain_shows_the_whole_picture_in_the_middle_of_the_box(photo: Path) -> None:
    (frame,) = compose([layer("image", asset=0, fit="contain", width=96, height=64)], assets=[photo], background=GREEN)
    assert (frame[:15, :, :3] == (0, 255, 0)).all()
    assert (frame[49:, :, :3] == (0, 255, 0)).all()
    assert frame[16, 0, 2] > 240
    assert frame[47, 95, 2] < 15


def test_stretch_shows_the_whole_picture_in_the_whole_box(photo: Path) -> None:
    (frame,) = compose([layer("image", asset=0, fit="stretch")], assets=[photo])
    assert np.abs(frame[..., :3].astype(int) - pattern(96, 64)).max() <= 4


def test_blur_fills_the_bars_with_the_picture_itself(photo: Path) -> None:
    (frame,) = compose([layer("image", asset=0, fit="blur")], assets=[photo])
    (contained,) = compose([layer("image", asset=0, fit="contain")], assets=[photo])
    assert np.array_equal(frame[16:48], contained[16:48])
    assert (frame[:16, :, :3].max(axis=2) > 60).all()
    assert np.abs(np.diff(frame[4, :, 2].astype(int))).max() < 12


def test_crop_comes_before_fit(photo: Path) -> None:
    crop = [0.25, 0.0, 0.5, 1.0]
    (frame,) = compose([layer("image", asset=0, crop=crop, fit="contain", width=96, height=64)], assets=[photo])
    (whole,) = compose([layer("image", asset=0, crop=crop, width=96)], assets=[photo])
    assert np.array_equal(frame, whole)
    assert abs(int(whole[10, 0, 0]) - 64) <= 2
    assert abs(int(whole[10, 95, 0]) - 191) <= 2


@pytest.mark.parametrize(("flip", "axes"), [("horizontal", (1,)), ("vertical", (0,)), ("both", (0, 1))])
def test_flip_mirrors_what_the_box_shows(photo: Path, flip: str, axes: tuple[int, ...]) -> None:
    plain, mirrored = (compose([layer("image", asset=0, flip=way)], assets=[photo])[0] for way in ("none", flip))
    assert np.array_equal(np.flip(plain, axes), mirrored)


def test_radius_rounds_the_corners_of_the_box(photo: Path) -> None:
    (frame,) = compose([block(x=10, y=10, width=40, height=30, radius=8)])
    assert area(frame) == pytest.approx(1200 - (4 - math.pi) * 64, abs=1)
    assert frame[10, 10, 2] == 0
    assert frame[25, 10, 2] == 255


# Blending


def test_opacity_mixes_with_what_lies_below() -> None:
    (frame,) = compose([layer("color", color=GREEN), block(opacity=0.25)])
    assert frame[5, 5, :3].tolist() == [0, 191, 64]
    (frame,) = compose([layer("color", color=GREEN), block(color="#ff000040")])
    assert np.abs(frame[5, 5, :3].astype(int) - (0, 191, 64)).max() <= 1


@pytest.mark.parametrize("scale", [0.37, 1.0, 1.9])
@pytest.mark.parametrize("degrees", [0, 33])
def test_transparent_edges_have_no_fringe(disc: Path, scale: float, degrees: float) -> None:
    """Scaled and turned, a green disc on green is not to be seen, whatever colour hides where it is transparent."""
    options = layer("image", asset=0, x=48, y=32, origin=[0.5, 0.5], width=40, scale=scale, rotate=degrees)
    (frame,) = compose([options], assets=[disc], background=GREEN)
    assert (frame[..., 1] >= 253).all()
    assert not frame[..., 0].any()
    (frame,) = compose([options], assets=[disc])
    assert area(frame, 1) == pytest.approx(math.pi * (15.2 * scale) ** 2, rel=0.03)


def test_an_overlay_without_a_background_is_premultiplied() -> None:
    (frame,) = compose(
        [block(opacity=0.5), layer("color", color="#00ff0080", x=10, width=20, height=10)], background=None
    )
    assert frame[5, 5].tolist() == [0, 0, 128, 128]
    assert frame[5, 25].tolist() == [0, 128, 0, 128]
    assert np.abs(frame[5, 15].astype(int) - (0, 128, 64, 192)).max() <= 1
    assert not frame[30, 50].any()


def test_the_background_of_a_film_is_opaque() -> None:
    (frame,) = compose([], background="#ffffff80")
    assert (frame[..., 3] == 255).all()
    assert np.abs(frame[0, 0, :3].astype(int) - 128).max() == 0


# Time


def test_a_layer_shows_from_its_first_frame_up_to_its_end() -> None:
    frames = compose([block(show=[3, 5])], range(8))
    assert [area(frame) > 0 for frame in frames] == [False, False, False, True, True, False, False, False]


def test_fade_goes_from_nothing_to_all() -> None:
    options = block(enter=passage("fade", [0, 10]), leave=passage("fade", [20, 30]), show=[0, 30])
    values = [int(frame[5, 5, 2]) for frame in compose([options], range(31))]
    assert values[0] == 0
    assert values[10:21] == [255] * 11
    assert values[:11] == pytest.approx([25.5 * f for f in range(11)], abs=1)
    assert values[20:30] == pytest.approx([255 - 25.5 * f for f in range(10)], abs=1)


@pytest.mark.parametrize(
    ("side", "travel"), [("left", (-29, 0)), ("right", (29, 0)), ("top", (0, -18.5)), ("bottom", (0, 18.5))]
)
def test_slide_comes_from_outside_the_canvas(side: str, travel: tuple[float, float]) -> None:
    options = block(x=38, y=27, enter=passage("slide", [0, 10], side))
    first, late, end = compose([options], [0, 5, 10])
    assert area(first) == 0
    assert bounds(end) == (38, 27, 58, 37)
    assert middle(late) == pytest.approx((48 + travel[0], 32 + travel[1]), abs=0.02)


def test_slide_out_mirrors_slide_in() -> None:
    come = compose([block(x=38, y=27, enter=passage("slide", [0, 10], "left"))], range(11))
    go = compose([block(x=38, y=27, leave=passage("slide", [0, 10], "left"))], range(11))
    assert all(np.array_equal(a, b) for a, b in zip(come, go[::-1], strict=True))


def test_zoom_grows_about_the_pivot_while_it_fades_in() -> None:
    options = block(x=48, y=32, origin=[0.5, 0.5], width=40, height=20, enter=passage("zoom", [0, 10]))
    first, late, end = compose([options], [0, 5, 10])
    assert area(first) == 0
    assert area(late) == pytest.approx(200 * 0.5, rel=0.02)
    assert middle(late) == pytest.approx((48, 32), abs=0.02)
    assert area(end) == 800


@pytest.mark.parametrize(
    ("side", "shown"),
    [("left", (10, 20, 15, 30)), ("right", (25, 20, 30, 30)), ("top", (10, 20, 30, 23)), ("bottom", (10, 27, 30, 30))],
)
def test_wipe_reveals_from_its_side(side: str, shown: tuple[int, int, int, int]) -> None:
    options = block(x=10, y=20, enter=passage("wipe", [0, 8], side))
    frames = compose([options], [0, 2, 8])
    assert [area(frame) for frame in frames] == pytest.approx([0, 50, 200], abs=1)
    assert bounds(frames[1]) == shown


def test_a_wipe_cuts_a_turned_text_along_its_own_edge() -> None:
    text = layer("text", text="MMMM", style=STYLE, wrap=None, x=48, y=32, origin=[0.5, 0.5], rotate=90)
    whole = compose([text])[0]
    half = compose([{**text, "enter": passage("wipe", [0, 10], "left")}], [5])[0]
    assert np.array_equal(half[:31], whole[:31])
    assert not half[33:, :, :3].any()
    assert whole[33:, :, 2].any()


def test_keyframes_move_by_fractions_of_a_pixel() -> None:
    keys = {"x": [[0, 10, "linear"], [40, 20, "linear"]], "y": [[0, 20, "linear"], [40, 22, "linear"]]}
    frames = compose([block(animate=keys)], range(41))
    for f, frame in enumerate(frames):
        assert middle(frame) == pytest.approx((20 + f / 4, 25 + f / 20), abs=0.02)
        assert area(frame) == pytest.approx(200, abs=0.5)


def test_keyframes_scale_turn_and_fade() -> None:
    keys = {
        "scale": [[0, 1, "linear"], [10, 3, "linear"]],
        "rotate": [[0, 0, "linear"], [10, 90, "linear"]],
        "opacity": [[0, 0, "linear"], [10, 1, "linear"]],
    }
    frames = compose([block(x=48, y=32, origin=[0.5, 0.5], animate=keys)], [0, 5, 10])
    assert [area(frame) for frame in frames] == pytest.approx([0, 200 * 4 * 0.5, 200 * 9], rel=0.01)
    assert bounds(frames[2]) == (33, 2, 63, 62)


def test_motion_never_shows_beyond_the_picture(photo: Path) -> None:
    motion = {"zoom": [1, 4], "center": [[0, 0], [1, 1]], "easing": "linear", "frames": [0, 10]}
    (first, end) = compose([layer("image", asset=0, fit="stretch", motion=motion)], [0, 10], assets=[photo])
    assert np.abs(first[..., :3].astype(int) - pattern(96, 64)).max() <= 5
    expected = pattern(192, 64)[48:, 144:]
    assert np.abs(end[2, 3, :3].astype(int) - expected[0, 1]).max() <= 6
    assert np.abs(end[-1, -1, :3].astype(int) - expected[-1, -1]).max() <= 6


@pytest.mark.parametrize("zoom", [1.15, 2.4])
@pytest.mark.parametrize("width", [1000, 400, 260, 150])
def test_a_zoom_moves_every_edge_along_a_smooth_curve(tmp_path: Path, width: int, zoom: float) -> None:
    """Sub-pixel: an edge's place, taken from how much of its row is white, follows the zoom to a tenth of a pixel."""
    source = np.zeros((50, width, 3), np.uint8)
    source[:, width * 6 // 10 :] = 255
    path = write_png(tmp_path / "edge.png", source)
    motion = {"zoom": [1.0, zoom], "center": [[0.5, 0.5], [0.6, 0.5]], "easing": "in-out-sine", "frames": [0, 90]}
    options = layer("image", asset=0, fit="stretch", motion=motion)
    places = [
        200 - float(frame[25, :, 0].sum()) / 255
        for frame in compose([options], range(91), assets=[path], size=(200, 50))
    ]
    for f, place in enumerate(places):
        done = (1 - math.cos(math.pi * f / 90)) / 2
        z = 1 + (zoom - 1) * done
        left = min(max(0.0, 0.5 + 0.1 * done - 0.5 / z), 1 - 1 / z)
        assert place == pytest.approx((0.6 - left) * z * 200, abs=0.1)


# The compositor's own memory


def test_a_frame_does_not_depend_on_the_frames_before_it(photo: Path) -> None:
    layers = [
        layer("image", asset=0),
        block(opacity=0.5),
        block(x=30, show=[2, 4], color="#0000ff80"),
        block(y=30, animate={"x": [[0, 0, "linear"], [6, 60, "linear"]]}),
        layer("color", color=GREEN, show=[5, 6]),
    ]
    order = [0, 1, 2, 3, 4, 5, 6, 0, 5, 2, 2, 6]
    together = compose(layers, order, assets=[photo])
    for f, frame in zip(order, together, strict=True):
        assert np.array_equal(frame, compose(layers, [f], assets=[photo])[0])


# Bad input


@pytest.mark.parametrize("kind", ["image", "video", "svg"])
def test_media_that_cannot_be_read_are_told_by_name(tmp_path: Path, kind: str) -> None:
    (path := tmp_path / "broken.bin").write_bytes(b"nothing of use" * 50)
    pieces = [{"from": 0, "to": 10, "at": "0", "rate": "1"}]
    with pytest.raises(FatalError, match=r"broken\.bin"):
        compose([layer(kind, asset=0, pieces=pieces)], assets=[path])


SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {0}</svg>'


def drawing(directory: Path, text: str) -> Path:
    (path := directory / "drawing.svg").write_text(text)
    return path


def test_an_svg_is_drawn_sharp_at_any_size(tmp_path: Path) -> None:
    path = drawing(tmp_path, SVG.format('viewBox="0 0 4 2"><rect x="1" width="1" height="2" fill="#f00"/>'))
    (frame,) = compose([layer("svg", asset=0, fit="contain", width=80)], assets=[path])
    assert bounds(frame) == (20, 0, 40, 40)
    assert area(frame) == 800
    (frame,) = compose([layer("svg", asset=0, fit="contain")], assets=[path])
    assert bounds(frame) == (24, 8, 48, 56)


def test_an_svg_is_zoomed_into_and_stays_sharp(tmp_path: Path) -> None:
    path = drawing(tmp_path, SVG.format('viewBox="0 0 16 9"><rect width="8" height="9" fill="#f00"/>'))
    motion = {"zoom": [1, 4], "center": [[0.5, 0.5]] * 2, "easing": "linear", "frames": [0, 10], "peak": 4}
    first, *_, last = compose([layer("svg", asset=0, fit="contain", motion=motion)], range(10), assets=[path])
    for frame in (first, last):
        row = frame[frame.shape[0] // 2, :, 2].astype(int)
        assert np.count_nonzero((row > 20) & (row < 235)) <= 2, "one edge, and no blur"
    assert (first != last).any()


@pytest.mark.parametrize(
    "reference",
    [
        '<image href="{0}" width="4" height="2"/>',
        '<image xlink:href="file://{0}" width="4" height="2"/>',
        '<filter id="f"><feImage href="{0}"/></filter><rect width="4" height="2" fill="none" filter="url(#f)"/>',
    ],
)
def test_an_svg_opens_no_other_file(tmp_path: Path, photo: Path, reference: str) -> None:
    path = drawing(tmp_path, SVG.format('viewBox="0 0 4 2">' + reference.format(photo)))
    (frame,) = compose([layer("svg", asset=0)], assets=[path])
    assert not frame[..., :3].any()


def test_an_entity_cannot_smuggle_a_reference_into_an_svg(tmp_path: Path, photo: Path) -> None:
    body = SVG.format('viewBox="0 0 4 2"><image href="&where;" width="4" height="2"/>')
    path = drawing(tmp_path, f'<!DOCTYPE svg [<!ENTITY where "{photo}">]>{body}')
    (frame,) = compose([layer("svg", asset=0)], assets=[path])
    assert not frame[..., :3].any()


def test_what_is_no_svg_is_told(tmp_path: Path) -> None:
    with pytest.raises(FatalError, match=r"drawing\.svg is XML but no SVG: its root is <html>"):
        compose([layer("svg", asset=0)], assets=[drawing(tmp_path, "<html/>")])
    with pytest.raises(FatalError, match=r"drawing\.svg is no SVG"):
        compose([layer("svg", asset=0)], assets=[drawing(tmp_path, "<svg")])
