"""Files that are only measured decide a film as much as those that are read: they are in the stamp."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import MakeMedia
from vbmake.run import stamp
from vbmake.run.build import run_build
from vbmake.run.workspace import Workspace

FILM = """vbmake: 1
size: 64x36
fps: 10
quality: draft
scenes:
  - {id: a, sounds: [{source: a.wav, mute: true}]}
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VBMAKE_CACHE_DIR", str(tmp_path / "cache"))
    root = tmp_path / "project"
    root.mkdir()
    (root / "video.yaml").write_text(FILM)
    return root


def tone(make_media: MakeMedia, seconds: int) -> Path:
    return make_media(f"{seconds}.wav", "-f", "lavfi", "-i", f"sine=duration={seconds}:sample_rate=48000")


def frames(root: Path) -> int:
    return next(job for job in run_build(root).plan.jobs if job.rule == "film").options["frames"]


def test_another_recording_that_only_sets_a_length_is_noticed(root: Path, make_media: MakeMedia) -> None:
    shutil.copyfile(tone(make_media, 1), root / "a.wav")
    assert frames(root) == 10
    while stamp.check(root) is None:  # files that were written this very moment are not relied on yet
        assert frames(root) == 10
    shutil.copyfile(tone(make_media, 3), root / "a.wav")
    assert stamp.check(root) is None
    assert frames(root) == 30


def test_a_recording_saved_while_the_film_was_planned_leaves_no_stamp(root: Path, make_media: MakeMedia) -> None:
    shutil.copyfile(tone(make_media, 1), root / "a.wav")
    (root / "video.yaml").write_text(FILM.replace(", mute: true", ""))
    assert run_build(root).ok
    with Workspace.open(root) as workspace:
        plan = workspace.plan()
        shutil.copyfile(tone(make_media, 3), root / "a.wav")
        for job in plan.jobs:
            workspace.run(job)
        assert not workspace.write_stamp(plan)
    assert frames(root) == 30
