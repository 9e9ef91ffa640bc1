"""Small fonts made for a test: block letters of given shapes and widths, under any name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

Block = tuple[int, int, int, int]
"""A filled rectangle in font units, 1000 to the em: left, bottom, right, top."""


def make_font(
    path: Path,
    letters: Mapping[str, tuple[int, Block]],
    *,
    family: str = "Blocks",
    ascent: int = 800,
    descent: int = 200,
    gap: int = 0,
    win: tuple[int, int] = (800, 200),
) -> Path:
    """Write a TrueType font whose letters are (advance width, block). A space of 500 units comes with it."""
    names = {character: f"g{ord(character):04X}" for character in letters}
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "space", *names.values()])
    builder.setupCharacterMap({0x20: "space", **{ord(character): name for character, name in names.items()}})
    empty = TTGlyphPen(None).glyph()
    shapes = {".notdef": _block((50, 0, 450, 700)), "space": empty}
    shapes |= {names[character]: _block(block) for character, (_, block) in letters.items()}
    builder.setupGlyf(shapes)
    widths = {".notdef": (500, 50), "space": (500, 0)}
    widths |= {names[character]: (width, block[0]) for character, (width, block) in letters.items()}
    builder.setupHorizontalMetrics(widths)
    builder.setupHorizontalHeader(ascent=ascent, descent=-descent, lineGap=gap)
    builder.setupNameTable({"familyName": family, "styleName": "Regular"})
    builder.setupOS2(usWinAscent=win[0], usWinDescent=win[1], sTypoAscender=ascent, sTypoDescender=-descent)
    builder.setupPost()
    builder.save(path)
    return path


def _block(block: Block):  # type: ignore[no-untyped-def]  # fontTools is untyped
    left, bottom, right, top = block
    pen = TTGlyphPen(None)
    pen.moveTo((left, bottom))
    for point in ((left, top), (right, top), (right, bottom)):
        pen.lineTo(point)
    pen.closePath()
    return pen.glyph()
