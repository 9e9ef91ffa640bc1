"""The CI example: a clean checkout takes what there is from S3, and tells which scenes it rendered."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

from tests.scenarios.world import REPOSITORY, SMALL, Ended, World
from tests.storage.s3_server import CREDENTIALS, S3Server, running_server
from vbmake.storage.s3 import S3Storage

COPY = ["cp", "{{ image[0] }}", "{{ picture }}"]
EXAMPLE = REPOSITORY / "examples" / "ci"
SCENES = [
    {"id": name, "duration": "1s", "layers": [{"color": color}]}
    for name, color in (("one", "#446688"), ("two", "#884466"), ("three", "#668844"))
]
FILM: dict[str, Any] = {
    **SMALL,
    "transition": {"kind": "fade", "duration": "200ms"},
    "scenes": SCENES,
}


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with running_server() as running:
        yield running


@pytest.fixture
def ci(server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of a CI machine, with vbmake installed and an empty cache in a bucket."""
    shim = tmp_path / "bin" / "vbmake"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tests.scenarios.program "$@"\n')
    shim.chmod(0o755)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    address = f"s3://ci{os.getpid()}-{abs(hash(tmp_path))}/cache?endpoint={server.endpoint}"
    storage = S3Storage(address)
    storage.client.create_bucket(Bucket=storage.bucket)
    return {
        **os.environ,
        "PATH": f"{shim.parent}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(REPOSITORY),
        "VBMAKE_CACHE": address,
    }


