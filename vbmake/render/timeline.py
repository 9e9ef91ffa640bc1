"""Rules `timeline` and `otio`: what is when in the film, for programs to read and for editors to open."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any
from urllib.parse import quote

import opentimelineio as otio
from opentimelineio.opentime import RationalTime, TimeRange

from vbmake.rules.work import Work

Item = Mapping[str, Any]

_SOUND_TRACKS = {"voice": "Voice", "sound": "Sound", "video": "Sound of clips", "music": "Music"}


def write_timeline(work: Work) -> None:
    """Write `options.timeline` as JSON, one text for one timeline: keys sorted, two spaces, UTF-8."""
    text = json.dumps(work.options["timeline"], ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False)
    work.outputs["timeline"].write_text(text + "\n", encoding="utf-8", newline="\n")


def write_otio(work: Work) -> None:
    """Write `options.timeline` as an OpenTimelineIO file.

    The lowest video track has the scenes with their transitions, the ones above the scenes' further layers and the
    overlays; voice, sounds and music have audio tracks, in samples; chapters are markers. Media are named by the paths
    the timeline has.
    """
    text: str = otio.adapters.write_to_string(_timeline(work.options["timeline"]), "otio_json")
    work.outputs["otio"].write_text(text.rstrip("\n") + "\n", encoding="utf-8", newline="\n")


def _timeline(film: Item) -> otio.schema.Timeline:
    fps, rate = float(Fraction(film["fps"])), float(film["sample_rate"])
    name = film.get("title") or film["name"]
    timeline = otio.schema.Timeline(name=name, global_start_time=RationalTime(0, fps))
    timeline.metadata["vbmake"] = {"format": film["name"], "size": list(film["size"]), "fps": str(film["fps"])}
    timeline.tracks.append(_scene_track(film["scenes"], fps))
    above = [(layer, layer["start"], layer["end"]) for layer in (*_upper_layers(film["scenes"]), *film["overlays"])]
    for number, row in enumerate(_rows(above), 2):
        timeline.tracks.append(_track(f"Layers {number}", otio.schema.TrackKind.Video, row, fps))
    sounds = [*(sound for scene in film["scenes"] for sound in scene["sounds"]), *film["music"]]
    for kind, title in _SOUND_TRACKS.items():
        placed = [(s, s["start"], s["start"] + s["samples"]) for s in sounds if s["kind"] == kind]
        for row in _rows(placed):
            timeline.tracks.append(_track(title, otio.schema.TrackKind.Audio, row, rate))
    for chapter in film["chapters"]:
        marked = _range(chapter["start"], chapter["end"] - chapter["start"], fps)
        timeline.tracks.markers.append(otio.schema.Marker(name=chapter["title"], marked_range=marked))
    return timeline


def _scene_track(scenes: Sequence[Item], fps: float) -> otio.schema.Track:
    """Scenes overlap by their transitions; here they abut in the middle of each, and it says how far it reaches."""
    track = otio.schema.Track(name="Scenes", kind=otio.schema.TrackKind.Video)
    for index, scene in enumerate(scenes):
        into = _overlap(scene)
        out_of = _overlap(scenes[index + 1]) if index + 1 < len(scenes) else 0
        if into:
            track.append(_transition(scene["transition"], fps))
        head, tail = into // 2, out_of - out_of // 2
        clip = otio.schema.Clip(
            name=scene["title"] or scene["id"],
            media_reference=_reference(_base(scene), 0, scene["frames"], fps),
            source_range=_range(head, scene["frames"] - head - tail, fps),
        )
        layers = [dict(layer) for layer in scene["layers"]]
        clip.metadata["vbmake"] = {"id": scene["id"], "start": scene["start"], "layers": layers}
        track.append(clip)
    return track


def _overlap(scene: Item) -> int:
    return int(scene["transition"]["frames"]) if scene.get("transition") else 0


def _transition(transition: Item, fps: float) -> otio.schema.Transition:
    frames = int(transition["frames"])
    dissolve = transition["kind"] in {"fade", "dissolve"}
    made = otio.schema.Transition(
        name=transition["kind"],
        transition_type=otio.schema.TransitionTypes.SMPTE_Dissolve if dissolve else otio.schema.TransitionTypes.Custom,
        in_offset=RationalTime(frames // 2, fps),
        out_offset=RationalTime(frames - frames // 2, fps),
    )
    made.metadata["vbmake"] = {"kind": transition["kind"], "frames": frames}
    return made


def _base(scene: Item) -> str | None:
    """The file that stands for a scene: the lowest layer's that has one."""
    return next((layer["source"] for layer in scene["layers"] if layer["source"]), None)


def _upper_layers(scenes: Iterable[Item]) -> Iterable[Item]:
    """Every layer but the one that stands for its scene."""
    for scene in scenes:
        base = next((index for index, layer in enumerate(scene["layers"]) if layer["source"]), None)
        yield from (layer for index, layer in enumerate(scene["layers"]) if index != base)


Placed = tuple[Item, int, int]


def _rows(placed: Iterable[Placed]) -> list[list[Placed]]:
    """Items dealt to as few rows as needed, in each of which none overlaps another."""
    rows: list[list[Placed]] = []
    for item in sorted(placed, key=lambda item: item[1]):
        if item[2] <= item[1]:
            continue
        row = next((row for row in rows if row[-1][2] <= item[1]), None)
        if row is None:
            rows.append(row := [])
        row.append(item)
    return rows


def _track(name: str, kind: str, row: Sequence[Placed], rate: float) -> otio.schema.Track:
    track = otio.schema.Track(name=name, kind=kind)
    end = 0
    for item, start, stop in row:
        if start > end:
            track.append(otio.schema.Gap(source_range=_range(0, start - end, rate)))
        clip = otio.schema.Clip(
            name=item.get("text") or item["source"] or item["kind"],
            media_reference=_reference(item["source"], 0, stop - start, rate),
            source_range=_range(0, stop - start, rate),
        )
        clip.metadata["vbmake"] = dict(item)
        track.append(clip)
        end = stop
    return track


def _reference(source: str | None, start: int, length: int, rate: float) -> otio.core.MediaReference:
    if source is None:
        return otio.schema.MissingReference()
    return otio.schema.ExternalReference(target_url=quote(source), available_range=_range(start, length, rate))


def _range(start: int, length: int, rate: float) -> TimeRange:
    return TimeRange(RationalTime(start, rate), RationalTime(length, rate))
