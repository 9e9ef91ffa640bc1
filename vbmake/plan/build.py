"""`plan_build`: from a project to jobs in layers. Pure: the same inputs give the same plan, byte for byte."""

from __future__ import annotations

from typing import Any

from vbmake.plan.canonical import digest
from vbmake.plan.captions import film_cues, subtitle_job
from vbmake.plan.draft import Draft, slug
from vbmake.plan.frames import samples_covering
from vbmake.plan.inputs import BuildInputs
from vbmake.plan.kahn import layers
from vbmake.plan.look import layer_measure, media_ref
from vbmake.plan.scenes import time_scenes
from vbmake.plan.shots import Geometry, Picture, geometries
from vbmake.plan.sound import plan_sound
from vbmake.plan.timeline import chapters, timeline_record
from vbmake.plan.types import BuildPlan, JobSpec, Output, Ref
from vbmake.project.models import Film, Music, Sound


def plan_build(inputs: BuildInputs) -> BuildPlan:
    """The plan of a project, as far as what is known reaches.

    While `pending` is not empty, the plan holds the jobs whose results the rest waits for; measures of the pending
    files (in `inputs.measures`, by `Ref.name`) make the next plan reach further.

    Raises ProjectError for what only shows against the media: a trim beyond the end of a clip, options that a rule
    does not take.
    """
    draft = Draft(inputs)
    films: list[dict[str, Any]] = []
    for film in inputs.project.films:
        films += _plan_film(draft, film, film_name(film), several=len(inputs.project.films) > 1)
    draft.settle()
    jobs = list(draft.jobs.values())
    found = layers(jobs)
    return BuildPlan(
        layers=found,
        queue_hash=digest([[job_record(job) for job in layer] for layer in found]),
        pending=tuple(draft.pending.values()),
        notes=tuple(draft.notes),
        films=tuple(films),
    )


def film_name(film: Film) -> str:
    """The file name of a film, without format and extension."""
    return film.name or slug(film.title or "") or "film"


def job_record(job: JobSpec) -> dict[str, Any]:
    """A job as plain data, for `plan.json` and the queue's hash."""
    return {
        "id": job.id,
        "rule": job.rule,
        "options": job.options,
        "inputs": {role: [ref.name for ref in refs] for role, refs in job.inputs.items()},
        "outputs": dict(job.outputs),
        "pool": job.pool,
        "take": job.take,
        "final": job.final,
    }


def _plan_film(draft: Draft, film: Film, name: str, *, several: bool) -> list[dict[str, Any]]:
    prefix = f"{name}/" if several else ""
    waiting = len(draft.pending)
    timed = time_scenes(draft, film, prefix)
    _ask_for_media(draft, film)
    if timed is None or len(draft.pending) > waiting:
        return []
    sound = plan_sound(draft, film, prefix, name, timed)
    by_scene = film_cues(film, timed, film.captions.length)
    for kind in film.captions.files:
        if film.captions.style != "none":
            subtitle_job(draft, film, name, kind, by_scene)
    records = []
    for geometry in geometries(film):
        file = f"{name}-{geometry.name}" if film.formats else name
        picture = Picture(draft, film, prefix, geometry, timed, [list(cues) for cues in by_scene])
        job = _film_job(draft, film, picture, f"build/{file}.mp4", sound)
        record = timeline_record(draft, film, file, geometry, timed)
        records.append({**record, "film": job.id})
        _extras(draft, film, picture, job, file, record)
    return records


def _ask_for_media(draft: Draft, film: Film) -> None:
    """Have every medium measured before anything is rendered, so that a broken file is told at once."""
    for layer in [*film.overlays, *(layer for scene in film.scenes for layer in scene.layers)]:
        layer_measure(draft, layer)
    sounds: list[Music | Sound] = [*film.music, *(sound for scene in film.scenes for sound in scene.sounds)]
    for sound in sounds:
        ref = media_ref(draft, sound)
        if ref is not None:
            draft.measure(ref, "it must be a recording that can be played", sound.place)


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
    return draft.add("film", picture.subject, options, {"video": video, "sound": audio}, target=target, title=title)


def _extras(draft: Draft, film: Film, picture: Picture, job: JobSpec, file: str, record: dict[str, Any]) -> None:
    """What is made beside the film: poster, GIF, timelines."""
    outputs = film.outputs
    if outputs.poster is not None:
        index, frame = picture.at(int(outputs.poster.at * film.fps))
        kind = outputs.poster.type
        picture.still(index, frame, f"{picture.subject}/poster", kind, f"build/{file}.{kind}")
    if outputs.gif is not None:
        gif = outputs.gif
        end = str(gif.end) if gif.end is not None else None
        options = {"width": gif.width, "fps": gif.fps, "from": str(gif.start), "to": end}
        draft.add("gif", picture.subject, options, {"film": [Output(job.id, "film")]}, target=f"build/{file}.gif")
    if outputs.timeline:
        target = f"build/{file}.timeline.json"
        draft.add("timeline", picture.subject, {"timeline": record}, {}, target=target)
    if outputs.otio:
        draft.add("otio", picture.subject, {"timeline": record}, {}, target=f"build/{file}.otio")


def picture_of(draft: Draft, film: Film, geometry: Geometry) -> Picture | None:
    """The picture of a film in one format, without any job of it being planned; None while lengths are unknown."""
    several = len(draft.inputs.project.films) > 1
    prefix = f"{film_name(film)}/" if several else ""
    timed = time_scenes(draft, film, prefix)
    if timed is None:
        return None
    by_scene = film_cues(film, timed, film.captions.length)
    return Picture(draft, film, prefix, geometry, timed, [list(cues) for cues in by_scene])
