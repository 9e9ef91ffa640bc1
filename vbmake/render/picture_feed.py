"""An ffmpeg process that is fed raw pictures: each feed has a pipe and a thread, so that ffmpeg reads in any order."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import IO

from vbmake import process
from vbmake.errors import JobError
from vbmake.render import ffmpeg
from vbmake.render.sprite import Pixels

_PIPE_BYTES = 2**20  # the most an unprivileged process may ask for
_F_SETPIPE_SZ = 1031
_LAST_WORDS = 8  # lines that tell of a failure


def raw_input(pixel_format: str, size: tuple[int, int], fps: str, fd: int) -> list[str]:
    """The arguments that read raw pictures of `size` (width, height) from file descriptor `fd`."""
    return [
        *("-protocol_whitelist", "pipe", "-f", "rawvideo", "-pixel_format", pixel_format),
        *("-video_size", f"{size[0]}x{size[1]}", "-framerate", fps, "-i", f"pipe:{fd}"),
    ]


@contextlib.contextmanager
def fed(
    feeds: Sequence[Iterable[Pixels]],
    args: Callable[[Sequence[int]], Sequence[str]],
    *,
    log: Callable[[str], None],
    progress: Callable[[int], None] | None = None,
    stdout: int = subprocess.DEVNULL,
) -> Iterator[subprocess.Popen[bytes]]:
    """ffmpeg with `args(file descriptors of the feeds)`, fed while the block runs and waited for at its end.

    `progress` is told how many pictures of the first feed are written. Raises what a feed raises, or JobError with
    ffmpeg's last lines when it fails.
    """
    tail: deque[str] = deque(maxlen=20)
    with contextlib.ExitStack() as stack:
        readers, feeders = [], []
        for number, feed in enumerate(feeds):
            reader, writer = os.pipe()
            readers.append(stack.enter_context(os.fdopen(reader, "rb", 0)))
            pipe = stack.enter_context(os.fdopen(writer, "wb", 0))
            feeders.append(_Feeder(feed, pipe, progress if number == 0 else None))
        files = [reader.fileno() for reader in readers]
        command = [ffmpeg.executable(), "-hide_banner", "-nostdin", "-nostats", "-y", "-loglevel", "error"]
        try:
            with process.running(
                [*command, *args(files)],
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=subprocess.PIPE,
                pass_fds=files,
            ) as running:
                code = yield from _while_feeding(running, readers, feeders, tail, log)
        finally:
            for feeder in feeders:
                if feeder.ident is not None:
                    feeder.join()
    for feeder in feeders:
        if feeder.error is not None:
            raise feeder.error
    if code != 0:
        detail = "\n".join(f"    {line}" for line in list(tail)[-_LAST_WORDS:])
        raise JobError(f"ffmpeg failed with exit code {code}" + (f":\n{detail}" if detail else ""))


def _while_feeding(
    running: subprocess.Popen[bytes],
    readers: Sequence[IO[bytes]],
    feeders: Sequence[_Feeder],
    tail: deque[str],
    log: Callable[[str], None],
) -> Generator[subprocess.Popen[bytes], None, int]:
    """Start everything, yield once, and wait; returns the exit code."""
    for reader in readers:
        reader.close()  # only ffmpeg reads: when it ends, writing fails instead of waiting for ever

    def listen() -> None:
        assert running.stderr is not None
        for raw in running.stderr:
            line = raw.decode("utf-8", "replace").rstrip()
            if line:
                tail.append(line)
                log(line)

    listener = threading.Thread(target=listen, daemon=True, name="listener")
    listener.start()
    try:
        for feeder in feeders:
            feeder.stop = lambda: process.end(running)
            feeder.start()
        yield running
        code = process.finish(running)
    except BaseException:
        process.end(running)  # before its pipes are closed: the listener still reads one
        raise
    finally:
        listener.join()
    return code


class _Feeder(threading.Thread):
    """Writes one feed's pictures into its pipe; `error` is what stopped it, unless that was ffmpeg's own end."""

    def __init__(self, feed: Iterable[Pixels], pipe: IO[bytes], progress: Callable[[int], None] | None) -> None:
        super().__init__(daemon=True, name="feeder")
        self.error: BaseException | None = None
        self.stop: Callable[[], None] = lambda: None
        self._feed, self._pipe, self._progress = feed, pipe, progress

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
        for done, picture in enumerate(self._feed, 1):
            rest = memoryview(picture.reshape(-1).data)
            while rest:
                rest = rest[self._pipe.write(rest) :]
            if self._progress is not None:
                self._progress(done)
