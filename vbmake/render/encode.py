"""Encoding: raw pictures into H.264, one setting for all segments of a film, so that they join by stream copy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from vbmake.errors import FatalError, JobError
from vbmake.render import media
from vbmake.render.picture_feed import fed, raw_input
from vbmake.render.sprite import Pixels

# Nothing is converted: the pictures are in these colours.
_TAGS = "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv,setsar=1"


def timescale(fps: Fraction) -> int:
    """Ticks a second of the video track: every frame lasts a whole number of them, and there are at least 10,000."""
    return fps.numerator * -(-10_000 // fps.numerator)


def encoder_args(options: Mapping[str, Any]) -> list[str]:
    """The arguments that encode the film's frames, the same for every segment of a format.

    One thread: x264 gives other pixels for another number of threads. Closed GOPs at fixed places, no scene cuts:
    segments can be joined and sought.
    """
    encode, fps = options["encode"], Fraction(options["fps"])
    gop = int(encode["gop"])
    return [
        *("-an", "-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1"),
        *("-c:v", "libx264", "-preset", str(encode["preset"]), "-crf", f"{encode['crf']:g}", "-threads", "1"),
        *("-g", str(gop), "-keyint_min", str(gop), "-sc_threshold", "0", "-flags", "+cgop+bitexact"),
        *("-x264-params", "open-gop=0:scenecut=0", "-pix_fmt", "yuv420p", "-profile:v", "high"),
        *("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"),
        *("-fps_mode", "passthrough", "-frames:v", str(options["frames"])),
        *("-video_track_timescale", str(timescale(fps)), "-fflags", "+bitexact", "-f", "mp4"),
    ]


def encode_frames(
    planes: Iterable[Pixels],
    options: Mapping[str, Any],
    output: Path,
    *,
    log: Callable[[str], None],
    progress: Callable[[int, int], None],
) -> None:
    """Encode `options["frames"]` pictures, planes as `yuv.Planes` has them, into an mp4.

    They are taken from `planes` by a thread of its own. Raises what `planes` raises, or JobError when ffmpeg fails or
    another number of frames came out.
    """
    frames = int(options["frames"])
    size = (int(options["width"]), int(options["height"]))

    def args(files: Sequence[int]) -> list[str]:
        source = raw_input("yuv420p", size, str(options["fps"]), files[0])
        return [*source, "-filter_threads", "1", "-vf", _TAGS, *encoder_args(options), str(output)]

    with fed([planes], args, log=log, progress=lambda done: progress(done, frames)):
        pass
    check_frames(output, frames)


def check_frames(path: Path, frames: int) -> None:
    """Raise JobError unless the file's video track has that many frames."""
    try:
        with media.open_packets(path) as container:
            found = container.streams.video[0].frames if container.streams.video else 0
    except FatalError as error:
        raise JobError(f"it was not written as a video: {error}") from None
    if found != frames:
        raise JobError(f"{path.name} has {found} frames and not {frames}: ffmpeg gave others than it was told to")
