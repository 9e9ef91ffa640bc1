"""What a film writes into its pictures, and in which font: for a check that the font can, before anything is made.

It rests on the declaration alone, so that it is known before any voice has spoken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vbmake.plan.captions import look_of
from vbmake.plan.look import font_of, full_style, written
from vbmake.plan.shots import geometries
from vbmake.plan.types import Writing
from vbmake.project.models import Film, Layer, Scene, TextLayer


def writings(film: Film, scenes: Sequence[Scene] | None = None) -> Iterator[Writing]:
    """Every text of the film's overlays and of these scenes (None: of all), and their burned-in captions."""
    chosen = film.scenes if scenes is None else scenes
    for layer in [*(layer for scene in chosen for layer in scene.layers), *film.overlays]:
        if isinstance(layer, TextLayer) and _shown(film, layer):
            style = full_style(film, layer.style)
            yield Writing(written(layer, style), font_of(film, style), layer.place)
    yield from _captions(film, chosen)


def _shown(film: Film, layer: Layer) -> bool:
    return layer.only is None or any(geometry.name in layer.only for geometry in geometries(film))


def _captions(film: Film, scenes: Sequence[Scene]) -> Iterator[Writing]:
    """What is said, once in each style that writes it."""
    looks = []
    for geometry in geometries(film):
        captions = geometry.captions
        if captions.burn and captions.style != "none":
            style = look_of(film, captions)
            look = (font_of(film, style), bool(style.uppercase))
            if look not in looks:
                looks.append(look)
    for scene in scenes:
        if scene.say is not None and scene.captions:
            for font, uppercase in looks:
                text = scene.say.text.upper() if uppercase else scene.say.text
                yield Writing(text, font, scene.say.place, captions=True)
