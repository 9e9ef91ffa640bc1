"""Text as sprites: every text of a shot set by one libass process, and each kept for its next use."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from vbmake.errors import FatalError
from vbmake.render.colouring import colour_letters, span_colors
from vbmake.render.fonts import Font, describe, read_font, typeset
from vbmake.render.lettering import Setting, set_letters
from vbmake.render.sprite import Sprite
from vbmake.render.text_style import Box, Color, Outline, Shadow, TextSpec, TextStyle, rgba

__all__ = ["Box", "Color", "Outline", "Shadow", "TextSpec", "TextStyle", "rgba", "text_sprites"]

_BUDGET = 256 << 20  # bytes of sprites kept

_Key = tuple[TextSpec, str]
_sprites: OrderedDict[_Key, Sprite] = OrderedDict()
_lock = threading.Lock()


def text_sprites(specs: Sequence[TextSpec], fonts: Sequence[Path]) -> list[Sprite]:
    """Draw every text, in order: one ffmpeg process for all that this process has not drawn before, none if it has.

    `fonts` are the files that the styles' font indexes name. A text is drawn whole, also where it is larger than the
    picture. Sprites are shared and read-only. Raises FatalError for a character that its font cannot draw, a bad font,
    or text beyond 16384 px.
    """
    read = [read_font(path) for path in fonts]
    keys = [_key(spec, read) for spec in specs]
    found: dict[_Key, Sprite] = {}
    with _lock:
        for key in keys:
            if key in _sprites:
                _sprites.move_to_end(key)
                found[key] = _sprites[key]
    waiting = [key for key in dict.fromkeys(keys) if key not in found]
    if waiting:
        by_digest = {font.digest: font for font in read}
        made = _draw(waiting, by_digest)
        found.update(made)
        _keep(made)
    return [found[key] for key in keys]


def _key(spec: TextSpec, fonts: Sequence[Font]) -> _Key:
    """What a sprite is remembered by: the spec, with the font's content for its place in this job's list."""
    index = spec.style.font
    if not 0 <= index < len(fonts):
        raise FatalError(f"a text asks for font {index} and the job has {len(fonts)}")
    return replace(spec, style=replace(spec.style, font=0)), fonts[index].digest


def _keep(made: Mapping[_Key, Sprite]) -> None:
    with _lock:
        for key, sprite in made.items():
            _sprites[key] = sprite
        total = sum(sprite.pixels.nbytes for sprite in _sprites.values())
        while total > _BUDGET and _sprites:
            total -= _sprites.popitem(last=False)[1].pixels.nbytes


def _draw(keys: Sequence[_Key], fonts: Mapping[str, Font]) -> dict[_Key, Sprite]:
    """Set the letters of every spec, once for each colour that some of its letters have, then colour them."""
    asked: dict[_Key, list[Setting]] = {key: _settings(key[0], fonts[key[1]]) for key in keys}
    flat = [setting for settings in asked.values() for setting in settings]
    letterings = iter(set_letters(flat, fonts))
    sprites: dict[_Key, Sprite] = {}
    for key, settings in asked.items():
        sprites[key] = colour_letters(key[0], [next(letterings) for _ in settings])
    return sprites


def _settings(spec: TextSpec, font: Font) -> list[Setting]:
    """What libass is asked for: the text once for each colour of its spans, with the letters of that colour marked."""
    pieces, missing = _pieces(spec, font)
    if missing:
        raise FatalError(
            f"the font {font.name} has no glyph for {describe(missing)}; "
            "choose a font that has, for this text or in its style, or change the text"
        )
    style = spec.style
    colors = span_colors(spec) or [style.color]
    return [
        Setting(
            pieces=tuple((text, own == color != style.color) for text, own in pieces),
            font=font.digest,
            size=style.size,
            align=style.align,
            wrap=max(1, int(spec.wrap)) if spec.wrap is not None else None,
            spacing=style.spacing,
            outline=style.outline.width if style.outline else 0.0,
            bold=style.bold,
            italic=style.italic,
        )
        for color in colors
    ]


def _pieces(spec: TextSpec, font: Font) -> tuple[list[tuple[str, Color]], list[str]]:
    """The text as the font can draw it, cut at the spans' edges, and the characters it cannot."""
    start = len(spec.text) - len(spec.text.lstrip())
    stop = max(start, len(spec.text.rstrip()))
    cuts: list[tuple[int, int, Color]] = []
    at = start
    for first, end, color in spec.spans:
        cuts.append((at, max(at, first), spec.style.color))
        at = min(max(at, end), stop)
        cuts.append((max(start, first), at, color))
    cuts.append((at, stop, spec.style.color))
    pieces: list[tuple[str, Color]] = []
    missing: dict[str, None] = {}
    for first, end, color in cuts:
        text, lacking = typeset(spec.text[first:end], font)
        missing.update(dict.fromkeys(lacking))
        if text:
            pieces.append((text, color))
    return pieces or [("", spec.style.color)], list(missing)
