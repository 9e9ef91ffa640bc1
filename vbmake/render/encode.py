"""Encoding: raw BGRA frames into H.264, one setting for all segments of a film, so that they join by stream copy."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import IO, Any

import av

from vbmake import process
from vbmake.errors import JobError
from vbmake.render import ffmpeg
from vbmake.render.sprite import Pixels

_PIPE_BYTES = 2**20  # the most an unprivileged process may ask for
_F_SETPIPE_SZ = 1031
_BT709 = "colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv"

# Rec. 709 in limited range, as players assume of HD; rounding fixed, whatever the processor.
TO_YUV = (
    "scale=out_color_matrix=bt709:out_range=tv:flags=area+accurate_rnd+bitexact,format=yuv420p,"
    f"setparams={_BT709},setsar=1"
)


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


def raw_input(options: Mapping[str, Any], fd: int) -> list[str]:
    """The arguments that read raw BGRA frames of the film's size and rate from file descriptor `fd`."""
    size = f"{options['width']}x{options['height']}"
    return [
        *("-protocol_whitelist", "pipe", "-f", "rawvideo", "-pixel_format", "bgra", "-video_size", size),
        *("-framerate", str(options["fps"]), "-i", f"pipe:{fd}"),
    ]


def encode_frames(
    feeds: Sequence[Iterable[Pixels]],
    filters: str,
    options: Mapping[str, Any],
    output: Path,
    *,
    log: Callable[[str], None],
    progress: Callable[[int, int], None],
) -> None:
    """Encode what the filter graph `filters` ([0:v], [1:v] ... in, one picture stream out) makes of the feeds: an mp4.

    Each feed yields `options["frames"]` arrays (height, width, 4); each has a pipe and a thread of its own, so that
    ffmpeg may read them in any order. Raises what a feed raises, or JobError when ffmpeg fails or another number of
    frames came out.
    """
    frames = int(options["frames"])
    with contextlib.ExitStack() as stack:
        readers, feeders = [], []
        for number, feed in enumerate(feeds):
            reader, writer = os.pipe()
            readers.append(stack.enter_context(os.fdopen(reader, "rb", 0)))
            pipe = stack.enter_context(os.fdopen(writer, "wb", 0))
            feeders.append(_Feeder(feed, pipe, frames, progress if number == 0 else None))
        args = [ffmpeg.executable(), "-hide_banner", "-nostdin", "-nostats", "-y", "-loglevel", "error"]
        for reading in readers:
            args += raw_input(options, reading.fileno())
        args += ["-filter_complex_threads", "1", "-filter_complex", f"{filters},{TO_YUV}[out]", "-map", "[out]"]
        args += [*encoder_args(options), str(output)]
        code, tail = _run(args, readers, feeders, log)
    for feeder in feeders:
        if feeder.error is not None:
            raise feeder.error
    if code != 0:
        detail = "\n".join(f"    {line}" for line in list(tail)[-8:])
        raise JobError(f"ffmpeg failed with exit code {code}" + (f":\n{detail}" if detail else ""))
    check_frames(output, frames)


def check_frames(path: Path, frames: int) -> None:
    """Raise JobError unless the file's video track has that many frames."""
    try:
        with av.open(str(path)) as container:
            found = container.streams.video[0].frames if container.streams.video else 0
    except av.FFmpegError as error:
        raise JobError(f"{path.name} was not written as a video: {error}") from None
    if found != frames:
        raise JobError(f"{path.name} has {found} frames and not {frames}: ffmpeg gave others than it was told to")


class _Feeder(threading.Thread):
    """Writes one feed's frames into its pipe; `error` is what stopped it, unless that was ffmpeg's own end."""

    def __init__(
        self, feed: Iterable[Pixels], pipe: IO[bytes], frames: int, progress: Callable[[int, int], None] | None
    ) -> None:
        super().__init__(daemon=True, name="feeder")
        self.error: BaseException | None = None
        self.stop: Callable[[], None] = lambda: None
        self._feed, self._pipe, self._frames, self._progress = feed, pipe, frames, progress

    def run(self) -> None:
        try:
            self._write_all()
        except (BrokenPipeError, ConnectionResetError):
            pass  # ffmpeg has ended: its exit code and its last words say why
        except BaseException as error:  # handed to the thread that waits, which raises it
            self.error = error
            self.stop()
        finally:
            with contextlib.suppress(OSError):
                self._pipe.close()

    def _write_all(self) -> None:
        if sys.platform == "linux":
            with contextlib.suppress(OSError):
                fcntl.fcntl(self._pipe.fileno(), _F_SETPIPE_SZ, _PIPE_BYTES)
        for done, frame in enumerate(self._feed, 1):
            rest = memoryview(frame.reshape(-1).data)
            while rest:
                rest = rest[self._pipe.write(rest) :]
            if self._progress is not None:
                self._progress(done, self._frames)


def _run(
    args: Sequence[str], readers: Sequence[IO[bytes]], feeders: Sequence[_Feeder], log: Callable[[str], None]
) -> tuple[int, Sequence[str]]:
    """Run ffmpeg while the feeders feed it; returns its exit code and the last lines it said."""
    tail: deque[str] = deque(maxlen=20)
    files = [reader.fileno() for reader in readers]
    silent = subprocess.DEVNULL
    try:
        with process.running(args, stdin=silent, stdout=silent, stderr=subprocess.PIPE, pass_fds=files) as running:
            for reader in readers:
                reader.close()  # only ffmpeg reads: when it ends, writing fails instead of waiting for ever
            for feeder in feeders:
                feeder.stop = lambda: process.end(running)
                feeder.start()
            assert running.stderr is not None
            for raw in running.stderr:
                line = raw.decode("utf-8", "replace").rstrip()
                if line:
                    tail.append(line)
                    log(line)
            code = process.finish(running)
    finally:
        for feeder in feeders:
            if feeder.ident is not None:
                feeder.join()
    return code, tail