def run(world: World, environment: dict[str, str], **more: str) -> Ended:
    """`build.sh` in a clean checkout."""
    ended = subprocess.run(
        ["sh", str(EXAMPLE / "build.sh"), str(world.root)],
        env={**environment, "VBMAKE_CACHE_DIR": str(world.cache), **more},
        capture_output=True,
        text=True,
        check=False,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


def test_a_clean_checkout_renders_what_changed_and_tells_it(
    ci: dict[str, str], world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as there:
        there.setenv("VBMAKE_CACHE", ci["VBMAKE_CACHE"])
        world.declare(FILM).build()
    edited = {**FILM, "scenes": [*SCENES[:2], {**SCENES[2], "layers": [{"color": "white"}]}]}
    clone = world.cold(tmp_path / "clone", tmp_path / "clone cache").declare(edited)
    ended = run(clone, ci, GITHUB_EVENT_NAME="pull_request")
    assert ended.code == 0, ended.text
    lines = ended.out.splitlines()
    assert lines[0] == "### One scene rendered"
    assert lines[4].startswith("| three | video.yaml:30 | rendered | main | 1 | ")
    assert lines[6] == "Transitions: two → three"
    assert lines[-1] == "7 jobs: 4 fetched, 3 ran. Planned: 2 to run, 1 that may have to, 4 in the cache."
    cold = world.cold(tmp_path / "cold", tmp_path / "cold cache").declare(edited).build()
    assert (clone.root / "build/film.mp4").read_bytes() == cold.targets["build/film.mp4"]


def git(world: World, *args: str) -> None:
    who = ["-c", "user.name=ci", "-c", "user.email=ci@example.com", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *who, *args], cwd=world.root, check=True, capture_output=True)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_which_scenes_changed_is_told_though_another_machine_has_rendered_them(
    ci: dict[str, str], world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.declare(FILM).write(".gitignore", ".vbmake/\nbuild/\n")
    git(world, "init", "-q")
    git(world, "add", "-A")
    git(world, "commit", "-q", "-m", "the film")
    new = {"id": "four", "duration": "1s", "layers": [{"color": "white"}]}
    edited = {**FILM, "scenes": [SCENES[0], {**SCENES[2], "layers": [{"color": "black"}]}, new]}
    with monkeypatch.context() as there:
        there.setenv("VBMAKE_CACHE", ci["VBMAKE_CACHE"])
        world.build()
        world.declare(edited).build()
    git(world, "commit", "-q", "-a", "-m", "an edit")
    clone = World(tmp_path / "clone", tmp_path / "clone cache")
    git(world, "clone", "-q", str(world.root), str(clone.root))
    ended = run(clone, ci, GITHUB_EVENT_NAME="pull_request")
    assert ended.code == 0, ended.text
    lines = ended.out.splitlines()
    assert lines[0] == "### 3 scenes changed"
    assert [line.split(" | ")[:3] for line in lines[4:7]] == [
        ["| three", "video.yaml:21", "changed"],
        ["| four", "video.yaml:30", "new"],
        ["| two", "", "removed"],
    ]
    assert lines[4].endswith("| main | 1 | rendered before |")
    assert lines[8] == (
        "Transitions: one → three (new), three → four (new), one → two (removed), two → three (removed)"
    )
    assert lines[10] == "Besides: film, timeline"
    assert lines[-1].startswith("7 jobs: 7 fetched. ")
    git(world, "worktree", "prune")
    assert not list((clone.root / ".git/worktrees").glob("*")), "the checkout of the base is removed"
    assert run(clone, ci, VBMAKE_BASE="HEAD").out.splitlines()[0] == "### No scene changed"
    unknown = run(clone, ci, VBMAKE_BASE="no-such-branch")
    assert "the commit no-such-branch is not in this checkout" in unknown.err
    assert unknown.out.splitlines()[0] == "### No scene rendered"
    git(clone, "rm", "-q", "--cached", "video.yaml")
    git(clone, "commit", "-q", "-m", "none")
    broken = run(clone, ci, VBMAKE_BASE="HEAD")
    assert (broken.code, broken.out.splitlines()[0]) == (0, "### No scene rendered")
    assert "the film of HEAD cannot be planned" in broken.err


def test_what_an_early_round_has_rendered_is_told_and_a_build_without_work_says_so(
    ci: dict[str, str], world: World
) -> None:
    copy = {
        "rule": "copied",
        "about": "A copy.",
        "version": 1,
        "reads": {"image": "files"},
        "makes": {"picture": "png"},
    }
    world.write("rules/copied.yaml", yaml.safe_dump({**copy, "needs": ["cp"], "command": COPY}))
    cv2.imwrite(str(world.root / "picture.png"), np.full((36, 64, 3), 99, np.uint8))
    scenes = [SCENES[0], {**SCENES[1], "layers": [{"make": "copied", "image": "picture.png"}]}, SCENES[2]]
    world.declare({**FILM, "scenes": scenes})
    ended = run(world, ci, VBMAKE_CACHE="off")
    assert ended.out.splitlines()[0] == "### 3 scenes rendered", ended.text
    assert ended.out.splitlines()[-1].startswith("8 jobs: 8 ran. ")
    run(world, ci, VBMAKE_CACHE="off")  # (of what was written a moment before the first build is not sure)
    again = run(world, ci, VBMAKE_CACHE="off")
    assert again.out.splitlines() == ["### No scene rendered", "", "Everything was built already."]


def test_a_failed_build_is_told_and_fails(ci: dict[str, str], world: World) -> None:
    broken = {"rule": "broken", "about": "Fails.", "version": 1, "makes": {"image": "png"}, "needs": ["false"]}
    world.write("rules/broken.yaml", yaml.safe_dump({**broken, "command": ["false", "{{ image }}"]}))
    scenes = [SCENES[0], {**SCENES[1], "layers": [{"make": "broken"}]}]
    ended = run(world.declare({**FILM, "scenes": scenes}), ci, VBMAKE_CACHE="off")
    assert ended.code == 1, ended.text
    assert "failed** (video.yaml:" in ended.out


def test_a_declaration_that_is_wrong_is_told_and_fails(ci: dict[str, str], world: World) -> None:
    ended = run(world.declare({**FILM, "scenes": [{**SCENES[0], "duration": "1.5x"}]}), ci, VBMAKE_CACHE="off")
    assert ended.code == 3, ended.text
    assert ended.out.splitlines()[0] == "### The film cannot be planned"
    assert "scenes[0].duration" in ended.out
    assert "1.5x" in ended.err


def test_the_workflow_uses_what_is_beside_it() -> None:
    workflow = yaml.safe_load((EXAMPLE / "github-workflow.yml").read_text("utf-8"))
    steps = workflow["jobs"]["film"]["steps"]
    commands = [step["run"] for step in steps if "run" in step]
    assert any("ci/build.sh" in command for command in commands)
    assert any("$GITHUB_STEP_SUMMARY" in command for command in commands)
    assert workflow["jobs"]["film"]["env"]["VBMAKE_CACHE"].startswith("s3://")
