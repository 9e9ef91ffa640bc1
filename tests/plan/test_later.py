"""What a job's options hold is worked out when it is asked for, and is the same whenever that is."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from tests.plan.films import CLIP, STILL, build, film
from vbmake.plan import look
from vbmake.plan.later import Later
from vbmake.plan.types import BuildPlan

MEASURES = {"a.png": STILL, "b.mp4": CLIP}
SCENES: list[dict[str, Any]] = [
    {
        "id": "one",
        "duration": "12s",
        "layers": [
            {"image": "a.png", "motion": {"zoom": [1, 1.2]}, "radius": "4px"},
            {"text": "first", "show": ["1s", "6s"], "enter": {"fade": "0.5s"}, "style": {"size": "7%", "bold": True}},
            {"video": "b.mp4", "width": "40%", "at": "top right", "show": ["3s", "9s"]},
        ],
    },
    {"id": "two", "transition": {"kind": "fade", "duration": "1s"}, "layers": [{"image": "a.png", "rotate": 30}]},
]
OVERLAYS = [{"text": "over", "at": "bottom", "scenes": ["one", "two"], "animate": {"opacity": [["0s", 0], ["2s", 1]]}}]


def plan() -> BuildPlan:
    values = {"scenes": SCENES, "overlays": OVERLAYS, "outputs": {"poster": {"at": "2s"}, "otio": True}}
    formats = {"wide": {}, "tall": {"size": "180x320", "background": "#ffffff"}}
    return build(film(**values, formats=formats), measures=MEASURES)


def test_a_plan_waits_for_no_look_and_is_as_if_it_were_worked_out_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = plan()
    at_once.work_out()
    looked: list[str] = []
    make = look._look

    def counted(film: Any, layer: Any, *more: Any) -> dict[str, Any]:
        looked.append(layer.kind)
        return make(film, layer, *more)

    monkeypatch.setattr(look, "_look", counted)
    later = plan()
    assert set(looked) == {"video"}, "only a clip is looked at, since it may not be able to play so"
    shot = next(job for job in later.jobs if job.rule == "shot")
    assert [layer["kind"] for layer in shot.options["layers"]] == ["image", "text", "video", "text"]
    assert {"image", "text"} < set(looked)
    assert later.queue == at_once.queue
    assert later == at_once
    assert json.dumps(later.films, default=dict) == json.dumps(at_once.films, default=dict)


def test_options_that_several_ask_for_at_once_are_the_same() -> None:
    expected = [job.options for job in plan().jobs]
    made = plan()
    found: list[list[Any]] = [[] for _ in range(4)]
    together = threading.Barrier(len(found))

    def ask(number: int) -> None:
        together.wait()
        found[number] = [job.options for job in made.jobs]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(len(found))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(options == expected for options in found)


def test_a_mapping_is_made_once_and_not_for_what_is_known() -> None:
    made: list[int] = []

    def make() -> dict[str, int]:
        made.append(1)
        return {"a": 1, "b": 2}

    later = Later(make, b=3, c=4)
    assert (later["b"], later["c"], made) == (3, 4, [])
    assert (later["a"], dict(later), dict(later.items())) == (1, {"a": 1, "b": 3, "c": 4}, {"a": 1, "b": 3, "c": 4})
    assert (made, len(later), later == {"a": 1, "b": 3, "c": 4}) == ([1], 3, True)
    with pytest.raises(KeyError):
        later["d"]
