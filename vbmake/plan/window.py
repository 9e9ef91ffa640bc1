"""What of a layer is visible in frames [a, b): shifted to count from a, and stripped of all that lies elsewhere.

This is what keeps keys small: a layer that shows from 5 s to 7 s is in no other shot's key, and one that does not
change inside the window brings no time into it at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

Layer = Mapping[str, Any]


def window(layer: Layer, a: int, b: int, fps: Fraction) -> dict[str, Any] | None:
    """The layer as frames [a, b) show it, with frame numbers relative to a; None when they do not show it."""
    first, end = layer["show"]
    if first >= b or end <= a:
        return None
    seen = dict(layer)
    seen["show"] = [max(first, a) - a, min(end, b) - a]
    if layer["kind"] == "captions":
        seen["cues"] = _cues(layer["cues"], a, b)
        return seen if seen["cues"] else None
    # The property may only change inside the part of the window in which the layer is seen at all.
    low, high = max(first, a), min(end, b)
    for name in ("enter", "leave"):
        effect = layer.get(name)
        if effect is not None:
            over = effect["frames"][1] <= low if name == "enter" else effect["frames"][0] >= high
            seen[name] = None if over else effect | {"frames": _shift(effect["frames"], a)}
    if layer.get("motion") is not None:
        seen["motion"] = _motion(layer["motion"], low, high, a)
    if layer.get("animate"):
        seen["animate"] = {}
        for name, keys in layer["animate"].items():
            value, rest = _keys(keys, low, high, a)
            if rest:
                seen["animate"][name] = rest
            elif name == "opacity":
                seen[name] = value
            else:
                # One key stands for "moves, but not here": the renderer draws what moves off the pixel grid, and must
                # not put it back on the grid for the shots in which it happens to stand.
                seen["animate"][name] = [[0, value, "linear"]]
    if layer["kind"] == "video":
        seen["pieces"] = _pieces(layer["pieces"], low, high, a, fps)
    return seen


def _shift(span: Sequence[int], a: int) -> list[int]:
    return [span[0] - a, span[1] - a]


def _cues(cues: Sequence[Mapping[str, Any]], a: int, b: int) -> list[dict[str, Any]]:
    def clamp(frame: int) -> int:
        return min(max(frame, a), b) - a

    return [
        {
            "start": clamp(cue["start"]),
            "end": clamp(cue["end"]),
            "words": [
                {"text": word["text"], "start": clamp(word["start"]), "end": clamp(word["end"])}
                for word in cue["words"]
            ],
        }
        for cue in cues
        if cue["start"] < b and cue["end"] > a
    ]


def _motion(motion: Mapping[str, Any], low: int, high: int, a: int) -> dict[str, Any]:
    """Motion inside the window; a motion that is over, or stands still, keeps only where it stands."""
    zooms, centers, (start, end) = motion["zoom"], motion["center"], motion["frames"]
    still = zooms[0] == zooms[1] and centers[0] == centers[1]
    if still or end - 1 <= low or start >= high:
        which = 0 if start >= high and not still else 1
        zoom, center = zooms[which], centers[which]
        return {**motion, "zoom": [zoom, zoom], "center": [center, center], "easing": "linear", "frames": [0, 1]}
    return {**motion, "frames": _shift(motion["frames"], a)}


def _keys(keys: Sequence[Sequence[Any]], low: int, high: int, a: int) -> tuple[float | None, list[list[Any]]]:
    """Keyframes that matter in [low, high): (the value when it is constant there, the keys when it is not)."""
    before = [key for key in keys if key[0] <= low]
    after = [key for key in keys if key[0] >= high - 1]
    inside = [key for key in keys if low < key[0] < high - 1]
    kept = [*before[-1:], *inside, *after[:1]]
    if len({key[1] for key in kept}) == 1:
        # Between two keys of one value nothing moves: no easing overshoots a way of no length.
        return kept[0][1], []
    # The first key's easing leads to it from nowhere: it must not distinguish two windows.
    return None, [[key[0] - a, key[1], "linear" if index == 0 else key[2]] for index, key in enumerate(kept)]


def _pieces(pieces: Sequence[Mapping[str, Any]], low: int, high: int, a: int, fps: Fraction) -> list[dict[str, Any]]:
    """The pieces of a clip that play in [low, high), cut to it; a held last picture becomes a piece that stands."""
    last = pieces[-1]
    held = Fraction(last["at"]) + (last["to"] - last["from"] - Fraction(1, 2)) / fps * Fraction(last["rate"])
    playing: list[Mapping[str, Any]] = [*pieces]
    if last["to"] < high:
        playing.append({"from": last["to"], "to": high, "at": str(held), "rate": "0"})
    cut = []
    for piece in playing:
        start, end = max(piece["from"], low), min(piece["to"], high)
        if start < end:
            at = Fraction(piece["at"]) + (start - piece["from"]) / fps * Fraction(piece["rate"])
            cut.append({"from": start - a, "to": end - a, "at": str(at), "rate": str(Fraction(piece["rate"]))})
    return cut
