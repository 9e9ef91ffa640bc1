"""Transitions: the pictures in which one scene gives way to another."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import IO

from vbmake.render.composite import Scene
from vbmake.render.opencv import cv2
from vbmake.render.picture_feed import fed, raw_input
from vbmake.render.sprite import Pixels, blank


def crossed(kind: str, one: Scene, two: Scene, frames: int, fps: str, log: Callable[[str], None]) -> Iterator[Pixels]:
    """The `frames` pictures of a transition, (h, w, 4) BGRA; each holds until the next is asked for.

    The first is that of `one` alone; the one after the last would be that of `two`. Raises JobError when ffmpeg fails.
    """
    if kind == "fade":  # what nearly every transition is, without the way through ffmpeg and back
        return _faded(one, two, frames)
    return _through_ffmpeg(kind, one, two, frames, fps, log)


def _faded(one: Scene, two: Scene, frames: int) -> Iterator[Pixels]:
    mixed = blank(*one.size)
    for f in range(frames):
        share = f / frames
        cv2.addWeighted(one.frame(f), 1 - share, two.frame(f), share, 0, dst=mixed)
        yield mixed


def _through_ffmpeg(
    kind: str, one: Scene, two: Scene, frames: int, fps: str, log: Callable[[str], None]
) -> Iterator[Pixels]:
    lasts = round(Fraction(frames) / Fraction(fps) * 1_000_000)
    graph = f"[0:v]format=gbrp[a];[1:v]format=gbrp[b];[a][b]xfade=transition={kind}:duration={lasts}us:offset=0"

    def args(files: Sequence[int]) -> list[str]:
        inputs = [arg for file in files for arg in raw_input("bgra", one.size, fps, file)]
        filters = ["-filter_complex_threads", "1", "-filter_complex", f"{graph},format=bgra[out]", "-map", "[out]"]
        return [*inputs, *filters, "-fps_mode", "passthrough", "-f", "rawvideo", "pipe:1"]

    first = one.frame(0).copy()
    feeds = [map(scene.frame, range(frames)) for scene in (one, two)]
    with fed(feeds, args, log=log, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        picture = blank(*one.size)
        for f in range(frames):
            if not _read(running.stdout, picture):
                break  # ffmpeg has ended: why is told when the block is left
            # At their very start some kinds show a line of `two`, or read one past the picture.
            yield first if f == 0 else picture


def _read(stream: IO[bytes], picture: Pixels) -> bool:
    """Fill the picture; False when the stream has ended."""
    rest = memoryview(picture.reshape(-1).data)
    while rest:
        count = stream.readinto(rest)  # type: ignore[attr-defined]  # typeshed's IO lacks what BufferedReader has
        if not count:
            return False
        rest = rest[count:]
    return True
