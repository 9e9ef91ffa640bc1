"""The picture of a film in one format: shots on a fixed grid of scene time, cuts between scenes, stills."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from vbmake.errors import Place
from vbmake.plan.captions import film_cues, see_captions
from vbmake.plan.draft import Draft
from vbmake.plan.frames import to_frames
from vbmake.plan.later import Later
from vbmake.plan.look import Canvas, Seen, files_of, is_known, number, see
from vbmake.plan.scenes import Timed, is_captioned
from vbmake.plan.settings import overlapping, own_settings, picture_settings
from vbmake.plan.types import Deciders, Output, Ref
from vbmake.plan.window import window
from vbmake.project.models import Captions, CaptionsLook, Encode, Film, Format, Layer

QUALITIES = {
    "draft": Encode.model_construct(preset="ultrafast", crf=28),
    "standard": Encode.model_construct(preset="veryfast", crf=20),
    "high": Encode.model_construct(preset="slow", crf=17),
}


@dataclass(frozen=True)
class Geometry:
    """One format of a film, with everything that the film says where the format says nothing."""

    name: str
    canvas: Canvas
    background: str
    background_chosen: bool
    quality: Encode
    captions: CaptionsLook

    @functools.cached_property
    def gop(self) -> int:
        """Frames from one key frame to the next: 2.5 s."""
        return max(1, to_frames(Fraction(5, 2), self.canvas.fps))

    @functools.cached_property
    def grid(self) -> int:
        """Frames of a whole shot: two groups of pictures."""
        return 2 * self.gop

    @property
    def encode(self) -> dict[str, Any]:
        return {"preset": self.quality.preset, "crf": self.quality.crf, "gop": self.gop}


def geometries(film: Film) -> list[Geometry]:
    """The formats of a film, in order; a film that names none has one, called `main`."""
    found = []
    for name, form in (film.formats or {"main": Format()}).items():
        quality = form.quality if form.quality is not None else film.quality
        width, height = form.size or film.size
        found.append(
            Geometry(
                name=name,
                canvas=Canvas(width, height, film.fps),
                background=form.background or film.background,
                background_chosen=form.background is not None,
                quality=QUALITIES[quality] if isinstance(quality, str) else quality,
                captions=_captions(film, form.captions),
            )
        )
    return found


def _captions(film: Film, own: CaptionsLook | None) -> CaptionsLook:
    """The captions of a format: what it says itself, and the film's captions for what it leaves out."""
    if own is None:
        return film.captions
    base = film.captions if "captions" in film.model_fields_set else Captions()
    return base.model_copy(update={name: getattr(own, name) for name in own.model_fields_set})


@dataclass(frozen=True, slots=True)
class Look:
    """A scene as one format shows it: its layers, in scene frames."""

    background: str
    layers: Sequence[Seen]


Shown = tuple[Seen, int, int]  # a layer, and the window [a, b) of its frames that is shown


