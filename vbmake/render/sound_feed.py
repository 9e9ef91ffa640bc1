"""An ffmpeg process that is fed PCM block by block: what measures a mix and what encodes it."""

from __future__ import annotations

import contextlib
import queue
import subprocess
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import IO

import numpy as np
import numpy.typing as npt

from vbmake import process
from vbmake.errors import JobError
from vbmake.render import ffmpeg, loudness

Floats = npt.NDArray[np.float32]

_AHEAD = 4  # blocks that wait for ffmpeg


def feed(
    blocks: Iterable[Floats],
    args: Sequence[str],
    *,
    rate: int,
    channels: int,
    level: str = "error",
    progress: Callable[[int], None] | None = None,
) -> list[str]:
    """Give `blocks`, float32 (samples, channels), to `ffmpeg -i - ARGS` and return the lines it printed at `level`.

    `progress` is told the samples fed so far. Raises JobError with ffmpeg's last lines when it fails.
    """
    source = ffmpeg.input_args("-", format="f32le", before=["-ar", str(rate), "-ac", str(channels)])
    command = [ffmpeg.executable(), "-hide_banner", "-nostats", "-y", "-loglevel", level, *source, *args]
    lines: list[str] = []

    def drain(stream: IO[bytes]) -> None:
        lines.extend(raw.decode("utf-8", "replace").rstrip() for raw in stream)

    with process.running(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as running:
        assert running.stdin is not None
        assert running.stderr is not None
        reader = threading.Thread(target=drain, args=(running.stderr,), daemon=True)
        reader.start()
        _write(blocks, running.stdin, progress)
        code = process.finish(running)
        reader.join()
    if code != 0:
        detail = "\n".join(f"    {line}" for line in lines[-8:])
        raise JobError(f"ffmpeg failed with exit code {code}" + (f":\n{detail}" if detail else ""))
    return lines


def _write(blocks: Iterable[Floats], pipe: IO[bytes], progress: Callable[[int], None] | None) -> None:
    """Write every block and close the pipe. A thread writes, so that the next block is made while ffmpeg eats the last.

    When ffmpeg ends early, so does this: its exit code and its last lines say why.
    """
    ready: queue.Queue[Floats | None] = queue.Queue(maxsize=_AHEAD)
    broken = threading.Event()

    def write() -> None:
        while (block := ready.get()) is not None:
            if not broken.is_set():
                try:
                    pipe.write(np.ascontiguousarray(block, "<f4").data)
                except (OSError, ValueError):
                    broken.set()
        with contextlib.suppress(OSError, ValueError):
            pipe.close()

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    done = 0
    try:
        for block in blocks:
            if broken.is_set():
                break
            ready.put(block)
            done += len(block)
            if progress is not None:
                progress(done)
    finally:
        ready.put(None)
        writer.join()


def loudness_of(
    blocks: Iterable[Floats], *, rate: int, channels: int, progress: Callable[[int], None] | None = None
) -> float | None:
    """Integrated loudness (LUFS) of PCM blocks; None for silence and for what is shorter than 400 ms."""
    args = ["-af", "ebur128=framelog=quiet", "-f", "null", "-"]
    report = feed(blocks, args, rate=rate, channels=channels, level="info", progress=progress)
    return loudness.parse(report).lufs
