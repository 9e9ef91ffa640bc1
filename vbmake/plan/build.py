"""`plan_build`: from a project to jobs in layers. Pure: the same inputs give the same plan, byte for byte."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from vbmake.errors import Place, Problem
from vbmake.plan.captions import film_cues, subtitle_job
from vbmake.plan.draft import Draft
from vbmake.plan.frames import samples_covering
from vbmake.plan.inputs import BuildInputs
from vbmake.plan.kahn import layers
from vbmake.plan.kinds import check_kind, check_span
from vbmake.plan.later import Later
from vbmake.plan.look import layer_measure, media_ref
from vbmake.plan.scenes import Timed, time_scenes
from vbmake.plan.script import written
from vbmake.plan.settings import film_settings, own_settings, timeline_parts, timeline_settings
from vbmake.plan.shots import Geometry, Picture, geometries
from vbmake.plan.sound import plan_sound, plan_stems
from vbmake.plan.timeline import chapters, timeline_record
from vbmake.plan.types import BuildPlan, JobSpec, Output, Ref, Source
from vbmake.plan.writings import writings
from vbmake.project.models import Film, Gif, Music, Poster, Sound
from vbmake.project.words import slug


def plan_build(inputs: BuildInputs) -> BuildPlan:
    """The plan of a project, as far as what is known reaches.

    While `pending` is not empty, the plan holds the jobs whose results the rest waits for, and those that the rest
    does not concern, as the whole plan will have them; measures of the pending files (in `inputs.measures`, by
    `Ref.name`) make the next plan reach further.

    Raises ProjectError for what only shows against the media: a trim beyond the end of a clip, options that a rule
    does not take.
    """
    draft = Draft(inputs)
    films: list[Mapping[str, Any]] = []
    for film in inputs.project.films:
        films += _plan_film(draft, film, film_name(film), several=len(inputs.project.films) > 1)
    draft.settle()
    return BuildPlan(
        layers=layers(draft.jobs.values()),
        pending=tuple(draft.pending.values()),
        notes=draft.notes(len(inputs.project.films)),
        films=tuple(films),
        writings=tuple(text for film in draft.films for text in writings(film)),
    )


def film_name(film: Film) -> str:
    """The file name of a film, without format and extension."""
    return film.name or slug(film.title or "") or "film"


def _plan_film(draft: Draft, film: Film, name: str, *, several: bool) -> list[Mapping[str, Any]]:
    prefix, draft.film = (f"{name}/", name) if several else ("", "")
    missed, told = draft.missed, len(draft.problems)
    found = written(draft, film, prefix)
    if found is None:
        return []
    film = found
    draft.films.append(film)
    _ask_for_media(draft, film)
    if len(draft.problems) > told:
        return []
    timed = time_scenes(draft, film, prefix)
    if timed is None or any(isinstance(item.ref, Source) for item in draft.pending.values()):
        return []  # files of the user's are measured at once: the next plan has them all
    if draft.missed > missed:
        _plan_known(draft, film, prefix, timed)
        return []
    sound = plan_sound(draft, film, prefix, name, timed)
    if film.captions.files and film.captions.style != "none":
        cues = film_cues(film, timed, film.captions.length)
        for kind in film.captions.files:
            subtitle_job(draft, film, name, kind, cues)
    records: list[Mapping[str, Any]] = []
    for geometry in geometries(film):
        file = f"{name}-{geometry.name}" if film.formats else name
        picture = Picture(draft, film, prefix, geometry, timed)
        job = _film_job(draft, film, picture, f"build/{file}.mp4", sound)
        record = Later(functools.partial(timeline_record, draft, film, file, geometry, timed))
        records.append(Later(functools.partial(dict, record), film=job.id))
        _extras(draft, film, picture, job, file, record)
    return records


def _plan_known(draft: Draft, film: Film, prefix: str, timed: Sequence[Timed]) -> None:
    """The shots, cuts and stems that rest on nothing unknown: they need not wait for what other scenes show."""
    plan_stems(draft, film, prefix, timed)
    for geometry in geometries(film):
        Picture(draft, film, prefix, geometry, timed).segments()


def _ask_for_media(draft: Draft, film: Film) -> None:
    """Have every medium measured before anything is rendered, so that a broken or unfit file is told at once."""
    for layer in [*film.overlays, *(layer for scene in film.scenes for layer in scene.layers)]:
        ref, measure = layer_measure(draft, film, layer)
        if ref is not None:
            check_kind(draft, layer, ref, measure)
            check_span(draft, layer, measure)
    sounds: list[Music | Sound] = [*film.music, *(sound for scene in film.scenes for sound in scene.sounds)]
    for sound in sounds:
        ref = media_ref(draft, film, sound)
        if ref is not None:
            measure = draft.measure(ref, "it must be a recording that can be played", sound.place)
            check_kind(draft, sound, ref, measure)
            check_span(draft, sound, measure)


def _film_job(draft: Draft, film: Film, picture: Picture, target: str, sound: Output | None) -> JobSpec:
    segments = picture.segments()
    frames = picture.timed[-1].end
    options = {
        "fps": str(film.fps),
        "frames": frames,
        "segments": [count for _, count in segments],
        "chapters": chapters(picture.timed),
        "title": film.title or "",
        "language": film.language or "",
        "samples": samples_covering(frames, film.fps) if sound is not None else None,
        "loudness": film.loudness if sound is not None else None,
    }
    video: list[Ref] = [output for output, _ in segments]
    audio: list[Ref] = [sound] if sound is not None else []
    title = film.title or picture.subject
    place = _place(film, picture.geometry)
    inputs = {"video": video, "sound": audio}
    settings = draft.shared(film_settings, film)
    return draft.add(
        "film", picture.subject, options, inputs, target=target, title=title, place=place, settings=settings
    )


def _extras(draft: Draft, film: Film, picture: Picture, job: JobSpec, file: str, record: Mapping[str, Any]) -> None:
    """What is made beside the film: poster, GIF, timelines."""
    if film.outputs.poster is not None:
        _poster(draft, film.outputs.poster, film, picture, file)
    if film.outputs.gif is not None:
        _gif(draft, film.outputs.gif, film, picture, job, file)
    place, name = _place(film, picture.geometry), picture.geometry.name
    settings = timeline_settings(film, film.formats.get(name), [timed.length for timed in picture.timed])
    parts = timeline_parts(film, name)
    for rule, wanted, extension in (
        ("timeline", film.outputs.timeline, "timeline.json"),
        ("otio", film.outputs.otio, "otio"),
    ):
        if wanted:
            draft.add(
                rule,
                picture.subject,
                {"timeline": record},
                {},
                target=f"build/{file}.{extension}",
                place=place,
                parts=parts,
                settings=settings,
            )


def _poster(draft: Draft, poster: Poster, film: Film, picture: Picture, file: str) -> None:
    asked = int(poster.at * film.fps)
    if asked >= picture.timed[-1].end:
        draft.note(f"the poster is of {float(poster.at):g} s, {_lasts(film, picture)}: it shows its end", poster.place)
    index, frame = picture.at(asked)
    picture.still(index, frame, f"{picture.subject}/poster", poster.type, f"build/{file}.{poster.type}", poster.place)


def _gif(draft: Draft, gif: Gif, film: Film, picture: Picture, job: JobSpec, file: str) -> None:
    if gif.start * film.fps >= picture.timed[-1].end:
        found = f"start: {float(gif.start):g}s, and {_lasts(film, picture)}"
        draft.problems.append(Problem(gif.place, "the GIF starts after the film has ended", found=found))
    options = {
        "width": gif.width,
        "fps": gif.fps,
        "from": str(gif.start),
        "to": str(gif.end) if gif.end is not None else None,
    }
    inputs = {"film": [Output(job.id, "film")]}
    settings = own_settings(gif.place, {"width": "width", "fps": "fps", "from": "start", "to": "end"})
    target = f"build/{file}.gif"
    draft.add("gif", picture.subject, options, inputs, target=target, place=gif.place, settings=settings)


def _lasts(film: Film, picture: Picture) -> str:
    return f"the film lasts {float(picture.timed[-1].end / film.fps):.4g} s"


def _place(film: Film, geometry: Geometry) -> Place:
    """Where a format of a film stands in the declaration."""
    return film.formats[geometry.name].place if film.formats else film.place


def picture_of(draft: Draft, film: Film, geometry: Geometry) -> Picture | None:
    """The picture of a film in one format, without any job of it being planned; None while lengths are unknown."""
    several = len(draft.inputs.project.films) > 1
    prefix = f"{film_name(film)}/" if several else ""
    found = written(draft, film, prefix)
    timed = time_scenes(draft, found, prefix) if found is not None else None
    if found is None or timed is None:
        return None
    film = found
    return Picture(draft, film, prefix, geometry, timed)
