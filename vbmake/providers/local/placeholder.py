"""Placeholders for pictures and clips that are yet to be made: a composed background, the prompt's words, the size."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from vbmake import resources
from vbmake.providers.local.card import Layers, Type, card_layers, mixed
from vbmake.providers.local.length import length_of
from vbmake.providers.local.scenery import Palette, compose
from vbmake.render.fonts import read_font
from vbmake.render.shot import render_shot, render_still
from vbmake.rules.calls import vector
from vbmake.rules.work import Work

FPS: Final = 30
LONGEST: Final = 600  # seconds of a clip


def draw_image(work: Work) -> None:
    """Draw the placeholder of `prompt`, `width` by `height` px, into `image` (PNG). Raises FatalError."""
    options = work.options
    size = int(options["width"]), int(options["height"])
    palette, background = _background(work, str(options["prompt"]), size)
    note = f"{size[0]} × {size[1]}  ·  placeholder"
    layers = [
        {"kind": "image", "asset": 0, "show": [0, 1], "fit": "stretch"},
        *card_layers(str(options["prompt"]), note, size, palette, _type(), 1),
    ]
    _render(work, size, 1, layers, background, "image")


def film_clip(work: Work) -> None:
    """Render the placeholder of `prompt` as a clip of `seconds` into `clip` (H.264, 30 fps, no sound).

    Sides that are odd become one px longer. Raises FatalError for a length that cannot be made.
    """
    options = work.options
    width, height = (side + side % 2 for side in (int(options["width"]), int(options["height"])))
    seconds = length_of(options["seconds"], LONGEST, "play it slower, or loop it")
    frames = max(1, round(seconds * FPS))
    prompt, size = str(options["prompt"]), (width, height)
    palette, background = _background(work, prompt, size)
    drift = {"zoom": [1.0, 1.08], "center": [[0.5, 0.5], [0.53, 0.48]], "easing": "linear", "frames": [0, frames]}
    note = f"{width} × {height}  ·  {float(seconds):g} s  ·  placeholder clip"
    layers = [
        {"kind": "image", "asset": 0, "show": [0, frames], "fit": "stretch", "motion": drift},
        *card_layers(prompt, note, size, palette, _type(), frames),
        *_passing_time(size, palette, frames),
    ]
    _render(work, size, frames, layers, background, "clip")


def _fonts() -> tuple[Path, Path]:
    return resources.path(resources.DEFAULT_BOLD), resources.path(resources.DEFAULT_FONT)


def _type() -> Type:
    bold, plain = _fonts()
    return Type(read_font(bold), read_font(plain))


def _background(work: Work, prompt: str, size: tuple[int, int]) -> tuple[Palette, Path]:
    scenery = compose(prompt, *size)
    path = work.directory / "background.png"
    vector.draw(scenery.svg(), path, size)
    return scenery.palette, path


def _render(work: Work, size: tuple[int, int], frames: int, layers: Layers, background: Path, role: str) -> None:
    options: dict[str, Any] = {
        **{"width": size[0], "height": size[1], "fps": str(FPS), "frames": frames, "background": "#000000ff"},
        **{"encode": {"preset": "veryfast", "crf": 20, "gop": 2 * FPS}, "layers": layers},
    }
    render, made = (render_still, "still") if role == "image" else (render_shot, "shot")
    files = {"assets": (background,), "fonts": _fonts()}
    render(Work(options, files, {made: work.outputs[role]}, work.directory, work.log, work.progress))
    background.unlink()


def _passing_time(size: tuple[int, int], palette: Palette, frames: int) -> Layers:
    """A bar along the lower edge that fills up, and in the corner the seconds that have passed."""
    width, height = size
    base = min(size)
    bar = max(2, round(base * 0.009))
    line = {
        "kind": "shape",
        "origin": [0.0, 1.0],
        "x": 0,
        "y": height,
        "width": width,
        "height": bar,
        "show": [0, frames],
    }
    flat = {"kind": "rectangle", "radius": 0}
    layers: Layers = [
        {**line, "shape": {**flat, "fill": "#05070c66"}},
        {
            **line,
            "shape": {**flat, "fill": f"{palette.light}ff"},
            "enter": {"kind": "wipe", "side": "left", "frames": [0, frames], "easing": "linear"},
        },
    ]
    text = base * 0.026
    if text < 8:
        return layers
    pad = round(base * 0.03)
    style = {
        **{"font": 0, "size": text, "color": "#ffffffff", "align": "right"},
        "box": {"color": f"{mixed(palette.layers[2], '#05070c', 0.55)}c0", "padding": text * 0.5, "radius": text * 0.4},
    }
    for second in range(-(-frames // FPS)):
        layers.append(
            {
                **{"kind": "text", "origin": [1.0, 1.0], "x": width - pad, "y": height - pad - bar, "wrap": None},
                **{"text": f"{second // 60}:{second % 60:02d}", "style": style},
                "show": [second * FPS, min(frames, (second + 1) * FPS)],
            }
        )
    return layers
