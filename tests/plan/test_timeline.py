"""The timeline: every scene, layer and sound, in frames and samples."""

from __future__ import annotations

import pytest

from tests.plan.films import CLIP, build, film, speech
from vbmake.plan.timeline import assemble_timeline

SCENES = [
    {"id": "a", "say": "Hi", "layers": [{"color": "red"}, {"text": "Now", "show": ["0.5s", "1s"]}]},
    {"id": "b", "duration": "2s", "layers": [{"video": "c.mp4", "trim": ["0s", "1s"]}], "title": "Two"},
]
MEASURES = {"speech:a#speech": speech(1.2, "Hi"), "c.mp4": CLIP}


def test_every_scene_layer_and_sound_stands_at_its_frame() -> None:
    plan = build(film(scenes=SCENES, transition={"kind": "fade", "duration": "0.5s"}), measures=MEASURES)
    timeline = assemble_timeline(plan, {"speech:a#speech": "voices/a.wav"})
    a, b = timeline.scenes
    assert (a["start"], a["frames"], b["start"], b["frames"], timeline.frames) == (0, 60, 45, 60, 105)
    assert b["transition"] == {"kind": "fade", "frames": 15}
    assert [(layer["kind"], layer["start"], layer["end"]) for layer in a["layers"]] == [
        ("color", 0, 60),
        ("text", 15, 30),
    ]
    assert a["sounds"] == [{"kind": "voice", "source": "voices/a.wav", "start": 14400, "samples": 57600}]
    assert b["sounds"] == [{"kind": "video", "source": "c.mp4", "start": 72000, "samples": 48000}]
    assert timeline.record["chapters"] == [{"title": "Two", "start": 45, "end": 105}]


def test_a_plan_that_still_waits_has_no_timeline() -> None:
    with pytest.raises(ValueError, match="speech:a#speech"):
        assemble_timeline(build(film(scenes=SCENES)), {})
