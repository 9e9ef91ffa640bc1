"""The checks that a finished film has to pass; nothing is decoded except, where a loudness was asked for, its sound."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from vbmake.errors import FatalError
from vbmake.render import loudness, media

LOUDNESS_TOLERANCE = 1.0  # LU
_TICKS = 48000  # a sample at the rate of every mix


def check_film(path: Path, options: Mapping[str, Any], sound: Path | None) -> None:
    """Raise FatalError unless the film is what its options say.

    Every frame n < `frames` is there once, at exactly n / `fps`; the sound, when there is a mix, begins with the first
    sample that was mixed, at 0, and covers `samples`; its loudness is within 1 LU of `loudness`.
    """
    try:
        with media.open_packets(path) as film:
            _check_streams(film, sound is not None)
        _check_pictures(path, int(options["frames"]), Fraction(options["fps"]))
        if sound is not None:
            _check_sound(path, sound, options.get("samples"))
    except av.error.FFmpegError as error:
        raise FatalError(f"the finished film cannot be read: {error.strerror or error}") from None
    if sound is not None and options.get("loudness") is not None:
        _check_loudness(path, float(options["loudness"]))


def _check_streams(film: av.container.InputContainer, sound: bool) -> None:
    found = len(film.streams.video), len(film.streams.audio)
    if found != (1, int(sound)):
        raise FatalError(
            f"the finished film has {found[0]} video and {found[1]} audio tracks: a fault of vbmake, report it"
        )


def _check_pictures(path: Path, frames: int, fps: Fraction) -> None:
    seen = bytearray(frames)
    with media.open_packets(path) as film:
        grid = Fraction(film.streams.video[0].time_base or 1) * fps
        for packet in film.demux(film.streams.video[0]):
            if not packet.size:
                continue
            frame, rest = divmod((packet.pts or 0) * grid.numerator, grid.denominator)
            if packet.pts is None or rest or not 0 <= frame < frames or seen[frame]:
                place = frame + rest / grid.denominator
                raise FatalError(f"the finished film has a picture at frame {place:g} of {frames}, off the grid")
            seen[frame] = 1
    if not all(seen):
        missing = seen.index(0)
        raise FatalError(f"the finished film has {sum(seen)} of {frames} frames; frame {missing} is the first missing")


def _check_sound(path: Path, mix: Path, samples: int | None) -> None:
    """What an encoder puts before the first sample is left out, neither more nor less, and nothing is missing."""
    begun, skipped = _sound_start(path)
    if abs(begun + skipped) * _TICKS > 1:
        raise FatalError(
            f"the finished film's sound begins {float(begun + skipped) * 1000:.1f} ms from its first picture"
        )
    late = _sound_start(mix)[1] - skipped
    if late:
        raise FatalError(f"the finished film's sound is {float(late) * 1000:.1f} ms late against its pictures")
    if samples is None:
        return
    end, rate = _sound_end(path)
    if end * rate < samples - 1:
        raise FatalError(f"the finished film's sound ends after {int(end * rate)} of {samples} samples")


def _sound_start(path: Path) -> tuple[Fraction, Fraction]:
    """When the first packet begins and how much of it is not heard, in seconds."""
    with media.open_media(path) as film:
        for packet in film.demux(film.streams.audio[0]):
            if packet.size and packet.pts is not None:
                return packet.pts * packet.time_base, Fraction(_skipped(packet), film.streams.audio[0].rate)
    raise FatalError(f"{path.name} has an empty sound track")


def _sound_end(path: Path) -> tuple[Fraction, int]:
    """When the last packet ends, in seconds, and the samples in one."""
    end = 0
    with media.open_media(path) as film:
        track = film.streams.audio[0]
        for packet in film.demux(track):
            if packet.size and packet.pts is not None:
                end = packet.pts + (packet.duration or 0)
        return end * Fraction(track.time_base or 1), track.rate


def _skipped(packet: av.Packet[Any]) -> int:
    """The samples at a packet's start that are not to be heard: what the encoder put before the first."""
    for side in packet.iter_sidedata():
        if side.data_type == "skip_samples":
            return int(struct.unpack_from("<I", bytes(side))[0])
    return 0


def _check_loudness(path: Path, target: float) -> None:
    measured = loudness.measure(path).lufs
    if measured is None or abs(measured - target) <= LOUDNESS_TOLERANCE:
        return
    if measured < target:
        advice = "its sounds are too quiet to be raised that far; give them more gain, or ask for less"
    else:
        advice = "make the mix again"
    raise FatalError(f"the film's sound is at {measured:.1f} LUFS where {target:g} is asked for: {advice}")
