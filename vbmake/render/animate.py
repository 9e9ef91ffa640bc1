"""What changes with time in a layer: keyframes, the Ken Burns motion inside its box, how it enters and leaves."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vbmake.render.easing import ease
from vbmake.render.place import WHOLE, Rect


def progress(frames: Sequence[int], f: int, easing: str) -> float:
    """How far a movement over `frames` [first, end] has come at frame f: 0 up to the first, 1 from the end on."""
    first, end = frames
    if f >= end:
        return 1.0
    return ease(easing, (f - first) / (end - first)) if f > first else 0.0


class Track:
    """The course of one property: keys [frame, value, easing that leads to it]; a track without keys stands still."""

    def __init__(self, keys: Sequence[Sequence[Any]], value: float) -> None:
        self.moves = bool(keys)
        self._frames = [int(frame) for frame, _, _ in keys] or [0]
        self._values = [float(level) for _, level, _ in keys] or [float(value)]
        self._easings = [str(easing) for _, _, easing in keys] or ["linear"]

    @property
    def peak(self) -> float:
        """The largest value of a key."""
        return max(self._values)

    def at(self, f: int) -> float:
        after = bisect_right(self._frames, f)
        if after == 0:
            return self._values[0]
        if after == len(self._frames):
            return self._values[-1]
        before = after - 1
        done = progress((self._frames[before], self._frames[after]), f, self._easings[after])
        return self._values[before] + (self._values[after] - self._values[before]) * done


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a layer stands at one frame: pivot in px, scale, clockwise degrees, opacity 0..1."""

    x: float
    y: float
    scale: float
    rotate: float
    opacity: float


class Course:
    """The course of a layer's pose."""

    def __init__(self, layer: Mapping[str, Any]) -> None:
        keys: Mapping[str, Any] = layer.get("animate") or {}
        statics = {"x": 0.0, "y": 0.0, "scale": 1.0, "rotate": 0.0, "opacity": 1.0}
        self.tracks = {name: Track(keys.get(name) or (), layer.get(name, value)) for name, value in statics.items()}
        self._peak = float(layer.get("peak") or 0.0)

    @property
    def peak(self) -> float:
        """The largest scale the layer ever has: that of its keys, or `peak`, when it is larger outside these frames."""
        return max(self._peak, self.tracks["scale"].peak)

    @property
    def steady(self) -> bool:
        """Nothing but the opacity has keys: at rest the layer may stand on whole pixels."""
        return not any(self.tracks[name].moves for name in ("x", "y", "scale", "rotate"))

    def at(self, f: int) -> Pose:
        pose = Pose(**{name: track.at(f) for name, track in self.tracks.items()})
        return Pose(pose.x, pose.y, max(0.0, pose.scale), pose.rotate, min(1.0, max(0.0, pose.opacity)))


class Motion:
    """Ken Burns: which part of the content shows in the box at a frame."""

    def __init__(self, motion: Mapping[str, Any] | None) -> None:
        self._motion = motion

    @property
    def still(self) -> bool:
        return self._motion is None

    @property
    def peak(self) -> float:
        """The largest zoom."""
        if self._motion is None:
            return 1.0
        return float(max(1.0, *self._motion["zoom"], self._motion.get("peak") or 1.0))

    def window(self, f: int) -> Rect:
        """The part that shows, in fractions of the content, never beyond its edges."""
        if self._motion is None:
            return WHOLE
        done = progress(self._motion["frames"], f, self._motion["easing"])
        (z0, z1), ((x0, y0), (x1, y1)) = self._motion["zoom"], self._motion["center"]
        side = 1 / max(1.0, z0 + (z1 - z0) * done)
        x, y = x0 + (x1 - x0) * done - side / 2, y0 + (y1 - y0) * done - side / 2
        return Rect(min(max(0.0, x), 1 - side), min(max(0.0, y), 1 - side), side, side)


@dataclass(frozen=True, slots=True)
class Presence:
    """What entering or leaving does at one frame: factors, a shift by a share of the way out, the part revealed."""

    opacity: float = 1.0
    scale: float = 1.0
    out: float = 0.0
    side: str = "none"
    shown: Rect = WHOLE


_HERE = Presence()


def presence(passage: Mapping[str, Any] | None, f: int, *, leaving: bool) -> Presence:
    """How an `enter` (or, mirrored in time, a `leave`) shows its layer at frame f."""
    if passage is None:
        return _HERE
    done = progress(passage["frames"], f, passage["easing"])
    here = 1 - done if leaving else done
    kind, side = passage["kind"], passage.get("side") or "none"
    if here == 1:
        return _HERE
    if kind == "fade":
        return Presence(opacity=min(1.0, max(0.0, here)))
    if kind == "zoom":
        return Presence(opacity=min(1.0, max(0.0, here)), scale=max(0.0, here))
    side = "left" if side == "none" else side
    if kind == "slide":
        return Presence(out=1 - here, side=side)
    return Presence(shown=_revealed(side, min(1.0, max(0.0, here))), side=side)


def _revealed(side: str, share: float) -> Rect:
    """The part of a layer that a wipe from `side` shows."""
    if side in ("left", "right"):
        return Rect(0.0 if side == "left" else 1 - share, 0.0, share, 1.0)
    return Rect(0.0, 0.0 if side == "top" else 1 - share, 1.0, share)


def way_out(side: str, bounds: Rect, canvas: tuple[int, int]) -> tuple[float, float]:
    """The shift in px that takes `bounds` just outside the canvas on that side."""
    if side == "right":
        return (canvas[0] - bounds.x, 0.0)
    if side == "top":
        return (0.0, -bounds.bottom)
    if side == "bottom":
        return (0.0, canvas[1] - bounds.y)
    return (-bounds.right, 0.0)
