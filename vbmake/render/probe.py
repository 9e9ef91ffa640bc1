"""Measure a media file: what it is, how large, how long and how fast, from its packets and not its promises."""

from __future__ import annotations

import itertools
import re
import struct
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vbmake.errors import FatalError
from vbmake.render import media

COMMON_RATES = tuple(Fraction(n) for n in (24, 25, 30, 48, 50, 60, 100, 120, 5, 8, 10, 12, 15, 20)) + tuple(
    Fraction(n, 1001) for n in (24000, 30000, 60000, 120000)
)
_STILL_BRANDS = {"avif", "mif1", "heic", "heix"}


def probe(path: Path) -> dict[str, Any]:
    """What a file is, as measures: JSON values.

    `kind` is image, video or audio; `width` and `height` are px as shown (square pixels, after rotation); `duration`
    is exact seconds from the first picture or sample to the end of the last; `frames` counts pictures; `fps` is their
    rate (of a `variable` one the mean); `rotation` is how far, in degrees clockwise, the file asks to be turned, which
    `width` and `height` already are; `alpha` says that it can be transparent; `audio` that it has sound.

    Raises FatalError when the file is missing, empty, damaged, cut short, or no media.
    """
    drawing = _svg(path)
    if drawing is not None:
        return _measures("image", *drawing, alpha=True, frames=1)
    with media.open_media(path) as container:
        declared = media.file_size_by_index(container)
        if declared > path.stat().st_size:
            raise FatalError(
                f"{path.name} is cut short: it has {path.stat().st_size} of {declared} bytes; copy or download it again"
            )
        video = media.video_stream(container)
        if video is not None:
            return _probe_pictures(path, container, video)
        if container.streams.audio:
            return _probe_sound(path, container)
    raise FatalError(f"{path.name} has neither pictures nor sound: give a video, an image or a sound")


def _measures(kind: str, width: int = 0, height: int = 0, **more: Any) -> dict[str, Any]:
    blank = {
        "duration": "0", "frames": None, "fps": None, "audio": False, "alpha": False, "rotation": 0, "variable": False,
    }  # fmt: skip
    return {"kind": kind, "width": width, "height": height, **blank, **more}


@dataclass
class _Clock:
    """The times of one stream's packets, in its time base, and what of its sound is not to be heard, in samples."""

    times: list[int] = field(default_factory=list)
    last: tuple[int, int] = (0, 0)
    first: Fraction | None = None
    end: Fraction = Fraction(0)
    longest: int = 0
    skipped: int = 0
    begun: bool = False

    def add(self, packet: Packet[Stream], hidden: bool) -> None:
        length = packet.duration or 0
        for side in packet.iter_sidedata() if packet.has_sidedata("skip_samples") else ():
            if side.data_type == "skip_samples":
                before, after = struct.unpack_from("<II", bytes(side))
                # Ogg shortens the last packet by what it says is to be left out, MP3 does not.
                self.skipped += before + (after if length >= self.longest else 0)
        self.longest = max(self.longest, length)
        pts = packet.pts if packet.pts is not None else packet.dts
        if pts is None:
            return
        start = pts * packet.time_base
        self.first = start if self.first is None else min(self.first, start)
        self.end = max(self.end, start + length * packet.time_base)
        # What comes before the first keyframe of a recording that was begun in the middle cannot be shown.
        self.begun = self.begun or packet.is_keyframe
        if self.begun and not hidden:
            self.times.append(pts)
            self.last = max(self.last, (pts, length))


def _probe_pictures(path: Path, container: InputContainer, video: VideoStream) -> dict[str, Any]:
    frame = _first_picture(path, container, video)
    width, height = media.display_size(frame, video.sample_aspect_ratio)
    turned = media.clockwise(frame)
    if turned in (90, 270):
        width, height = height, width
    alpha = media.has_alpha(frame)
    sound = any(stream.codec_context is not None for stream in container.streams.audio)
    if _is_still(container, video):
        _refuse_cut_jpeg(path)
        return _measures("image", width, height, frames=1, alpha=alpha and _transparent(frame), rotation=turned)
    clock = _demux(path)[video.index]
    count = len(clock.times) or _count_by_decoding(path)
    if count <= 1 and not sound and container.format.name in {"gif", "apng"}:
        return _measures("image", width, height, frames=1, alpha=alpha and _transparent(frame), rotation=turned)
    timing = _timing(clock, video, container, count)
    return _measures("video", width, height, frames=count, audio=sound, alpha=alpha, rotation=turned, **timing)


