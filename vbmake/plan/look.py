"""Layers as the renderer wants them: places and sizes in px of one format, times in frames, files by index.

Most of a film's planning is done here, a layer at a time, which is why kinds are told by their types: to ask pydantic
whether something is of another kind than it is takes longer than all the rest.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeGuard

from vbmake.errors import Place
from vbmake.plan.draft import Draft
from vbmake.plan.frames import to_frames
from vbmake.plan.generated import prompted
from vbmake.plan.inputs import Measure
from vbmake.plan.playing import pieces, span
from vbmake.plan.types import Bundled, Output, Ref, Source
from vbmake.project import models
from vbmake.project.models import Effect, Film, Layer, TextStyle
from vbmake.project.units import ANCHORS, At, Length
from vbmake.resources import DEFAULT_BOLD, DEFAULT_FONT
from vbmake.services import Kind

_KINDS = frozenset(models.LAYER_KINDS.values())
_FRAMED = frozenset(kind for kind in _KINDS if issubclass(kind, models.Framed))
_PICTURES = frozenset(kind for kind in _KINDS if issubclass(kind, models.Picture))
_FLIPPED = _PICTURES | {models.SvgLayer}
_DRAWN = frozenset((models.TextLayer, models.ColorLayer, models.GradientLayer, models.ShapeLayer))  # from no file


def _is_framed(layer: Layer) -> TypeGuard[models.Framed]:
    return type(layer) in _FRAMED


def _is_picture(layer: Layer) -> TypeGuard[models.Picture]:
    return type(layer) in _PICTURES


def _is_flipped(layer: Layer) -> TypeGuard[models.Picture | models.SvgLayer]:
    return type(layer) in _FLIPPED


@dataclass(frozen=True)
class Canvas:
    """The geometry that layers are placed in: px, and the film's frame rate."""

    width: int
    height: int
    fps: Fraction


class Seen:
    """A layer as it is seen in frames [`first`, `end`) of a scene, or of what an overlay lies over.

    `asset` and `font` are what it is made from; `look` all that a renderer is told of it, made when it is asked for.
    """

    __slots__ = ("_look", "_make", "asset", "end", "first", "font", "place")

    def __init__(
        self,
        first: int,
        end: int,
        asset: Ref | None,
        font: Ref | None,
        place: Place | None,
        make: Callable[[], dict[str, Any]],
    ) -> None:
        self.first, self.end, self.asset, self.font, self.place = first, end, asset, font, place
        self._make = make
        self._look: dict[str, Any] | None = None

    @property
    def look(self) -> dict[str, Any]:
        if self._look is None:
            self._look = self._make()
        return self._look


DEFAULT_STYLE = TextStyle.model_construct(
    size=Length(6.0, "%"), color="#ffffffff", spacing=Length(0.0, "px"), bold=False, italic=False, uppercase=False
)


def media_ref(draft: Draft, film: Film, layer: Layer | models.Sound | models.Music) -> Ref | None:
    """The file a layer or a sound shows or plays: the user's, or what a rule or a provider makes."""
    if type(layer) in _DRAWN:
        return None
    if isinstance(layer, models.ImageLayer):
        return _file(draft, film, "image", layer.image)
    if isinstance(layer, models.VideoLayer):
        return _file(draft, film, "clip", layer.video)
    if isinstance(layer, models.SvgLayer):
        return Source(layer.svg)
    if isinstance(layer, models.Sound | models.Music) and layer.source is not None:
        return _file(draft, film, "music" if isinstance(layer, models.Music) else "effect", layer.source)
    if isinstance(layer, models.MakeLayer | models.Sound | models.Music):
        assert layer.make is not None
        return draft.make(layer.make, layer.arguments, layer.take, layer.place)
    return None


def _file(draft: Draft, film: Film, kind: Kind, source: str | models.Prompted) -> Ref:
    return Source(source) if isinstance(source, str) else prompted(draft, film, kind, source)


def layer_measure(draft: Draft, film: Film, layer: Layer) -> tuple[Ref | None, Measure | None]:
    """The file of a layer and what is known of it (a drawing in SVG needs no measuring)."""
    known = draft.looked.get(id(layer))  # layers live as long as the draft
    if known is not None:
        return known
    ref = media_ref(draft, film, layer)
    measure = None
    if ref is not None and not _is_drawing(draft, layer, ref):
        measure = draft.measure(ref, "its size and length decide how it is shown", layer.place)
        if measure is None:
            return ref, None
    draft.looked[id(layer)] = (ref, measure)
    return ref, measure


