"""What was edited begins first: whoever changes one scene of many sees that one being made at once."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.world import SMALL, World, run_program

COLORS = ("red", "teal", "gold", "navy", "olive", "black")
ROWS = "name,color\n" + "".join(f"{color},{color}\n" for color in COLORS)
LOOP = {
    **SMALL,
    "data": {"rows": "rows.csv"},
    "scenes": [{"for": {"row": "{{ data.rows }}"}, "id": "{{ row.name }}", "duration": "300ms",
                "layers": [{"color": "{{ row.color }}"}]}],
}  # fmt: skip


def film(**changed: str) -> dict[str, Any]:
    """Six scenes, named by their colours; `changed` are of those that have another one."""
    scenes = [{"id": color, "duration": "300ms", "layers": [{"color": changed.get(color, color)}]} for color in COLORS]
    return {**SMALL, "scenes": scenes}


def begun(world: World) -> list[str]:
    """The shots that the last build began, in that order: each by its scene."""
    lines = (world.root / ".vbmake/events.jsonl").read_text().splitlines()
    told = [json.loads(line) for line in lines]
    run = told[-1]["run"]
    jobs = [one["job"] for one in told if one["run"] == run and one["event"] == "start"]
    return [job.split("/")[1] for job in jobs if job.startswith("shot:")]


def spoil(world: World) -> None:
    """Have every shot made again."""
    shutil.rmtree(world.cache)
    for shot in (world.root / ".vbmake/work/shot").rglob("*.mp4"):
        shot.write_bytes(b"spoilt")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A film that is wholly built, of which each test takes a copy."""
    folder = tmp_path_factory.mktemp("edited")
    world = World(folder / "film", folder / "cache").declare(film())
    assert world.doit("-n", "1").code == 0
    assert begun(world) == list(COLORS)
    return world


@pytest.fixture
def world(finished: World, tmp_path: Path) -> World:
    return finished.copy(tmp_path / "film", tmp_path / "cache")


@pytest.mark.parametrize("words", [(), ("film:main",), ("build/film.mp4",)])
def test_the_edited_scene_begins_before_others_that_are_to_be_made_again(world: World, words: tuple[str, ...]) -> None:
    world.declare(film(olive="#123456"))
    spoil(world)
    assert world.doit("-n", "1", *words).code == 0
    assert begun(world) == ["olive", *(color for color in COLORS if color != "olive")]


def test_what_is_not_selected_is_not_made_because_it_was_edited(world: World) -> None:
    world.declare(film(olive="#123456", red="#654321"))
    assert world.doit("-n", "1", "shot:main/red/0").code == 0
    assert begun(world) == ["red"]
    assert world.doit("-n", "1", "--single", "shot:main/red/0").code == 0
    assert begun(world) == []


def test_until_all_is_built_what_was_edited_stays_so(world: World) -> None:
    world.declare(film(olive="#123456"))
    assert world.doit("-n", "1", "shot:main/olive/0").code == 0
    world.declare(film(olive="#123456", teal="#654321"))
    spoil(world)
    assert world.doit("-n", "1").code == 0
    assert begun(world)[:2] == ["teal", "olive"]


def test_a_row_of_data_is_an_edit_of_its_scene_alone(tmp_path: Path) -> None:
    world = World(tmp_path / "film", tmp_path / "cache").declare(LOOP).write("rows.csv", ROWS)
    assert world.doit("-n", "1").code == 0
    world.write("rows.csv", ROWS.replace("olive,olive", "olive,#123456"))
    spoil(world)
    assert world.doit("-n", "1").code == 0
    assert begun(world) == ["olive", *(color for color in COLORS if color != "olive")]


def test_a_scene_that_has_moved_was_not_edited(world: World) -> None:
    scenes = film()["scenes"]
    world.declare({**film(), "scenes": [*scenes[1:], scenes[0]]})
    assert world.doit("-n", "1").code == 0
    assert begun(world) == []


