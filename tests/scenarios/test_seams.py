"""Films of many scenes whose every picture carries a number, and every scene a tone of its own pitch.

What is asked of the finished film, as a player decodes it: each frame where it belongs, in cuts the right share of
both, each tone's onset to within 128 samples (2.7 ms), and no flash of another brightness where scenes meet.
"""

from __future__ import annotations

import wave
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.conftest import MakeClip
from tests.scenarios.world import World
from tests.seams import BITS, barcode, read_barcode
from vbmake.render import ffmpeg

RATE = 48000
SIZE = (64, 48)
ROWS, COLUMNS = 3, 4
BLOCK = 128  # samples: how far from its place a tone may begin
TONE_AT, TONE_LASTS = Fraction(2, 5), Fraction(3, 10)
KINDS = ("fade", "wipeleft", "none")
Levels = NDArray[np.float64]


@dataclass(frozen=True)
class Planned:
    """A scene as the test expects it: film frame `start` shows the number `base`, `base + 1` the next ..."""

    start: int
    frames: int
    into: int
    kind: str
    base: int
    hertz: int


def planned(lengths: Sequence[int], into: int, kinds: Sequence[str] = KINDS) -> list[Planned]:
    """Scenes of those lengths; the ways from one to the next take `into` frames and are the `kinds` in turn."""
    found: list[Planned] = []
    for number, frames in enumerate(lengths):
        kind = kinds[(number - 1) % len(kinds)] if number else "none"
        overlap = into if kind != "none" else 0
        start = found[-1].start + found[-1].frames - overlap if found else 0
        base = sum(lengths[:number])
        found.append(Planned(start, frames, overlap, kind, base, 500 + 90 * number))
    assert sum(lengths) <= 1 << BITS
    return found


def tone(path: Path, hertz: int) -> Path:
    """A tone that begins at once and at its full strength, 48 kHz mono WAV."""
    time = np.arange(int(TONE_LASTS * RATE)) / RATE
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes((np.cos(2 * np.pi * hertz * time) * 12000).astype("<i2").tobytes())
    return path


def make_film(world: World, make_clip: MakeClip, scenes: Sequence[Planned], fps: str) -> Path:
    """Build the film: each scene is a clip of its numbers (which says how long the scene is) and its tone."""
    rate = str(Fraction(fps) if fps != "29.97" else Fraction(30000, 1001))
    declared: list[dict[str, Any]] = []
    for number, scene in enumerate(scenes):
        args = "-c:v libx264 -preset ultrafast -threads 1 -crf 12 -pix_fmt yuv420p -g 25"
        clip = make_clip("clip.mp4", args, frames=scene.frames, fps=rate, first=scene.base, size=SIZE)
        world.write(f"clips/{number}.mp4", clip.read_bytes())
        tone(world.root / f"tone-{number}.wav", scene.hertz)
        way: Any = {"kind": scene.kind, "duration": f"{round(scene.into / Fraction(rate) * 1000)}ms"}
        declared.append(
            {
                "id": f"s{number}",
                "layers": [{"video": f"clips/{number}.mp4"}],
                "sounds": [{"source": f"tone-{number}.wav", "at": f"{int(TONE_AT * 1000)}ms"}],
                "transition": way if scene.into else "none",
            }
        )
    film = {"vbmake": 1, "name": "film", "size": f"{SIZE[0]}x{SIZE[1]}", "fps": fps, "quality": "draft"}
    world.declare({**film, "scenes": declared}).build()
    return world.root / "build" / "film.mp4"


def pictures(film: Path) -> list[tuple[Fraction, NDArray[np.uint8]]]:
    """Every picture (BGR) of a film with the time at which a player shows it."""
    with av.open(film) as container:
        track = container.streams.video[0]
        return [(frame.pts * frame.time_base, frame.to_ndarray(format="bgr24")) for frame in container.decode(track)]


def levels(picture: NDArray[np.uint8]) -> Levels:
    """The brightness of the middle of each block, (3, 4)."""
    height, width = SIZE[1] // ROWS, SIZE[0] // COLUMNS
    blocks = picture.mean(axis=2).reshape(ROWS, height, COLUMNS, width)
    middle = blocks[:, height // 2 - 2 : height // 2 + 2, :, width // 2 - 2 : width // 2 + 2]
    found: Levels = middle.mean(axis=(1, 3))
    return found


def mixed(kind: str, share: Fraction, a: Levels, b: Levels) -> tuple[Levels, NDArray[np.bool_]]:
    """What a cut shows when `share` of it is over, and which blocks can be judged."""
    if kind == "fade":
        return a * float(1 - share) + b * float(share), np.ones((ROWS, COLUMNS), bool)
    centres = (np.arange(COLUMNS) + 0.5) / COLUMNS  # a wipe to the left uncovers b from the right
    edge = float(1 - share)
    sharp = np.broadcast_to(np.abs(centres - edge) * SIZE[0] > 5, (ROWS, COLUMNS))
    return np.where(centres > edge, b, a), sharp


def check_pictures(film: Path, scenes: Sequence[Planned], fps: Fraction) -> None:
    shown = pictures(film)
    last = scenes[-1]
    assert len(shown) == last.start + last.frames
    assert [time for time, _ in shown] == [frame / fps for frame in range(len(shown))]
    for frame, (_, picture) in enumerate(shown):
        seen = [scene for scene in scenes if scene.start <= frame < scene.start + scene.frames]
        if len(seen) == 1:
            assert read_barcode(picture) == seen[0].base + frame - seen[0].start, f"film frame {frame}"
            continue
        before, after = seen
        a, b = (levels(barcode(scene.base + frame - scene.start, *SIZE)) for scene in seen)
        share = Fraction(frame - after.start, after.into)
        expected, judged = mixed(after.kind, share, a, b)
        wrong = np.abs(levels(picture) - expected)[judged]
        assert wrong.max() < 20, f"film frame {frame}: {share} of {after.kind} from {before.base} to {after.base}"


def heard(film: Path) -> NDArray[np.float32]:
    """The film's sound as a player hears it, one channel."""
    args = ["-map", "0:a:0", "-ac", "1", "-ar", str(RATE), "-f", "f32le", "-"]
    return np.frombuffer(ffmpeg.run([*ffmpeg.input_args(film), *args]), np.float32)


def onset(sound: NDArray[np.float32], near: int, reach: int) -> int:
    """The sample at which a sound begins: where its power, over 96 samples, first passes a quarter of its greatest."""
    first = max(0, near - reach)
    power = np.convolve(sound[first : near + reach].astype(np.float64) ** 2, np.ones(96) / 96, "valid")
    return first + int(np.argmax(power > power.max() / 4)) + 24


def pitch(sound: NDArray[np.float32]) -> float:
    """The strongest frequency of a sound, in Hz."""
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), RATE))
    return float(np.argmax(spectrum)) * RATE / RATE


