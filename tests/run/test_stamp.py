"""The glance that finds nothing to do: every change is seen, and nothing heavy is imported."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from vbmake.run import stamp

SUMMARY = stamp.Summary(12, ("build/film.mp4",))
ENVIRONMENT = {"PATH": "/bin", "VBMAKE_FFMPEG": "/opt/ffmpeg", "HOME": "/root"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that was just built, its stamp taken a minute after the last write."""
    (tmp_path / "rules").mkdir()
    for name in ("video.yaml", "photo.jpg", "rules/own.yaml"):
        (tmp_path / name).write_text("content")
    take(tmp_path)
    return tmp_path


def take(root: Path, late: float = 60.0) -> bool:
    names = ["video.yaml", "photo.jpg", "rules", "rules/own.yaml"]
    files = {name: stamp.facts(os.stat(root / name)) for name in names}
    newest = max(max(fact[1], fact[3]) for fact in files.values()) / 1e9
    return stamp.write(
        root,
        files,
        ["captions.yaml"],
        SUMMARY,
        environment=ENVIRONMENT,
        clock=lambda: newest + late,
        sleep=slept.append,
    )


slept: list[float] = []


def same_size_and_time(root: Path) -> None:
    path = root / "photo.jpg"
    stat = path.stat()
    path.write_text("CONTENT")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def swapped(root: Path) -> None:
    (root / "new").write_text("CONTENT")
    os.replace(root / "new", root / "photo.jpg")


def test_an_unchanged_project_is_recognised(project: Path) -> None:
    assert stamp.check(project, ENVIRONMENT) == SUMMARY
    assert stamp.check(project, {**ENVIRONMENT, "HOME": "/elsewhere"}) == SUMMARY


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "video.yaml").write_text("other"),
        lambda root: os.utime(root / "video.yaml"),
        lambda root: (root / "photo.jpg").unlink(),
        lambda root: (root / "rules/new.yaml").write_text("a rule that takes the place of another"),
        lambda root: (root / "captions.yaml").write_text("now it is there"),
        lambda root: (root / stamp.FILE).write_text("{"),
        lambda root: (root / stamp.FILE).write_text('{"format": 0}'),
        lambda root: (root / stamp.FILE).unlink(),
        stamp.remove,
        same_size_and_time,
        swapped,
    ],
)
def test_every_change_is_seen(project: Path, change: Callable[[Path], object]) -> None:
    change(project)
    assert stamp.check(project, ENVIRONMENT) is None


@pytest.mark.parametrize("change", [{"PATH": "/usr/bin"}, {"VBMAKE_FFMPEG": "/opt/other"}, {"VBMAKE_CACHE": "off"}])
def test_other_tools_are_another_build(project: Path, change: dict[str, str]) -> None:
    assert stamp.check(project, {**ENVIRONMENT, **change}) is None


def test_a_file_of_this_very_tick_is_waited_out(project: Path) -> None:
    slept.clear()
    assert take(project, late=0.001)
    assert slept == [pytest.approx(stamp.TICK - 0.001, abs=1e-6)]


def test_where_times_are_whole_seconds_a_fresh_file_is_not_trusted(project: Path) -> None:
    files = {"video.yaml": (7, 1_700_000_000 * 10**9, 5, 1_700_000_000 * 10**9)}
    assert not stamp.write(project, files, [], SUMMARY, clock=lambda: 1_700_000_001.0, sleep=slept.append)
    assert stamp.write(project, files, [], SUMMARY, clock=lambda: 1_700_000_003.0, sleep=slept.append)


def test_an_old_file_whose_times_are_whole_seconds_distrusts_no_other(project: Path) -> None:
    fresh, old = 1_700_000_000_123_456_789, 1_600_000_000 * 10**9
    files = {"video.yaml": (7, fresh, 5, fresh), "/usr/bin/cp": (9, old, 6, old)}
    assert stamp.write(project, files, [], SUMMARY, clock=lambda: 1_700_000_001.0, sleep=slept.append)


def test_after_the_clock_jumped_back_nothing_is_remembered_until_it_is_there_again(project: Path) -> None:
    stamp.remove(project)
    assert not take(project, late=-86_400)
    assert not take(project, late=-1)
    assert stamp.check(project, ENVIRONMENT) is None
    assert take(project, late=60)


def test_a_modification_time_ahead_of_the_clock_is_as_good_as_any(project: Path) -> None:
    slept.clear()
    tomorrow = os.stat(project / "photo.jpg").st_mtime_ns + 86_400 * 10**9
    os.utime(project / "photo.jpg", ns=(tomorrow, tomorrow))
    now = os.stat(project / "photo.jpg").st_ctime_ns / 1e9
    files = {"photo.jpg": stamp.facts(os.stat(project / "photo.jpg"))}
    stored = {"environment": ENVIRONMENT, "clock": lambda: now + 60, "sleep": slept.append}
    assert stamp.write(project, files, [], SUMMARY, **stored)  # type: ignore[arg-type]  # a clock and a sleep of ours
    assert (stamp.check(project, ENVIRONMENT), slept) == (SUMMARY, [])
    (project / "photo.jpg").write_text("CONTENT")
    os.utime(project / "photo.jpg", ns=(tomorrow, tomorrow))
    assert stamp.check(project, ENVIRONMENT) is None, "same size, same time, other content"


def test_a_glance_imports_nothing_that_planning_needs(project: Path) -> None:
    code = (
        "import sys; from vbmake.run import stamp; stamp.check(sys.argv[1]);"
        "heavy = {'pydantic', 'jinja2', 'yaml', 'av', 'cv2', 'numpy', 'boto3', 'rich', 'subprocess', 'asyncio'};"
        "sys.exit(' '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(project)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