def _first_picture(path: Path, container: InputContainer, video: VideoStream) -> VideoFrame:
    """Decode one picture: what the file really holds, and the proof that it can be decoded."""
    context = media.decoder(video, path.name)
    if container.format.name in {"jpeg_pipe", "image2"}:
        context.options = {"err_detect": "explode"}  # else a cut JPEG is filled up with grey
    try:
        for packet in container.demux(video):
            for frame in context.decode(packet if packet.size else None):
                return frame
    except av.error.FFmpegError:
        raise FatalError(
            f"{path.name} is damaged or cut short: no picture of it can be decoded; get it again"
        ) from None
    raise FatalError(f"{path.name} has a video track without a single picture: export it again or leave it out")


def _is_still(container: InputContainer, video: VideoStream) -> bool:
    return container.format.name.endswith("_pipe") or (
        container.metadata.get("major_brand") in _STILL_BRANDS and video.frames <= 1
    )


def _transparent(frame: VideoFrame) -> bool:
    """Whether any pixel of a still lets something through: many opaque pictures are stored with an alpha channel."""
    return bool(frame.to_ndarray(format="rgba")[..., 3].min() < 255)


def _demux(path: Path) -> dict[int, _Clock]:
    """Read every packet (nothing is decoded) and note its time. Raises FatalError where the data end too early."""
    seconds = Fraction(0)
    with media.open_media(path) as container:
        clocks = {stream.index: _Clock() for stream in container.streams}
        try:
            for packet in container.demux():
                if not packet.size:
                    continue
                if packet.is_corrupt:
                    media.broken(path.name, seconds)
                clock = clocks[packet.stream.index]
                clock.add(packet, hidden=packet.is_discard or _unseen(packet))
                seconds = clock.end
        except av.error.FFmpegError as error:
            media.broken(path.name, seconds, error)
        promised = Fraction(container.duration or 0, av.time_base)
        tells = container.format.name.startswith("matroska")
    reached = max((clock.end for clock in clocks.values()), default=Fraction(0))
    if tells and reached + max(Fraction(1), promised / 20) < promised:
        raise FatalError(
            f"{path.name} is cut short: it says it lasts {float(promised):.2f} s and ends at {float(reached):.2f} s; "
            "copy or download it again"
        )
    return clocks


def _unseen(packet: Packet[Stream]) -> bool:
    """Whether a packet holds a VP8 reference picture that is never shown (RFC 6386 section 9.1: show_frame is 0)."""
    context = packet.stream.codec_context
    return context is not None and context.name in {"vp8", "libvpx"} and not bytes(packet)[0] & 0x10


def _count_by_decoding(path: Path) -> int:
    """The pictures of a bare stream, which has no timestamps."""
    with media.open_media(path) as container:
        video = media.video_stream(container)
        assert video is not None
        context = media.decoder(video, path.name)
        try:
            return sum(len(context.decode(p if p.size else None)) for p in container.demux(video))
        except av.error.FFmpegError as error:
            media.broken(path.name, 0, error)


