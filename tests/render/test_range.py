"""A shot shows exactly the frames that the whole scene would: for every kind of layer, pixel for pixel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.render.scenes import SIZE, STYLE, compose, layer, moved_earlier, passage, pattern, write_png

FRAMES = 24
KEYS = {
    "x": [[0, 10, "linear"], [9, 50, "out-back"], [20, 48, "linear"]],
    "y": [[2, 20, "linear"], [22, 40, "in-out-sine"]],
    "scale": [[0, 0.4, "linear"], [12, 2.2, "ease-in-out"], [23, 0.9, "linear"]],
    "rotate": [[0, -20, "linear"], [23, 120, "linear"]],
    "opacity": [[0, 0.2, "linear"], [10, 1, "linear"]],
}
MOTION = {"zoom": [1, 2.4], "center": [[0.5, 0.5], [0.9, 0.2]], "easing": "ease-in-out", "frames": [0, 30]}
WORDS = [{"text": "one", "start": 2, "end": 8}, {"text": "two", "start": 8, "end": 15}]

KINDS: dict[str, dict[str, Any]] = {
    "image": {"asset": 0},
    "video": {
        "asset": 1,
        "pieces": [{"from": 0, "to": 10, "at": "1/5", "rate": "2"}, {"from": 10, "to": 30, "at": "1", "rate": "-3/4"}],
    },
    "color": {"color": "#3366ccaa"},
    "gradient": {"gradient": {"kind": "linear", "angle": 30, "stops": [[0, "#ff0000ff"], [1, "#0000ff40"]]}},
    "shape": {"shape": {"kind": "ellipse", "fill": "#ffcc00ff", "stroke": "#000000ff", "stroke_width": 3, "radius": 0}},
    "svg": {"asset": 2, "fit": "contain"},
    "text": {"text": "Pharos", "style": {**STYLE, "outline": {"width": 2, "color": "#000000ff"}}, "wrap": None},
}
BOXED = {"x": 48, "y": 32, "origin": [0.5, 0.5], "width": 50, "height": 40}
WAYS: dict[str, dict[str, Any]] = {
    "still": {},
    "boxed": {**BOXED, "radius": 6, "opacity": 0.8, "rotate": 12},
    "animated": {**BOXED, "animate": KEYS},
    "moving": {"motion": MOTION},
    "passing": {
        **BOXED,
        "show": [1, 22],
        "enter": passage("slide", [1, 9], "left", "out-cubic"),
        "leave": passage("zoom", [14, 22], easing="in-back"),
    },
    "wiped": {"enter": passage("wipe", [0, 9], "right"), "leave": passage("fade", [12, 20])},
}


@pytest.fixture(scope="module")
def assets(tmp_path_factory: pytest.TempPathFactory, clip: Path) -> list[Path]:
    directory = tmp_path_factory.mktemp("assets")
    (drawing := directory / "mark.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 30 20"><circle cx="15" cy="10" r="9" fill="#0a8"/></svg>'
    )
    return [write_png(directory / "photo.png", pattern(240, 150)), clip, drawing]


def check(options: dict[str, Any], assets: list[Path]) -> None:
    below = layer("gradient", gradient={"kind": "radial", "stops": [[0, "#405060ff"], [1, "#102030ff"]]})
    whole = compose([below, options], range(FRAMES), assets=assets)
    if options["kind"] != "video":
        assert any(not np.array_equal(whole[0], frame) for frame in [*whole[1:], compose([below])[0]])
    for first, end in ((0, 7), (7, 16), (16, FRAMES), (13, 14)):
        part = compose([below, moved_earlier(options, first)], range(end - first), assets=assets)
        for f, frame in enumerate(part, first):
            assert np.array_equal(frame, whole[f]), f"frame {f} of the shot from {first} is another"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_range_of_a_scene_shows_what_the_whole_shows(kind: str, way: str, assets: list[Path]) -> None:
    check(layer(kind, **{**KINDS[kind], **WAYS[way]}), assets)


@pytest.mark.parametrize("mode", ["karaoke", "phrase"])
def test_a_range_of_captions_shows_what_the_whole_shows(mode: str, assets: list[Path]) -> None:
    cues = [
        {"start": 2, "end": 17, "words": WORDS},
        {"start": 18, "end": 22, "words": [{"text": "end", "start": 18, "end": 22}]},
    ]
    place = {"x": SIZE[0] / 2, "y": 60, "origin": [0.5, 1], "wrap": 80}
    check(layer("captions", style=STYLE, mode=mode, active="#ffcc00ff", cues=cues, **place), assets)


def test_a_still_of_a_frame_is_that_frame(assets: list[Path]) -> None:
    options = layer("image", **KINDS["image"], **WAYS["animated"])
    whole = compose([options], range(FRAMES), assets=assets)
    for f in (0, 5, 23):
        assert np.array_equal(compose([moved_earlier(options, f)], assets=assets)[0], whole[f])
