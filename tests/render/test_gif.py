"""GIFs of a part of a film."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.seams import read_barcode
from vbmake.errors import FatalError
from vbmake.render.gif import render_gif
from vbmake.render.probe import probe
from vbmake.render.video import Clip
from vbmake.rules.work import Work


def gif_of(film: Path, target: Path, **options: Any) -> Path:
    target.parent.mkdir(exist_ok=True)
    settings = {"width": 64, "fps": "10", "from": "0", "to": None, **options}
    assert render_gif(Work(settings, {"film": (film,)}, {"gif": target}, target.parent)) is None
    return target


def numbers(gif: Path, count: int, fps: str) -> list[int]:
    with Clip(gif, [{"from": 0, "to": count, "at": "0", "rate": "1"}], fps) as clip:
        return [read_barcode(np.asarray(clip.frame(f))) for f in range(count)]


def test_a_gif_shows_the_part_that_was_asked_for(clip: Path, tmp_path: Path) -> None:
    gif = gif_of(clip, tmp_path / "part.gif", **{"from": "1/2", "to": "3/2"})
    measures = probe(gif)
    assert (measures["frames"], measures["fps"], measures["duration"]) == (10, "10", "1")
    assert (measures["width"], measures["height"]) == (64, 48)
    assert all(abs(number - (15 + 3 * n)) <= 2 for n, number in enumerate(numbers(gif, 10, "10")))


def test_a_gif_without_an_end_goes_to_the_end_of_the_film(clip: Path, tmp_path: Path) -> None:
    measures = probe(gif_of(clip, tmp_path / "whole.gif", width=32))
    assert (measures["frames"], measures["duration"], measures["width"], measures["height"]) == (20, "2", 32, 24)
    assert probe(gif_of(clip, tmp_path / "beyond.gif", to="100"))["duration"] == "2"


def test_a_gif_is_the_same_each_time_and_leaves_nothing_beside_it(clip: Path, tmp_path: Path) -> None:
    first, second = (gif_of(clip, tmp_path / name / "film.gif") for name in ("a", "b"))
    assert first.read_bytes() == second.read_bytes()
    assert [path.name for path in first.parent.iterdir()] == ["film.gif"]


def test_a_gif_repeats_for_ever(clip: Path, tmp_path: Path) -> None:
    assert b"NETSCAPE2.0\x03\x01\x00\x00" in gif_of(clip, tmp_path / "film.gif").read_bytes()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"from": "5"}, "is to run from 5 s to 2 s and the film lasts 2 s: choose a part of it"),
        ({"from": "1", "to": "1"}, "is to run from 1 s to 1 s"),
        ({"fps": "60"}, "at 60 fps: allowed are 1 px or more, up to 50 fps"),
        ({"width": 0}, "is to be 0 px wide"),
    ],
)
def test_a_gif_of_nothing_is_refused(clip: Path, tmp_path: Path, options: dict[str, Any], reason: str) -> None:
    with pytest.raises(FatalError, match=reason):
        gif_of(clip, tmp_path / "film.gif", **options)