class Picture:
    """The picture of one film in one format."""

    def __init__(
        self,
        draft: Draft,
        film: Film,
        prefix: str,
        geometry: Geometry,
        timed: Sequence[Timed],
    ) -> None:
        self.draft, self.film, self.geometry, self.timed = draft, film, geometry, timed
        self.cues = film_cues(film, timed, geometry.captions.length)
        self.subject = f"{prefix}{geometry.name}"
        self._settings = picture_settings(film, film.formats.get(geometry.name))
        self._overlap = overlapping(film)
        self._lasting: dict[tuple[int, bool], dict[str, Deciders]] = {}  # see `_deciders`
        self._looks = [self._look(index) for index in range(len(timed))]
        self._overlays = list(self._overlay_layers())
        self._known = self._known_scenes()

    def _shown(self, layer: Layer) -> bool:
        return layer.only is None or self.geometry.name in layer.only

    def _look(self, index: int) -> Look:
        timed = self.timed[index]
        layers = [
            seen
            for layer in timed.scene.layers
            if self._shown(layer)
            and (seen := see(self.draft, self.film, layer, self.geometry.canvas, timed.frames)) is not None
        ]
        background = self.geometry.background
        if timed.scene.background is not None and not self.geometry.background_chosen:
            background = timed.scene.background
        return Look(background, layers)

    def _overlay_layers(self) -> Iterator[tuple[int, Seen]]:
        """Each overlay with the film frame at which its stretch begins."""
        places = {timed.scene.id: timed for timed in self.timed}
        for layer in self.film.overlays:
            if not self._shown(layer):
                continue
            first, last = layer.scenes or (self.timed[0].scene.id, self.timed[-1].scene.id)
            start, end = places[first].start, places[last].end
            seen = see(self.draft, self.film, layer, self.geometry.canvas, max(1, end - start))
            if seen is not None:
                yield start, seen

    def _known_scenes(self) -> list[bool]:
        """Of each scene, whether all is known that it shows: its layers, the overlays on it, its captions."""
        if not self.draft.pending:
            return [True for _ in self.timed]
        known = [
            not (timed.unheard and is_captioned(self.film, timed.scene))
            and all(is_known(self.draft, self.film, layer) for layer in timed.scene.layers if self._shown(layer))
            for timed in self.timed
        ]
        places = {timed.scene.id: index for index, timed in enumerate(self.timed)}
        for layer in self.film.overlays:
            if self._shown(layer) and not is_known(self.draft, self.film, layer):
                first, last = layer.scenes or (self.timed[0].scene.id, self.timed[-1].scene.id)
                for index in range(places[first], places[last] + 1):
                    known[index] = False
        return known

    def _over(self, scenes: Sequence[int], first: int, end: int) -> list[Shown]:
        """Overlays and captions in film frames [first, end), which lies in the given scenes."""
        found = [
            (layer, first - start, end - start)
            for start, layer in self._overlays
            if layer.first < end - start and layer.end > first - start
        ]
        cues = [cue for index in scenes for cue in self.cues[index] if cue["start"] < end and cue["end"] > first]
        captions = see_captions(self.film, self.geometry.captions, self.geometry.canvas, cues)
        if captions is not None:
            found.append((captions, first, end))
        return found

    def _scene(self, index: int, a: int, b: int) -> list[Shown]:
        """The layers of a scene in scene frames [a, b)."""
        return [(layer, a, b) for layer in self._looks[index].layers if layer.first < b and layer.end > a]

    def _layers(self, shown: Iterable[Shown], files: Mapping[str, list[Ref]]) -> list[dict[str, Any]]:
        """What a renderer is told of layers: as their windows show them, files by their numbers."""
        fps = self.geometry.canvas.fps
        looks = (window(layer.look, a, b, fps) for layer, a, b in shown)
        return [number(look, files) for look in looks if look is not None]

    def _geometry(self, frames: int) -> dict[str, Any]:
        canvas = self.geometry.canvas
        return {"width": canvas.width, "height": canvas.height, "fps": str(canvas.fps), "frames": frames}

    def spans(self, index: int) -> list[tuple[int, int]]:
        """The shots of a scene in scene frames: what its transitions leave, cut at the grid; no tiny last one."""
        timed, grid = self.timed[index], self.geometry.grid
        start, end = timed.into, timed.frames - timed.out
        cuts = [frame for frame in range(grid, timed.frames, grid) if start < frame < end]
        if cuts and end - cuts[-1] < self.geometry.gop // 2:
            cuts.pop()
        edges = [start, *cuts, end]
        return [(a, b) for a, b in pairwise(edges) if a < b]

    def _deciders(self, timed: Timed | None = None) -> dict[str, Deciders]:
        """The settings of a scene's shots, or of a cut."""
        overlaps = timed is None or bool(timed.into or timed.out)
        length = timed.length if timed is not None else ()
        found = self._lasting.get((id(length), overlaps))  # (scenes that are timed alike share what tells it)
        if found is None:
            decides = length + self._overlap if overlaps else length
            found = self._lasting[id(length), overlaps] = {**self._settings, "frames": decides}
        return found

    def composition(
        self, index: int, a: int, b: int, **more: Any
    ) -> tuple[Mapping[str, Any], Mapping[str, list[Ref]], dict[str, Place]]:
        """Options, inputs and parts of scene frames [a, b), overlays and captions on top; `more` are more options."""
        start = self.timed[index].start
        shown = self._scene(index, a, b) + self._over([index], start + a, start + b)
        inputs = files_of([layer for layer, _, _ in shown])

        def options() -> dict[str, Any]:
            layers = self._layers(shown, inputs)
            return {**self._geometry(b - a), "background": self._looks[index].background, "layers": layers, **more}

        return Later(options), inputs, _parts("layers", shown)

    def shots(self, index: int) -> list[tuple[Output, int]]:
        """Add the shots of a scene; each output with its number of frames."""
        timed = self.timed[index]
        settings = self._deciders(timed)
        found = []
        for a, b in self.spans(index):
            options, inputs, parts = self.composition(index, a, b, encode=self.geometry.encode)
            subject = f"{self.subject}/{timed.scene.id}/{a // self.geometry.grid}"
            place = timed.scene.place
            job = self.draft.add("shot", subject, options, inputs, place=place, parts=parts, settings=settings)
            found.append((Output(job.id, "shot"), b - a))
        return found

    def cut(self, index: int) -> tuple[Output, int]:
        """Add the cut from a scene to the next; its output with its number of frames."""
        before, after = self.timed[index], self.timed[index + 1]
        length = after.into
        lists = [
            self._scene(index, before.frames - length, before.frames),
            self._scene(index + 1, 0, length),
            self._over([index, index + 1], after.start, after.start + length),
        ]
        inputs = files_of([layer for shown in lists for layer, _, _ in shown])

        def options() -> dict[str, Any]:
            one, two, over = (self._layers(shown, inputs) for shown in lists)
            return {
                **self._geometry(length),
                "encode": self.geometry.encode,
                "transition": after.kind,
                "a": {"background": self._looks[index].background, "layers": one},
                "b": {"background": self._looks[index + 1].background, "layers": two},
                "over": over,
            }

        subject = f"{self.subject}/{before.scene.id}~{after.scene.id}"
        parts = {"a": before.scene.place, "b": after.scene.place}
        for name, shown in zip(("a.layers", "b.layers", "over"), lists, strict=True):
            parts |= _parts(name, shown)
        settings, place = self._deciders(), after.scene.place
        job = self.draft.add("cut", subject, Later(options), inputs, place=place, parts=parts, settings=settings)
        return Output(job.id, "cut"), length

    def segments(self) -> list[tuple[Output, int]]:
        """Add every shot and cut of known scenes; their outputs in film order, with their numbers of frames."""
        found: list[tuple[Output, int]] = []
        for index, timed in enumerate(self.timed):
            if not self._known[index]:
                continue
            found += self.shots(index)
            if timed.out and self._known[index + 1]:
                found.append(self.cut(index))
        return found

    def at(self, frame: int) -> tuple[int, int]:
        """The scene that film frame `frame` shows, and the frame in it; inside a cut, the scene it shows more of."""
        frame = min(max(frame, 0), self.timed[-1].end - 1)
        for index in range(len(self.timed) - 1, -1, -1):
            timed = self.timed[index]
            if frame >= timed.start + (timed.into + 1) // 2 or index == 0:
                return index, min(frame - timed.start, timed.frames - 1)
        raise AssertionError("a film has a first scene")

    def still(self, index: int, frame: int, subject: str, kind: str, target: str, asked: Place | None = None) -> Output:
        """Add the still of one frame of a scene; `asked` is where it is declared when that is."""
        options, inputs, parts = self.composition(index, frame, frame + 1)
        place = self.timed[index].scene.place
        settings = {**self._settings, **(own_settings(asked, {"frames": "at"}) if asked is not None else {})}
        job = self.draft.add(
            "still",
            subject,
            options,
            inputs,
            extension=kind,
            target=target,
            place=place,
            parts=parts,
            settings=settings,
        )
        return Output(job.id, "still")


def _parts(name: str, shown: Iterable[Shown]) -> dict[str, Place]:
    """Where the layers of a list among the options come from, by their paths there."""
    return {f"{name}[{index}]": layer.place for index, (layer, _, _) in enumerate(shown) if layer.place is not None}
