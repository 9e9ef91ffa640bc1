"""A film with a picture that a rule of the project's makes, and that is to be made anew."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.scenarios.world import SMALL, World

RULE = """\
rule: note
about: A picture of one colour.
reads: {{pic: file}}
options: {{}}
makes: {{image: png}}
needs: [ffmpeg]
command: [ffmpeg, -f, lavfi, -i, "color={color}:size=32x18", "-frames:v", "1", "{{{{ image }}}}"]
"""
BROKEN = RULE.replace("lavfi", "no-such-format")
SHOWN = "shot:main/noted/0"


def scenes(color: str = "red") -> list[dict[str, Any]]:
    return [
        {"id": "plain", "duration": "1s", "layers": [{"color": color}]},
        {"id": "noted", "duration": "1s", "layers": [{"make": "note", "pic": "a.png"}]},
        {"id": "last", "duration": "1s", "layers": [{"color": "blue"}]},
    ]


@pytest.fixture
def film(world: World) -> World:
    """A film whose third scene shows what a rule made of a file."""
    world.write("a.png", "one").write("rules/note.yaml", RULE.format(color="red"))
    return world.declare({**SMALL, "outputs": {"timeline": True}, "scenes": scenes()})


def plan(world: World) -> tuple[dict[str, str], list[str]]:
    """The state of every job, and what the plan waits for."""
    found = json.loads(world.doit("plan", "--json").out)
    return {job["id"].split("-")[0]: job["state"] for job in found["jobs"]}, [item["what"] for item in found["pending"]]


def test_a_film_never_built_is_planned_as_far_as_nothing_waits_for_the_rule(film: World) -> None:
    states, pending = plan(film)
    assert states == {"note:a": "run", "shot:main/plain/0": "run", "shot:main/last/0": "run"}
    assert len(pending) == 1


def test_what_follows_from_a_picture_that_is_made_anew_is_told_as_maybe(film: World) -> None:
    film.build()
    film.write("a.png", "two").declare({**SMALL, "outputs": {"timeline": True}, "scenes": scenes("green")})
    states, pending = plan(film)
    assert len(pending) == 1
    assert states == {
        "note:a": "run",
        "shot:main/plain/0": "run",
        SHOWN: "maybe",
        "shot:main/last/0": "current",
        "film:main": "maybe",
        "timeline:main": "maybe",
    }
    lines = {line.split()[1]: line for line in film.doit("plan").out.splitlines()}
    assert "is made first" in lines[SHOWN]
    assert "planned anew when note:" in lines["timeline:main"]


def test_why_tells_of_a_film_that_was_built_before(film: World) -> None:
    film.build()
    film.write("a.png", "two")
    for word in ("film:main", "build/film.mp4", "film"):
        ended = film.doit("why", word)
        assert ended.code == 0, ended.text
        assert "film:main: may have to run" in ended.out
        assert f"{SHOWN}: may have to run" in ended.out
        assert "input a.png changed" in ended.out
    nothing = film.doit("why", "film:other")
    assert nothing.code == 3
    assert "not all is planned yet" in nothing.text


def test_what_is_foreseen_is_not_built(film: World) -> None:
    film.build()
    built = film.write("rules/note.yaml", RULE.format(color="white")).build()
    assert {id.split("-")[0] for id in built.ran} == {"note:a", SHOWN, "film:main"}


def test_a_record_that_no_longer_suits_the_declaration_leaves_the_plan_pending(film: World) -> None:
    film.build()
    tags = film.root / ".vbmake/dag/tags.jsonl"
    tags.write_text(tags.read_text("utf-8").replace('"kind":"image"', '"sort":"image"'), encoding="utf-8")
    film.write("a.png", "two")
    states, pending = plan(film)
    assert len(pending) == 1
    assert states["note:a"] == "run"


def test_a_rule_that_fails_keeps_no_other_scene_from_being_rendered(film: World) -> None:
    film.build()
    film.write("rules/note.yaml", BROKEN.format(color="red"))
    film.declare({**SMALL, "scenes": scenes("green")})
    ended = film.doit("-n", "1", "-c")
    assert ended.code == 1
    assert ended.out.count("failed   note:") == 1
    states, _ = plan(film)
    assert states["shot:main/plain/0"] == "current"


def test_what_follows_from_a_picture_that_takes_the_place_of_another_is_foreseen_too(film: World) -> None:
    """The id of what a rule makes follows from what is asked of it, so that another picture is another job."""
    film.build()
    changed = scenes()
    changed[1]["layers"][0]["pic"] = "b.png"
    film.write("b.png", "two").declare({**SMALL, "outputs": {"timeline": True}, "scenes": changed})
    states, pending = plan(film)
    assert len(pending) == 1
    assert (states["note:b"], states[SHOWN], states["film:main"]) == ("run", "maybe", "maybe")
    assert states["shot:main/plain/0"] == "current"
    for word in ("film:main", "build/film.mp4", "film"):
        ended = film.doit("why", word)
        assert ended.code == 0, ended.text
        assert "it replaces note:a-" in ended.out


def test_commands_know_the_jobs_that_are_only_foreseen(film: World) -> None:
    """What was built before a picture was edited is still there, and can be named."""
    film.build()
    film.write("a.png", "two")
    assert "film:main" in film.doit("list").out
    assert "shot:main/noted/0" in film.doit("list", "--all").out
    assert "film:main" in film.doit("info", "film:main").out
    assert film.doit("ignore", "film:main").code == 0
    assert film.doit("forget", "film:main").code == 0
    assert "build/film.mp4" in film.doit("clean", "-n").out
    assert film.doit("clean", "film:main").code == 0
    assert not (film.root / "build/film.mp4").exists()
    assert film.doit("clean").code == 0
    assert not list((film.root / ".vbmake/work").rglob("*.mp4"))
    assert film.doit().code == 0


def test_a_job_of_an_early_round_is_recorded_once(film: World) -> None:
    assert film.doit().code == 0
    found = [json.loads(line) for line in (film.root / ".vbmake/events.jsonl").read_text().splitlines()]
    assert len([event for event in found if event["event"] == "begin"]) > 1, "it took two rounds"
    ended = [(event["job"], event["how"]) for event in found if event["event"] == "job"]
    assert len(ended) == len({job for job, _ in ended})
    assert {how for _, how in ended} == {"ran"}
