"""Open a media file that may be anything: only self-contained formats, and every failure told in plain words."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import NoReturn

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vbmake.errors import FatalError
from vbmake.render import ffmpeg

# A picture is held in memory whole: 300 Mpx of BGRA are 1.2 GB.
MAX_PIXELS = 300_000_000
# The decoders that read the alpha plane of WebM; ffmpeg's own leave it out.
_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}


def open_media(path: Path) -> InputContainer:
    """Open a file for demuxing. The caller closes it. Raises FatalError saying what is wrong with the file."""
    return _open(path, {})


def open_packets(path: Path) -> InputContainer:
    """Open a file whose packets are read and not decoded: no decoder is tried on it, so that it costs little.

    The caller closes it. Raises FatalError saying what is wrong with the file.
    """
    return _open(path, {"codec_whitelist": "none"})


def _open(path: Path, options: Mapping[str, str]) -> InputContainer:
    refuse_unusable(path)
    form = ffmpeg.format_by_head(path)
    if form == "webp_anim":
        raise FatalError(f"{path.name} is an animated WebP, which cannot be read: convert it to WebM, MP4 or GIF")
    whitelists = {"protocol_whitelist": "file", "format_whitelist": ffmpeg.FORMATS, **options}
    try:
        return av.open(f"file:{path}", format=form, options=whitelists)
    except (av.error.FFmpegError, ValueError):
        raise FatalError(_unreadable(path)) from None


def refuse_unusable(path: Path) -> None:
    """Raise FatalError when there is no file with bytes in it at `path`."""
    try:
        found = os.stat(path)
    except PermissionError:
        raise FatalError(f"{path.name} may not be read: change the permissions of its folder") from None
    except OSError:
        raise FatalError(f"{path.name} was not found: it was moved or deleted, or its name is misspelt") from None
    if not stat.S_ISREG(found.st_mode):
        raise FatalError(f"{path.name} is not a file: give the path of a video, an image or a sound")
    if not os.access(path, os.R_OK):
        raise FatalError(f"{path.name} may not be read: change its permissions")
    if found.st_size == 0:
        raise FatalError(f"{path.name} is empty (0 bytes): copy, download or record it again")


def _unreadable(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(512)
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith((b"#EXTM3U", b"ffconcat")):
        return f"{path.name} is a playlist, which names other files: give the media file itself"
    if start[:15].lower().startswith((b"<!doctype html", b"<html")):
        return f"{path.name} is a web page, not media: the download was refused or needs a login; get the file itself"
    if b"\0" not in head and head.isascii():
        return f"{path.name} is a text file, not a video, an image or a sound: correct the path or replace the file"
    if b"ftyp" in head[:12]:
        return f"{path.name} is cut short or damaged (its index is missing): it was not copied or recorded to its end"
    return f"{path.name} is not a video, an image or a sound that can be read, or it is damaged: replace or convert it"


def video_stream(container: InputContainer) -> VideoStream | None:
    """The stream that shows the film's pictures: never a cover picture attached to a sound."""
    moving = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    return max(moving, key=lambda s: (bool(s.disposition & Disposition.default), s.width * s.height), default=None)


def decoder(stream: VideoStream, name: str) -> VideoCodecContext:
    """A decoder of one thread for the stream's packets, one that keeps the alpha plane.

    `name` is the file's, for errors. Raises FatalError when there is none, or when the pictures are too large.
    """
    context = stream.codec_context
    if context is None:
        raise FatalError(f"{name} uses a video codec that cannot be read: convert it to H.264 or VP9")
    if context.width * context.height > MAX_PIXELS:
        raise FatalError(f"{name} is {context.width}x{context.height}: more than {MAX_PIXELS // 10**6} megapixels")
    if has_alpha_plane(stream):
        alpha = av.CodecContext.create(_ALPHA_DECODERS[context.name], "r")
        assert isinstance(alpha, VideoCodecContext)
        alpha.extradata = context.extradata
        context = alpha
    context.thread_count = 1
    return context


def has_alpha_plane(stream: VideoStream) -> bool:
    """Whether a WebM stream carries an alpha plane beside its pictures."""
    tags = {key.lower(): value for key, value in stream.metadata.items()}
    return tags.get("alpha_mode") == "1" and stream.codec_context.name in _ALPHA_DECODERS


def file_size_by_index(container: InputContainer) -> int:
    """The bytes that the container's own index says the file has (0: it has no index)."""
    ends = [0]
    for stream in container.streams:
        entries = stream.index_entries
        if len(entries):
            ends.append(entries[-1].pos + entries[-1].size)
    return max(ends)


def start_time(container: InputContainer, first: Fraction) -> Fraction:
    """Where the file's own time 0 is, in its timestamps (seconds), given the time of its first picture.

    Sound that begins before the pictures counts, so that both stay together; the samples before 0 that an encoder's
    delay brings do not. AVI stamps pictures with their decoding order: there the first picture is the start.
    """
    if container.format.name == "avi":
        return first
    sounds = [
        stream.start_time * stream.time_base
        for stream in container.streams.audio
        if stream.start_time is not None and stream.time_base is not None
    ]
    return min([first, *(max(sound, Fraction(0)) for sound in sounds)])


def bare_rate(stream: VideoStream) -> Fraction:
    """The pictures a second of a stream whose packets carry no times (raw H.264 and the like)."""
    return Fraction(stream.codec_context.framerate or stream.guessed_rate or stream.average_rate or 25)


def display_size(frame: VideoFrame, aspect: Fraction | None) -> tuple[int, int]:
    """The size in square pixels before rotation: `aspect` is the shape of the stored pixels (None: square)."""
    if not aspect or aspect <= 0 or aspect == 1:
        return frame.width, frame.height
    return max(1, round(frame.width * aspect)), frame.height


def clockwise(frame: VideoFrame) -> int:
    """How far the picture has to be turned to stand upright: 0, 90, 180 or 270 degrees clockwise."""
    return round(-frame.rotation / 90) * 90 % 360


def has_alpha(frame: VideoFrame) -> bool:
    """Whether the pictures can be transparent."""
    return frame.format.name == "pal8" or any(component.is_alpha for component in frame.format.components)


def broken(name: str, seconds: float | Fraction, error: Exception | None = None) -> NoReturn:
    """Raise the FatalError for a file whose data end or stop making sense at a time."""
    reason = f" ({error.strerror})" if isinstance(error, av.error.FFmpegError) and error.strerror else ""
    raise FatalError(f"{name} is damaged or cut short at {float(seconds):.2f} s{reason}: get or export it again")
