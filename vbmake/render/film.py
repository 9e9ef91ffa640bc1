"""Rule `film`: shots, cuts and the mix joined into one mp4 by copying their packets, and checked."""

from __future__ import annotations

import contextlib
import heapq
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeAlias

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from vbmake.errors import FatalError
from vbmake.render import media
from vbmake.render.film_check import check_film
from vbmake.render.language import iso639_2
from vbmake.rules.work import Work

_SAMPLE_RATE = 48000


@dataclass(frozen=True)
class _Segment:
    """A shot or a cut: a file of `frames` pictures whose first is frame `start` of the film."""

    path: Path
    start: int
    frames: int


def join_film(work: Work) -> None:
    """Make the film (mp4) from `video` (shots and cuts in order) and `sound` (the mix, or nothing), and check it.

    Packets are copied: frame n is presented at exactly n / fps, and the sound begins at 0. Raises FatalError when a
    segment does not fit the plan or the other segments, and when the finished film is not what was asked for.
    """
    fps = Fraction(work.options["fps"])
    segments = _segments(work.inputs.get("video", ()), work.options["segments"], int(work.options["frames"]))
    mix = next(iter(work.inputs.get("sound", ())), None)
    try:
        _write(work, segments, mix, fps)
    except av.error.FFmpegError as error:
        raise FatalError(f"the film could not be joined: {error.strerror or error}") from None
    check_film(work.outputs["film"], work.options, mix)


def _segments(paths: Sequence[Path], lengths: Sequence[int], frames: int) -> list[_Segment]:
    if not paths or len(paths) != len(lengths) or sum(lengths) != frames:
        raise FatalError(
            f"the film's {frames} frames are planned as {len(lengths)} segments of {sum(lengths)} frames together, "
            f"and {len(paths)} segments are given"
        )
    segments: list[_Segment] = []
    start = 0
    for path, length in zip(paths, lengths, strict=True):
        segments.append(_Segment(path, start, length))
        start += length
    return segments


def _write(work: Work, segments: Sequence[_Segment], sound: Path | None, fps: Fraction) -> None:
    # Both clocks are exact in the film's own, so that edit lists say neither a frame nor a sample too much.
    clock = math.lcm(fps.numerator, _SAMPLE_RATE)
    options = {
        "movflags": "+faststart",
        "fflags": "+bitexact",
        "video_track_timescale": str(fps.numerator),
        "movie_timescale": str(clock if clock < 2**31 else fps.numerator),
    }
    with contextlib.ExitStack() as stack:
        film = stack.enter_context(
            av.open(f"file:{work.outputs['film']}", "w", format="mp4", container_options=options)
        )
        with media.open_media(segments[0].path) as first:  # only a decoder knows the delay of so short a stream
            model = _model(first, segments[0].path)
            delay = _video(first, segments[0].path).codec_context.reorder_depth
            video = film.add_stream_from_template(_video(first, segments[0].path), opaque=True)
        streams: list[Iterator[_Timed]] = [_pictures(segments, fps, video, model, delay, work)]
        if sound is not None:
            source = stack.enter_context(media.open_media(sound))
            heard = _audio(source, sound)
            streams.append(_sound_packets(source, heard, film.add_stream_from_template(heard, opaque=True)))
        _tag(film, work.options, fps)
        for _, packet in heapq.merge(*streams, key=itemgetter(0)):
            film.mux_one(packet)


def _tag(film: OutputContainer, options: Mapping[str, Any], fps: Fraction) -> None:
    """Title, language and chapters; nothing that names a program or a time of day."""
    if options.get("title"):
        film.metadata["title"] = str(options["title"])
    language = iso639_2(str(options.get("language") or ""))
    for stream in film.streams:
        stream.metadata.pop("encoder", None)
        if language:
            stream.metadata["language"] = language
    chapters = options.get("chapters") or ()
    film.set_chapters(
        [
            {
                "id": number,
                "start": int(chapter["start"]) * fps.denominator,
                "end": int(chapter["end"]) * fps.denominator,
                "time_base": Fraction(1, fps.numerator),
                "metadata": {"title": str(chapter["title"])},
            }
            for number, chapter in enumerate(chapters, 1)
        ]
    )


