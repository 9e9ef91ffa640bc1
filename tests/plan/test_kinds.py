"""Files that are not what their key says are told before anything runs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plan.films import CLIP, SOUND, STILL, build, film
from vbmake.errors import ProjectError

MEASURES = {"a.mp4": CLIP, "mute.mp4": {**CLIP, "audio": False}, "a.wav": SOUND, "a.jpg": STILL}


def scene(**values: Any) -> dict[str, Any]:
    return {"id": "a", "duration": "1s", **values}


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"scenes": [scene(layers=[{"video": "a.wav"}])]}, "no pictures, only sound"),
        ({"scenes": [{"id": "a", "layers": [{"video": "a.jpg"}]}]}, "still picture, not a clip"),
        ({"scenes": [scene(layers=[{"image": "a.wav"}])]}, "no pictures, only sound"),
        ({"scenes": [scene(sounds=[{"source": "mute.mp4"}])]}, "no sound"),
        ({"scenes": [scene(sounds=[{"source": "a.jpg"}])]}, "no sound"),
        ({"music": {"source": "mute.mp4"}, "scenes": [scene()]}, "no sound"),
        ({"overlays": [{"video": "a.wav"}], "scenes": [scene()]}, "no pictures, only sound"),
    ],
)
def test_a_file_that_is_not_what_its_key_says_is_told_before_anything_runs(
    declared: dict[str, Any], message: str
) -> None:
    with pytest.raises(ProjectError, match=message):
        build(film(**declared), measures=MEASURES)


def test_every_such_file_is_told_at_once() -> None:
    layers = [{"video": "a.wav"}, {"video": "a.jpg"}]
    with pytest.raises(ProjectError) as raised:
        build(film(scenes=[scene(layers=layers, sounds=[{"source": "mute.mp4"}])]), measures=MEASURES)
    assert len(raised.value.problems) == 3


def test_a_silent_clip_may_be_shown_and_a_clip_may_be_heard() -> None:
    declared = scene(layers=[{"video": "mute.mp4"}, {"image": "a.jpg"}], sounds=[{"source": "a.mp4"}])
    assert not build(film(scenes=[declared]), measures=MEASURES).pending
