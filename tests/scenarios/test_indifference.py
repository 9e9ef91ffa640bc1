"""What must not matter: how the declaration is written, when its files were saved, where it lies, how scenes are named.

One film of five scenes is built once; each test changes a copy of it, builds again, and looks at what ran.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import MakeMedia
from tests.scenarios.world import REPOSITORY, SMALL, Built, World
from vbmake.rules.load import load_rules

DECLARATION = """\
# A film of five scenes.
vbmake: 1
name: film
size: 64x36
fps: 10
quality: draft
captions: {style: phrase, files: [srt]}
transition: {kind: fade, duration: 200ms}
overlays:
  - {text: "o", style: {size: 12%}, at: top right}
scenes:
  - id: a
    duration: 1s
    layers:
      - image: photo.jpg
        motion: {zoom: [1, 1.2]}
  - id: b
    duration: 2s
    say: One two.
    layers: [{color: "#446688"}]
  - id: c
    duration: 1s
    layers: [{make: qr-code, text: once}, {text: C}]
  - id: d
    duration: 1s
    layers: [{gradient: {colors: ["#886644", "#222244"]}}]
  - id: e
    duration: 1s
    layers: [{color: "#224422"}]
"""
ENDS = {"mix:film", "film:main", "timeline:main"}


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory, photo: Path) -> tuple[World, Built]:
    """The film, built."""
    folder = tmp_path_factory.mktemp("film")
    world = World(folder / "project", folder / "cache").declare(DECLARATION).add(photo)
    return world, world.build()


@pytest.fixture
def film(original: tuple[World, Built], tmp_path: Path) -> World:
    """A copy of the built film, with a copy of its cache."""
    return original[0].copy(tmp_path / "project", tmp_path / "cache")


def scenes(*order: str, **changed: Any) -> dict[str, Any]:
    """The declaration as data, with these of its scenes in this order; ids that are not its own are `changed`."""
    data: dict[str, Any] = yaml.safe_load(DECLARATION)
    known = {scene["id"]: scene for scene in data["scenes"]}
    data["scenes"] = [changed.get(name) or known[name] for name in order]
    return data


def test_comments_order_and_style_of_the_yaml_do_not_matter(film: World, original: tuple[World, Built]) -> None:
    flow = json.dumps(yaml.safe_load(DECLARATION))
    turned = json.dumps(yaml.safe_load(DECLARATION), indent=3, sort_keys=True)
    block = yaml.safe_dump(yaml.safe_load(DECLARATION), default_flow_style=False, sort_keys=False)
    for text in (f"{DECLARATION}\n# The end.\n", flow, turned, block, DECLARATION.replace("1s", "1000ms")):
        built = film.declare(text).build()
        assert built.ran | built.fetched == set()
        assert built.targets == original[1].targets


def test_a_value_that_is_said_as_it_would_be_anyway_does_not_matter(film: World) -> None:
    said = DECLARATION.replace("captions: {", 'background: black\nloudness: -16\ncaptions: {burn: true, margin: "7%", ')
    built = film.declare(said).build()
    assert built.ran == set()


def test_variables_includes_and_loops_do_not_matter(film: World) -> None:
    begin, end = DECLARATION.split("  - id: d\n")
    film.write("scenes/d.yaml", "id: d\nduration: 1s\nlayers: [{gradient: {colors: ['#886644', '#222244']}}]\n")
    last = end[end.index("  - id: e") :].replace("- id: e", '- for: {name: [e]}\n    id: "{{ name }}"')
    text = begin.replace("text: C", 'text: "{{ letter }}"').replace("vbmake: 1", "vbmake: 1\nvars: {letter: C}")
    built = film.declare(f"{text}  - include: scenes/d.yaml\n{last}").build()
    assert built.ran | built.fetched == set()


def test_the_times_of_files_do_not_matter(film: World) -> None:
    for number, path in enumerate(sorted(film.root.rglob("*"))):
        os.utime(path, (10**9 + number, 10**9 + number))
    assert film.build().ran == set()


def test_the_place_of_the_project_does_not_matter(film: World, original: tuple[World, Built], tmp_path: Path) -> None:
    moved = film.copy(tmp_path / "some where" / "else")
    built = moved.build()
    assert built.ran | built.fetched == set()
    assert built.targets == original[1].targets


def test_a_fresh_clone_with_a_shared_cache_renders_nothing(
    film: World, original: tuple[World, Built], tmp_path: Path
) -> None:
    clone = film.cold(tmp_path / "clone", film.cache)
    ended = clone.doit()
    assert ended.code == 0, ended.text
    assert "ran  " not in ended.out
    assert {path: (clone.root / path).read_bytes() for path in original[1].targets} == original[1].targets
    shots = list((clone.root / ".vbmake/work").rglob("*.mp4"))
    assert not shots, "bytes of intermediates were brought though nothing reads them"


def test_the_names_of_scenes_do_not_matter(film: World, original: tuple[World, Built]) -> None:
    text = DECLARATION
    for name in "abcde":
        text = text.replace(f"id: {name}\n", f"id: renamed-{name}\n")
    built = film.declare(text).build()
    assert built.ran == {"timeline:main"}
    assert built.targets["build/film.mp4"] == original[1].targets["build/film.mp4"]


def test_scenes_in_another_order_have_other_seams_and_nothing_else(film: World) -> None:
    built = film.declare(scenes("a", "c", "b", "d", "e")).build()
    assert built.ran == {"cut:main/a~c", "cut:main/c~b", "cut:main/b~d", "subtitles:film.srt", *ENDS}


def test_a_scene_put_in_between_is_rendered_with_its_seams(film: World) -> None:
    new = {"id": "n", "duration": "1s", "layers": [{"color": "#ffffff"}]}
    built = film.declare(scenes("a", "b", "n", "c", "d", "e", n=new)).build()
    # What is said, in b, comes before it: the captions' file stays.
    assert built.ran == {"shot:main/n/0", "cut:main/b~n", "cut:main/n~c", *ENDS}


def test_scenes_without_ids_are_not_mistaken_for_their_neighbours(world: World, photo: Path) -> None:
    shown = [{"duration": "1s", "layers": [{"color": color}]} for color in ("#ff0000", "#00ff00", "#0000ff")]
    world.declare({**SMALL, "scenes": shown}).build()
    built = world.declare({**SMALL, "scenes": [{"duration": "1s", "layers": [{"color": "#ffffff"}]}, *shown]}).build()
    # They are named by their place, so that every job has another name; one was never made before.
    assert built.ran == {"shot:main/scene-1/0", "film:main", "timeline:main"}


def test_going_back_renders_nothing(film: World, original: tuple[World, Built]) -> None:
    there = film.declare(DECLARATION.replace("text: C", "text: D").replace("One two", "Three four")).build()
    assert {"shot:main/c/0", "speech:b", "film:main"} <= there.ran
    assert there.targets != original[1].targets
    back = film.declare(DECLARATION).build()
    assert back.ran == set()
    assert back.targets == original[1].targets


def test_the_same_thing_twice_is_made_once(world: World) -> None:
    twice = {"duration": "2s", "say": "Once.", "layers": [{"make": "qr-code", "text": "once"}]}
    world.declare({**SMALL, "scenes": [{"id": "one", **twice}, {"id": "two", **twice}]})
    built = world.build()
    for rule in ("speech", "qr-code", "shot", "stem"):
        assert len([job for job in built.ran if job.startswith(f"{rule}:")]) == 1, rule


def test_two_builds_at_once_are_one_after_the_other_or_refused(film: World, original: tuple[World, Built]) -> None:
    film.declare(DECLARATION.replace("64x36", "66x38"))
    command = [sys.executable, "-m", "tests.scenarios.program"]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "VBMAKE_CACHE_DIR": str(film.cache)}
    pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    both = [subprocess.Popen(command, cwd=film.root, env=environment, **pipes) for _ in range(2)]
    told = [process.communicate(timeout=120) for process in both]
    codes = sorted(process.returncode for process in both)
    assert codes in ([0, 0], [0, 2])
    if codes == [0, 2]:
        assert any("another build runs here" in err for _, err in told)
    assert not any("Traceback" in err for _, err in told)
    assert film.build().ran == set()


def test_two_projects_that_share_a_cache_can_be_built_at_once(
    film: World, original: tuple[World, Built], tmp_path: Path
) -> None:
    shutil.rmtree(film.cache)
    command = [sys.executable, "-m", "tests.scenarios.program", "-n", "4"]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "VBMAKE_CACHE_DIR": str(film.cache)}
    clones = [film.cold(tmp_path / name, film.cache) for name in ("one", "two")]
    both = [subprocess.Popen(command, cwd=clone.root, env=environment, stdout=subprocess.PIPE) for clone in clones]
    for process in both:
        process.communicate(timeout=120)
    assert [process.returncode for process in both] == [0, 0]
    for clone in clones:
        assert {path: (clone.root / path).read_bytes() for path in original[1].targets} == original[1].targets


# What other tools' caches forgot: each of these must matter.


def remade(built: Built, rule: str) -> set[str]:
    return {job for job in built.ran if job.startswith(f"{rule}:")}


def test_other_bytes_in_a_file_of_the_same_name_size_and_time_are_noticed(film: World, make_media: MakeMedia) -> None:
    path = film.root / "photo.jpg"
    before = path.stat()
    args = ["-f", "lavfi", "-i", "testsrc=size=96x64", "-frames:v", "1", "-q:v", "6"]
    other = make_media("other.jpg", *args).read_bytes()
    assert len(other) < before.st_size
    path.write_bytes(other + bytes(before.st_size - len(other)))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert film.build().ran == {"shot:main/a/0", "cut:main/a~b", "film:main"}


def test_other_bytes_in_a_font_are_noticed(world: World) -> None:
    from vbmake import resources

    fonts = [Path(resources.path(f"mono/JetBrainsMono-{name}.ttf")).read_bytes() for name in ("Regular", "Bold")]
    scenes = [
        {"id": "written", "duration": "1s", "layers": [{"text": "A", "style": {"font": "own", "size": "40%"}}]},
        {"id": "plain", "duration": "1s", "layers": [{"text": "A"}]},
    ]
    film = {**SMALL, "fonts": {"own": "own.ttf"}}
    first = world.write("own.ttf", fonts[0]).declare({**film, "scenes": scenes}).build()
    second = world.write("own.ttf", fonts[1]).build()
    assert second.ran == {"shot:main/written/0", "film:main"}
    assert second.targets["build/film.mp4"] != first.targets["build/film.mp4"]


def test_another_ffmpeg_does_again_what_ffmpeg_does(
    film: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vbmake.render.ffmpeg import executable

    script = tmp_path / "ffmpeg"
    version = f"'{executable()}' -version | sed 's/version [^ ]*/version 99.0/'"
    script.write_text(f'#!/bin/sh\nif [ "$1" = -version ]; then {version}; else exec \'{executable()}\' "$@"; fi\n')
    script.chmod(0o755)
    monkeypatch.setenv("VBMAKE_FFMPEG", str(script))
    rules = load_rules()
    built = film.build()
    jobs = {job.id for job in built.result.plan.jobs if "ffmpeg" in rules.rule(job.rule).needs}
    assert built.ran == jobs
    assert {"shot:main/a/0", "cut:main/a~b", "stem:b/voice", "mix:film", "film:main", "speech:b"} <= jobs


def test_a_rule_of_the_projects_own_that_is_edited_does_its_work_again(world: World) -> None:
    rule = """\
