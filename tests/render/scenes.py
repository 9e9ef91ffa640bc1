"""Scenes for the tests of the compositor: layers as the planner writes them, and their frames."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np

from vbmake.render.composite import Scene
from vbmake.render.opencv import cv2
from vbmake.render.sprite import Pixels
from vbmake.rules.work import Work

FONT = Path(__file__).parents[2] / "vbmake" / "resources" / "fonts" / "Inter-Bold.otf"
SIZE = (96, 64)
ENCODE = {"preset": "ultrafast", "crf": 4, "gop": 10}

STYLE: dict[str, Any] = {
    "font": 0,
    "size": 20,
    "color": "#ffffffff",
    "outline": None,
    "shadow": None,
    "box": None,
    "align": "left",
    "spacing": 0,
    "bold": False,
    "italic": False,
}


def layer(kind: str, **options: Any) -> dict[str, Any]:
    """A layer as the planner writes it: every field there, at rest, over the whole canvas."""
    rest: dict[str, Any] = {
        "kind": kind,
        "show": [0, 1000],
        **{"x": 0, "y": 0, "origin": [0, 0], "width": None, "height": None, "fit": "cover", "crop": None},
        **{"flip": "none", "radius": 0, "rotate": 0, "scale": 1.0, "opacity": 1.0},
        **{"motion": None, "animate": {}, "enter": None, "leave": None},
    }
    return {**rest, **options}


def passage(kind: str, frames: Sequence[int], side: str = "none", easing: str = "linear") -> dict[str, Any]:
    return {"kind": kind, "side": side, "frames": list(frames), "easing": easing}


def compose(
    layers: Sequence[dict[str, Any]],
    frames: Iterable[int] = (0,),
    *,
    assets: Sequence[Path] = (),
    background: str | None = "#000000ff",
    size: tuple[int, int] = SIZE,
    fps: str = "30",
) -> list[Pixels]:
    """The frames of a scene, each a copy."""
    part = {"background": background, "layers": layers}
    with Scene(part, assets, [FONT], size, fps) as scene:
        return [scene.frame(f).copy() for f in frames]


def moved_earlier(options: dict[str, Any], frames: int) -> dict[str, Any]:
    """A layer as the planner gives it to a shot that begins `frames` later."""
    moved = copy.deepcopy(options)
    moved["show"] = [f - frames for f in moved["show"]]
    for name in ("motion", "enter", "leave"):
        if moved[name]:
            moved[name]["frames"] = [f - frames for f in moved[name]["frames"]]
    for keys in moved["animate"].values():
        for key in keys:
            key[0] -= frames
    for piece in moved.get("pieces", ()):
        piece["from"] -= frames
        piece["to"] -= frames
    for cue in moved.get("cues", ()):
        for part in (cue, *cue["words"]):
            part["start"] -= frames
            part["end"] -= frames
    return moved


def work(directory: Path, options: dict[str, Any], output: str, assets: Sequence[Path] = ()) -> Work:
    """A job as the engine gives it: `output` is a file name such as `shot.mp4`, its stem the role."""
    common = {"width": SIZE[0], "height": SIZE[1], "fps": "30", "encode": ENCODE}
    return Work(
        options={**common, **options},
        inputs={"assets": tuple(assets), "fonts": (FONT,)},
        outputs={output.split(".")[0]: directory / output},
        directory=directory,
    )


def decoded(path: Path) -> list[Pixels]:
    """The pictures of a video, (h, w, 3) BGR."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]


def write_png(path: Path, pixels: Pixels) -> Path:
    assert cv2.imwrite(str(path), pixels)
    return path


def pattern(width: int, height: int) -> Pixels:
    """Smooth colours of which no two places have the same: what went where can be told from it."""
    y, x = np.mgrid[:height, :width]
    return np.dstack([x * 255 // (width - 1), y * 255 // (height - 1), 255 - x * 255 // (width - 1)]).astype(np.uint8)
