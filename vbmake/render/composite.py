"""The compositor: a scene's layers become frames, each a function of its number alone."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from vbmake.render.layer import Layer, Supplies
from vbmake.render.paint import Stroke, paint
from vbmake.render.sprite import Pixels, blank, colour
from vbmake.render.text import text_sprites
from vbmake.render.texture import Texture

_Painted = tuple[int, Texture, Stroke]
_CLEAR = (0, 0, 0, 0)


def _quiet(_: str) -> None:
    return None


class Scene:
    """A background and layers, bottom to top, on a canvas of (width, height) px.

    `part` holds `layers` and, unless the scene is an overlay with a transparent ground, `background`. Raises FatalError
    for media, fonts or text that cannot be shown. Not for several threads at once.
    """

    def __init__(
        self,
        part: Mapping[str, Any],
        assets: Sequence[Path],
        fonts: Sequence[Path],
        canvas: tuple[int, int],
        fps: str | Fraction = "30",
        log: Callable[[str], None] = _quiet,
    ) -> None:
        self.size = canvas
        ground = part.get("background")
        # A film has nothing below its background: a transparent one shows black.
        self._ground = (*colour(ground)[:3], 255) if ground else _CLEAR
        supplies = Supplies(tuple(assets), tuple(fonts), canvas, Fraction(fps), log)
        self._layers: list[Layer] = []
        try:
            for options in part["layers"]:
                self._layers.append(Layer(options, supplies))
            self._set_texts(supplies)
        except BaseException:
            self.close()
            raise
        self._canvas = blank(*canvas, self._ground)
        self.painted = 0
        """How often the canvas was painted: a frame that shows what the last one did does not count."""
        self._seen: list[Hashable] | None = None
        self._base: Pixels | None = None
        self._base_seen: list[Hashable] = []

    def frame(self, f: int) -> Pixels:
        """Frame f: (height, width, 4) BGRA premultiplied. It is the scene's own array and holds until the next call."""
        painted = self._painted(f)
        seen: list[Hashable] = [(number, stroke) for number, _, stroke in painted]
        if seen == self._seen:
            return self._canvas
        start = self._begin(painted, seen)
        for _, texture, stroke in painted[start:]:
            paint(self._canvas, texture, stroke)
        self._seen = seen
        self.painted += 1
        return self._canvas

    def paint_over(self, picture: Pixels, f: int) -> None:
        """Paint the layers of frame f over an opaque picture (height, width, 4) BGRA, in place."""
        for _, texture, stroke in self._painted(f):
            paint(picture, texture, stroke)

    def close(self) -> None:
        """Close the files of its layers."""
        for layer in self._layers:
            layer.close()

    def __enter__(self) -> Scene:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _painted(self, f: int) -> list[_Painted]:
        """What is painted at frame f, without what lies hidden below something opaque."""
        painted: list[_Painted] = []
        for number in range(len(self._layers) - 1, -1, -1):
            made = self._layers[number].stroke(f)
            if made is not None and made[1].region(self.size) is not None:
                painted.append((number, *made))
                if made[1].covers(made[0], self.size):
                    break
        return painted[::-1]

    def _begin(self, painted: list[_Painted], seen: list[Hashable]) -> int:
        """Put on the canvas what did not change since the last frame; returns how many strokes that was."""
        same = 0
        if self._seen is not None:
            while same < min(len(seen), len(self._seen)) and seen[same] == self._seen[same]:
                same += 1
        if same and self._base is not None and seen[:same] == self._base_seen:
            np.copyto(self._canvas, self._base)
            return same
        if not (painted and painted[0][2].covers(painted[0][1], self.size)):
            self._canvas[:] = self._ground
        for _, texture, stroke in painted[:same]:
            paint(self._canvas, texture, stroke)
        if same:
            self._base = self._canvas.copy()
            self._base_seen = seen[:same]
        return same

    def _set_texts(self, supplies: Supplies) -> None:
        """Draw every text of the scene in one go."""
        asked = [(layer, spec) for layer in self._layers for spec in layer.texts()]
        if asked:
            sprites = text_sprites([spec for _, spec in asked], supplies.fonts)
            for (layer, spec), sprite in zip(asked, sprites, strict=True):
                layer.receive(spec, sprite)
