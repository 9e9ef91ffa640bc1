"""Placeholders show what a picture or a clip shall show, at any size, and are the same every time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.rules.workshop import made, shipped
from vbmake import resources
from vbmake.errors import FatalError
from vbmake.providers.local.card import Type, card_layers, drawable
from vbmake.providers.local.scenery import compose
from vbmake.render.fonts import read_font
from vbmake.render.opencv import cv2

FONTS = Type(
    read_font(resources.path(resources.DEFAULT_BOLD)),
    read_font(resources.path(resources.DEFAULT_FONT)),
)
LONG = "A wide view of the harbour with every ship, every sailor, every rope and every bird in it, " * 30


def picture(path: Path, prompt: str, width: int, height: int, /) -> np.ndarray:
    made_file = made(shipped("placeholder-image"), path, prompt=prompt, width=width, height=height)
    assert [file.name for file in made_file.parent.iterdir()] == ["image.png"]  # nothing else is left behind
    pixels: np.ndarray = cv2.imread(str(made_file), cv2.IMREAD_UNCHANGED)
    assert pixels.shape == (height, width, 3)
    return pixels


def words(prompt: str, width: int, height: int) -> str:
    layers = card_layers(prompt, "note", (width, height), compose(prompt, width, height).palette, FONTS, 1)
    return next((layer["text"] for layer in layers if layer["kind"] == "text"), "")


@pytest.mark.parametrize(
    ("width", "height"), [(640, 360), (360, 640), (300, 300), (630, 270), (64, 64), (900, 64), (17, 16)]
)
def test_a_placeholder_has_any_size_and_shape(tmp_path: Path, width: int, height: int) -> None:
    pixels = picture(tmp_path, "A quiet harbour at dawn", width, height)
    assert pixels.std() > 3  # it is no blank


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        "灯台 at night",
        "שלום עולם",
        "🚀🚀",
        "e\u0301\u200d",
        "{\\an8}%{pts} 'it' \\N : [0:v] {{ x }} \ud800",
        "x" * 5000,
    ],
)
def test_any_script_and_any_sign_may_stand_in_a_prompt(tmp_path: Path, prompt: str) -> None:
    picture(tmp_path, prompt, 320, 180)


def test_the_same_words_are_the_same_bytes_and_others_another_picture(tmp_path: Path) -> None:
    files = [
        made(shipped("placeholder-image"), tmp_path / name, prompt=prompt, width=320, height=180).read_bytes()
        for name, prompt in (("1", "A violinist"), ("2", "A violinist"), ("3", "A pianist"))
    ]
    assert files[0] == files[1] != files[2]


def test_a_subject_that_is_known_is_hinted_at() -> None:
    sea, town = (compose(prompt, 640, 360).elements for prompt in ("A ship on the ocean", "A city at noon"))
    assert sea.count("<rect") == 11  # the sky, the water and the light on it
    assert town.count("<rect") > 40


def test_the_words_are_on_the_card_whole() -> None:
    for width, height in ((1280, 720), (720, 1280), (320, 180)):
        assert words("A quiet harbour at dawn", width, height).split() == ["A", "quiet", "harbour", "at", "dawn"]


def test_words_that_do_not_fit_end_with_an_ellipsis_after_a_whole_word() -> None:
    shown = words(LONG, 640, 360).split()
    assert shown[-1] == "…"
    assert 20 < len(shown) < len(LONG.split())
    assert [word.strip(",") for word in shown[:-1]] == [word.strip(",") for word in LONG.split()[: len(shown) - 1]]


def test_short_words_are_set_larger_than_many() -> None:
    sizes = []
    for prompt in ("Coffee", "A team around a whiteboard in warm light, shallow depth of field, seen from behind " * 2):
        layers = card_layers(prompt, "note", (1280, 720), compose(prompt, 1280, 720).palette, FONTS, 1)
        sizes.append(next(layer["style"]["size"] for layer in layers if layer["kind"] == "text"))
    assert sizes[0] > sizes[1] >= 720 * 0.034


def test_letters_that_the_font_lacks_are_told_by_their_script() -> None:
    assert drawable("灯台 at night שלום עולם 🚀", FONTS.bold) == ["[CJK]", "at", "night", "[Hebrew]"]


def clip(path: Path, **options: Any) -> tuple[Path, list[np.ndarray]]:
    file = made(shipped("placeholder-clip"), path, prompt="Boats leave the harbour", **options)
    with av.open(str(file)) as container:
        assert [stream.type for stream in container.streams] == ["video"]
        assert container.streams.video[0].codec.name == "h264"
        assert container.streams.video[0].average_rate == 30
        return file, [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]


def test_a_clip_lasts_as_long_as_asked_moves_and_shows_how_much_has_passed(tmp_path: Path) -> None:
    _, frames = clip(tmp_path, width=320, height=180, seconds="3/2")
    assert len(frames) == 45
    assert frames[0].shape == (180, 320, 3)
    assert np.abs(frames[0][:90].astype(int) - frames[-1][:90]).mean() > 0.5  # it drifts
    bars = [frame[-1].astype(int).sum(axis=1) for frame in (frames[0], frames[22], frames[44])]
    bright = [int((bar > bars[2].max() * 0.9).sum()) for bar in bars]
    assert bright[0] < 40 < 120 < bright[1] < 200 < 280 < bright[2]


def test_a_clip_is_the_same_each_time_and_its_sides_are_even(tmp_path: Path) -> None:
    one, frames = clip(tmp_path / "1", width=95, height=65, seconds="0.2")
    two, _ = clip(tmp_path / "2", width=95, height=65, seconds="0.2")
    assert one.read_bytes() == two.read_bytes()
    assert frames[0].shape == (66, 96, 3)
    assert len(frames) == 6


@pytest.mark.parametrize("seconds", ["0", "601", "99999"])
def test_a_clip_of_no_length_or_beyond_sense_is_refused(tmp_path: Path, seconds: str) -> None:
    with pytest.raises(FatalError, match="allowed are"):
        clip(tmp_path, width=64, height=64, seconds=seconds)
