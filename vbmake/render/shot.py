"""The jobs that make pictures: a shot (frames of one scene), a cut (a transition between two), a still (one frame)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from vbmake.errors import FatalError
from vbmake.render.composite import Scene
from vbmake.render.encode import encode_frames
from vbmake.render.opencv import cv2
from vbmake.render.sprite import Pixels, straighten
from vbmake.rules.work import Work

TRANSITIONS = (
    *(
        "fade",
        "fadeblack",
        "fadewhite",
        "fadegrays",
        "fadefast",
        "fadeslow",
        "dissolve",
        "pixelize",
        "distance",
        "radial",
    ),
    *("wipeleft", "wiperight", "wipeup", "wipedown", "wipetl", "wipetr", "wipebl", "wipebr"),
    *("slideleft", "slideright", "slideup", "slidedown", "smoothleft", "smoothright", "smoothup", "smoothdown"),
    *("coverleft", "coverright", "coverup", "coverdown", "revealleft", "revealright", "revealup", "revealdown"),
    *("circlecrop", "rectcrop", "circleopen", "circleclose", "vertopen", "vertclose", "horzopen", "horzclose"),
    *("diagtl", "diagtr", "diagbl", "diagbr", "hlslice", "hrslice", "vuslice", "vdslice"),
    *("hlwind", "hrwind", "vuwind", "vdwind", "hblur", "squeezeh", "squeezev", "zoomin"),
)
"""Every transition of ffmpeg's xfade that needs no expression."""


def render_shot(work: Work) -> None:
    """Render the frames 0..frames-1 of a scene into `outputs["shot"]`, an mp4 with H.264 video alone.

    Raises FatalError for media that cannot be shown, JobError when ffmpeg fails.
    """
    with _scene(work, work.options) as scene:
        encode_frames(
            [_frames(scene, int(work.options["frames"]))],
            "[0:v]null",
            work.options,
            work.outputs["shot"],
            log=work.log,
            progress=work.progress,
        )


def render_cut(work: Work) -> None:
    """Render a transition from scene `a` to scene `b` into `outputs["cut"]`, the layers of `over` untouched above it.

    Frame 0 shows `a` alone; the frame after the last would show `b` alone. Raises FatalError or JobError.
    """
    options = work.options
    frames, transition = int(options["frames"]), str(options["transition"])
    if transition not in TRANSITIONS:
        raise FatalError(f"there is no transition {transition!r}; allowed are {', '.join(sorted(TRANSITIONS))}")
    lasts = Fraction(frames) / Fraction(options["fps"])
    xfade = f"xfade=transition={transition}:duration={_seconds(lasts)}:offset=0"
    # The first picture is `a` itself: at their very start some kinds show a line of `b`, or read one past the picture.
    filters = f"[0:v]format=gbrp,split[a][first];[1:v]format=gbrp[b];[a][b]{xfade}[cut];"
    filters += "[cut][first]overlay=format=gbrp:enable='eq(n,0)'"
    parts: list[Mapping[str, Any]] = [options["a"], options["b"]]
    if options.get("over"):
        parts.append({"layers": options["over"]})
        filters += "[x];[2:v]format=gbrap[o];[x][o]overlay=format=gbrp:alpha=straight"
    with contextlib.ExitStack() as stack:
        scenes = [stack.enter_context(_scene(work, part)) for part in parts]
        encode_frames(
            [_frames(scene, frames) if number < 2 else _straight(scene, frames) for number, scene in enumerate(scenes)],
            filters,
            options,
            work.outputs["cut"],
            log=work.log,
            progress=work.progress,
        )


def render_still(work: Work) -> None:
    """Render frame 0 of a scene into `outputs["still"]`, a PNG or a JPEG by its extension. Raises FatalError."""
    path = work.outputs["still"]
    with _scene(work, work.options) as scene:
        pixels = cv2.cvtColor(scene.frame(0), cv2.COLOR_BGRA2BGR)
    made, data = cv2.imencode(
        path.suffix.lower(), pixels, [cv2.IMWRITE_JPEG_QUALITY, 92, cv2.IMWRITE_PNG_COMPRESSION, 4]
    )
    if not made:
        raise FatalError(f"a still cannot be written as {path.suffix!r}; allowed are .png and .jpg")
    path.write_bytes(data.tobytes())
    work.progress(1, 1)


def _scene(work: Work, part: Mapping[str, Any]) -> Scene:
    options = work.options
    return Scene(
        part,
        work.inputs.get("assets", ()),
        work.inputs.get("fonts", ()),
        (int(options["width"]), int(options["height"])),
        str(options["fps"]),
        work.log,
    )


def _frames(scene: Scene, frames: int) -> Iterator[Pixels]:
    return (scene.frame(f) for f in range(frames))


def _straight(scene: Scene, frames: int) -> Iterator[Pixels]:
    """Frames with straight alpha: releases of ffmpeg differ in what they take for premultiplied."""
    last: tuple[Pixels, Pixels] | None = None
    for f in range(frames):
        frame = scene.frame(f)
        if last is None or not np.array_equal(last[0], frame):
            last = (frame.copy(), straighten(frame))
        yield last[1]


def _seconds(lasts: Fraction) -> str:
    """A duration as ffmpeg reads it, to the microsecond, rounded."""
    return f"{round(lasts * 1_000_000)}us"