def test_of_films_that_have_the_same_scenes_the_edited_one_comes_first(tmp_path: Path) -> None:
    films = {
        **SMALL,
        "name": None,
        "data": {"rows": "rows.csv"},
        "films": {"for": {"row": "{{ data.rows }}"}, "name": "{{ row.name }}"},
        "scenes": [
            {"id": "intro", "duration": "300ms", "layers": [{"color": "{{ row.color }}"}]},
            {"id": "body", "duration": "300ms", "layers": [{"color": "{{ row.name }}"}]},
        ],
    }
    del films["name"]
    world = World(tmp_path / "film", tmp_path / "cache").declare(films).write("rows.csv", ROWS)
    assert world.doit("-n", "1").code == 0
    world.write("rows.csv", ROWS.replace("olive,olive", "olive,#123456"))
    spoil(world)
    assert world.doit("-n", "1").code == 0
    lines = (world.root / ".vbmake/events.jsonl").read_text().splitlines()
    told = [json.loads(line) for line in lines]
    first = next(one for one in told if one["run"] == told[-1]["run"] and one["event"] == "start")
    assert first["job"] == "shot:olive/main/intro/0"


@pytest.mark.parametrize("names", [("intro", "teal", "gold", "main"), ("0", "2", "1", "shot")])
def test_a_scene_may_be_called_like_another_part_of_a_job_s_name(tmp_path: Path, names: tuple[str, ...]) -> None:
    def scenes(color: str) -> list[dict[str, Any]]:
        layers = [[{"color": "red"}]] * 3 + [[{"color": color}]]
        return [{"id": id, "duration": "6s", "layers": layer} for id, layer in zip(names, layers, strict=True)]

    world = World(tmp_path / "film", tmp_path / "cache").declare({**SMALL, "scenes": scenes("teal")})
    assert world.doit("-n", "1").code == 0
    world.declare({**SMALL, "scenes": scenes("gold")})
    spoil(world)
    assert world.doit("-n", "1").code == 0
    assert list(dict.fromkeys(begun(world))) == [names[-1], *names[:-1]]


DODO = """
from vbmake.doit_plugin import load_video_tasks

def task_lint():
    return {"actions": ["false"]}

def task_film():
    yield from load_video_tasks("film/video.yaml", prefix="film")

def task_use():
    return {"actions": ["echo used"], "setup": ["film"], "uptodate": [True]}
"""


@pytest.mark.parametrize("words", [(), ("lint", "film")])
def test_tasks_of_the_user_s_keep_their_turn(world: World, words: tuple[str, ...]) -> None:
    (world.root.parent / "dodo.py").write_text(DODO)
    world.declare(film(olive="#123456"))
    ended = run_program(["-m", "doit", *words], world.root.parent, world.cache)
    assert ended.code == 1
    assert begun(world) == []


def test_what_a_task_needs_that_is_not_run_is_not_made_because_it_was_edited(world: World) -> None:
    (world.root.parent / "dodo.py").write_text(DODO)
    world.declare(film(olive="#123456"))
    assert run_program(["-m", "doit", "use"], world.root.parent, world.cache).code == 0
    assert begun(world) == []


@pytest.mark.parametrize("content", [b"", b"null", b'{"marks": 3}', b'{"marks": [[]]}', b"\xff\n", b"[" * 5000])
def test_a_damaged_record_costs_the_order_alone(world: World, content: bytes) -> None:
    (world.root / ".vbmake/dag/scenes.json").write_bytes(content)
    world.declare(film(olive="#123456"))
    ended = world.doit("-n", "1")
    assert ended.code == 0, ended.text
    assert begun(world) == ["olive"]


def test_the_library_begins_with_what_was_edited_too_and_with_what_that_needs(world: World) -> None:
    made = {**film(olive="#123456")}
    for scene in made["scenes"]:
        scene["layers"].append({"make": "qr-code", "text": scene["id"]})
    world.declare(made)
    world.build()
    made["scenes"][4]["layers"][0]["color"] = "lime"
    world.declare(made)
    spoil(world)
    shutil.rmtree(world.root / ".vbmake/work/qr-code")
    built = world.build(jobs=1)
    ran = [name for name, outcome in built.result.outcomes.items() if outcome.how == "ran"]
    assert next(name for name in ran if name.startswith("shot:")) == "shot:main/olive/0"
