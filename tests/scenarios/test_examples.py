"""The examples, each built in a copy at draft quality, a quarter of its size and six frames a second, and looked at.

What is looked at: length, tracks, that every scene shows something, loudness, captions, chapters, poster, timelines.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pysubs2
import pytest
import yaml
from numpy.typing import NDArray

from tests.scenarios.world import REPOSITORY, World
from vbmake.render import loudness

EXAMPLES = sorted(path.parent.name for path in (REPOSITORY / "examples").glob("*/video.yaml"))
NEEDS = {"slides": "pdftoppm"}
FPS = 6
Picture = NDArray[np.uint8]


def smaller(text: str) -> str:
    """A declaration with sizes a quarter as large, six frames a second, and draft quality."""

    def quarter(match: re.Match[str]) -> str:
        width, height = (int(side) // 8 * 2 for side in match.groups())
        return f"size: {width}x{height}"

    text = re.sub(r"\bsize: (\d+)x(\d+)", quarter, text)
    text, changed = re.subn(r"(?m)^fps: .*$", f"fps: {FPS}\nquality: draft", text)
    assert changed == 1, "every example says its fps"
    return text


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], World]:
    """built(name): a small copy of an example, built once."""
    done: dict[str, World] = {}

    def build(name: str) -> World:
        tool = NEEDS.get(name)
        if tool and not shutil.which(tool):
            pytest.skip(f"{name} needs {tool}, which is not installed")
        if name not in done:
            folder = tmp_path_factory.mktemp("example")
            shutil.copytree(
                REPOSITORY / "examples" / name, folder / name, ignore=shutil.ignore_patterns(".vbmake", "build")
            )
            world = World(folder / name, folder / "cache")
            world.declare(smaller((world.root / "video.yaml").read_text("utf-8"))).build()
            done[name] = world
        return done[name]

    return build


def timelines(world: World) -> list[tuple[Path, dict[str, Any]]]:
    """Each film of a project with its timeline."""
    found = sorted((world.root / "build").glob("*.timeline.json"))
    return [
        (path.with_name(path.name.replace(".timeline.json", ".mp4")), json.loads(path.read_text())) for path in found
    ]


def pictures(film: Path) -> list[Picture]:
    """Every frame, RGB."""
    with av.open(film) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def declared(world: World) -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load((world.root / "video.yaml").read_text("utf-8"))
    return data


def test_every_example_is_here() -> None:
    assert {"hello", "lighthouse", "slides", "data-driven"} <= set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_a_film_that_shows_something_and_sounds_as_it_says(
    name: str, built: Callable[[str], World]
) -> None:
    world = built(name)
    films = timelines(world)
    assert films
    for film, timeline in films:
        assert film.is_file()
        frames = timeline["frames"]
        heard = bool(timeline["music"]) or any(scene["sounds"] for scene in timeline["scenes"])
        with av.open(film) as container:
            (picture,) = container.streams.video
            codec = picture.codec_context
            assert (codec.name, codec.pix_fmt) == ("h264", "yuv420p")
            assert [codec.width, codec.height] == timeline["size"]
            assert [track.codec_context.name for track in container.streams.audio] == ["aac"] * heard
            assert picture.duration * picture.time_base == Fraction(frames, FPS)
            assert container.metadata.get("title", "") == timeline["title"]
        shown = pictures(film)
        assert len(shown) == frames
        for scene in timeline["scenes"]:
            middle = shown[scene["start"] + scene["frames"] // 2]
            assert middle.mean() > 8, f"{scene['id']} is black"
            assert middle.std() > 4, f"{scene['id']} shows nothing"
        quiet = [frame for frame, one in enumerate(shown) if one.mean() < 1]
        fades = [
            scene["start"] for scene in timeline["scenes"] if (scene["transition"] or {}).get("kind") == "fadeblack"
        ]
        assert not [frame for frame in quiet if not any(start <= frame < start + FPS for start in fades)], (
            "a black frame"
        )
        if heard:
            wanted = declared(world).get("loudness", -16)
            assert loudness.measure(film).lufs == pytest.approx(wanted, abs=1)


def said(world: World) -> str:
    """What is said in the first film, as it is written."""
    data = declared(world)
    text = " ".join(scene["say"] for scene in data["scenes"] if "say" in scene)
    return re.sub(r"{{ (\w+) }}", lambda match: str(data["vars"][match[1]]), text)


@pytest.mark.parametrize(("name", "kinds"), [("lighthouse", ["srt", "vtt"]), ("slides", ["vtt"])])
def test_the_captions_say_what_is_said_while_it_is_said(
    name: str, kinds: list[str], built: Callable[[str], World]
) -> None:
    world = built(name)
    ((_, timeline), *_) = timelines(world)
    voices = [sound for scene in timeline["scenes"] for sound in scene["sounds"] if sound["kind"] == "voice"]
    spoken = [(sound["start"] / 48, (sound["start"] + sound["samples"]) / 48) for sound in voices]
    for kind in kinds:
        cues = pysubs2.load(str(world.root / f"build/{name}.{kind}"))
        assert " ".join(cue.plaintext for cue in cues).split() == said(world).split()
        for cue in cues:
            assert any(start - 150 <= cue.start and cue.end <= end + 1500 for start, end in spoken), cue
        assert all(cue.end <= following.start for cue, following in pairwise(cues))


def test_the_word_being_said_is_marked_in_the_lighthouse(built: Callable[[str], World]) -> None:
    world = built("lighthouse")
    cues = pysubs2.load(str(world.root / "build/lighthouse.srt"))
    for film, _ in timelines(world):
        shown = pictures(film)

        marked = []
        for picture in shown:
            lower = picture[len(picture) * 3 // 5 :].astype(int)
            marked.append(int((np.abs(lower - [0xFF, 0xB5, 0x2E]).max(axis=2) < 45).sum()))
        assert max(marked[: 4 * FPS]) == 0, "the first scene, in which nothing is said, has letters of that colour"
        for cue in cues:
            assert max(marked[cue.start * FPS // 1000 : cue.end * FPS // 1000]) > 3, (
                f"no word is marked: {cue.plaintext}"
            )


def test_the_lighthouse_has_chapters_posters_and_timelines_that_open(built: Callable[[str], World]) -> None:
    import opentimelineio as otio

    world = built("lighthouse")
    titles = [scene["title"] for scene in declared(world)["scenes"] if "title" in scene]
    for film, timeline in timelines(world):
        with av.open(film) as container:
            assert [chapter["metadata"]["title"] for chapter in container.chapters()] == titles
            assert container.streams.video[0].metadata.get("language", "") in ("en", "eng")
        assert film.with_suffix(".jpg").read_bytes().startswith(b"\xff\xd8")
        opened = otio.adapters.read_from_file(str(film.with_suffix(".otio")))
        assert opened.duration().to_frames() == timeline["frames"]


def test_the_data_driven_example_makes_a_film_of_each_row(built: Callable[[str], World]) -> None:
    world = built("data-driven")
    rows = (world.root / "cities.csv").read_text().splitlines()[1:]
    films = timelines(world)
    assert len(films) == len(rows)
    starts = [pictures(film)[FPS].tobytes() for film, _ in films]
    assert len(set(starts)) == len(rows), "two rows gave one picture"
