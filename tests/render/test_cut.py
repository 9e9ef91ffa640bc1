"""Cuts: every transition of xfade, exact at its start, untouched overlays above it, ready to be joined with shots."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.render.scenes import STYLE, compose, decoded, layer, pattern, work, write_png
from vbmake import process
from vbmake.errors import FatalError
from vbmake.render import ffmpeg
from vbmake.render.shot import render_cut, render_shot
from vbmake.rules.work import Work
from vbmake.transitions import TRANSITIONS

RED = {"background": "#c03020ff", "layers": []}
BLUE = {"background": "#2040c0ff", "layers": []}


def cut(directory: Path, transition: str, assets: tuple[Path, ...] = (), **options: Any) -> Work:
    plain: dict[str, Any] = {"frames": 5, "transition": transition, "a": RED, "b": BLUE, "over": []}
    return work(directory, {**plain, **options}, "cut.mp4", assets)


def test_every_transition_of_this_ffmpeg_is_offered() -> None:
    told = process.run([ffmpeg.executable(), "-hide_banner", "-h", "filter=xfade"]).decode()
    listed = set(re.findall(r"^ {5}(\w+) +\d+ ", told, re.M))
    assert listed == set(TRANSITIONS)
    assert len(TRANSITIONS) == len(set(TRANSITIONS))


@pytest.mark.parametrize("transition", TRANSITIONS)
def test_a_transition_begins_with_the_first_scene_and_comes_to_the_second(tmp_path: Path, transition: str) -> None:
    render_cut(job := cut(tmp_path, transition))
    pictures = decoded(job.outputs["cut"])
    assert len(pictures) == 5
    red, blue = (compose([], background=scene["background"])[0][..., :3].astype(int) for scene in (RED, BLUE))
    assert np.abs(pictures[0] - red).max() <= 3
    assert any(np.abs(picture - red).max() > 60 for picture in pictures[1:])
    if transition != "distance":  # it goes by how far two colours lie apart: for these it is over at once
        assert np.abs(pictures[1] - blue).max() > 60, "a fifth of the way, the first scene is still seen"
    if not transition.startswith(("fadeblack", "fadewhite", "fadegrays", "fadeslow")):
        assert np.abs(pictures[-1] - blue).mean() <= np.abs(pictures[1] - blue).mean() + 0.1


def test_a_fade_mixes_both_scenes_as_they_move(tmp_path: Path) -> None:
    photo = write_png(tmp_path / "photo.png", pattern(200, 150))
    motion = {"zoom": [1, 2], "center": [[0.5, 0.5], [0.8, 0.5]], "easing": "linear", "frames": [-10, 20]}
    scene = {"background": "#000000ff", "layers": [layer("image", asset=0, motion=motion)]}
    render_cut(job := cut(tmp_path, "fade", (photo,), a=scene, frames=6))
    moving = compose(scene["layers"], range(6), assets=[photo])
    still = compose([], background=BLUE["background"])[0]
    for f, picture in enumerate(decoded(job.outputs["cut"])):
        expected = moving[f][..., :3] * (1 - f / 6) + still[..., :3] * (f / 6)
        assert np.abs(picture - expected).mean() < 3


def test_what_lies_over_a_transition_is_untouched_by_it(tmp_path: Path) -> None:
    over = [
        layer("color", color="#ffffff80", x=10, y=8, width=30, height=20),
        layer("text", text="Pharos", style=STYLE, wrap=None, x=48, y=50, origin=[0.5, 0.5]),
    ]
    render_cut(job := cut(tmp_path, "wipeleft", over=over))
    pictures = decoded(job.outputs["cut"])
    for picture, scene in ((pictures[0], RED), (pictures[4], BLUE)):
        (expected,) = compose(over, background=scene["background"])
        left = np.abs(picture.astype(int) - expected[..., :3])[:, :70]
        assert left.mean() < 2.5 if scene is RED else left[8:28, 30:40].mean() < 4


def test_cuts_and_shots_have_the_same_headers_and_pixels_where_they_meet(tmp_path: Path) -> None:
    logo = [layer("color", color="#ffcc0090", x=60, y=5, width=25, height=15)]
    render_cut(cutting := cut(tmp_path, "fade", over=logo))
    scene = {**RED, "layers": logo, "frames": 12}
    render_shot(shooting := work(tmp_path, scene, "shot.mp4"))
    headers = []
    for path in (cutting.outputs["cut"], shooting.outputs["shot"]):
        with av.open(str(path)) as container:
            headers.append((container.streams.video[0].codec_context.extradata, container.streams.video[0].time_base))
    assert headers[0] == headers[1]
    before, after = decoded(shooting.outputs["shot"])[-1], decoded(cutting.outputs["cut"])[0]
    assert np.abs(before.astype(int) - after).max() <= 3


def test_a_cut_is_the_same_bytes_every_time(tmp_path: Path) -> None:
    made = []
    for name in ("one", "two"):
        (directory := tmp_path / name).mkdir()
        render_cut(job := cut(directory, "dissolve", frames=8, over=[layer("color", color="#ffffff80", width=9)]))
        made.append(job.outputs["cut"].read_bytes())
    assert made[0] == made[1]


@pytest.mark.parametrize("fps", ["24", "30000/1001"])
@pytest.mark.parametrize("frames", [1, 2, 15])
def test_a_cut_has_its_frames_at_every_rate(tmp_path: Path, fps: str, frames: int) -> None:
    render_cut(job := cut(tmp_path, "fade", fps=fps, frames=frames))
    assert len(decoded(job.outputs["cut"])) == frames


@pytest.mark.parametrize("transition", ["custom", "fade:expr=1", "melt"])
def test_what_is_no_transition_is_refused(tmp_path: Path, transition: str) -> None:
    with pytest.raises(FatalError, match="there is no transition"):
        render_cut(cut(tmp_path, transition))


def test_a_scene_that_cannot_be_shown_fails_the_cut(tmp_path: Path) -> None:
    (broken := tmp_path / "broken.png").write_bytes(b"no image")
    with pytest.raises(FatalError, match=r"broken\.png"):
        render_cut(cut(tmp_path, "fade", (broken,), b={**BLUE, "layers": [layer("image", asset=0)]}))
