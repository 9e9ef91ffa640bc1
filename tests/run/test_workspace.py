"""A real project on the disk: declared, built, recognised, changed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vbmake.errors import ProjectError
from vbmake.plan.build import plan_build
from vbmake.plan.inputs import BuildInputs
from vbmake.plan.types import BuildPlan
from vbmake.run import stamp
from vbmake.run.build import BuildResult, run_build
from vbmake.run.executor import ThreadExecutor
from vbmake.run.workspace import Workspace

VIDEO = """
vbmake: 1
title: Two colours
size: 64x36
fps: 10
quality: draft
scenes:
  - {id: one, duration: 0.5s, layers: [{color: red}, {image: dot.svg, width: 50%}]}
  - {id: two, duration: 0.5s, layers: [{color: blue}]}
"""
DOT = '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><circle cx="4" cy="4" r="4" fill="white"/></svg>'


@pytest.fixture(scope="module")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that was built, with its cache."""
    folder = tmp_path_factory.mktemp("built")
    (folder / "project").mkdir()
    (folder / "project/video.yaml").write_text(VIDEO)
    (folder / "project/dot.svg").write_text(DOT)
    for path in (folder / "project").iterdir():
        os.utime(path, (1_700_000_000, 1_700_000_000))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VBMAKE_CACHE_DIR", str(folder / "cache"))
        assert build(folder / "project").ok
    return folder


@pytest.fixture
def project(built_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that project, built in its new place (which fetches and runs nothing), and the cache."""
    shutil.copytree(built_once, tmp_path / "copy")
    monkeypatch.setenv("VBMAKE_CACHE_DIR", str(tmp_path / "copy/cache"))
    return tmp_path / "copy/project"


def build(root: Path) -> BuildResult:
    return run_build(root, executor=ThreadExecutor(2))


def test_a_copy_of_a_project_is_up_to_date_wherever_it_lies(project: Path) -> None:
    assert stamp.check(project) is None, "its files are other files"
    result = build(project)
    assert result.ok
    assert result.count("current") == len(result.plan.jobs)


def build_later(project: Path) -> BuildResult:
    """Build when the files, which were just copied, have rested for a while."""
    newest = max(path.stat().st_ctime for path in project.rglob("*"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vbmake.run.declaration.time.time", lambda: newest + 10)
        return build(project)


def test_a_complete_build_is_recognised_at_a_glance(project: Path) -> None:
    result = build_later(project)
    assert stamp.check(project) == stamp.Summary(len(result.plan.jobs), result.targets)


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "video.yaml").write_text(VIDEO.replace("red", "green")),
        lambda root: (root / "dot.svg").write_text(DOT.replace("white", "black")),
        lambda root: next((root / "build").glob("*.mp4")).unlink(),
        lambda root: next((root / "build").glob("*.mp4")).write_bytes(b"cut"),
        lambda root: (root / "rules").mkdir(),
    ],
    ids=["declaration", "picture", "target removed", "target cut", "own rules"],
)
def test_after_a_change_the_glance_sends_for_a_closer_look(project: Path, change: Callable[[Path], object]) -> None:
    build_later(project)
    assert stamp.check(project) is not None
    change(project)
    assert stamp.check(project) is None


def test_known_media_are_not_asked_for_by_a_plan_of_its_own(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_build(project)
    plans: list[BuildPlan] = []

    def plan(inputs: BuildInputs) -> BuildPlan:
        plans.append(plan_build(inputs))
        return plans[-1]

    monkeypatch.setattr("vbmake.run.workspace.plan_build", plan)
    with Workspace.open(project) as workspace:
        workspace.plan()
    assert [len(plan.pending) for plan in plans] == [0]


def test_when_the_stamp_is_there_nothing_is_left_to_be_cleared_up(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever finds it does nothing: after a kill in that moment nobody would remove what is left."""
    left: list[list[Path]] = []

    def look(*_: Any) -> tuple[dict[str, stamp.Facts], list[str]]:
        left.append(list((project / ".vbmake" / "tmp").iterdir()))
        return {}, []

    project.joinpath("dot.svg").write_text(DOT.replace("white", "black"))
    later = max(path.stat().st_ctime for path in project.rglob("*")) + 10  # the files have rested for a while
    monkeypatch.setattr("vbmake.run.declaration.time.time", lambda: later)
    with Workspace.open(project) as workspace, workspace.locked():
        workspace.begin()
        plan = workspace.plan()
        assert {workspace.run(job).how for job in plan.jobs} == {"ran", "current"}
        assert list((project / ".vbmake" / "tmp").iterdir())
        monkeypatch.setattr("vbmake.run.workspace.facts_of", look)
        workspace.write_stamp(plan)
    assert left == [[]]


def test_a_source_edited_after_it_was_read_prevents_the_stamp(project: Path) -> None:
    build_later(project)
    with Workspace.open(project) as workspace, workspace.locked():
        workspace.begin()
        plan = workspace.plan()
        workspace.survey(plan)
        (project / "dot.svg").write_text(DOT.replace("white", "black"))
        assert not workspace.write_stamp(plan)
    assert stamp.check(project) is None


def test_a_declaration_edited_while_it_was_read_prevents_the_stamp(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modified = (project / "video.yaml").stat().st_ctime
    monkeypatch.setattr("vbmake.run.declaration.time.time", lambda: modified - 0.001)
    assert build(project).ok
    assert stamp.check(project) is None


def test_an_edit_of_one_scene_runs_its_shot_and_the_film_only(project: Path) -> None:
    (project / "video.yaml").write_text(VIDEO.replace("blue", "green"))
    ran = [name for name, outcome in build(project).outcomes.items() if outcome.how == "ran"]
    assert sorted(name.partition(":")[0] for name in ran if "timeline" not in name) == ["film", "shot"]
    (project / "video.yaml").write_text(VIDEO)
    assert build(project).count("ran") == 0


def test_options_are_worked_out_at_once_where_most_was_never_built(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked_out: list[BuildPlan] = []
    monkeypatch.setattr(BuildPlan, "work_out", lambda plan: worked_out.append(plan))
    (project / "video.yaml").write_text(VIDEO.replace("blue", "green"))
    with Workspace.open(project) as workspace:
        workspace.work_out(workspace.plan())
        assert worked_out == []
        for job in workspace.plan().jobs:
            workspace.forget(job.id)
        plan = workspace.plan()
        workspace.work_out(plan)
    assert worked_out == [plan]


def test_a_broken_picture_is_told_at_its_place_and_nothing_is_run(project: Path) -> None:
    (project / "dot.png").write_bytes(b"")
    (project / "video.yaml").write_text(VIDEO.replace("dot.svg", "dot.png"))
    with pytest.raises(ProjectError) as caught:
        build(project)
    assert "video.yaml:8" in str(caught.value)
    assert "dot.png" in str(caught.value)


def test_the_plan_is_written_for_people_and_tools(project: Path) -> None:
    build(project)
    first = (project / ".vbmake/dag/plan.json").read_bytes()
    build(project)
    assert (project / ".vbmake/dag/plan.json").read_bytes() == first
    assert b'"queue_hash"' in first


def test_git_takes_nothing_of_what_builds_keep(project: Path) -> None:
    (project / ".vbmake/.gitignore").unlink(missing_ok=True)
    run_build(project)
    subprocess.run(["git", "init", "-q", "."], cwd=project, check=True)
    listed = subprocess.run(["git", "ls-files", "--others", "--exclude-standard"], cwd=project, capture_output=True)
    found = listed.stdout.decode().splitlines()
    assert "video.yaml" in found
    assert not [name for name in found if name.startswith(".vbmake")]
