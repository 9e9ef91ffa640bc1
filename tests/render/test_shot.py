"""Shots are encoded so that they can be joined: every frame, one setting, the same bytes every time."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.render.scenes import SIZE, compose, decoded, layer, pattern, work, write_png
from tests.seams import barcode
from vbmake.errors import FatalError, JobError
from vbmake.render.encode import encode_frames, timescale
from vbmake.render.opencv import cv2
from vbmake.render.shot import render_shot, render_still
from vbmake.render.sprite import Pixels

GROUND = {"background": "#204060ff"}


@pytest.fixture
def moving(tmp_path: Path) -> list[Path]:
    return [write_png(tmp_path / "photo.png", pattern(300, 200))]


MOVING = layer(
    "image",
    asset=0,
    motion={"zoom": [1, 1.5], "center": [[0.5, 0.5], [0.7, 0.4]], "easing": "linear", "frames": [0, 25]},
)


def test_a_shot_has_the_frames_of_its_scene(tmp_path: Path, moving: list[Path]) -> None:
    job = work(tmp_path, {**GROUND, "frames": 25, "layers": [MOVING]}, "shot.mp4", moving)
    seen: list[tuple[int, int]] = []
    render_shot(job._replace(progress=lambda done, total: seen.append((done, total))))
    pictures = decoded(job.outputs["shot"])
    expected = compose([MOVING], range(25), assets=moving)
    assert len(pictures) == 25
    for made, frame in zip(pictures, expected, strict=True):
        assert np.abs(made.astype(int) - frame[..., :3]).mean() < 3
    assert seen[-1] == (25, 25)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_a_shot_is_tagged_and_cut_into_closed_gops_on_a_grid(tmp_path: Path, moving: list[Path]) -> None:
    job = work(tmp_path, {**GROUND, "frames": 25, "layers": [MOVING]}, "shot.mp4", moving)
    render_shot(job)
    with av.open(str(job.outputs["shot"])) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        assert (context.name, context.pix_fmt, context.profile) == ("h264", "yuv420p", "Constrained Baseline")
        assert [context.colorspace, context.color_primaries, context.color_trc, context.color_range] == [1, 1, 1, 1]
        assert stream.average_rate == 30
        assert stream.time_base == Fraction(1, 10020)
        assert len(container.streams) == 1
        packets = [packet for packet in container.demux(stream) if packet.pts is not None]
    first = min(packet.pts for packet in packets if packet.pts is not None)
    shown = sorted(((packet.pts or 0) - first) * 30 // 10020 for packet in packets if packet.is_keyframe)
    assert shown == [0, 10, 20]


def test_the_colours_survive_the_way_through_yuv(tmp_path: Path) -> None:
    for colour, bgr in (("#ff0000ff", (0, 0, 255)), ("#30c060ff", (96, 192, 48)), ("#ffffffff", (255, 255, 255))):
        job = work(tmp_path, {"background": colour, "frames": 1, "layers": []}, "shot.mp4")
        render_shot(job)
        with av.open(str(job.outputs["shot"])) as container:
            frame = next(container.decode(video=0))
            luma = frame.to_ndarray()[0, 0]
        blue, green, red = bgr
        assert abs(int(luma) - (16 + (0.2126 * red + 0.7152 * green + 0.0722 * blue) * 219 / 255)) <= 1.5


@pytest.mark.parametrize("fps", ["24", "25", "30000/1001", "60"])
def test_every_frame_lasts_a_whole_number_of_ticks(tmp_path: Path, fps: str) -> None:
    assert (timescale(Fraction(fps)) / Fraction(fps)).denominator == 1
    job = work(tmp_path, {**GROUND, "frames": 12, "fps": fps, "layers": []}, "shot.mp4")
    render_shot(job)
    with av.open(str(job.outputs["shot"])) as container:
        stream = container.streams.video[0]
        assert stream.time_base == Fraction(1, timescale(Fraction(fps)))
        assert stream.average_rate == Fraction(fps)
        assert stream.duration == 12 * timescale(Fraction(fps)) / Fraction(fps)


def test_a_shot_is_the_same_bytes_every_time(tmp_path: Path, moving: list[Path]) -> None:
    made = []
    for name in ("one", "two"):
        (directory := tmp_path / name).mkdir()
        job = work(directory, {**GROUND, "frames": 15, "layers": [MOVING]}, "shot.mp4", moving)
        render_shot(job)
        made.append(job.outputs["shot"].read_bytes())
    assert made[0] == made[1]


def test_a_video_layer_shows_its_pictures_in_order(tmp_path: Path, clip: Path) -> None:
    pieces = [{"from": 0, "to": 12, "at": "0", "rate": "1"}, {"from": 12, "to": 20, "at": "1", "rate": "-1"}]
    options = layer("video", asset=0, pieces=pieces, fit="stretch", width=64, height=48)
    frames = compose([options], range(20), assets=[clip], size=(64, 48))
    for f, frame in enumerate(frames):
        number = f if f < 12 else 29 - (f - 12)
        assert np.abs(frame[..., :3].astype(int) - barcode(number, 64, 48)).mean() < 20, f


@pytest.mark.parametrize("extension", ["png", "jpg"])
def test_a_still_is_an_image_of_the_frame(tmp_path: Path, moving: list[Path], extension: str) -> None:
    job = work(tmp_path, {**GROUND, "frames": 1, "layers": [MOVING]}, f"still.{extension}", moving)
    render_still(job)
    made = cv2.imread(str(job.outputs["still"]))
    (frame,) = compose([MOVING], assets=moving)
    assert made.shape == (SIZE[1], SIZE[0], 3)
    assert np.abs(made.astype(int) - frame[..., :3]).mean() <= (0 if extension == "png" else 4)


def _encode(job_directory: Path, feed: Iterator[Pixels], name: str = "shot.mp4") -> None:
    job = work(job_directory, {"frames": 8}, name)
    encode_frames(feed, job.options, job_directory / name, log=lambda line: None, progress=lambda done, total: None)


def _grey(frames: int) -> Iterator[Pixels]:
    return (np.full((SIZE[1] * 3 // 2, SIZE[0]), 128, np.uint8) for _ in range(frames))


def test_a_failing_encoder_is_told_with_its_last_words_and_nothing_hangs(tmp_path: Path) -> None:
    with pytest.raises(JobError, match=r"(?s)ffmpeg failed.*No such file"):
        _encode(tmp_path, _grey(8), "gone/shot.mp4")


def test_a_failing_scene_ends_the_encoder(tmp_path: Path) -> None:
    def feed() -> Iterator[Pixels]:
        yield from _grey(3)
        raise FatalError("photo.png is damaged")

    with pytest.raises(FatalError, match=r"photo\.png is damaged"):
        _encode(tmp_path, feed())


def test_a_shot_with_a_frame_too_few_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(JobError, match=r"shot\.mp4 has 7 frames and not 8"):
        _encode(tmp_path, _grey(7))
