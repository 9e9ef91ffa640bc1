"""What a project will ask for beyond its plan: the voices it names, and what follows an unwritten script."""

from __future__ import annotations

from collections.abc import Iterator

from vbmake.plan.draft import Draft
from vbmake.plan.generated import prompted, spoken
from vbmake.plan.inputs import BuildInputs
from vbmake.plan.look import media_ref
from vbmake.plan.types import JobSpec
from vbmake.project.models import Film, PromptedImage, Voice
from vbmake.services import LOCAL

ANYTHING = "Something."  # stands for a text that is not known


def voice_jobs(inputs: BuildInputs) -> list[JobSpec]:
    """A job for each provider's voice that the films name, at its place, as if it spoke ANYTHING."""
    draft = Draft(inputs)
    for film in inputs.project.films:
        for voice in _voices(film):
            if voice.provider != LOCAL:
                spoken(draft, film, f"voice-{len(draft.jobs)}", ANYTHING, voice, 1, voice.place)
    return list(draft.jobs.values())


def local_voices(inputs: BuildInputs) -> list[Voice]:
    """The voices of this machine that the films name."""
    return [voice for film in inputs.project.films for voice in _voices(film) if voice.provider == LOCAL]


def jobs_after(film: Film, inputs: BuildInputs) -> list[JobSpec]:
    """What a film whose script is not written will ask for, as far as that is declared."""
    draft = Draft(inputs)
    request = film.script
    if request is not None and request.images.provider != LOCAL:
        wanted = request.images
        image = PromptedImage(prompt=ANYTHING, provider=wanted.provider, model=wanted.model, options=wanted.options)
        image.set_place(wanted.place)
        prompted(draft, film, "image", image)
    if film.voice.provider != LOCAL:
        spoken(draft, film, "voice", ANYTHING, film.voice, 1, film.voice.place)
    for part in (*film.overlays, *film.music):
        media_ref(draft, film, part)
    return [job for job in draft.jobs.values() if job.account]


def _voices(film: Film) -> Iterator[Voice]:
    yield film.voice
    yield from film.voices.values()
    for scene in film.scenes:
        if scene.say is not None and isinstance(scene.say.voice, Voice):
            yield scene.say.voice
