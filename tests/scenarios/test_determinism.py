"""The same project is the same bytes: in another directory, with other numbers of workers, and made again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import MakeMedia
from tests.scenarios.world import World

FILM = {
    "vbmake": 1,
    "title": "Twice the same",
    "language": "en",
    "size": "96x54",
    "fps": 10,
    "quality": "draft",
    "background": "#102030",
    "music": {"source": "music.flac", "gain": "-12dB", "duck": "-9dB", "fade_in": "300ms", "fade_out": "300ms"},
    "captions": {"style": "karaoke", "files": ["srt", "vtt"]},
    "transition": {"kind": "dissolve", "duration": "400ms"},
    "formats": {"wide": {}, "tall": {"size": "54x96"}},
    "outputs": {"poster": {"at": "500ms"}, "gif": {"width": 64, "fps": 5, "end": "1s"}, "otio": True},
    "overlays": [{"text": "vbmake", "style": {"size": "8%"}, "at": "top right"}],
    "scenes": [
        {
            "id": "said",
            "title": "What is said",
            "say": "Two thousand years ago.",
            "layers": [
                {"image": "photo.jpg", "motion": {"zoom": [1, 1.2], "toward": [0.7, 0.4]}},
                {"shape": "ellipse", "width": "30%", "height": "30%", "fill": "#ff880080", "enter": {"zoom": "300ms"}},
            ],
        },
        {
            "id": "shown",
            "duration": "1500ms",
            "layers": [
                {"video": "talking.mp4", "gain": "-6dB", "fit": "blur"},
                {"gradient": {"colors": ["#ff000080", "#0000ff00"]}, "height": "40%", "at": "bottom"},
                {"text": "Held\nlines", "animate": {"rotate": [["0s", 0], ["1s", 20]]}},
            ],
        },
        {"id": "made", "duration": "1s", "layers": [{"make": "qr-code", "text": "vbmake"}]},
    ],
}
MADE = {"mp4", "srt", "vtt", "gif", "jpg", "otio", "json"}


@pytest.fixture
def project(world: World, make_media: MakeMedia, photo: Path, talking_clip: Path) -> World:
    tune = "aevalsrc='0.3*sin(2*PI*(220+60*floor(2*t))*t)':s=48000:d=3"
    return world.declare(FILM).add(photo, talking_clip, make_media("music.flac", "-f", "lavfi", "-i", tune))


def made(root: Path, folder: str) -> dict[str, bytes]:
    """The files below a folder of the project."""
    return {
        str(path.relative_to(root)): path.read_bytes() for path in sorted((root / folder).rglob("*")) if path.is_file()
    }


def test_directories_workers_and_runs_change_no_byte(project: World, tmp_path: Path) -> None:
    builds: list[tuple[dict[str, bytes], dict[str, bytes]]] = []
    elsewhere = project.cold(tmp_path / "quite another" / "place" / "fïlm", tmp_path / "cache 2")
    again = World(project.root, tmp_path / "cache 3")
    for number, (world, workers) in enumerate(((project, "1"), (elsewhere, "8"), (again, "3"))):
        if world is again:
            shutil.rmtree(world.root / ".vbmake")
            shutil.rmtree(world.root / "build")
        ended = world.doit("-n", workers, PYTHONHASHSEED=str(number))
        assert ended.code == 0, ended.text
        assert " fetched" not in ended.out, "a cold cache was asked for"
        builds.append((made(world.root, "build"), made(world.root, ".vbmake/work")))
    targets, work = builds[0]
    assert {path.rpartition(".")[2] for path in targets} == MADE
    assert len(targets) == 2 * 5 + 2
    assert len(work) > 10
    for others, other_work in builds[1:]:
        assert {path for path in targets if targets[path] != others.get(path)} == set()
        assert targets.keys() == others.keys()
        assert {path for path in work if work[path] != other_work.get(path)} == set()