def _timing(clock: _Clock, video: VideoStream, container: InputContainer, count: int) -> dict[str, Any]:
    """Duration, rate and whether the rate varies, from the times of the pictures."""
    assert video.time_base is not None
    rate = media.bare_rate(video) if not clock.times else Fraction(video.average_rate or video.guessed_rate or 25)
    if len(clock.times) < 2 or clock.times[0] == clock.times[-1]:
        length = clock.last[1] * video.time_base or 1 / rate
        return {"duration": str(Fraction(length if count == 1 else count / rate)), "fps": str(rate)}
    times = sorted(clock.times)
    steps = [after - before for before, after in itertools.pairwise(times)]
    first, span = times[0] * video.time_base, (times[-1] - times[0]) * video.time_base
    # Half a tick each way at both ends, or the milliseconds that a file has been through.
    slack = max(video.time_base, Fraction(1, 1000))
    variable = (max(steps) - min(steps)) * video.time_base > 2 * slack
    mean = (count - 1) / span
    fps = mean.limit_denominator(1001) if variable else _nearest_rate(mean, span, slack)
    end = first + span + (clock.last[1] * video.time_base or 1 / mean)
    if not variable and abs(first + count / fps - end) <= 2 * slack:
        end = first + count / fps
    return {"duration": str(end - media.start_time(container, first)), "fps": str(fps), "variable": variable}


def _nearest_rate(mean: Fraction, span: Fraction, slack: Fraction) -> Fraction:
    """The rate that was meant, given timestamps rounded by up to `slack` seconds over `span` seconds."""
    pictures = mean * span
    meant = [rate for rate in COMMON_RATES if abs(pictures / rate - span) <= slack]
    return min(meant, key=lambda rate: abs(rate - mean), default=mean.limit_denominator(1001))


def _probe_sound(path: Path, container: InputContainer) -> dict[str, Any]:
    sound = container.streams.audio[0]
    if sound.codec_context is None:
        raise FatalError(f"{path.name} uses an audio codec that cannot be read: convert it to WAV, FLAC, MP3 or AAC")
    clock = _demux(path)[sound.index]
    length = clock.end - (clock.first or 0) - Fraction(clock.skipped, sound.rate)
    if length <= 0:
        raise FatalError(f"{path.name} has a sound track without a single sample: export it again or leave it out")
    return _measures("audio", duration=str(length), audio=True)


def _refuse_cut_jpeg(path: Path) -> None:
    """Raise FatalError for a JPEG whose picture has no end marker: ffmpeg fills up what is missing."""
    with path.open("rb") as file:
        data = file.read(2)
        if data != b"\xff\xd8":
            return
        data += file.read()
    at = 2
    while data[at : at + 1] == b"\xff" and data[at + 1 : at + 2] != b"\xda":
        at += 2 + int.from_bytes(data[at + 2 : at + 4])
    if b"\xff\xd9" not in data[at:]:
        raise FatalError(f"{path.name} is cut short: the end of its picture is missing; copy or download it again")


def _svg(path: Path) -> tuple[int, int] | None:
    """The natural size of an SVG drawing, px, from its size or its viewBox; None when the file is no SVG."""
    media.refuse_unusable(path)
    with path.open("rb") as file:
        head = file.read(1024)
    if b"\0" in head or not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return None
    root = _root_element(path)
    if root is None:
        return None
    sides = [_px(root.get(name, "")) for name in ("width", "height")]
    box = [_px(number) for number in re.split(r"[ ,]+", root.get("viewBox", "").strip())]
    if len(box) != 4:
        box = [0.0, 0.0, 100.0, 100.0]
    width = sides[0] or (sides[1] * box[2] / box[3] if sides[1] and box[3] else box[2])
    height = sides[1] or (sides[0] * box[3] / box[2] if sides[0] and box[2] else box[3])
    return max(1, round(width)), max(1, round(height))


def _root_element(path: Path) -> ElementTree.Element | None:
    try:
        for _, element in ElementTree.iterparse(path, events=("start",)):
            return element if element.tag.rpartition("}")[2] == "svg" else None
    except ElementTree.ParseError:
        return None
    return None


def _px(text: str) -> float:
    """An SVG length in px (0.0: none, or one relative to something). CSS: 96 px an inch."""
    match = re.fullmatch(r"\s*(-?[\d.]+)\s*(px|pt|pc|in|cm|mm)?\s*", text)
    if match is None or match[1].strip("-").count(".") > 1 or not match[1].strip("-."):
        return 0.0
    units = {"px": 1.0, "pt": 96 / 72, "pc": 16.0, "in": 96.0, "cm": 96 / 2.54, "mm": 96 / 25.4}
    return max(0.0, float(match[1]) * units[match[2] or "px"])
