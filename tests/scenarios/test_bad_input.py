"""Bad input, through the whole product: a clear message with its place, the right exit code, and nothing lost.

Exit codes: 3 the declaration (or what it names) is wrong, 2 the build could not run, 1 a job failed.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.conftest import MakeClip, MakeMedia
from tests.scenarios.world import SMALL, Ended, World

HEAD = "vbmake: 1\nname: film\nsize: 64x36\nfps: 10\nquality: draft\n"
GOOD = HEAD + "scenes:\n  - {id: a, duration: 1s, layers: [{text: Good, style: {size: 40%}}]}\n"
SECRET = "sk-proj-0123456789abcdefABCDEF"


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A small film, built."""
    folder = tmp_path_factory.mktemp("good")
    world = World(folder / "project", folder / "cache").declare(GOOD)
    world.build()
    return world


@pytest.fixture
def project(good: World, tmp_path: Path) -> World:
    """A copy of it, to be spoiled."""
    return good.copy(tmp_path / "project", tmp_path / "cache")


def kept(world: World, kind: str = "*") -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((world.root / "build").glob(f"*.{kind}"))}


def refused(world: World, code: int) -> Ended:
    """Build: it must end with this code, in words, with what was built before left as it was.

    Where a job failed, the film is; other targets may be new.
    """
    kind = "mp4" if code == 1 else "*"
    before = kept(world, kind)
    ended = world.doit()
    assert ended.code == code, ended.text
    assert "Traceback" not in ended.text
    assert "error of vbmake itself" not in ended.text
    assert kept(world, kind) == before
    return ended


def mended(world: World) -> None:
    """With the good declaration again there is nothing to render: nothing that was known is lost."""
    assert world.declare(GOOD).build().ran == set()


BOMB = "a: &a [1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("", "video.yaml:1:1", "the file is empty"),
        ("- a\n", "video.yaml:1:1", "a declaration is a mapping"),
        (f"{HEAD}scenes: [a\n", "video.yaml:7:1", "this is not YAML"),
        (f"vbmake: 1\n{BOMB}", "video.yaml:6:4", "too many values"),
        (f"{HEAD}include: [own.yaml]\nscenes: [{{id: a}}]\n", "own.yaml:1:11", "includes go in a circle"),
    ],
    ids=["empty", "list", "broken", "aliases", "includes"],
)
def test_a_file_that_is_no_declaration_is_told(project: World, text: str, place: str, message: str) -> None:
    project.declare(text).write("own.yaml", "include: [own.yaml]\n")
    ended = refused(project, 3)
    assert ended.err.startswith(place)
    assert message in ended.err
    mended(project)


MISTAKES = f"""\
{HEAD}tittle: Film                                   # did you mean title?
scenes:
  - {{id: "a=b", duration: 1s}}                        # this cannot be the id of a scene
  - {{id: "*"}}                                        # this cannot be the id of a scene
  - {{id: a/b}}                                        # this cannot be the id of a scene
  - {{id: _a}}                                         # this cannot be the id of a scene
  - {{id: 🎬}}                                         # this cannot be the id of a scene
  - {{id: {"x" * 300}}}                                # this cannot be the id of a scene
  - {{id: same, duration: 0s}}                         # a duration is longer than 0
  - {{id: same}}                                       # this id is used twice
  - {{id: negative, duration: -1s}}                    # a time is written 2s
  - id: layers
    layers:
      - {{text: "{{{{ city }}}}"}}                     # the variable city is not defined
      - {{text: "{{{{ 'a' * 10000000 }}}}"}}           # the expression makes a text that is too long
      - {{text: "{{{{ range(10**9) | list }}}}"}}      # *
      - {{image: ../../secret.jpg}}                    # the path leads out of the project
      - {{image: /etc/passwd}}                         # the path is absolute
      - {{image: "http://example.com/a.jpg"}}          # this is an address on the net
      - {{image: link.jpg}}                            # lies outside of the project
      - {{image: photos/harbor.jpg}}                   # did you mean photos/harbour.jpg?
      - {{image: empty.jpg}}                           # the file is empty (0 bytes)
      - {{image: clip.mp4}}                            # name it with the key video
      - {{video: photos/harbour.jpg}}                  # name it with the key image
      - {{text: Hi, at: botom left}}                   # bottom left
      - {{text: Hi, color: red}}                       # a layer shows one thing
"""


