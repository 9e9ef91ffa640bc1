"""Layers: what each kind shows and where, frame by frame, as strokes for the painter."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from vbmake.errors import FatalError
from vbmake.render import gradient, shape
from vbmake.render.animate import Course, Motion, Pose, presence, way_out
from vbmake.render.captions import caption_states
from vbmake.render.image import file_key, read_image
from vbmake.render.paint import Stroke
from vbmake.render.place import WHOLE, Affine, Rect, box_size, fitted
from vbmake.render.sprite import Pixels, Sprite, blank, colour
from vbmake.render.svg import Drawing
from vbmake.render.text_style import TextSpec
from vbmake.render.texture import FINER, STEP, Drawn, Picture, Texture
from vbmake.render.video import Clip

_MAX_BOX = 32_000.0  # px


@dataclass(frozen=True, slots=True)
class Shown:
    """A texture, what tells it from the layer's other textures, and where it lies about the pivot at scale 1."""

    texture: Texture
    token: Hashable
    frame: Rect


@dataclass(frozen=True)
class Supplies:
    """What a scene gives to its layers."""

    assets: Sequence[Path]
    fonts: Sequence[Path]
    canvas: tuple[int, int]
    fps: Fraction
    log: Callable[[str], None]


class Layer:
    """One layer of a scene."""

    def __init__(self, options: Mapping[str, Any], supplies: Supplies) -> None:
        self.options = options
        self.kind = str(options["kind"])
        self.canvas = supplies.canvas
        self.first, self.end = options["show"]
        self.course = Course(options)
        self.motion = Motion(options.get("motion") if self.kind in ("image", "video", "svg") else None)
        rest = self.course.at(self.first)
        # At rest a layer stands on whole pixels, drawn at its final size: its pose only moves it there.
        self.rests = self.course.steady and rest.rotate % 90 == 0
        self.exact = self.rests and self.motion.still
        self.zoom = rest.scale if self.rests else 1.0
        self.soft = self.kind in ("text", "captions", "shape")
        self.radius = 0.0 if self.soft else float(options.get("radius") or 0) * self.zoom
        self._sprites: dict[TextSpec, Shown] = {}
        self._clip: Clip | None = None
        self._states: list[tuple[int, int, TextSpec]] = []
        self._show = self._shower(supplies)

    def texts(self) -> list[TextSpec]:
        """The texts whose sprites it needs."""
        return list(dict.fromkeys(spec for _, _, spec in self._states))

    def receive(self, spec: TextSpec, sprite: Sprite) -> None:
        """Take the sprite that was drawn for a text."""
        detail = self._detail()
        height, width = sprite.pixels.shape[:2]
        x, y, w, h = sprite.x / detail, sprite.y / detail, width / detail, height / detail
        pixels = sprite.pixels
        source = Picture(lambda: pixels, WHOLE, opaque=False, premultiplied=True)
        if self.rests:
            x, y, w, h = round(sprite.x), round(sprite.y), width, height
        self._sprites[spec] = Shown(Texture(source, w, h, limit=None if self.rests else detail), spec, Rect(x, y, w, h))

    def close(self) -> None:
        if self._clip is not None:
            self._clip.close()

    def stroke(self, f: int) -> tuple[Texture, Stroke] | None:
        """What it paints at frame f, or None."""
        if not self.first <= f < self.end:
            return None
        pose = self.course.at(f)
        come = presence(self.options.get("enter"), f, leaving=False)
        go = presence(self.options.get("leave"), f, leaving=True)
        opacity = pose.opacity * come.opacity * go.opacity
        grow = come.scale * go.scale
        if opacity <= 0 or pose.scale * grow <= 0:
            return None
        shown = self._show(f)
        if shown is None:
            return None
        placed = self._placed(pose, shown.frame, grow)
        for way in (come, go):
            if way.out:
                dx, dy = way_out(way.side, placed.bounds(shown.frame), self.canvas)
                placed = placed.moved(dx * way.out, dy * way.out)
        clip = None
        for way in (come, go):
            if way.shown != WHOLE:
                part = shown.frame.within(way.shown)
                clip = part if clip is None else clip.meet(part)
        return shown.texture, Stroke(
            token=shown.token,
            frame=shown.frame,
            pose=placed,
            opacity=opacity,
            window=self.motion.window(f),
            clip=clip,
            radius=self.radius,
            exact=self.exact and grow == 1,
            soft=self.soft,
        )

    def _placed(self, pose: Pose, frame: Rect, grow: float) -> Affine:
        """The layer's px to the canvas. At rest the content's corner lies on a whole pixel."""
        if not self.rests:
            return Affine.pose(pose.x, pose.y, pose.scale * grow, pose.rotate)
        rest = Affine.pose(pose.x, pose.y, 1.0, pose.rotate)
        corner = rest.bounds(frame)
        dx, dy = round(corner.x) - corner.x, round(corner.y) - corner.y
        return Affine.pose(pose.x + dx, pose.y + dy, grow, pose.rotate)

    # What each kind shows

    def _shower(self, supplies: Supplies) -> Callable[[int], Shown | None]:
        """The function from a frame to what is shown there."""
        if self.kind in ("text", "captions"):
            return self._prepare_text()
        if self.kind == "video":
            return self._prepare_video(supplies)
        makers = {
            "image": self._image,
            "svg": self._svg,
            "color": self._color,
            "gradient": self._gradient,
            "shape": self._shape,
        }
        shown = makers[self.kind](supplies)
        return lambda f: shown

    def _box(self, natural: tuple[float, float] | None) -> Rect:
        width, height = box_size(self.options, self.canvas, natural)
        width, height = max(1.0, round(width * self.zoom)), max(1.0, round(height * self.zoom))
        if width > _MAX_BOX or height > _MAX_BOX:
            raise FatalError(
                f"a layer's box of {width:g}x{height:g} px is beyond sense; allowed are {_MAX_BOX:g} px a side"
            )
        ox, oy = self.options.get("origin") or (0.0, 0.0)
        return Rect(-ox * width, -oy * height, width, height)

    def _framed(self, natural: tuple[float, float], fit: str) -> tuple[Rect, Rect]:
        """Where the content lies about the pivot, and which part of the source it is: crop, then fit."""
        crop = Rect(*self.options["crop"]) if self.options.get("crop") else WHOLE
        size = (max(natural[0] * crop.w, 1e-6), max(natural[1] * crop.h, 1e-6))
        frame, part = fitted(self._box(size), size, fit)
        if self.rests:
            frame = Rect(frame.x, frame.y, max(1.0, round(frame.w)), max(1.0, round(frame.h)))
        return frame, crop.within(part)

    def _image(self, supplies: Supplies) -> Shown:
        path = supplies.assets[self.options["asset"]]
        pixels = read_image(path)
        fit = self.options.get("fit") or "cover"
        frame, part = self._framed((pixels.shape[1], pixels.shape[0]), fit)
        source = Picture(
            lambda: read_image(path),
            part,
            opaque=pixels.shape[2] == 3,
            flip=self.options.get("flip") or "none",
            blurred=fit == "blur",
            key=("image", file_key(path)),
        )
        return Shown(Texture(source, frame.w, frame.h), "image", frame)

    def _prepare_video(self, supplies: Supplies) -> Callable[[int], Shown]:
        path = supplies.assets[self.options["asset"]]
        fit, flip = self.options.get("fit") or "cover", self.options.get("flip") or "none"
        self._clip = clip = Clip(path, self.options["pieces"], supplies.fps, self._wanted())
        last: list[tuple[Pixels, Shown]] = []

        def show(f: int) -> Shown:
            pixels = clip.frame(f)
            if last and last[0][0] is pixels:
                return last[0][1]
            frame, part = self._framed((pixels.shape[1], pixels.shape[0]), fit)
            source = Picture(lambda: pixels, part, opaque=pixels.shape[2] == 3, flip=flip, blurred=fit == "blur")
            # Finer than the picture's own pixels would only cost time, frame after frame.
            limit = None if self.exact else max(1e-3, pixels.shape[1] * part.w / frame.w)
            shown = Shown(Texture(source, frame.w, frame.h, limit=limit), ("video", f), frame)
            last[:] = [(pixels, shown)]
            return shown

        return show

    def _wanted(self) -> tuple[int, int]:
        """The largest size in px at which a video's whole pictures are ever seen, near enough."""
        width, height = self.options.get("width"), self.options.get("height")
        if width is None and height is None:
            width, height = self.canvas
        crop = self.options.get("crop") or (0, 0, 1, 1)
        largest = self.course.peak * self.motion.peak
        return math.ceil((width or 1) * largest / crop[2]), math.ceil((height or 1) * largest / crop[3])

    def _svg(self, supplies: Supplies) -> Shown:
        drawing = Drawing(supplies.assets[self.options["asset"]], supplies.fonts, supplies.log)
        frame, part = self._framed(drawing.size, self.options.get("fit") or "contain")
        flip = self.options.get("flip") or "none"
        if flip == "none":
            source: Drawn | Picture = Drawn(lambda w, h: drawing.render(part, w, h), opaque=False)
        else:
            large = (max(1, round(frame.w)), max(1, round(frame.h)))
            pixels = drawing.render(part, *large)
            source = Picture(lambda: pixels, WHOLE, opaque=False, flip=flip, premultiplied=True)
        return Shown(Texture(source, frame.w, frame.h), "svg", frame)

    def _color(self, supplies: Supplies) -> Shown:
        frame = self._box(None)
        fill = colour(self.options["color"])
        return Shown(
            Texture(Drawn(lambda w, h: blank(w, h, fill), opaque=fill[3] == 255), frame.w, frame.h), "color", frame
        )

    def _gradient(self, supplies: Supplies) -> Shown:
        frame = self._box(None)
        options = self.options["gradient"]
        opaque = all(str(stop).lower().endswith("ff") for _, stop in options["stops"])
        source = Drawn(lambda w, h: gradient.draw_gradient(options, w, h, (frame.w, frame.h)), opaque=opaque)
        return Shown(Texture(source, frame.w, frame.h), "gradient", frame)

    def _shape(self, supplies: Supplies) -> Shown:
        options = dict(self.options["shape"])
        box = self._box(None)
        for name in ("stroke_width", "radius"):
            options[name] = float(options.get(name) or 0) * self.zoom
        for name in ("from", "to"):
            options[name] = [float(value) * self.zoom for value in options.get(name) or (0, 0)]
        pad = float(math.ceil(shape.margin(options)))
        frame = Rect(box.x - pad, box.y - pad, box.w + 2 * pad, box.h + 2 * pad)
        source = Drawn(lambda w, h: shape.draw_shape(options, (box.w, box.h), pad, w, h), opaque=False)
        return Shown(Texture(source, frame.w, frame.h), "shape", frame)

    def _prepare_text(self) -> Callable[[int], Shown | None]:
        if self.kind == "text":
            states = [(self.first, self.end, TextSpec.of(self.options))]
        else:
            states = caption_states(self.options)
        detail = self._detail()
        self._states = [(first, end, enlarged(spec, detail)) for first, end, spec in states]

        def show(f: int) -> Shown | None:
            for first, end, spec in self._states:
                if first <= f < end:
                    return self._sprites[spec]
            return None

        return show

    def _detail(self) -> float:
        """How many pixels of a text's sprite make one px: letters are set as large as they are ever seen."""
        if self.rests:
            return self.zoom
        wanted = max(1e-3, self.course.peak) * FINER
        return float(STEP ** math.ceil(math.log(wanted, STEP) - 1e-9))


def enlarged(spec: TextSpec, by: float) -> TextSpec:
    """The same text with every length `by` times as long."""
    if by == 1:
        return spec
    style = spec.style
    outline, shadow, box = style.outline, style.shadow, style.box
    return replace(
        spec,
        wrap=None if spec.wrap is None else spec.wrap * by,
        style=replace(
            style,
            size=style.size * by,
            spacing=style.spacing * by,
            outline=outline and replace(outline, width=outline.width * by),
            shadow=shadow and replace(shadow, x=shadow.x * by, y=shadow.y * by, blur=shadow.blur * by),
            box=box and replace(box, padding=box.padding * by, radius=box.radius * by),
        ),
    )