def is_known(draft: Draft, film: Film, layer: Layer) -> bool:
    """Whether all is known that decides how a layer is shown; what has no file needs no measuring."""
    return _is_told(draft, layer, *layer_measure(draft, film, layer))


def _is_told(draft: Draft, layer: Layer, ref: Ref | None, measure: Measure | None) -> bool:
    return ref is None or measure is not None or _is_drawing(draft, layer, ref)


def _is_drawing(draft: Draft, layer: Layer, ref: Ref) -> bool:
    """Whether a layer shows an SVG: a file of the user's, or what a rule makes."""
    if type(layer) is models.SvgLayer:
        return True
    path = draft.jobs[ref.job].outputs[ref.role] if isinstance(ref, Output) else ref.path
    return path[-4:].lower() == ".svg"


def is_clip(layer: Layer, measure: Measure | None) -> bool:
    """True for layers that play: clips, and what a rule made that turned out to be one."""
    return type(layer) is models.VideoLayer or (
        type(layer) is models.MakeLayer and measure is not None and measure["kind"] == "video"
    )


def see(draft: Draft, film: Film, layer: Layer, canvas: Canvas, frames: int) -> Seen | None:
    """One layer of a scene (or of an overlay's stretch) of `frames` frames.

    None when it is never seen, or its file is not known yet. Raises ProjectError for a clip that cannot play so.
    """
    ref, measure = layer_measure(draft, film, layer)
    kind = type(layer)
    if ref is None and kind is models.MakeLayer:
        return None
    if not _is_told(draft, layer, ref, measure):
        return None
    first = to_frames(layer.show.start, canvas.fps) if layer.show else 0
    end = to_frames(layer.show.end, canvas.fps) if layer.show and layer.show.end is not None else frames
    end = min(max(end, first + 1), frames)
    if first >= frames:
        draft.note("this layer starts after its scene has ended: it is never seen", layer.place)
        return None
    drawing = ref is not None and _is_drawing(draft, layer, ref)
    if drawing and isinstance(layer, models.ImageLayer | models.MakeLayer) and layer.fit == "blur":
        draft.note("a drawing in SVG is not blurred behind itself: fit: contain is used", layer.place)
    font = font_of(film, full_style(film, layer.style)) if isinstance(layer, models.TextLayer) else None
    make = functools.partial(_look, film, layer, canvas, (first, end), ref, measure, drawing)
    seen = Seen(first, end, ref, font, layer.place, make)
    if ref is not None and not drawing and is_clip(layer, measure):
        _ = seen.look  # what cannot be played so is told now
    return seen


def _look(
    film: Film,
    layer: Layer,
    canvas: Canvas,
    frames: tuple[int, int],
    ref: Ref | None,
    measure: Measure | None,
    drawing: bool,
) -> dict[str, Any]:
    """What a renderer is told of a layer that is seen in these frames.

    Its asset and its font are refs, until `number` gives them their places in the lists of a job.
    """
    first, end = frames
    found: dict[str, Any] = {"show": [first, end]}
    found |= _place(layer, canvas)
    found |= _course(layer, canvas, first, end)
    if _is_picture(layer):
        found |= _picture(layer, canvas, first, end)
    if type(layer) in _DRAWN:
        found |= _drawn(film, layer, canvas, found["origin"][0])
    elif drawing:
        assert isinstance(layer, models.SvgLayer | models.ImageLayer | models.MakeLayer)
        fit = "contain" if layer.fit == "blur" else layer.fit
        found |= {"kind": "svg", "asset": ref, "fit": fit}
        if layer.width is None and layer.height is None:
            found |= {"width": canvas.width, "height": canvas.height}
    elif ref is not None and is_clip(layer, measure):
        assert isinstance(layer, models.VideoLayer | models.MakeLayer)
        freeze = layer.freeze if isinstance(layer, models.VideoLayer) else None
        found |= {"kind": "video", "asset": ref}
        found["pieces"] = pieces(layer, span(layer, measure), freeze, first, end, canvas.fps)
    elif ref is not None:
        found |= {"kind": "image", "asset": ref}
    return found


def _drawn(film: Film, layer: Layer, canvas: Canvas, across: float) -> dict[str, Any]:
    """What a layer shows that has no file. `across` (0 to 1) is where its origin lies."""
    if isinstance(layer, models.TextLayer):
        return _text(film, layer, canvas, across)
    if isinstance(layer, models.GradientLayer):
        return _gradient(layer, canvas)
    if isinstance(layer, models.ShapeLayer):
        return _shape(layer, canvas)
    assert isinstance(layer, models.ColorLayer)
    return {"kind": "color", "color": layer.color, "radius": layer.radius.px(canvas.height)}