def test_every_mistake_is_told_at_once_with_its_line(project: World, photo: Path, clip: Path) -> None:
    project.write("photos/harbour.jpg", photo.read_bytes()).write("empty.jpg", b"").add(clip)
    (project.root / "link.jpg").symlink_to(photo)
    ended = refused(project.declare(MISTAKES), 3)
    told: dict[int, str] = {}
    for block in re.split(r"(?m)^(?=video\.yaml:)", ended.err):
        if match := re.match(r"video\.yaml:(\d+):(\d+): ", block):
            told[int(match[1])] = told.get(int(match[1]), "") + block
    expected = {
        number: line.rpartition("# ")[2].strip()
        for number, line in enumerate(MISTAKES.splitlines(), 1)
        if re.search(r"\s# ", line)
    }
    assert set(told) == set(expected)
    wrong = {number: told[number] for number, words in expected.items() if words != "*" and words not in told[number]}
    assert not wrong
    mended(project)


def test_media_that_cannot_be_used_are_all_told_before_anything_is_rendered(
    project: World, photo: Path, clip: Path, tone: Path, make_media: MakeMedia
) -> None:
    frameless = ["-f", "lavfi", "-i", "testsrc2=size=64x48:duration=1", "-frames:v", "0", "-c:v", "libx264"]
    whole = clip.read_bytes()
    media = {
        "half.mp4": whole[: len(whole) // 2],
        "half.jpg": photo.read_bytes()[:700],
        "text.jpg": b"This is no picture.",
        "page.mp4": b"<!doctype html><html><p>Log in first</p></html>",
        "list.mp4": b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n",
        "none.mp4": make_media("none.mp4", *frameless).read_bytes(),
        "noise.mp4": bytes(range(1, 255)) * 40,
    }
    lines = []
    for name, content in media.items():
        project.write(name, content)
        key = "image" if name.endswith(".jpg") else "video"
        lines.append(f"      - {{{key}: {name}}}\n")
    scene = "scenes:\n  - id: a\n    duration: 1s\n    layers:\n"
    ended = refused(project.declare(HEAD + scene + "".join(lines)), 3)
    for number, name in enumerate(media):
        assert re.search(rf"(?m)^video\.yaml:{10 + number}:9: scenes\[0\]\.layers\[{number}\]: .*{name}", ended.err), (
            name
        )
    assert "ran  " not in ended.out
    unfit = "      - {video: sound.mp4}\n      - {video: photo.mp4}\n"
    sounds = "    sounds:\n      - {source: clip.mp4}\n      - {source: clip.mp4, trim: [0s, 9s]}\n"
    project.write("sound.mp4", tone.read_bytes()).write("photo.mp4", photo.read_bytes()).add(clip)
    ended = refused(project.declare(HEAD + scene + unfit + sounds), 3)
    for place, message in (
        ("10:9", "no pictures, only sound"),
        ("11:9", "a still picture, not a clip"),
        ("13:9", "this file has no sound"),
        ("14:9", "this file has no sound"),
    ):
        assert re.search(rf"(?m)^video\.yaml:{place}: .*{message}", ended.err), ended.err
    mended(project)


def test_a_trim_beyond_the_end_is_told_with_what_there_is(project: World, clip: Path) -> None:
    project.add(clip).declare(HEAD + "scenes:\n  - id: a\n    layers:\n      - {video: clip.mp4, trim: [1s, 9s]}\n")
    ended = refused(project, 3)
    assert "video.yaml:9:9: scenes[0].layers[0]: the trim reaches beyond the end" in ended.err
    assert "allowed: 0s to 2s" in ended.err


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("{text: 日本語}", "cannot draw 日"),
        ("{text: שלום}", "cannot draw ש"),
        ("{text: A, style: {font: own}}", r"own\.ttf cannot be used as a font"),
    ],
    ids=["cjk", "right to left", "font"],
)
def test_letters_that_cannot_be_drawn_are_told_before_anything_runs(project: World, layer: str, message: str) -> None:
    project.write("own.ttf", "no font")
    fonts = "fonts: {own: own.ttf}\n"
    ended = refused(project.declare(f"{HEAD}{fonts}scenes:\n  - {{id: a, duration: 1s, layers: [{layer}]}}\n"), 3)
    assert re.search(rf"(?m)^video\.yaml:8:\d+: scenes\[0\]\.layers\[0\].*{message}", ended.err), ended.text
    mended(project)