@dataclass(frozen=True)
class _Model:
    """What all segments must share to be one stream: its headers say all that a decoder needs to know."""

    codec: str
    size: tuple[int, int]
    extradata: bytes | None


def _model(container: InputContainer, path: Path) -> _Model:
    context = _video(container, path).codec_context
    return _Model(context.name, (context.width, context.height), context.extradata)


def _video(container: InputContainer, path: Path) -> VideoStream:
    stream = media.video_stream(container)
    if stream is None:
        raise FatalError(f"{path.name} has no pictures and cannot be a part of the film")
    return stream


def _audio(container: InputContainer, path: Path) -> AudioStream:
    for stream in container.streams.audio:
        return stream
    raise FatalError(f"{path.name} has no sound and cannot be the film's mix")


# A packet with the second at which it is decoded, by which pictures and sound are interleaved.
_Timed: TypeAlias = "tuple[float, Packet[Any]]"


def _pictures(
    segments: Sequence[_Segment], fps: Fraction, stream: VideoStream, model: _Model, delay: int, work: Work
) -> Iterator[_Timed]:
    """Every picture's packet in decoding order, timed on the film; one segment is open at a time.

    A picture's place in its segment is kept. Decoding runs `delay` frames ahead of showing, and goes on frame by frame
    over all seams: a segment of one or two frames carries no delay of its own, so its decoding times would collide with
    its neighbours'.
    """
    tick, step = Fraction(1, fps.numerator), fps.denominator
    decoding = -delay
    for segment in segments:
        for frame, packet in _segment_packets(segment, fps, model, segments[0].path.name):
            if decoding > segment.start + frame:
                raise FatalError(f"{segment.path.name} reorders more pictures than its header says: make it again")
            packet.stream, packet.time_base = stream, tick
            packet.pts, packet.dts, packet.duration = (segment.start + frame) * step, decoding * step, step
            yield decoding / float(fps), packet
            decoding += 1
        work.progress(segment.start + segment.frames, segments[-1].start + segments[-1].frames)


def _segment_packets(
    segment: _Segment, fps: Fraction, model: _Model, first: str
) -> Iterator[tuple[int, Packet[VideoStream]]]:
    """The packets of one segment, each with the frame it shows; every frame is there once."""
    seen = bytearray(segment.frames)
    with media.open_packets(segment.path) as container:
        if _model(container, segment.path) != model:
            raise FatalError(
                f"{segment.path.name} is encoded otherwise than {first}: "
                "segments of one film must share size, codec and encoder settings"
            )
        stream = _video(container, segment.path)
        grid = Fraction(stream.time_base or 1) * fps
        for packet in container.demux(stream):
            if not packet.size:
                continue
            frame, rest = divmod((packet.pts or 0) * grid.numerator, grid.denominator)
            if rest or not 0 <= frame < segment.frames or seen[frame]:
                place = frame + rest / grid.denominator
                raise FatalError(
                    f"{segment.path.name} has a picture at frame {place:g}, where frames 0 to {segment.frames - 1} are "
                    "planned, each once: make it again"
                )
            seen[frame] = 1
            yield frame, packet
    if not all(seen):
        raise FatalError(
            f"{segment.path.name} has {sum(seen)} pictures and {segment.frames} are planned: make it again"
        )


def _sound_packets(container: InputContainer, heard: AudioStream, stream: AudioStream) -> Iterator[_Timed]:
    """The mix's packets as they are: their times begin before 0 by the encoder's delay, which becomes an edit list."""
    tick = float(heard.time_base or 1)
    for packet in container.demux(heard):
        if packet.size:
            packet.stream = stream
            yield (packet.dts or 0) * tick, packet
