"""Plans: which jobs a film becomes, and what each of them is told."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction

import pytest

from tests.plan.films import CLIP, SOUND, STILL, build, colored, film, speech
from vbmake.errors import ProjectError
from vbmake.plan.build import plan_build
from vbmake.plan.canonical import plain, plain_json
from vbmake.plan.inputs import BuildInputs
from vbmake.plan.types import BuildPlan, JobSpec, Output
from vbmake.project.models import Project

FADE = {"kind": "fade", "duration": "0.5s"}


def jobs(plan: BuildPlan, rule: str) -> list[JobSpec]:
    return [job for job in plan.jobs if job.rule == rule]


def record(plan: BuildPlan) -> str:
    return plain_json(plain([job.record() for job in plan.jobs]))


def test_the_same_inputs_give_the_same_plan_byte_for_byte_in_another_process() -> None:
    code = (
        "from tests.plan.films import *; "
        "from tests.plan.test_build import record; "
        "plan = build(film(scenes=[colored('a'), colored('b')], transition='fade')); "
        "print(plan.queue_hash, record(plan))"
    )
    plan = build(film(scenes=[colored("a"), colored("b")], transition="fade"))
    for seed in ("1", "2"):
        out = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}
        )
        assert out.stdout.strip() == f"{plan.queue_hash} {record(plan)}"


def test_scenes_overlap_by_their_transition_and_the_film_is_shorter_by_it() -> None:
    plan = build(film(scenes=[colored("a"), colored("b"), colored("c")], transition=FADE))
    one = plan.job("film:main")
    assert one.options["frames"] == 3 * 60 - 2 * 15
    assert one.options["segments"] == [45, 15, 30, 15, 45]
    assert [ref.name for ref in one.inputs["video"]] == [
        "shot:main/a/0#shot",
        "cut:main/a~b#cut",
        "shot:main/b/0#shot",
        "cut:main/b~c#cut",
        "shot:main/c/0#shot",
    ]


def test_a_transition_longer_than_half_of_a_neighbour_is_shortened_and_the_plan_says_so() -> None:
    scenes = [colored("long", "4s"), colored("short", "1s"), colored("end", "4s")]
    plan = build(film(scenes=scenes, transition={"kind": "wipeleft", "duration": "2s"}))
    assert plan.job("cut:main/long~short").options["frames"] == 15
    assert [note.message for note in plan.notes] == [
        "the transition from long to short is shortened from 60 to 15 frames: half of short",
        "the transition from short to end is shortened from 60 to 15 frames: half of short",
    ]


def test_a_long_scene_is_several_shots_on_a_grid_of_scene_time() -> None:
    plan = build(film(scenes=[colored("long", "12s")]))
    assert [(job.id, job.options["frames"]) for job in jobs(plan, "shot")] == [
        ("shot:main/long/0", 150),
        ("shot:main/long/1", 150),
        ("shot:main/long/2", 60),
    ]


def test_a_tiny_rest_at_the_end_of_a_scene_is_no_shot_of_its_own() -> None:
    plan = build(film(scenes=[colored("long", "10.2s")]))
    assert [job.options["frames"] for job in jobs(plan, "shot")] == [150, 156]


def test_a_layer_of_one_moment_is_only_in_the_shots_that_show_it() -> None:
    text = {"text": "Now", "show": ["6s", "7s"]}
    plan = build(film(scenes=[{"id": "a", "duration": "15s", "layers": [{"color": "red"}, text]}]))
    kinds = [[layer["kind"] for layer in job.options["layers"]] for job in jobs(plan, "shot")]
    assert kinds == [["color"], ["color", "text"], ["color"]]
    assert ["fonts" in job.inputs for job in jobs(plan, "shot")] == [False, True, False]


def test_shots_of_a_scene_that_stands_still_are_the_same_work() -> None:
    first, second, _ = jobs(build(film(scenes=[colored("a", "15s")])), "shot")
    assert first.options == second.options


def test_an_overlay_that_stands_still_brings_no_film_time_into_a_shot() -> None:
    logo = {"text": "logo", "at": "top right"}
    plan = build(film(scenes=[colored("a"), colored("b")], overlays=[logo]))
    one, two = jobs(plan, "shot")
    assert one.options == two.options


def test_overlays_and_captions_lie_above_a_cut() -> None:
    scenes = [colored("a"), {**colored("b"), "say": "Hello there"}]
    plan = build(
        film(
            scenes=scenes,
            transition=FADE,
            pad=["0s", "0s"],
            captions={"style": "karaoke"},
            overlays=[{"text": "logo", "at": "top right"}],
        ),
        measures={"speech:b#speech": speech(1.5, "Hello", "there")},
    )
    cut = plan.job("cut:main/a~b")
    assert [layer["kind"] for layer in cut.options["over"]] == ["text", "captions"]
    assert [layer["kind"] for layer in cut.options["b"]["layers"]] == ["color"]


def test_a_scene_lasts_as_long_as_its_voice_plus_its_pads() -> None:
    one = film(scenes=[{"id": "a", "say": "Hello"}], pad=["0.5s", "1s"])
    waiting = build(one)
    assert [(item.ref.name, item.reason) for item in waiting.pending] == [
        ("speech:a#speech", "the scene lasts as long as its voice")
    ]
    assert [job.id for job in waiting.jobs] == ["speech:a"]
    plan = build(one, measures={"speech:a#speech": speech(1.25, "Hello")})
    assert plan.pending == ()
    assert plan.job("film:main").options["frames"] == 83  # 2.75 s is 82.5 frames: the whole voice is heard
    stem = plan.job("stem:a/voice")
    assert stem.options["parts"][0]["at"] == 24000


def test_a_voice_that_is_longer_than_its_scene_is_told() -> None:
    plan = build(
        film(scenes=[{"id": "a", "say": "Hello", "duration": "1s"}]), measures={"speech:a#speech": speech(2, "Hello")}
    )
    assert "its end is cut" in plan.notes[0].message


def test_a_scene_lasts_as_long_as_its_longest_clip() -> None:
    layers = [{"video": "a.mp4", "trim": ["1s", "3s"]}, {"video": "a.mp4", "speed": 4, "show": "1s"}]
    plan = build(film(scenes=[{"id": "a", "layers": layers}]), measures={"a.mp4": CLIP})
    assert plan.job("film:main").options["frames"] == 105  # 1 s + 10 s / 4


def test_a_trim_beyond_the_end_is_told_with_what_there_is() -> None:
    layers = [{"video": "a.mp4", "trim": ["8s", "12s"]}]
    with pytest.raises(ProjectError) as error:
        build(film(scenes=[{"id": "a", "layers": layers}]), measures={"a.mp4": CLIP})
    problem = error.value.problems[0]
    assert (problem.message, problem.found, problem.allowed) == (
        "the trim reaches beyond the end of the recording",
        "[8s, 12s]",
        "0s to 10s",
    )


def test_reverse_freeze_and_loop_are_straight_lines_of_source_time() -> None:
    def pieces(**playing: object) -> list[dict[str, object]]:
        layers = [{"video": "a.mp4", "trim": ["2s", "4s"], **playing}]
        plan = build(film(scenes=[{"id": "a", "duration": "5s", "layers": layers}]), measures={"a.mp4": CLIP})
        found: list[dict[str, object]] = plan.job("shot:main/a/0").options["layers"][0]["pieces"]
        return found

    assert pieces(reverse=True)[0] == {"from": 0, "to": 60, "at": "4", "rate": "-1"}
    assert [(piece["from"], piece["to"], piece["at"]) for piece in pieces(loop=True)] == [
        (0, 60, "2"),
        (60, 120, "2"),
        (120, 150, "2"),
    ]
    assert [(p["from"], p["to"], p["rate"]) for p in pieces(freeze={"at": "1s", "for": "0.5s"})] == [
        (0, 30, "1"),
        (30, 45, "0"),
        (45, 75, "1"),
        (75, 150, "0"),
    ]


def test_formats_share_voice_music_and_mix() -> None:
    plan = build(
        film(
            scenes=[{"id": "a", "say": "Hi"}],
            formats={"wide": {}, "story": {"size": "180x320"}},
            music={"source": "m.flac"},
        ),
        measures={"speech:a#speech": speech(1, "Hi"), "m.flac": SOUND},
    )
    counts = {rule: len(jobs(plan, rule)) for rule in ("speech", "stem", "mix", "shot", "film")}
    assert counts == {"speech": 1, "stem": 1, "mix": 1, "shot": 2, "film": 2}
    assert {job.outputs["film"] for job in jobs(plan, "film")} == {"build/film-wide.mp4", "build/film-story.mp4"}


def test_a_layer_for_one_format_is_in_no_other() -> None:
    layers = [{"color": "red", "only": ["story"]}]
    plan = build(film(scenes=[{"id": "a", "duration": "1s", "layers": layers}], formats={"wide": {}, "story": {}}))
    assert [len(job.options["layers"]) for job in jobs(plan, "shot")] == [0, 1]


def test_sounds_cross_fade_along_a_transition_and_voices_do_not() -> None:
    scenes = [{"id": id, "duration": "2s", "sounds": [{"source": "s.wav"}]} for id in "ab"]
    plan = build(film(scenes=scenes, transition=FADE), measures={"s.wav": SOUND})
    assert plan.job("mix:film").options["sound"] == [
        {"stem": 0, "at": 0, "fade_in": 0, "fade_out": 24000},
        {"stem": 1, "at": 72000, "fade_in": 24000, "fade_out": 0},
    ]


def test_samples_follow_from_frames_at_broadcast_rates() -> None:
    scenes = [{"id": f"s{n}", "duration": "1s", "sounds": [{"source": "s.wav"}]} for n in range(100)]
    plan = build(film(scenes=scenes, fps="29.97"), measures={"s.wav": SOUND})
    starts = [item["at"] for item in plan.job("mix:film").options["sound"]]
    assert starts == [int(Fraction(n * 30 * 48000 * 1001, 30000) + Fraction(1, 2)) for n in range(100)]
    assert {job.options["samples"] for job in jobs(plan, "stem")} == {48048}


def test_a_film_without_sound_has_no_mix() -> None:
    plan = build(film(scenes=[colored("a")]))
    assert jobs(plan, "mix") == []
    assert "sound" not in plan.job("film:main").inputs


def test_chapters_begin_with_the_titled_scenes() -> None:
    scenes = [colored("a", title="One"), colored("b"), colored("c", title="Two")]
    plan = build(film(scenes=scenes))
    assert plan.job("film:main").options["chapters"] == [
        {"title": "One", "start": 0, "end": 120},
        {"title": "Two", "start": 120, "end": 180},
    ]


def test_the_same_work_asked_for_twice_is_one_job() -> None:
    code = {"make": "qr-code", "text": "https://example.org"}
    plan = build(film(scenes=[{"id": id, "duration": "1s", "layers": [code]} for id in "ab"]))
    assert len(jobs(plan, "qr-code")) == 1
    assert len(plan.pending) == 1


def test_every_medium_is_measured_before_anything_is_rendered() -> None:
    scenes = [{"id": "a", "duration": "1s", "layers": [{"image": "a.jpg"}], "sounds": [{"source": "s.wav"}]}]
    plan = build(film(scenes=scenes, overlays=[{"image": "logo.png"}]))
    assert {item.ref.name for item in plan.pending} == {"a.jpg", "s.wav", "logo.png"}
    assert plan.jobs == ()


def test_renaming_or_moving_a_scene_leaves_its_work_as_it_was() -> None:
    def work(*scenes: dict[str, object]) -> set[str]:
        plan = build(film(scenes=list(scenes)), measures={"a.jpg": STILL})
        return {plain_json(plain([job.rule, job.options])) for job in jobs(plan, "shot")}

    one, two = colored("one", color="red"), colored("two", color="blue")
    assert work(one, two) == work({**two, "id": "renamed"}, one)


def test_films_of_one_project_have_jobs_of_their_own() -> None:
    plan = build(film(name="oslo", scenes=[colored("a")]), film(name="lima", scenes=[colored("a")]))
    assert [job.id for job in jobs(plan, "film")] == ["film:oslo/main", "film:lima/main"]
    assert len({path for job in plan.jobs for path in job.outputs.values()}) == sum(
        len(job.outputs) for job in plan.jobs
    )


def test_a_plan_needs_no_file_clock_or_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a plan is pure")

    inputs = BuildInputs(Project(root="/nowhere", films=(film(scenes=[colored("a")]),)), _rules(), {})
    for target in ("builtins.open", "os.stat", "os.listdir", "time.time", "os.getenv"):
        monkeypatch.setattr(target, refuse)
    plan = plan_build(inputs)
    monkeypatch.undo()
    assert plan.job("film:main").needs() == ("shot:main/a/0",)


def _rules() -> object:
    from tests.plan.films import RULES

    return RULES


def test_every_target_of_a_film_is_marked_as_final() -> None:
    outputs = {"poster": {"at": "0s"}, "gif": {"width": 64}, "otio": True}
    captions = {"style": "phrase", "files": ["srt", "vtt"]}
    plan = build(
        film(scenes=[{"id": "a", "say": "Hi"}], outputs=outputs, captions=captions),
        measures={"speech:a#speech": speech(1, "Hi")},
    )
    assert sorted(path for job in plan.jobs if job.final for path in job.outputs.values()) == [
        "build/film.gif",
        "build/film.jpg",
        "build/film.mp4",
        "build/film.otio",
        "build/film.srt",
        "build/film.timeline.json",
        "build/film.vtt",
    ]
    assert Output("film:main", "film") in plan.job("gif:main").refs()
    assert json.loads(plain_json(plain(plan.films[0])))["frames"] == plan.job("film:main").options["frames"]


def test_a_transition_into_the_first_scene_is_told() -> None:
    plan = build(film(scenes=[{**colored("a"), "transition": "wipeleft"}, colored("b")], transition="fade"))
    assert [note.message for note in plan.notes] == ["no scene stands before the first: its transition is not used"]
