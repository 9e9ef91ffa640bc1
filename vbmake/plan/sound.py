"""The sound of a film: a stem for each scene's voice and one for its sounds, laid on one timeline by a single mix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from vbmake.errors import Place
from vbmake.plan.draft import Draft
from vbmake.plan.frames import SAMPLE_RATE, sample_at, samples_covering, to_frames, to_samples
from vbmake.plan.inputs import Measure
from vbmake.plan.look import is_clip, layer_measure, media_ref
from vbmake.plan.playing import pieces, play_length, span
from vbmake.plan.scenes import Timed
from vbmake.plan.settings import mix_settings, sound_stem_settings, voice_stem_settings
from vbmake.plan.types import Output, Ref
from vbmake.project import models
from vbmake.project.models import Film

PEAK = -1.5  # dBTP: room for what AAC adds between samples (EBU R 128 s2 asks for -1 or less after encoding)
BITRATE = "192k"


def plan_sound(draft: Draft, film: Film, prefix: str, name: str, timed: Sequence[Timed]) -> Output | None:
    """Jobs for all that is heard; the mix's output, or None when the film is silent."""
    fps = film.fps
    voices: list[Ref] = []
    voice_at: list[dict[str, Any]] = []
    sounds: list[Ref] = []
    sound_at: list[dict[str, Any]] = []
    for scene, (voice, stem) in zip(timed, plan_stems(draft, film, prefix, timed), strict=True):
        if voice is not None:
            voice_at.append({"stem": len(voices), "at": sample_at(scene.start, fps)})
            voices.append(voice)
        if stem is not None:
            fades = {"fade_in": sample_at(scene.into, fps), "fade_out": sample_at(scene.out, fps)}
            sound_at.append({"stem": len(sounds), "at": sample_at(scene.start, fps)} | fades)
            sounds.append(stem)
    _tell_silent_overlays(draft, film)
    music, played, parts = _music(draft, film, samples_covering(timed[-1].end, fps))
    if not (voices or sounds or music):
        return None
    options = {
        "rate": SAMPLE_RATE,
        "samples": samples_covering(timed[-1].end, fps),
        "voice": voice_at,
        "sound": sound_at,
        "music": played,
        "loudness": film.loudness,
        "peak": PEAK,
        "bitrate": BITRATE,
    }
    inputs = {"voice": voices, "sound": sounds, "music": music}
    job = draft.add("mix", name, options, inputs, parts=parts, settings=draft.shared(mix_settings, film))
    return Output(job.id, "mix")


def plan_stems(
    draft: Draft, film: Film, prefix: str, timed: Sequence[Timed]
) -> list[tuple[Output | None, Output | None]]:
    """Jobs for what each scene lets hear, its voice and its sounds, as far as that is known."""
    return [(_voice_stem(draft, film, prefix, scene), _sound_stem(draft, film, prefix, scene)) for scene in timed]


def _tell_silent_overlays(draft: Draft, film: Film) -> None:
    for layer in film.overlays:
        _, measure = layer_measure(draft, film, layer)
        if is_clip(layer, measure) and measure is not None and measure["audio"]:
            assert isinstance(layer, models.VideoLayer | models.MakeLayer)
            if not layer.mute:
                draft.note(
                    "an overlay is seen and not heard: say mute: true, or play its sound in a scene", layer.place
                )


def _stem(
    draft: Draft,
    film: Film,
    subject: str,
    scene: Timed,
    parts: list[Any],
    refs: list[Ref],
    channels: int,
    places: Mapping[str, Place] | None = None,
) -> Output:
    options = {
        "rate": SAMPLE_RATE,
        "channels": channels,
        "samples": samples_covering(scene.frames, film.fps),
        "parts": parts,
    }
    settings = draft.shared(voice_stem_settings if channels == 1 else sound_stem_settings, film, scene.length)
    place = scene.scene.place
    job = draft.add("stem", subject, options, {"sources": refs}, place=place, parts=places, settings=settings)
    return Output(job.id, "stem")


def _part(source: int, at: int, **values: Any) -> dict[str, Any]:
    """One recording in a stem, with everything at rest that is not said."""
    rest = {"samples": None, "from": "0", "to": None, "speed": "1", "reverse": False, "loop": False}
    return {"source": source, "at": at, "gain": 0.0, "fade_in": 0, "fade_out": 0, **rest, **values}


def _voice_stem(draft: Draft, film: Film, prefix: str, scene: Timed) -> Output | None:
    if scene.speech is None or scene.scene.say is None:
        return None
    part = _part(0, scene.speech.at, gain=scene.scene.say.gain)
    return _stem(draft, film, f"{prefix}{scene.scene.id}/voice", scene, [part], [scene.speech.ref], 1)