def check_tones(film: Path, scenes: Sequence[Planned], fps: Fraction) -> None:
    sound = heard(film)
    assert len(sound) >= int((scenes[-1].start + scenes[-1].frames) * RATE / fps)
    for number, scene in enumerate(scenes):
        place = round(scene.start * RATE / fps + TONE_AT * RATE)
        found = onset(sound, place, RATE // 4)
        assert abs(found - place) <= BLOCK, f"the tone of scene {number} begins {found - place} samples late"
        assert abs(pitch(sound[place + 2400 : place + 12000]) - scene.hertz) < 12, f"scene {number}"


@pytest.mark.parametrize(
    ("count", "fps"),
    [(2, "25"), (2, "29.97"), (10, "30"), pytest.param(50, "30", marks=pytest.mark.long)],
)
def test_every_frame_and_every_tone_is_where_it_belongs(
    count: int, fps: str, world: World, make_clip: MakeClip
) -> None:
    # With two scenes the first is longer than a shot (5 s), so that seams inside a scene are seen too.
    lengths = [240, 40] if count == 2 else [30 + number % 3 for number in range(count)]
    scenes = planned(lengths, into=6)
    rate = Fraction(30000, 1001) if fps == "29.97" else Fraction(fps)
    film = make_film(world, make_clip, scenes, fps)
    plan = (world.root / ".vbmake/dag/plan.json").read_text()
    assert ("shot:main/s0/1" in plan) == (count == 2)
    check_pictures(film, scenes, rate)
    check_tones(film, scenes, rate)


COLORS = ("#c0c0c0", "#d8d8d8")
SMOOTH = ("fade", "wipeleft", "slideup", "dissolve", "smoothright", "circleopen")
# These pass through another colour, or through nothing, by their nature: only their ends are looked at.
THROUGH = ("fadeblack", "fadewhite", "fadegrays", "circlecrop", "rectcrop", "squeezeh", "squeezev", "hblur", "zoomin")


def brightness(world: World, kinds: Sequence[str]) -> tuple[NDArray[np.float64], list[int]]:
    """The mean brightness of each frame of a film of two bright colours in turn; and where its cuts begin."""
    frames, into = 16, 6
    ways: list[Any] = ["none", *({"kind": kind, "duration": "600ms"} for kind in kinds)]
    scenes = [
        {"id": f"s{number}", "duration": "1600ms", "transition": way, "layers": [{"color": COLORS[number % 2]}]}
        for number, way in enumerate(ways)
    ]
    world.declare(
        {"vbmake": 1, "name": "film", "size": "64x48", "fps": 10, "quality": {"crf": 8}, "scenes": scenes}
    ).build()
    shown = np.array([picture.mean() for _, picture in pictures(world.root / "build/film.mp4")])
    starts = [number * (frames - into) for number in range(1, len(kinds) + 1)]
    assert len(shown) == starts[-1] + frames
    return shown, starts


def check_seams(world: World, kinds: Sequence[str], *, inside: bool) -> None:
    shown, starts = brightness(world, kinds)
    low, high = 0xC0 - 4, 0xD8 + 4
    for kind, start in zip(kinds, starts, strict=True):
        # A cut begins with the scene before, alone; and what follows it is the scene after.
        assert abs(shown[start] - shown[start - 1]) < 4, kind
        assert abs(shown[start + 6] - shown[start + 7]) < 4, kind
        if inside:
            cut = shown[start : start + 6]
            assert low <= cut.min(), f"{kind} has a dark frame: {cut.round()}"
            assert cut.max() <= high, f"{kind} has a bright frame: {cut.round()}"


def test_no_seam_flashes(world: World) -> None:
    check_seams(world, SMOOTH, inside=True)


@pytest.mark.long
def test_no_transition_flashes_at_its_ends_nor_goes_dark_inside(world: World) -> None:
    from vbmake.project.models import TRANSITIONS

    check_seams(world, [kind for kind in TRANSITIONS if kind not in (*SMOOTH, *THROUGH)], inside=True)
    check_seams(World(world.root.parent / "through", world.cache), THROUGH, inside=False)
