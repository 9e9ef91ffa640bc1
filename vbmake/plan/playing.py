"""How a clip is played: trim, speed, loop, freeze and reverse as pieces, straight lines from frames to source time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from vbmake.errors import Problem, ProjectError
from vbmake.plan.frames import to_frames
from vbmake.project.models import Freeze, Playing


@dataclass(frozen=True, slots=True)
class Span:
    """The part of a recording that is played: seconds in the source."""

    start: Fraction
    end: Fraction

    @property
    def length(self) -> Fraction:
        return self.end - self.start


def span(playing: Playing, measure: Mapping[str, Any] | None) -> Span:
    """The trimmed part of a recording. Raises ProjectError when the trim reaches beyond the recording's end.

    `measure` may be None when the trim names both ends.
    """
    start = playing.trim.start if playing.trim else Fraction(0)
    end = playing.trim.end if playing.trim else None
    duration = Fraction(measure["duration"]) if measure is not None else None
    if duration is not None:
        # Containers round durations to their time base: half a frame at 24 fps of slack, then the end is the end.
        slack = Fraction(1, 48)
        if start >= duration or (end is not None and end > duration + slack):
            raise ProjectError(
                [
                    Problem(
                        playing.place,
                        "the trim reaches beyond the end of the recording",
                        found=f"[{_seconds(start)}, {_seconds(end) if end is not None else 'end'}]",
                        allowed=f"0s to {_seconds(duration)}",
                    )
                ]
            )
        end = duration if end is None else min(end, duration)
    if end is None:
        raise ValueError("the length of an unmeasured recording without a trim is unknown")
    return Span(start, end)


def _seconds(value: Fraction) -> str:
    return f"{float(value):.3f}".rstrip("0").rstrip(".") + "s"


def play_length(playing: Playing, part: Span, freeze: Freeze | None = None) -> Fraction:
    """How long one pass takes, in seconds."""
    return part.length / playing.speed + (freeze.for_ if freeze else 0)


def pieces(
    playing: Playing, part: Span, freeze: Freeze | None, first: int, end: int, fps: Fraction
) -> list[dict[str, Any]]:
    """Pieces of a clip that starts at frame `first` and is seen until `end`. After its end its last picture is held."""
    rate = -playing.speed if playing.reverse else playing.speed
    origin = part.end if playing.reverse else part.start
    one_pass = max(play_length(playing, part, freeze), 1 / fps)  # a loop of less than a frame shows that frame
    found: list[dict[str, Any]] = []
    turn = 0
    while True:
        start = first + to_frames(one_pass * turn, fps)
        stop = max(start + 1, first + to_frames(one_pass * (turn + 1), fps))
        found += _one_pass(origin, rate, freeze, start, stop, fps)
        turn += 1
        if not playing.loop or stop >= end:
            return found


def _one_pass(
    origin: Fraction, rate: Fraction, freeze: Freeze | None, start: int, stop: int, fps: Fraction
) -> list[dict[str, Any]]:
    def piece(first: int, last: int, at: Fraction, speed: Fraction) -> dict[str, Any]:
        return {"from": first, "to": last, "at": str(at), "rate": str(speed)}

    if freeze is None:
        return [piece(start, stop, origin, rate)]
    stands = min(start + to_frames(freeze.at, fps), stop - 1)
    goes = min(stands + max(1, to_frames(freeze.for_, fps)), stop)
    there = origin + (stands - start) / fps * rate
    # A frozen picture is the one in whose middle the clip stood still: half a frame in, as for every other frame.
    middle = there + Fraction(1, 2) / fps * rate
    parts = [(start, stands, origin, rate), (stands, goes, middle, Fraction(0)), (goes, stop, there, rate)]
    return [piece(*values) for values in parts if values[0] < values[1]]
