"""A plan that waits for what some scenes show has the work of the others, as the whole plan will have it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import pytest

from tests.plan.films import CLIP, STILL, build, colored, film, speech
from vbmake.plan.canonical import plain, plain_json
from vbmake.plan.types import BuildPlan, Output
from vbmake.project.models import Film


def code(text: str, **values: Any) -> dict[str, Any]:
    """A picture that a rule makes."""
    return {"make": "qr-code", "text": text, **values}


def made(*scenes: dict[str, Any], **values: Any) -> Film:
    return film(scenes=list(scenes), **values)


FILMS = {
    "plain": made(*(colored(id, layers=[{"color": "red"}, code(id)]) for id in "abc"), colored("d")),
    "cuts": made(
        *({"id": id, "duration": "6s", "layers": [code(id)]} for id in "abc"),
        colored("d", "7s"),
        transition={"kind": "fade", "duration": "1s"},
    ),
    "formats": made(
        {"id": "a", "duration": "2s", "layers": [code("a", only=["wide"]), code("b", only=["tall"])]},
        {"id": "b", "duration": "2s", "layers": [code("a")]},
        colored("c"),
        formats={"wide": {}, "tall": {"size": "180x320"}},
    ),
    "overlays": made(
        *(colored(id, "3s") for id in "abcd"),
        {"id": "e", "duration": "2s", "layers": [code("e")]},
        overlays=[
            code("over", scenes=["b", "c"], animate={"x": [{"at": "0s", "value": "0%"}, {"at": "4s", "value": "50%"}]})
        ],
        transition={"kind": "fade", "duration": "1s"},
    ),
    "voices": made(
        {"id": "a", "duration": "3s", "say": "One two three"},
        {"id": "b", "duration": "2s", "say": "Four", "layers": [code("b")]},
        {"id": "c", "duration": "3s", "say": "Five", "captions": False},
        {"id": "d", "say": "Six seven"},
        captions={"style": "karaoke", "files": ["srt"]},
        transition={"kind": "fade", "duration": "1s"},
        pad=["0s", "0s"],
    ),
    "sounds": made(
        {"id": "a", "duration": "2s", "layers": [{"make": "placeholder-clip", "prompt": "sea", "seconds": "4"}]},
        {
            "id": "b",
            "duration": "2s",
            "sounds": [{"source": {"prompt": prompt, "provider": "local"}} for prompt in ("bell", "wind")],
        },
        colored("c", say="Hello"),
        music=[{"source": {"prompt": "calm", "provider": "local"}}],
        outputs={"timeline": True},
    ),
}


def measure_of(ref: Output) -> Mapping[str, Any]:
    if ref.job.startswith("speech:"):
        return speech(2.5, "Some", "words", "that", "are", "said")
    if ref.job.startswith("placeholder-clip:"):
        return {**CLIP, "duration": "4", "frames": 120}
    return STILL if ref.role == "image" else {"kind": "audio", "duration": "5/2", "audio": True}


def complete(one: Film) -> tuple[dict[str, Mapping[str, Any]], BuildPlan]:
    """All that a film waits for, and its whole plan."""
    measures: dict[str, Mapping[str, Any]] = {}
    while (plan := build(one, measures=measures)).pending:
        for item in plan.pending:
            assert isinstance(item.ref, Output)
            measures[item.ref.name] = measure_of(item.ref)
    return measures, plan


@pytest.mark.parametrize("name", FILMS)
def test_what_is_planned_early_is_planned_no_other_way_later(name: str) -> None:
    measures, whole = complete(FILMS[name])
    jobs = {job.id: plain_json(plain(job.record())) for job in whole.jobs}
    early = 0
    for count in range(1, len(measures) + 1):
        for missing in combinations(measures, count):
            known = {ref: measure for ref, measure in measures.items() if ref not in missing}
            plan = build(FILMS[name], measures=known)
            assert {item.ref.name for item in plan.pending} <= set(missing)
            for job in plan.jobs:
                assert plain_json(plain(job.record())) == jobs[job.id], (missing, job.id)
                assert job == whole.job(job.id)
                early += job.rule in ("shot", "cut", "stem")
            assert plan == build(FILMS[name], measures=dict(reversed(known.items())))
    assert early, "nothing is planned before all is known"


def ids(name: str, *missing: str) -> set[str]:
    """The shots, cuts and stems of a film while the jobs whose ids begin so have not run."""
    measures, _ = complete(FILMS[name])
    known = {ref: measure for ref, measure in measures.items() if not ref.startswith(missing)}
    assert known.keys() != measures.keys()
    return {job.id for job in build(FILMS[name], measures=known).jobs if job.rule in ("shot", "cut", "stem")}


def test_a_scene_that_waits_for_its_picture_holds_up_its_own_shots_and_cuts_alone() -> None:
    assert ids("plain", "qr-code:b-") == {"shot:main/a/0", "shot:main/c/0", "shot:main/d/0"}
    cut = ids("cuts", "qr-code:b-")
    assert {id for id in cut if id.startswith("cut:")} == {"cut:main/c~d"}
    assert {id.split("/")[1] for id in cut if id.startswith("shot:")} == {"a", "c", "d"}


def test_an_overlay_that_is_waited_for_holds_up_the_scenes_that_it_lies_over() -> None:
    found = ids("overlays", "qr-code:over-")
    assert {id for id in found if id.startswith("cut:")} == {"cut:main/d~e"}
    assert {id.split("/")[1] for id in found if id.startswith("shot:")} == {"a", "d", "e"}


def test_a_layer_of_one_format_holds_up_that_format_alone() -> None:
    found = ids("formats", "qr-code:b-")
    assert "shot:wide/a/0" in found
    assert "shot:tall/a/0" not in found


def test_a_voice_that_is_waited_for_holds_up_the_scene_that_shows_its_captions() -> None:
    assert {id for id in ids("voices", "speech:a") if "/a" in id} == set()
    found = ids("voices", "speech:c")
    assert {"shot:main/c/0", "stem:b/voice", "cut:main/b~c"} <= found
    assert "stem:c/voice" not in found


def test_a_scene_whose_sound_is_waited_for_is_shown_meanwhile() -> None:
    assert {"shot:main/a/0", "stem:a/sound", "shot:main/b/0", "stem:c/voice"} <= ids("sounds", "placeholder-sound:")
    assert "stem:b/sound" not in ids("sounds", "placeholder-sound:")
    assert {"shot:main/b/0", "stem:b/sound"} <= ids("sounds", "local-music:")
