"""The jobs that make pictures: a shot (frames of one scene), a cut (a transition between two), a still (one frame)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from vbmake.errors import FatalError
from vbmake.render.composite import Scene
from vbmake.render.encode import encode_frames
from vbmake.render.opencv import cv2
from vbmake.render.sprite import Pixels
from vbmake.render.transition import crossed
from vbmake.render.yuv import Planes
from vbmake.rules.work import Work
from vbmake.transitions import TRANSITIONS


def render_shot(work: Work) -> None:
    """Render the frames 0..frames-1 of a scene into `outputs["shot"]`, an mp4 with H.264 video alone.

    Raises FatalError for media that cannot be shown, JobError when ffmpeg fails.
    """
    with _scene(work, work.options) as scene:
        _encode(work, "shot", _shown(scene, int(work.options["frames"])))


def render_cut(work: Work) -> None:
    """Render a transition from scene `a` to scene `b` into `outputs["cut"]`, the layers of `over` untouched above it.

    Frame 0 shows `a` alone; the frame after the last would show `b` alone. Raises FatalError or JobError.
    """
    options = work.options
    frames, kind = int(options["frames"]), str(options["transition"])
    if kind not in TRANSITIONS:
        raise FatalError(f"there is no transition {kind!r}; allowed are {', '.join(sorted(TRANSITIONS))}")
    with contextlib.ExitStack() as stack:
        one, two, over = (
            stack.enter_context(_scene(work, part))
            for part in (options["a"], options["b"], {"layers": options.get("over") or ()})
        )
        pictures = crossed(kind, one, two, frames, str(options["fps"]), work.log)
        _encode(work, "cut", _converted(_covered(pictures, over), one.size))


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


def _encode(work: Work, role: str, planes: Iterable[Pixels]) -> None:
    encode_frames(planes, work.options, work.outputs[role], log=work.log, progress=work.progress)


def _shown(scene: Scene, frames: int) -> Iterator[Pixels]:
    """The planes of a scene's frames; one that shows what the last one did is not converted again."""
    planes = Planes(*scene.size)
    for f in range(frames):
        painted = scene.painted
        pixels = scene.frame(f)
        if f == 0 or scene.painted != painted:
            planes.take(pixels)
        yield planes.data


def _covered(pictures: Iterable[Pixels], over: Scene) -> Iterator[Pixels]:
    for f, picture in enumerate(pictures):
        over.paint_over(picture, f)
        yield picture


def _converted(pictures: Iterable[Pixels], size: tuple[int, int]) -> Iterator[Pixels]:
    planes = Planes(*size)
    for picture in pictures:
        planes.take(picture)
        yield planes.data