def test_a_drawing_that_is_damaged_fails_the_shot_that_shows_it(project: World) -> None:
    project.write("bad.svg", "<svg")
    ended = refused(project.declare(f"{HEAD}scenes:\n  - {{id: a, duration: 1s, layers: [{{svg: bad.svg}}]}}\n"), 1)
    assert re.search(r"video\.yaml:7:\d+: scenes\[0\].*bad\.svg is no SVG", ended.text), ended.text


def test_a_voice_and_a_rule_that_are_not_there_are_told(project: World) -> None:
    ended = refused(project.declare(f"{HEAD}voice: {{voice: no-such}}\nscenes:\n  - {{id: a, say: Hi}}\n"), 3)
    assert re.search(r"video\.yaml:6:\d+: voice: .*has no voice 'no-such'", ended.text)
    ended = refused(project.declare(f"{HEAD}scenes:\n  - {{id: a, layers: [{{make: pdf-pag, pdf: a.pdf}}]}}\n"), 3)
    assert "there is no rule of that name" in ended.err
    assert "pdf-page" in ended.err


def test_a_missing_tool_is_told_before_anything_runs(project: World) -> None:
    rule = "rule: own\nabout: A picture.\nmakes: {image: png}\nneeds: [no-such-tool]\n"
    rule += "command: [no-such-tool, '{{ image }}']\n"
    project.write("rules/own.yaml", rule)
    scenes = "scenes:\n  - {id: a, duration: 1s, layers: [{make: own}]}\n  - {id: b, duration: 1s}\n"
    ended = refused(project.declare(HEAD + scenes), 2)
    assert "no-such-tool is needed and was not found" in ended.text
    assert "ran  " not in ended.out


def test_media_of_odd_kinds_are_shown(world: World, make_media: MakeMedia, make_clip: MakeClip, tone: Path) -> None:
    source = ["-f", "lavfi", "-i", "testsrc2=size=64x48:rate=25:duration=1"]
    h264 = ["-c:v", "libx264", "-preset", "ultrafast", "-threads", "1"]
    upright = make_media("upright.mp4", *source, *h264, "-pix_fmt", "yuv420p")
    clips = [
        make_media("odd.mkv", "-f", "lavfi", "-i", "testsrc2=size=63x47:duration=1", *h264, "-pix_fmt", "yuv444p"),
        make_media("turned.mp4", "-display_rotation", "90", "-i", str(upright), "-c", "copy"),
        make_media("ten.mp4", *source, *h264, "-pix_fmt", "yuv420p10le"),
        make_media("alpha.mov", *source, "-c:v", "qtrle", "-pix_fmt", "argb"),
        make_media("variable.mkv", *source, "-vf", "select='mod(n,3)'", "-fps_mode", "vfr", *h264),
        make_media("heard.mkv", *source, "-i", str(tone), "-shortest", *h264, "-c:a", "flac"),
        make_media("animated.gif", *source, "-t", "0.5"),
    ]
    scenes = [{"id": f"s{n}", "duration": "500ms", "layers": [{"video": clip.name}]} for n, clip in enumerate(clips)]
    ended = world.add(*clips).declare({**SMALL, "scenes": scenes}).doit()
    assert ended.code == 0, ended.text
    with av.open(world.root / "build/film.mp4") as film:
        shown = [frame.to_ndarray(format="gray") for frame in film.decode(video=0)]
    assert len(shown) == 5 * len(clips)
    assert min(frame.std() for frame in shown) > 20
    # A turned clip is as high as it was wide: filling the film, it shows other parts than the upright one would.
    assert np.abs(shown[7].astype(int) - shown[12]).mean() > 10


TRICKY = [
    "\"quoted\" and 'single' `back`",
    r"\N \n \h back\\slash",
    "{\\an8}{\\fs60} %{localtime} ${HOME} $(id)",
    "a:b,c;d=e[f]@g#h%%i",
    "ffi é ñ Ω Ж ½ € — “q”",
]


