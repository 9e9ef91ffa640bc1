"""What lies beyond an end is told when the film is planned, all of it at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.plan.films import CLIP, RULES, SOUND, build, colored, film
from vbmake.errors import ProjectError
from vbmake.plan.build import plan_build
from vbmake.plan.inputs import BuildInputs
from vbmake.plan.types import BuildPlan
from vbmake.project.load import load_project

MEASURES = {"c.mp4": CLIP, "m.wav": SOUND}


def told(*films: Any) -> list[str]:
    with pytest.raises(ProjectError) as raised:
        build(*films, measures=MEASURES)
    return [problem.message for problem in raised.value.problems]


def noted(**values: Any) -> list[str]:
    return [note.message for note in build(film(**values), measures=MEASURES).notes]


def test_every_trim_beyond_an_end_is_told_at_once() -> None:
    scenes = [
        {"id": "a", "layers": [{"video": "c.mp4", "trim": ["1s", "11s"]}]},
        {
            "id": "b",
            "layers": [{"video": "c.mp4", "trim": "10s"}],
            "sounds": [{"source": "m.wav", "trim": ["0s", "3s"]}],
        },
    ]
    messages = told(film(scenes=scenes, music={"source": "m.wav", "start": "2.5s"}))
    assert messages == ["the trim reaches beyond the end of the recording"] * 2 + [
        "the music starts beyond the end of the recording",
        "the trim reaches beyond the end of the recording",
    ]


def test_a_gif_of_what_comes_after_the_film_is_told_before_anything_is_made() -> None:
    assert told(film(outputs={"gif": {"start": "2s"}})) == ["the GIF starts after the film has ended"]


def test_what_starts_too_late_to_be_heard_or_seen_is_noted() -> None:
    scenes = [colored("a", sounds=[{"source": "m.wav", "at": "2s"}])]
    music = {"source": "m.wav", "at": "3s"}
    assert noted(scenes=scenes, music=music, outputs={"poster": {"at": "5s"}}) == [
        "this sound starts after its scene has ended: it is never heard",
        "this music starts after the film has ended: it is never heard",
        "the poster is of 5 s, the film lasts 2 s: it shows its end",
    ]


def test_what_is_noted_of_some_films_names_them() -> None:
    late = {"poster": {"at": "3s"}}
    films = [film(name="short", outputs=late), film(name="long", outputs=late, scenes=[colored("a", "5s")])]
    (note,) = build(*films, measures=MEASURES).notes
    assert note.message == "the poster is of 3 s, the film lasts 2 s: it shows its end (film short)"
    films[1] = film(name="other", outputs=late)
    (note,) = build(*films, measures=MEASURES).notes
    assert note.message.endswith("it shows its end"), "of all films"


def test_the_same_is_noted_at_each_place(tmp_path: Path) -> None:
    layer = "{text: hi, show: [9s, 10s]}"
    text = f"vbmake: 1\nscenes:\n - {{duration: 1s, layers: [{layer}]}}\n - {{duration: 1s, layers: [{layer}]}}\n"
    (tmp_path / "video.yaml").write_text(text)
    notes = plan_build(BuildInputs(load_project(tmp_path), RULES, {})).notes
    assert [note.place.line for note in notes] == [3, 4]


def test_two_films_never_write_one_file() -> None:
    messages = told(
        film(name="a", formats={"b-c": {}}, outputs={"timeline": False}),
        film(name="A-b", formats={"c": {}}, outputs={"timeline": False}),
    )
    assert messages == ["film:a/b-c and film:A-b/c would both write build/A-b-c.mp4"]


def ids(plan: BuildPlan) -> list[str]:
    return [job.id for job in plan.jobs]


@pytest.mark.parametrize(
    "scene",
    [
        {"layers": [{"video": "new.mp4"}]},
        {"layers": [{"image": "new.png"}], "duration": "2s"},
        {"layers": [{"color": "red"}], "sounds": [{"source": "new.wav"}]},
    ],
)
def test_films_that_wait_for_the_same_file_all_wait(scene: dict[str, Any]) -> None:
    films = [film(name=name, scenes=[{"id": "a", **scene}]) for name in ("one", "two")]
    plan = build(*films)
    assert len(plan.pending) == 1
    assert ids(plan) == []


def test_a_loop_of_less_than_a_frame_shows_that_frame() -> None:
    layer = {"video": "c.mp4", "trim": ["1s", "1.001s"], "loop": True, "mute": True}
    plan = build(film(scenes=[{"id": "a", "duration": "2s", "layers": [layer]}]), measures=MEASURES)
    pieces = plan.job("shot:main/a/0").options["layers"][0]["pieces"]
    assert [(piece["from"], piece["to"]) for piece in pieces] == [(frame, frame + 1) for frame in range(60)]


def test_the_sound_of_an_overlay_is_told_not_to_be_heard() -> None:
    assert noted(overlays=[{"video": "c.mp4"}]) == [
        "an overlay is seen and not heard: say mute: true, or play its sound in a scene"
    ]
    assert noted(overlays=[{"video": "c.mp4", "mute": True}]) == []
