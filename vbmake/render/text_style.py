"""What a text is to look like, as it stands in a job's options: style, outline, shadow, box, and coloured parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vbmake.errors import FatalError

_LARGEST = 4096.0  # px of an em
_ALIGNS = ("left", "center", "right")

Color = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Outline:
    """A border of `width` px around every letter."""

    width: float
    color: Color


@dataclass(frozen=True, slots=True)
class Shadow:
    """The letters and their outline once more, moved by (x, y) px and blurred as CSS does (sigma = blur / 2)."""

    x: float
    y: float
    blur: float
    color: Color


@dataclass(frozen=True, slots=True)
class Box:
    """A rounded rectangle behind the block: the layout box and `padding` px on each side."""

    color: Color
    padding: float
    radius: float


@dataclass(frozen=True, slots=True)
class TextStyle:
    """How text looks. `font` is an index into the job's fonts, `size` the em in px, colours RGBA (0..255, straight)."""

    font: int
    size: float
    color: Color
    outline: Outline | None = None
    shadow: Shadow | None = None
    box: Box | None = None
    align: str = "center"
    spacing: float = 0.0
    bold: bool = False
    italic: bool = False

    @classmethod
    def of(cls, style: Mapping[str, Any]) -> TextStyle:
        """From a job's options (STYLE). Raises FatalError for a size, an alignment or a colour that makes no sense."""
        outline, shadow, box = style.get("outline"), style.get("shadow"), style.get("box")
        size, align = float(style["size"]), style.get("align") or "center"
        if not 0 < size <= _LARGEST:
            raise FatalError(f"a text size of {size:g} px is not possible; allowed is more than 0, up to {_LARGEST:g}")
        if align not in _ALIGNS:
            raise FatalError(f"text cannot be aligned {align!r}; allowed are {', '.join(_ALIGNS)}")
        return cls(
            font=int(style.get("font", 0)),
            size=size,
            color=rgba(style["color"]),
            outline=Outline(max(0.0, float(outline["width"])), rgba(outline["color"])) if outline else None,
            shadow=Shadow(
                float(shadow["x"]), float(shadow["y"]), max(0.0, float(shadow["blur"])), rgba(shadow["color"])
            )
            if shadow
            else None,
            box=Box(rgba(box["color"]), float(box["padding"]), float(box["radius"])) if box else None,
            align=align,
            spacing=float(style.get("spacing") or 0.0),
            bold=bool(style.get("bold")),
            italic=bool(style.get("italic")),
        )


@dataclass(frozen=True, slots=True)
class TextSpec:
    """One text to draw.

    `origin` is the fraction of its block (with the box's padding) that lies on the pivot; `wrap` the widest line in
    px, or None. `spans` colours parts of the text: (first character, end, colour), in order, not overlapping; no
    letter is kerned across their edges, so texts with the same edges lie the same whatever the colours.
    """

    text: str
    style: TextStyle
    wrap: float | None = None
    origin: tuple[float, float] = (0.5, 0.5)
    spans: tuple[tuple[int, int, Color], ...] = ()

    @classmethod
    def of(cls, layer: Mapping[str, Any]) -> TextSpec:
        """From a text layer's options (LAYER). Raises FatalError."""
        wrap, origin = layer.get("wrap"), layer.get("origin") or (0.5, 0.5)
        return cls(
            text=str(layer["text"]),
            style=TextStyle.of(layer["style"]),
            wrap=float(wrap) if wrap is not None else None,
            origin=(float(origin[0]), float(origin[1])),
        )


def rgba(text: str) -> Color:
    """The four bytes of "#rrggbbaa" (or "#rrggbb"). Raises FatalError."""
    digits = text.removeprefix("#")
    try:
        if len(digits) not in (6, 8):
            raise ValueError
        red, green, blue, alpha = bytes.fromhex(digits.ljust(8, "f"))
    except ValueError:
        raise FatalError(f"{text!r} is no colour; a job's colours are written #rrggbbaa") from None
    return red, green, blue, alpha