def _sound_stem(draft: Draft, film: Film, prefix: str, scene: Timed) -> Output | None:
    refs: list[Ref] = []
    parts: list[dict[str, Any]] = []
    places: dict[str, Place] = {}

    def source(ref: Ref) -> int:
        if ref not in refs:
            refs.append(ref)
        return refs.index(ref)

    missed = draft.missed
    for layer in scene.scene.layers:
        ref, measure = layer_measure(draft, film, layer)
        if ref is None or measure is None or not is_clip(layer, measure) or not measure["audio"]:
            continue
        assert isinstance(layer, models.VideoLayer | models.MakeLayer)
        if not layer.mute:
            for part in _clip_parts(layer, measure, scene.frames, film.fps, source(ref)):
                places[f"parts[{len(parts)}]"] = layer.place
                parts.append(part)
    for sound in scene.scene.sounds:
        ref = media_ref(draft, film, sound)
        measure = draft.measure(ref, "its length decides how the scene sounds", sound.place) if ref else None
        if ref is not None and measure is not None and not sound.mute:
            if to_samples(sound.at) >= samples_covering(scene.frames, film.fps):
                draft.note("this sound starts after its scene has ended: it is never heard", sound.place)
                continue
            places[f"parts[{len(parts)}]"] = sound.place
            parts.append(_sound_part(sound, measure, source(ref)))
    if not parts or draft.missed > missed:
        return None
    return _stem(draft, film, f"{prefix}{scene.scene.id}/sound", scene, parts, refs, 2, places)


def _clip_parts(
    layer: models.VideoLayer | models.MakeLayer, measure: Measure, frames: int, fps: Fraction, source: int
) -> list[dict[str, Any]]:
    """The sound of a clip, following its picture; where that stands still in between, it is silent."""
    first = to_frames(layer.show.start, fps) if layer.show else 0
    end = to_frames(layer.show.end, fps) if layer.show and layer.show.end is not None else frames
    end = min(end, frames)
    if first >= end:
        return []
    part = span(layer, measure)
    freeze = layer.freeze if isinstance(layer, models.VideoLayer) else None
    shape = {"gain": layer.gain, "speed": str(layer.speed), "reverse": layer.reverse}
    fade_in, fade_out = to_samples(layer.fade_in), to_samples(layer.fade_out)
    if freeze is None:
        length = sample_at(end, fps) - sample_at(first, fps)
        if not layer.loop:
            length = min(length, to_samples(play_length(layer, part)))
        whole = {"from": str(part.start), "to": str(part.end), "loop": layer.loop, "samples": length}
        return [_part(source, sample_at(first, fps), **shape, **whole, fade_in=fade_in, fade_out=fade_out)]
    moving = [p for p in pieces(layer, part, freeze, first, end, fps) if Fraction(p["rate"]) != 0 and p["from"] < end]
    found = []
    for index, piece in enumerate(moving):
        stop = min(piece["to"], end)
        there = Fraction(piece["at"])
        far = there + (stop - piece["from"]) / fps * Fraction(piece["rate"])
        found.append(
            _part(
                source,
                sample_at(piece["from"], fps),
                **shape,
                samples=sample_at(stop, fps) - sample_at(piece["from"], fps),
                **{"from": str(max(min(there, far), Fraction(0))), "to": str(max(there, far))},
                fade_in=fade_in if index == 0 else 0,
                fade_out=fade_out if index == len(moving) - 1 else 0,
            )
        )
    return found


def _sound_part(sound: models.Sound, measure: Measure, source: int) -> dict[str, Any]:
    part = span(sound, measure)
    length = None if sound.loop else to_samples(play_length(sound, part))
    if sound.duration is not None:
        wanted = to_samples(sound.duration)
        length = wanted if length is None else min(wanted, length)
    return _part(
        source,
        to_samples(sound.at),
        samples=length,
        **{"from": str(part.start), "to": str(part.end)},
        speed=str(sound.speed),
        reverse=sound.reverse,
        loop=sound.loop,
        gain=sound.gain,
        fade_in=to_samples(sound.fade_in),
        fade_out=to_samples(sound.fade_out),
    )


def _music(draft: Draft, film: Film, samples: int) -> tuple[list[Ref], list[dict[str, Any]], dict[str, Place]]:
    """The music's files, what the mix is told of each piece, and where that stands."""
    refs: list[Ref] = []
    played: list[dict[str, Any]] = []
    places: dict[str, Place] = {}
    for music in film.music:
        ref = media_ref(draft, film, music)
        if ref is None or draft.measure(ref, "it must be a recording that can be played", music.place) is None:
            continue
        if to_samples(music.at) >= samples:
            draft.note("this music starts after the film has ended: it is never heard", music.place)
            continue
        if ref not in refs:
            refs.append(ref)
        places[f"music[{len(played)}]"] = music.place
        played.append(
            {
                "source": refs.index(ref),
                "at": to_samples(music.at),
                "end": to_samples(music.until) if music.until is not None else None,
                "from": str(music.start),
                "gain": music.gain,
                "fade_in": to_samples(music.fade_in),
                "fade_out": to_samples(music.fade_out),
                "loop": music.loop,
                "duck": music.duck,
            }
        )
    return refs, played, places
