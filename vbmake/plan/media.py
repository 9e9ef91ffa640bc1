"""Which files of the user's a plan will want measured, as far as the declaration alone tells."""

from __future__ import annotations

from collections.abc import Iterator

from vbmake.plan.types import Source
from vbmake.project.models import Film, ImageLayer, Project, VideoLayer


def media(project: Project) -> Iterator[Source]:
    """The pictures, clips and recordings that the films name, each time they are named.

    What is known of them before the first plan is made saves making that plan only to be told that it wants them.
    """
    for film in project.films:
        for path in _paths(film):
            if isinstance(path, str):  # else it is described, and a provider makes it
                yield Source(path)


def _paths(film: Film) -> Iterator[object]:
    for layers in (film.overlays, *(scene.layers for scene in film.scenes)):
        for layer in layers:
            if isinstance(layer, ImageLayer):
                yield layer.image
            elif isinstance(layer, VideoLayer):
                yield layer.video
    for music in film.music:
        yield music.source
    for scene in film.scenes:
        for sound in scene.sounds:
            yield sound.source
