"""Small media for tests, made once a session by the ffmpeg that the product uses."""

from __future__ import annotations

import hashlib
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.seams import barcode
from vbmake.render import ffmpeg

MakeClip = Callable[..., Path]
MakeMedia = Callable[..., Path]


def pytest_configure() -> None:
    """Let Ctrl-C be heard: a shell that starts pytest in the background has it ignored everywhere below."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave long and live suites out, unless `-m` says what to run (`pytest -m long`)."""
    if config.getoption("markexpr"):
        return
    left_out = [item for item in items if item.get_closest_marker("long") or item.get_closest_marker("live")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def media_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the session's media stand; tests must not change them."""
    return tmp_path_factory.mktemp("media")


@pytest.fixture(scope="session")
def make_media(media_dir: Path) -> MakeMedia:
    """make_media("name.ext", *ffmpeg_args): a file made by ffmpeg, the same one for the same arguments."""

    def make(name: str, *args: str, stdin: bytes | None = None) -> Path:
        digest = hashlib.sha256("\0".join(args).encode() + (stdin or b"")).hexdigest()[:12]
        path = media_dir / digest / name
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            ffmpeg.run([*args, "-fflags", "+bitexact", f"file:{path}"], stdin=stdin)
        return path

    return make


@pytest.fixture(scope="session")
def make_clip(make_media: MakeMedia) -> MakeClip:
    """make_clip("name.ext", "encoder arguments", frames=60, fps="30"): a video whose picture n shows barcode n."""

    def make(
        name: str, args: str, *, frames: int = 60, fps: str = "30", first: int = 0, size: tuple[int, int] = (64, 48)
    ) -> Path:
        raw = np.stack([barcode(first + n, *size) for n in range(frames)]).tobytes()
        shape = ["-f", "rawvideo", "-pixel_format", "bgr24", "-video_size", f"{size[0]}x{size[1]}", "-framerate", fps]
        return make_media(name, *shape, "-i", "pipe:0", *args.split(), stdin=raw)

    return make


@pytest.fixture(scope="session")
def clip(make_clip: MakeClip) -> Path:
    """Two seconds of H.264 at 30 fps, 64x48, without sound; picture n shows barcode n."""
    return make_clip("clip.mp4", "-c:v libx264 -preset veryfast -threads 1 -pix_fmt yuv420p -g 20 -bf 2")


@pytest.fixture(scope="session")
def tone(make_media: MakeMedia) -> Path:
    """One second of a 440 Hz tone, 48 kHz mono WAV."""
    return make_media("tone.wav", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=1")


@pytest.fixture(scope="session")
def talking_clip(make_media: MakeMedia, clip: Path, tone: Path) -> Path:
    """`clip` with a tone of one second as its sound."""
    return make_media("talking.mp4", "-i", str(clip), "-i", str(tone), "-c:v", "copy", "-c:a", "aac")


@pytest.fixture(scope="session")
def photo(make_media: MakeMedia) -> Path:
    """A JPEG of 96x64 px."""
    return make_media("photo.jpg", "-f", "lavfi", "-i", "testsrc2=size=96x64", "-frames:v", "1", "-q:v", "3")