rule: dot
about: A picture of one colour.
options: {{}}
makes: {{image: png}}
needs: [ffmpeg]
command: [ffmpeg, -f, lavfi, -i, "color={color}:size=32x18", "-frames:v", "1", "{{{{ image }}}}"]
"""
    scenes = [
        {"id": "made", "duration": "1s", "layers": [{"make": "dot"}]},
        {"id": "plain", "duration": "1s", "layers": [{"color": "#446688"}]},
    ]
    world.write("rules/dot.yaml", rule.format(color="red")).declare({**SMALL, "scenes": scenes}).build()
    built = world.write("rules/dot.yaml", rule.format(color="blue")).build()
    assert remade(built, "dot")
    assert remade(built, "shot") == {"shot:main/made/0"}
    about = rule.format(color="blue").replace("A picture of one colour", "One colour")
    assert world.write("rules/dot.yaml", about).build().ran == set()


def test_what_was_made_and_is_damaged_or_gone_is_mended(film: World, original: tuple[World, Built]) -> None:
    target = film.root / "build/film.mp4"
    target.write_bytes(target.read_bytes()[:-1])
    (film.root / "build/film.srt").unlink()
    (film.root / ".vbmake/work/shot/main/a.0.mp4").write_bytes(b"damaged")
    assert film.build().targets == original[1].targets