def place(at: At | None, origin: str | None, margin: Length, canvas: Canvas) -> dict[str, Any]:
    """Pivot (px) and origin of something placed by an anchor (kept off the edges by `margin`) or by [x, y]."""
    if at is not None and at.x is not None and at.y is not None:
        spot = (at.x.px(canvas.width), at.y.px(canvas.height))
        default = "center"
    else:
        default = (at.anchor if at else None) or "center"
        across, down = ANCHORS[default]
        left, top = margin.px(canvas.width), margin.px(canvas.height)
        spot = (left + across * (canvas.width - 2 * left), top + down * (canvas.height - 2 * top))
    return {"x": spot[0], "y": spot[1], "origin": list(ANCHORS[origin or default])}


def _place(layer: Layer, canvas: Canvas) -> dict[str, Any]:
    width, height = (layer.width, layer.height) if _is_framed(layer) else (None, None)
    at, origin = layer.at, layer.origin
    filling = width is None and height is None and _is_framed(layer)
    scaled = layer.scale != 1 or (layer.animate is not None and bool(layer.animate.scale))
    if filling and not scaled and at is not None and at.anchor is not None:
        at = origin = None  # a layer as large as the picture has nowhere to go: an anchor leaves it where it is
    return {
        **place(at, origin, layer.margin, canvas),
        "width": width.px(canvas.width) if width else None,
        "height": height.px(canvas.height) if height else None,
        "rotate": layer.rotate,
        "scale": layer.scale,
        "opacity": layer.opacity,
        "flip": layer.flip if _is_flipped(layer) else "none",
    }


def _course(layer: Layer, canvas: Canvas, first: int, end: int) -> dict[str, Any]:
    """How a layer comes, changes and goes; most simply stand there."""
    if layer.animate is None and layer.enter is None and layer.leave is None:
        return {"animate": {}, "peak": layer.scale, "enter": None, "leave": None}
    keys: dict[str, list[list[Any]]] = {}
    if layer.animate is not None:
        for name in ("x", "y", "scale", "rotate", "opacity"):
            extent = canvas.width if name == "x" else canvas.height
            keys[name] = [
                [
                    first + to_frames(key.at, canvas.fps),
                    key.value.px(extent) if isinstance(key.value, Length) else key.value,
                    key.easing,
                ]
                for key in getattr(layer.animate, name)
            ]
    return {
        "animate": {name: frames for name, frames in keys.items() if frames},
        "peak": max((key[1] for key in keys.get("scale", ())), default=layer.scale),
        "enter": _effect(layer.enter, canvas, first, end, entering=True),
        "leave": _effect(layer.leave, canvas, first, end, entering=False),
    }


def _effect(effect: Effect | None, canvas: Canvas, first: int, end: int, *, entering: bool) -> dict[str, Any] | None:
    if effect is None:
        return None
    kind = next(name for name in ("fade", "slide", "zoom", "wipe") if getattr(effect, name) is not None)
    length = min(max(1, to_frames(getattr(effect, kind), canvas.fps)), end - first)
    frames = [first, first + length] if entering else [end - length, end]
    side = effect.from_ if kind in ("slide", "wipe") else "none"
    return {"kind": kind, "side": side, "frames": frames, "easing": effect.easing}


def _picture(layer: models.Picture, canvas: Canvas, first: int, end: int) -> dict[str, Any]:
    motion = None
    if layer.motion is not None:
        toward = layer.motion.toward if layer.motion.toward is not None else layer.motion.from_
        motion = {
            "zoom": list(layer.motion.zoom),
            "center": [list(layer.motion.from_), list(toward)],
            "easing": layer.motion.easing,
            "frames": [first, end],
            "peak": max(layer.motion.zoom),
        }
    return {
        "fit": layer.fit,
        "crop": list(layer.crop) if layer.crop else None,
        "radius": layer.radius.px(canvas.height),
        "motion": motion,
    }


def _gradient(layer: models.GradientLayer, canvas: Canvas) -> dict[str, Any]:
    gradient = layer.gradient
    count = len(gradient.colors)
    stops = gradient.stops or [index / (count - 1) for index in range(count)]
    return {
        "kind": "gradient",
        "radius": layer.radius.px(canvas.height),
        "gradient": {
            "kind": gradient.kind,
            "angle": gradient.angle,
            "center": list(gradient.center),
            "radius": gradient.radius,
            "stops": [[stop, color] for stop, color in zip(stops, gradient.colors, strict=True)],
        },
    }