def test_text_is_shown_as_it_is_written(world: World) -> None:
    style = {"size": "14%", "color": "#ffffff"}
    scenes = [
        {"id": f"s{n}", "duration": "300ms", "layers": [{"text": "{% raw %}" + text + "{% endraw %}", "style": style}]}
        for n, text in enumerate(TRICKY)
    ]
    plain = {"id": "plain", "duration": "300ms", "layers": [{"text": "", "style": style}]}
    plain["layers"][0]["text"] = "back"
    ended = world.declare({**SMALL, "size": "320x64", "title": TRICKY[0], "scenes": [*scenes, plain]}).doit()
    assert ended.code == 0, ended.text
    with av.open(world.root / "build/film.mp4") as film:
        assert film.metadata["title"] == TRICKY[0]
        shown = [frame.to_ndarray(format="gray") for frame in film.decode(video=0)]
    assert len(shown) == 3 * (len(TRICKY) + 1)
    ink = [int((shown[3 * n + 1] > 100).sum()) for n in range(len(TRICKY) + 1)]
    # Every letter is there: nothing was taken for a command, and each line is longer than the four letters of the last.
    assert all(count > 2.2 * ink[-1] for count in ink[:-1]), ink
    for n in range(len(TRICKY)):
        rows = np.flatnonzero((shown[3 * n + 1] > 100).any(axis=1))
        assert abs((rows[0] + rows[-1]) / 2 - 32) < 8, f"moved from the middle: {TRICKY[n]}"


def test_a_missing_input_between_two_builds_is_told_and_then_found_again(world: World, photo: Path) -> None:
    world.add(photo).declare({**SMALL, "scenes": [{"id": "a", "duration": "1s", "layers": [{"image": "photo.jpg"}]}]})
    world.build()
    (world.root / "photo.jpg").rename(world.root / "away.jpg")
    ended = refused(world, 3)
    assert "there is no such file" in ended.err
    assert "away.jpg" not in kept(world)
    (world.root / "away.jpg").rename(world.root / "photo.jpg")
    assert world.build().ran == set()


# Disks


@contextlib.contextmanager
def mounted(place: Path, size: str) -> Iterator[None]:
    """A small file system of its own. Skips where none may be mounted."""
    place.mkdir(exist_ok=True)
    command = shutil.which("mount")
    if command is None:
        pytest.skip("there is no mount program")
    made = subprocess.run([command, "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)], capture_output=True)
    if made.returncode != 0:
        pytest.skip("a file system can only be mounted by root")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_directory_that_cannot_be_written_is_told(good: World, tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "8m"):
        world = good.copy(tmp_path / "disk" / "project")
        world.declare(GOOD.replace("Good", "Other"))
        subprocess.run(["mount", "-o", "remount,ro", str(tmp_path / "disk")], check=True)
        ended = refused(World(world.root, tmp_path / "cache"), 2)
        assert "read-only" in ended.text


def test_a_full_disk_fails_the_job_and_keeps_what_was_built(good: World, tmp_path: Path, make_media: MakeMedia) -> None:
    noise = make_media("noise.wav", "-f", "lavfi", "-i", "anoisesrc=amplitude=0.3:duration=9:sample_rate=48000")
    with mounted(tmp_path / "disk", "2m"):
        world = good.copy(tmp_path / "disk" / "project", tmp_path / "cache").add(noise)
        sound = "sounds: [{source: noise.wav}]"
        world.declare(f"{HEAD}scenes:\n  - {{id: a, duration: 9s, {sound}, layers: [{{color: red}}]}}\n")
        ended = refused(world, 1)
        assert "disk is full" in ended.text
        assert "failed   stem:a/sound" in ended.out
        left = [path for path in (world.root / ".vbmake").rglob("*") if path.suffix == ".wav"]
        assert not left, "a half-written file was left behind"
        (world.root / "noise.wav").unlink()
        mended(world)


@pytest.mark.parametrize(
    "parts",
    [
        {"providers": {"openai": {"key": SECRET}}},
        {"voice": {"provider": "openai", "options": {"Authorization": f"Bearer {SECRET}"}}},
    ],
    ids=["in place of a variable", "in the options"],
)
def test_a_key_in_the_declaration_is_told_nowhere(project: World, parts: dict[str, Any]) -> None:
    scene = {"id": "a", "say": "Good.", "layers": [{"color": "red"}]}
    project.declare({**SMALL, **parts, "scenes": [scene]})
    ended = refused(project, 3)
    assert "found: (not shown)" in ended.text
    assert "environment variable" in ended.text
    texts = [ended.text, project.doit("plan").text]
    texts += [str(path.read_bytes()) for path in project.root.rglob("*") if path.is_file() and path.suffix != ".yaml"]
    assert not [text for text in texts if SECRET in text]
