"""ffmpeg, the program: where it is, who it is, how an untrusted file is handed to it, and how it is run."""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from textwrap import shorten

from vbmake import process
from vbmake.errors import JobError, MissingTool

# Containers that hold their own bytes and nothing else. Playlists and manifests (hls, dash, concat, imf, sdp ...) name
# other files and hosts; image2 reads file name patterns; lavfi and avisynth run programs. None of those is ever let in.
FORMATS = (
    "mov,mp4,m4a,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,asf,mxf,ivf,nut,dv,"
    "h264,hevc,av1,obu,m4v,mjpeg,yuv4mpegpipe,gif,apng,webp_anim,rawvideo,"
    "ogg,flac,wav,w64,mp3,aac,ac3,eac3,aiff,caf,au,amr,wv,tta,ape,s16le,s24le,s32le,f32le,f64le,u8,"
    "png_pipe,jpeg_pipe,webp_pipe,bmp_pipe,tiff_pipe,gif_pipe,exr_pipe,dpx_pipe,jpegxl_pipe,j2k_pipe,qoi_pipe,psd_pipe,"
    "ppm_pipe,pgm_pipe,pam_pipe,hdr_pipe"
)
PROTOCOLS = "file,pipe"

_HINT = "pip install imageio-ffmpeg brings one; VBMAKE_FFMPEG=/path/to/ffmpeg names another"


def executable() -> str:
    """The path of the ffmpeg to use: the one VBMAKE_FFMPEG names (a path, or a name on PATH), else imageio-ffmpeg's.

    Raises MissingTool, also for a program that is no ffmpeg.
    """
    named = os.environ.get("VBMAKE_FFMPEG", "").strip()
    if not named:
        return _bundled()
    found = shutil.which(named)
    if found is None:
        raise MissingTool("ffmpeg", f"VBMAKE_FFMPEG is {named!r}, which is no program; correct it or unset it")
    try:
        said = _banner_of(found)
    except JobError as error:
        said = str(error)
    if not said.startswith("ffmpeg version "):
        told = repr(shorten(said.strip(), 80)) if said.strip() else "nothing"
        reason = f"which is no ffmpeg: asked for its -version, it says {told}; correct it or unset it"
        raise MissingTool("ffmpeg", f"VBMAKE_FFMPEG is {named!r}, {reason}")
    return found


@functools.cache
def _bundled() -> str:
    try:
        import imageio_ffmpeg  # runs a subprocess at first use: not at import

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError):
        raise MissingTool("ffmpeg", _HINT) from None


def identity() -> str:
    """Who the ffmpeg is, for action keys: its version and a digest of version, configuration and library versions.

    The same build gives the same identity wherever it is installed. Raises MissingTool or JobError.
    """
    lines = [line for line in _banner().splitlines() if line.startswith(("ffmpeg version", "configuration:", "lib"))]
    text = "\n".join(" ".join(line.split()) for line in lines)
    return f"ffmpeg {_version_word()} {hashlib.sha256(text.encode()).hexdigest()[:16]}"


def version() -> tuple[int, ...]:
    """The release as numbers, (9, 0, 2); () for a development build without one. Raises MissingTool or JobError."""
    match = re.match(r"n?(\d+(?:\.\d+)*)", _version_word())
    return tuple(int(number) for number in match[1].split(".")) if match else ()


def _version_word() -> str:
    match = re.match(r"ffmpeg version (\S+)", _banner())
    return match[1] if match else "unknown"


def _banner() -> str:
    return _banner_of(executable())


def _banner_of(path: str) -> str:
    stat = os.stat(path)
    return _said_by(path, stat.st_size, stat.st_mtime_ns)


@functools.lru_cache(maxsize=8)
def _said_by(path: str, _size: int, _mtime: int) -> str:
    return process.run([path, "-version"], timeout=60).decode("utf-8", "replace")


def input_args(path: str | Path, *, format: str | None = None, before: Iterable[str] = ()) -> list[str]:
    """The arguments that open a file as ffmpeg's next input, whatever the file turns out to be.

    Only self-contained formats are let in (`FORMATS`), so a playlist under any name can read nothing else, and the path
    is never taken for a URL. `before` holds further input options (`-ss`, `-framerate` ...); `format` forces the
    demuxer; images and WAV are forced to their own (see `format_by_head`). "-" is standard input.
    """
    location = "pipe:0" if path == "-" else f"file:{path}"
    form = format or (None if path == "-" else format_by_head(path))
    forced = ["-f", form] if form else []
    return ["-protocol_whitelist", PROTOCOLS, "-format_whitelist", FORMATS, *before, *forced, "-i", location]


def format_by_head(path: str | Path) -> str | None:
    """ffmpeg's demuxer for an image, an animation or a WAV by its first bytes; None for all that ffmpeg may find out.

    It reads `%d` in the name of an image as a pattern, and takes a WAV whose samples repeat every 192 bytes (a tone of
    500 Hz) for an MPEG transport stream.
    """
    try:
        with open(path, "rb") as file:
            head = file.read(4096)
    except OSError:
        return None  # ffmpeg will say what is wrong with it
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "apng" if b"acTL" in head.split(b"IDAT", 1)[0] else "png_pipe"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp_anim" if head[12:16] == b"VP8X" and head[20] & 2 else "webp_pipe"
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        return "wav"
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg_pipe"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if head.startswith((b"II*\0", b"MM\0*")):
        return "tiff_pipe"
    if head.startswith(b"BM") and head[6:10] == b"\0\0\0\0":
        return "bmp_pipe"
    return None


def run(
    args: Sequence[str],
    *,
    log: Callable[[str], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
    total: int = 0,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    level: str = "error",
) -> bytes:
    """Run ffmpeg with `args` and return its standard output; existing outputs are overwritten.

    `progress(done, total)` is told the frames done (of `total`), then standard output is not collected; `log` gets
    standard error at `level`, line by line. Raises MissingTool, or JobError with ffmpeg's last lines.
    """
    quiet = ["-hide_banner", "-nostats", "-y", "-loglevel", level, *([] if stdin is not None else ["-nostdin"])]
    head = [executable(), *quiet]
    if progress is None:
        return process.run([*head, *args], log=log, cwd=cwd, env=env, stdin=stdin)
    tell = progress

    def on_line(line: str) -> None:
        name, _, value = line.partition("=")
        if name == "frame" and value.strip().isdigit():
            tell(min(int(value), total) if total else int(value), total)

    return process.run([*head, "-progress", "pipe:1", *args], log=log, on_line=on_line, cwd=cwd, env=env, stdin=stdin)
