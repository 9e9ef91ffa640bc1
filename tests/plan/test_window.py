"""Windows: only what frames [a, b) show is in a shot, counted from its own first frame."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from vbmake.plan.window import window

FPS = Fraction(30)


def layer(**values: Any) -> dict[str, Any]:
    rest = {"kind": "image", "asset": 0, "enter": None, "leave": None, "motion": None, "animate": {}}
    return {**rest, "show": [0, 300], **values}


def test_a_layer_that_does_not_show_in_the_window_leaves_no_trace() -> None:
    assert window(layer(show=[150, 210]), 0, 150, FPS) is None
    assert window(layer(show=[150, 210]), 210, 300, FPS) is None


def test_a_layer_that_stands_still_brings_no_time_into_the_window() -> None:
    assert window(layer(), 0, 100, FPS) == window(layer(), 150, 250, FPS)


def test_an_entrance_that_is_over_is_forgotten() -> None:
    entering = layer(enter={"kind": "fade", "side": "none", "frames": [0, 15], "easing": "linear"})
    assert window(entering, 15, 100, FPS) == window(layer(), 15, 100, FPS)
    seen = window(entering, 14, 100, FPS)
    assert seen is not None
    assert seen["enter"]["frames"] == [-14, 1]


def test_a_leaving_that_is_yet_to_come_is_forgotten() -> None:
    leaving = layer(leave={"kind": "fade", "side": "none", "frames": [285, 300], "easing": "linear"})
    assert window(leaving, 100, 285, FPS) == window(layer(), 100, 285, FPS)


def test_keyframes_outside_the_window_become_a_plain_value() -> None:
    keys = [[0, 0.0, "linear"], [30, 1.0, "out-back"], [60, 1.0, "linear"], [90, 0.2, "in-quad"]]
    animated = layer(animate={"opacity": keys}, opacity=0.5)
    steady = window(animated, 30, 61, FPS)
    assert steady is not None
    assert (steady["animate"], steady["opacity"]) == ({}, 1.0)
    after = window(animated, 90, 120, FPS)
    assert after is not None
    assert (after["animate"], after["opacity"]) == ({}, 0.2)
    moving = window(animated, 60, 90, FPS)
    assert moving is not None
    assert moving["animate"]["opacity"] == [[0, 1.0, "linear"], [30, 0.2, "in-quad"]]


def test_a_layer_that_has_come_to_rest_is_still_known_as_one_that_moves() -> None:
    keys = [[0, 0.0, "linear"], [30, 12.5, "linear"]]
    one, two = (window(layer(animate={"x": keys}), a, a + 30, FPS) for a in (30, 90))
    assert one == two
    assert one is not None
    assert one["animate"] == {"x": [[0, 12.5, "linear"]]}


def test_a_clip_is_cut_to_the_window_in_exact_source_time() -> None:
    clip = layer(kind="video", pieces=[{"from": 0, "to": 300, "at": "2", "rate": "3/2"}])
    seen = window(clip, 100, 130, FPS)
    assert seen is not None
    assert seen["pieces"] == [{"from": 0, "to": 30, "at": "7", "rate": "3/2"}]


def test_the_held_last_picture_of_a_clip_is_the_same_in_every_later_window() -> None:
    clip = layer(kind="video", pieces=[{"from": 0, "to": 60, "at": "0", "rate": "1"}])
    one, two = window(clip, 90, 120, FPS), window(clip, 200, 230, FPS)
    assert one == two
    assert one is not None
    assert one["pieces"] == [{"from": 0, "to": 30, "at": str(Fraction(119, 60)), "rate": "0"}]


def test_a_motion_that_has_ended_keeps_where_it_stands() -> None:
    motion = {"zoom": [1.0, 1.2], "center": [[0.5, 0.5], [0.7, 0.4]], "easing": "linear", "frames": [0, 100]}
    motion["peak"] = 1.2
    seen = window(layer(motion=motion), 150, 200, FPS)
    assert seen is not None
    assert seen["motion"] == {
        "peak": 1.2,
        "zoom": [1.2, 1.2],
        "center": [[0.7, 0.4]] * 2,
        "easing": "linear",
        "frames": [0, 1],
    }


def test_captions_of_other_times_are_in_no_window() -> None:
    words = [{"text": "one", "start": 0, "end": 10}]
    cues = [{"start": n * 50, "end": n * 50 + 40, "words": words} for n in range(6)]
    seen = window(layer(kind="captions", cues=cues), 100, 145, FPS)
    assert seen is not None
    assert [(cue["start"], cue["end"]) for cue in seen["cues"]] == [(0, 40)]
    assert window(layer(kind="captions", cues=cues), 91, 99, FPS) is None


@given(start=st.integers(0, 200), length=st.integers(1, 100), a=st.integers(0, 250), n=st.integers(1, 100))
def test_what_is_shown_is_always_inside_the_window(start: int, length: int, a: int, n: int) -> None:
    seen = window(layer(show=[start, start + length]), a, a + n, FPS)
    visible = max(start, a) < min(start + length, a + n)
    assert (seen is not None) == visible
    if seen is not None:
        assert 0 <= seen["show"][0] < seen["show"][1] <= n