def _shape(layer: models.ShapeLayer, canvas: Canvas) -> dict[str, Any]:
    width = layer.width.px(canvas.width) if layer.width else canvas.width
    line = layer.shape == "line"
    thick = layer.stroke_width.px(canvas.height)
    height = layer.height.px(canvas.height) if layer.height else (thick if line else canvas.height)
    ways = {
        "across": ([0, height / 2], [width, height / 2]),
        "down": ([width / 2, 0], [width / 2, height]),
        "rising": ([0, height], [width, 0]),
        "falling": ([0, 0], [width, height]),
    }
    stroke = layer.stroke or ("#ffffffff" if line else None)
    fill = layer.fill or (None if line or stroke else "#ffffffff")
    start, stop = ways[layer.direction]
    return {
        "kind": "shape",
        "width": width,
        "height": height,
        "shape": {
            "kind": layer.shape,
            "fill": None if line else fill,
            "stroke": stroke,
            "stroke_width": thick if stroke else 0,
            "radius": layer.radius.px(canvas.height),
            "from": start,
            "to": stop,
        },
    }


def _text(film: Film, layer: models.TextLayer, canvas: Canvas, across: float) -> dict[str, Any]:
    style = full_style(film, layer.style)
    inside = canvas.width - 2 * layer.margin.px(canvas.width)
    return {
        "kind": "text",
        "text": written(layer, style),
        "style": text_style(film, style, canvas, across),
        "wrap": layer.wrap.px(canvas.width) if layer.wrap else inside,
    }


def full_style(film: Film, named: str | TextStyle | None) -> TextStyle:
    """A style with everything that its `like`s and the default say. Unknown names are the loader's to tell."""
    chain: list[TextStyle] = []
    style = film.styles.get(named) if isinstance(named, str) else named
    while style is not None and style not in chain:
        chain.append(style)
        style = film.styles.get(style.like) if style.like else None
    values: dict[str, Any] = {}
    for one in reversed(chain):
        values |= {name: value for name, value in one.__dict__.items() if value is not None}
    if not values:
        return DEFAULT_STYLE
    return DEFAULT_STYLE.model_copy(update=values)


def font_of(film: Film, style: TextStyle) -> Ref:
    """The font file of a full style."""
    if style.font is not None:
        return Source(film.fonts[style.font])
    return Bundled(DEFAULT_BOLD if style.bold else DEFAULT_FONT)


def written(layer: models.TextLayer, style: TextStyle) -> str:
    """A text as its full style writes it."""
    return layer.text.upper() if style.uppercase else layer.text


def text_style(film: Film, style: TextStyle, canvas: Canvas, across: float) -> dict[str, Any]:
    """A full style in px. `across` (0 to 1) is where the text's origin lies, for its alignment."""
    height = canvas.height
    font = font_of(film, style)
    assert style.size is not None
    outline, shadow, box = style.outline, style.shadow, style.box
    return {
        "font": font,
        "size": style.size.px(height),
        "color": style.color,
        "outline": {"width": outline.width.px(height), "color": outline.color} if outline else None,
        "shadow": {
            "x": shadow.x.px(height),
            "y": shadow.y.px(height),
            "blur": shadow.blur.px(height),
            "color": shadow.color,
        }
        if shadow
        else None,
        "box": {"color": box.color, "padding": box.padding.px(height), "radius": box.radius.px(height)}
        if box
        else None,
        "align": style.align or ("left" if across < 0.3 else "right" if across > 0.7 else "center"),
        "spacing": style.spacing.px(height) if style.spacing else 0,
        "bold": bool(style.bold) and isinstance(font, Source),  # the bundled font has a file of its own for bold
        "italic": bool(style.italic),
    }


def files_of(layers: Iterable[Seen]) -> dict[str, list[Ref]]:
    """What these layers are made from, by role, each once.

    Only what is used is in a list, in the order of its use: so unseen layers leave no trace in a key.
    """
    assets: list[Ref] = []
    fonts: list[Ref] = []
    for layer in layers:
        if layer.asset is not None and layer.asset not in assets:
            assets.append(layer.asset)
        if layer.font is not None and layer.font not in fonts:
            fonts.append(layer.font)
    return {"assets": assets, "fonts": fonts}


def number(look: dict[str, Any], files: Mapping[str, list[Ref]]) -> dict[str, Any]:
    """Put numbers where the refs of a look stand: their places in `files_of` its job's layers."""
    if "asset" in look:
        look["asset"] = files["assets"].index(look["asset"])
    if "style" in look:
        look["style"] = {**look["style"], "font": files["fonts"].index(look["style"]["font"])}
    return look
