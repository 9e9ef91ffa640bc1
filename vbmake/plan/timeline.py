"""The timeline of a film: every scene, layer and sound in frames and samples, for people and for other programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vbmake.plan.draft import Draft
from vbmake.plan.frames import SAMPLE_RATE, sample_at, samples_covering, to_frames, to_samples
from vbmake.plan.look import is_clip, layer_measure, media_ref
from vbmake.plan.playing import play_length, span
from vbmake.plan.scenes import Timed
from vbmake.plan.types import BuildPlan, Ref
from vbmake.project import models
from vbmake.project.models import Film

if TYPE_CHECKING:
    from vbmake.plan.shots import Geometry


@dataclass(frozen=True)
class Timeline:
    """A film in one format: its record (JSON-ready, see `timeline_record`), with files resolved to paths."""

    name: str
    fps: str
    frames: int
    record: Mapping[str, Any]

    @property
    def scenes(self) -> Sequence[Mapping[str, Any]]:
        found: Sequence[Mapping[str, Any]] = self.record["scenes"]
        return found


def assemble_timeline(plan: BuildPlan, assets: Mapping[str, str], film: int = 0) -> Timeline:
    """The timeline of the plan's film number `film`; `assets` gives the path of a file by its `Ref.name`.

    Files that `assets` does not know keep their name. Raises ValueError while the plan is pending, IndexError for a
    film that is not there.
    """
    if plan.pending:
        raise ValueError("the plan is still pending: " + ", ".join(item.ref.name for item in plan.pending[:5]))
    record = plan.films[film]

    def resolved(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {
                key: assets.get(item, item) if key == "source" and isinstance(item, str) else resolved(item)
                for key, item in value.items()
            }
        return [resolved(item) for item in value] if isinstance(value, list) else value

    return Timeline(record["name"], record["fps"], record["frames"], resolved(record))


def timeline_record(draft: Draft, film: Film, name: str, geometry: Geometry, timed: Sequence[Timed]) -> dict[str, Any]:
    """The record of one film in one format: frames at its rate, samples at 48 kHz."""
    canvas = geometry.canvas
    return {
        "name": name,
        "title": film.title or "",
        "format": geometry.name,
        "fps": str(film.fps),
        "frames": timed[-1].end,
        "size": [canvas.width, canvas.height],
        "sample_rate": SAMPLE_RATE,
        "scenes": [_scene(draft, film, geometry.name, scene) for scene in timed],
        "music": [_music(draft, music, film, timed) for music in film.music],
        "overlays": [
            layer
            for overlay in film.overlays
            if overlay.only is None or geometry.name in overlay.only
            for layer in [_overlay(draft, film, overlay, timed)]
        ],
        "chapters": chapters(timed),
    }


def chapters(timed: Sequence[Timed]) -> list[dict[str, Any]]:
    """Chapters in frames, from the titles of scenes; each lasts until the next begins."""
    titled = [(scene.scene.title, scene.start) for scene in timed if scene.scene.title]
    ends = [*(start for _, start in titled), timed[-1].end][1:]
    return [
        {"title": title, "start": start, "end": end}
        for (title, start), end in zip(titled, ends, strict=True)
        if end > start
    ]


def _scene(draft: Draft, film: Film, form: str, timed: Timed) -> dict[str, Any]:
    scene = timed.scene
    transition = {"kind": timed.kind, "frames": timed.into} if timed.into else None
    return {
        "id": scene.id,
        "title": scene.title or "",
        "start": timed.start,
        "frames": timed.frames,
        "transition": transition,
        "layers": [
            _layer(draft, film, layer, timed.start, timed.frames)
            for layer in scene.layers
            if layer.only is None or form in layer.only
        ],
        "sounds": _sounds(draft, film, timed),
    }


def _name(ref: Ref | None) -> str | None:
    return ref.name if ref is not None else None


def _layer(draft: Draft, film: Film, layer: models.Layer, start: int, frames: int) -> dict[str, Any]:
    first = min(to_frames(layer.show.start, film.fps), frames) if layer.show else 0
    end = to_frames(layer.show.end, film.fps) if layer.show and layer.show.end is not None else frames
    return {
        "kind": layer.kind,
        "start": start + first,
        "end": start + min(max(end, first), frames),
        "source": _name(media_ref(draft, film, layer)),
        "text": layer.text if isinstance(layer, models.TextLayer) else None,
    }


def _overlay(draft: Draft, film: Film, overlay: models.Layer, timed: Sequence[Timed]) -> dict[str, Any]:
    places = {scene.scene.id: scene for scene in timed}
    first, last = overlay.scenes or (timed[0].scene.id, timed[-1].scene.id)
    start = places[first].start
    return _layer(draft, film, overlay, start, max(1, places[last].end - start))


def _sounds(draft: Draft, film: Film, timed: Timed) -> list[dict[str, Any]]:
    fps = film.fps
    begin = sample_at(timed.start, fps)
    room = samples_covering(timed.frames, fps)

    def sound(kind: str, ref: Ref | None, at: int, samples: int) -> dict[str, Any]:
        return {"kind": kind, "source": _name(ref), "start": begin + at, "samples": max(0, min(samples, room - at))}

    found = []
    if timed.speech is not None:
        found.append(sound("voice", timed.speech.ref, timed.speech.at, timed.speech.samples))
    for layer in timed.scene.layers:
        ref, measure = layer_measure(draft, film, layer)
        if measure is None or not is_clip(layer, measure) or not measure["audio"]:
            continue
        assert isinstance(layer, models.VideoLayer | models.MakeLayer)
        if not layer.mute:
            first, end = to_frames(layer.show.start, fps) if layer.show else 0, timed.frames
            if layer.show and layer.show.end is not None:
                end = min(end, to_frames(layer.show.end, fps))
            at = sample_at(first, fps)
            length = max(0, sample_at(end, fps) - at)
            if not layer.loop:
                freeze = layer.freeze if isinstance(layer, models.VideoLayer) else None
                length = min(length, to_samples(play_length(layer, span(layer, measure), freeze)))
            found.append(sound("video", ref, at, length))
    for one in timed.scene.sounds:
        ref = media_ref(draft, film, one)
        measure = draft.inputs.measure(ref) if ref is not None else None
        if measure is None or one.mute:
            continue
        length = room if one.loop else to_samples(play_length(one, span(one, measure)))
        length = min(length, to_samples(one.duration)) if one.duration is not None else length
        found.append(sound("sound", ref, to_samples(one.at), length))
    return found


def _music(draft: Draft, music: models.Music, film: Film, timed: Sequence[Timed]) -> dict[str, Any]:
    end = samples_covering(timed[-1].end, film.fps)
    stop = min(end, to_samples(music.until)) if music.until is not None else end
    start = to_samples(music.at)
    source = _name(media_ref(draft, film, music))
    return {"kind": "music", "source": source, "start": start, "samples": max(0, stop - start)}
