"""The planner's windows and the renderer agree: frame f of a shot is frame a + f of the whole scene, to the pixel."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.plan.films import RULES
from vbmake import resources
from vbmake.plan.build import picture_of
from vbmake.plan.draft import Draft
from vbmake.plan.inputs import BuildInputs
from vbmake.plan.look import files_of, number
from vbmake.plan.shots import geometries
from vbmake.plan.types import Bundled, Ref, Source
from vbmake.project.models import Film, Project
from vbmake.render.composite import Scene
from vbmake.render.probe import probe

FRAMES, WIDTH, HEIGHT = 40, 160, 90

LAYERS: dict[str, dict[str, Any]] = {
    "image": {"image": "photo.png", "motion": {"zoom": [1.4, 1], "toward": [0.8, 0.2], "easing": "ease-in-out"}},
    "image in a box": {"image": "photo.png", "width": "31%", "at": "bottom right", "enter": {"slide": "0.4s"}},
    "image that turns": {"image": "photo.png", "height": "50%", "animate": {"rotate": [["0.3s", 0], ["0.8s", 33]]}},
    "video": {"video": "clip.mp4", "speed": 1.5, "show": "0.2s"},
    "video that ends": {"video": "clip.mp4", "trim": ["0.1s", "0.5s"], "fit": "blur"},
    "video backwards": {"video": "clip.mp4", "reverse": True, "loop": True, "width": "40%"},
    "video that stands": {"video": "clip.mp4", "freeze": {"at": "0.3s", "for": "0.4s"}},
    "text": {"text": "Ag 7", "style": {"size": "30%"}, "enter": {"fade": "0.3s"}, "leave": {"zoom": "0.4s"}},
    "text that moves": {
        "text": "Ag 7",
        "style": {"size": "20%"},
        "animate": {
            "x": [["0.2s", "20%"], ["0.6s", "63.3%", "out-back"]],
            "scale": [["0.1s", 1.7], ["0.5s", 1.03]],
            "opacity": [["0s", 0.2], ["0.5s", 1]],
        },
    },
    "color": {"color": "teal", "width": "33.3%", "height": "20%", "leave": {"wipe": "0.5s", "from": "bottom"}},
    "gradient": {"gradient": {"colors": ["red", "#00f8", "lime"], "angle": 30}, "enter": {"wipe": "0.7s"}},
    "shape": {"shape": "ellipse", "width": "20%", "height": "30%", "animate": {"y": [["0s", "10%"], ["0.9s", "80%"]]}},
    "svg": {"svg": "art.svg", "width": "50%", "animate": {"scale": [["0s", 0.5], ["0.7s", 1.4]]}},
}


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory, clip: Path) -> Path:
    folder = tmp_path_factory.mktemp("window")
    from vbmake.render.opencv import cv2

    random = np.random.default_rng(4)
    photo = cv2.resize(random.integers(0, 255, (13, 17, 3), np.uint8), (340, 260), interpolation=cv2.INTER_CUBIC)
    cv2.imwrite(str(folder / "photo.png"), photo)
    (folder / "clip.mp4").write_bytes(clip.read_bytes())
    (folder / "art.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 30"><path d="M2 2 L38 9 L20 28 Z" fill="#c83"/></svg>'
    )
    return folder


@pytest.mark.parametrize("name", LAYERS)
def test_the_frames_of_a_shot_are_the_frames_of_the_whole_scene(name: str, media: Path) -> None:
    scene = {"id": "a", "duration": f"{FRAMES / 30:.4f}s", "layers": [LAYERS[name]], "background": "#223344"}
    film = Film.model_validate({"vbmake": 1, "size": f"{WIDTH}x{HEIGHT}", "scenes": [scene]})
    files = ("photo.png", "clip.mp4")
    inputs = BuildInputs(Project(root=str(media), films=(film,)), RULES, {file: probe(media / file) for file in files})
    picture = picture_of(Draft(inputs), film, geometries(film)[0])
    assert picture is not None
    look = picture._looks[0]
    refs = files_of(look.layers)
    layers = [number(dict(layer.look), refs) for layer in look.layers]
    whole = frames_of({"background": look.background, "layers": layers}, refs, media, range(FRAMES))
    assert len({frame.tobytes() for frame in whole}) > 1, "a layer that never changes shows nothing here"
    for a, b in ((0, 7), (5, 6), (11, 29), (23, 24), (29, FRAMES)):
        options, refs, _ = picture.composition(0, a, b)
        part = frames_of(options, refs, media, range(b - a))
        for f in range(a, b):
            assert np.array_equal(part[f - a], whole[f]), f"frame {f} of [{a}, {b})"


def frames_of(options: Any, refs: Any, media: Path, frames: range) -> list[Any]:
    def path(ref: Ref) -> Path:
        assert isinstance(ref, Source | Bundled)
        return media / ref.path if isinstance(ref, Source) else resources.path(ref.path)

    assets, fonts = ([path(ref) for ref in refs[role]] for role in ("assets", "fonts"))
    with Scene(options, assets, fonts, (WIDTH, HEIGHT), str(Fraction(30))) as scene:
        return [scene.frame(f).copy() for f in frames]
