"""A composed background for a placeholder: a palette and a motif chosen by the words, as SVG. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from vbmake.providers.local.dice import Dice


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours that go together: the sky's two ends, a light, and three layers from far to near."""

    high: str
    low: str
    light: str
    layers: tuple[str, str, str]


DARK: Final = (
    Palette("#10152f", "#3a4a86", "#f3edd1", ("#2a3768", "#1c264c", "#101733")),
    Palette("#0b1e4f", "#4f86e0", "#dbe9ff", ("#2d5bc4", "#1d4198", "#112a66")),
    Palette("#1b2430", "#7c93a6", "#eef3f5", ("#5b7080", "#3b4e5e", "#22303c")),
)
PALETTES: Final = (
    *DARK,
    Palette("#2b2d5b", "#f2a27c", "#ffe6c2", ("#8a5f86", "#583f73", "#2e2752")),
    Palette("#0f3550", "#8fc6b8", "#fff0d8", ("#4f9490", "#286f7c", "#13435d")),
    Palette("#dfeccb", "#a9cfae", "#fffbe3", ("#82ad8b", "#4f8168", "#2b5547")),
    Palette("#33121f", "#dd6440", "#ffd08a", ("#94333c", "#631f33", "#391427")),
    Palette("#35194f", "#dc90b4", "#ffe6ef", ("#935492", "#633674", "#3b2152")),
    Palette("#f6e7c9", "#e8b986", "#fff8e6", ("#cf9464", "#a66c43", "#714733")),
    Palette("#cdf1e6", "#74c6b5", "#ffffff", ("#46a096", "#2a7d79", "#175658")),
    Palette("#f7d9d0", "#ef9a8d", "#fff4ec", ("#d8707a", "#a84a66", "#6f2f52")),
    Palette("#fbe7a8", "#f3a953", "#fffbea", ("#de7b3c", "#b4552f", "#763527")),
)


@dataclass(frozen=True, slots=True)
class Scenery:
    """A background: its SVG elements (without the root) for a picture of `width` by `height` px, and its colours."""

    elements: str
    palette: Palette
    width: int
    height: int

    def svg(self, more: str = "") -> str:
        """The whole picture as an SVG, with `more` elements above the background."""
        return document(self.width, self.height, self.elements + more)


def document(width: int, height: int, elements: str) -> str:
    """An SVG of that many px."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">{elements}</svg>'
    )


def compose(prompt: str, width: int, height: int) -> Scenery:
    """The background for these words: their subject chooses the motif where it is known, their digest all the rest."""
    dice = Dice("scenery", prompt)
    words = set(re.findall(r"[a-z]+", prompt.lower()))
    fitting = [motif for motif, known in SUBJECTS.items() if words & known]
    abstract = (_rays, _discs, _arcs, _tiles, _hills, _peaks, _waves)
    motif = fitting[0] if fitting else dice.one_of(abstract)
    palette = dice.one_of(DARK if motif is _space or words & NIGHT else PALETTES)
    frame = _Frame(float(width), float(height), palette, dice)
    falling = "".join(
        f'<stop offset="{at}" stop-color="{palette.light}" stop-opacity="{opacity}"/>'
        for at, opacity in ((0, 0.7), (0.25, 0.36), (0.45, 0.17), (0.65, 0.07), (0.85, 0.015), (1, 0))
    )
    sky = (
        '<defs><linearGradient id="sky" x1="0" y1="0" x2="0" y2="1">'
        f'<stop offset="0" stop-color="{palette.high}"/><stop offset="1" stop-color="{palette.low}"/></linearGradient>'
        '<radialGradient id="glow">'
        f"{falling}</radialGradient></defs>"
        f'<rect width="{width}" height="{height}" fill="url(#sky)"/>'
    )
    return Scenery(sky + "".join(motif(frame)), palette, width, height)


@dataclass(frozen=True, slots=True)
class _Frame:
    """What a motif draws on."""

    width: float
    height: float
    palette: Palette
    dice: Dice

    @property
    def unit(self) -> float:
        """The length that shapes are measured by: the shorter side."""
        return min(self.width, self.height)


Motif = Callable[[_Frame], list[str]]


def _sun(frame: _Frame, x: float, y: float, radius: float) -> list[str]:
    return [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius * 4:.1f}" fill="url(#glow)"/>',
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{frame.palette.light}" fill-opacity="0.92"/>',
    ]


def _beside(dice: Dice) -> float:
    """A place across the picture that the card in its middle does not hide."""
    place = dice.between(0.1, 0.24)
    return 1 - place if dice.chance(0.5) else place


def _land(frame: _Frame, outline: Sequence[tuple[float, float]], color: str, opacity: float = 1.0) -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in outline)
    edges = f"{frame.width + 2:.1f},{frame.height + 2:.1f} -2,{frame.height + 2:.1f}"
    return f'<polygon points="{points} {edges}" fill="{color}" fill-opacity="{opacity:g}"/>'


def _rolling(frame: _Frame, level: float, swing: float, waves: float) -> list[tuple[float, float]]:
    """A smooth line across the picture around `level`, `swing` px high, with about `waves` crests in a square."""
    phases = [frame.dice.between(0, 2 * math.pi) for _ in range(3)]
    turns = waves * 2 * math.pi / frame.unit
    steps = max(48, min(400, int(frame.width / 6)))
    line = []
    for step in range(steps + 1):
        x = -2 + (frame.width + 4) * step / steps
        rise = math.sin(x * turns + phases[0]) + 0.45 * math.sin(x * turns * 2.3 + phases[1])
        line.append((x, level - swing * (rise + 0.2 * math.sin(x * turns * 4.1 + phases[2])) / 1.65))
    return line


def _hills(frame: _Frame) -> list[str]:
    dice, unit = frame.dice, frame.unit
    drawn = _sun(frame, frame.width * _beside(dice), frame.height * dice.between(0.16, 0.3), unit * 0.085)
    for index, color in enumerate(frame.palette.layers):
        level = frame.height * (0.56 + 0.15 * index)
        drawn.append(_land(frame, _rolling(frame, level, unit * (0.085 - 0.015 * index), 0.62 + 0.2 * index), color))
    return drawn


def _peaks(frame: _Frame) -> list[str]:
    dice, unit = frame.dice, frame.unit
    drawn = _sun(frame, frame.width * _beside(dice), frame.height * dice.between(0.14, 0.28), unit * 0.075)
    for index, color in enumerate(frame.palette.layers):
        level, tall = frame.height * (0.66 + 0.14 * index), unit * (0.36 - 0.09 * index)
        x, up, line = -unit * dice.between(0.1, 0.4), False, []
        while x < frame.width + unit:
            line.append((x, level - (tall * dice.between(0.6, 1.0) if up else tall * dice.between(0.0, 0.25))))
            x += unit * dice.between(0.14, 0.3) * (1 + 0.25 * (2 - index))
            up = not up
        drawn.append(_land(frame, line, color))
    return drawn


def _waves(frame: _Frame) -> list[str]:
    dice, unit = frame.dice, frame.unit
    horizon = frame.height * dice.between(0.46, 0.56) * (1.32 if frame.height > 1.2 * frame.width else 1.0)
    x, radius = frame.width * _beside(dice), unit * 0.12
    drawn = _sun(frame, x, horizon - radius * dice.between(0.3, 1.2), radius)
    far, middle, near = frame.palette.layers
    drawn.append(f'<rect x="0" y="{horizon:.1f}" width="{frame.width:g}" height="{frame.height:g}" fill="{far}"/>')
    depth = frame.height - horizon
    for step in range(9):  # the light on the water
        y, wide = horizon + depth * (0.02 + 0.035 * step), radius * (2.1 - 0.17 * step) * dice.between(0.75, 1.1)
        drawn.append(
            f'<rect x="{x - wide / 2:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{max(1.0, depth * 0.011):.1f}" '
            f'rx="{depth * 0.006:.1f}" fill="{frame.palette.light}" fill-opacity="{0.6 - 0.05 * step:.2f}"/>'
        )
    for index, (color, opacity) in enumerate(((middle, 0.55), (middle, 0.75), (near, 0.6), (near, 1.0))):
        level = horizon + depth * (0.3 + 0.19 * index)
        drawn.append(
            _land(frame, _rolling(frame, level, unit * (0.012 + 0.009 * index), 1.7 - 0.22 * index), color, opacity)
        )
    return drawn


def _town(frame: _Frame) -> list[str]:
    dice, unit = frame.dice, frame.unit
    drawn = _sun(frame, frame.width * _beside(dice), frame.height * dice.between(0.2, 0.34), unit * 0.1)
    for index, color in enumerate(frame.palette.layers):
        x = -unit * dice.between(0.0, 0.08)
        while x < frame.width:
            wide = unit * dice.between(0.06, 0.13) * (1 + 0.25 * index)
            tall = frame.height * (0.52 - 0.13 * index) * dice.between(0.5, 1.0)
            top = frame.height - tall
            drawn.append(
                f'<rect x="{x:.1f}" y="{top:.1f}" width="{wide + 0.5:.1f}" height="{tall + 2:.1f}" fill="{color}"/>'
            )
            if index:
                drawn += _windows(frame, x, top, wide, tall)
            x += wide + (unit * dice.between(0.0, 0.03) if dice.chance(0.4) else 0.0)
    return drawn


def _windows(frame: _Frame, x: float, top: float, wide: float, tall: float) -> list[str]:
    step = frame.unit * 0.026
    lit = []
    for row in range(1, int(tall / step) - 1):
        for column in range(1, int(wide / step)):
            if frame.dice.chance(0.22):
                lit.append(
                    f'<rect x="{x + column * step - step * 0.2:.1f}" y="{top + row * step:.1f}" '
                    f'width="{step * 0.42:.1f}" height="{step * 0.5:.1f}" fill="{frame.palette.light}" '
                    f'fill-opacity="{frame.dice.between(0.3, 0.85):.2f}"/>'
                )
    return lit


def _forest(frame: _Frame) -> list[str]:
    dice, unit = frame.dice, frame.unit
    drawn = _sun(frame, frame.width * _beside(dice), frame.height * dice.between(0.16, 0.3), unit * 0.085)
    for index, color in enumerate(frame.palette.layers):
        ground = _rolling(frame, frame.height * (0.68 + 0.13 * index), unit * 0.03, 0.8)
        drawn.append(_land(frame, ground, color))
        x = -unit * 0.05
        while x < frame.width + unit * 0.05:
            at = min(ground, key=lambda point: abs(point[0] - x))[1] + unit * 0.02
            tall = unit * dice.between(0.11, 0.2) * (0.8 + 0.35 * index)
            for tier in range(3):
                wide, base = tall * (0.26 - 0.055 * tier), at - tall * 0.25 * tier
                drawn.append(
                    f'<polygon points="{x - wide:.1f},{base:.1f} {x:.1f},{base - tall * 0.48:.1f} '
                    f'{x + wide:.1f},{base:.1f}" fill="{color}"/>'
                )
            x += tall * dice.between(0.3, 0.62)
    return drawn


def _space(frame: _Frame) -> list[str]:
    dice, unit = frame.dice, frame.unit
    drawn = []
    for _ in range(
        int(110 * frame.width * frame.height / unit**2) if frame.width * frame.height < 40 * unit**2 else 4000
    ):
        drawn.append(
            f'<circle cx="{dice.between(0, frame.width):.1f}" cy="{dice.between(0, frame.height):.1f}" '
            f'r="{unit * 0.0035 * dice.between(0.3, 1.0) ** 2:.2f}" fill="#ffffff" '
            f'fill-opacity="{dice.between(0.25, 0.9):.2f}"/>'
        )
    x, y = frame.width * _beside(dice), frame.height * dice.between(0.24, 0.34)
    drawn += _sun(frame, x, y, unit * 0.12)
    drawn.append(_land(frame, _rolling(frame, frame.height * 0.84, unit * 0.05, 0.5), frame.palette.layers[2]))
    return drawn


def _rays(frame: _Frame) -> list[str]:
    dice = frame.dice
    x, y = frame.width * _beside(dice), frame.height * dice.between(0.8, 0.95)
    count, reach, turn = dice.whole(14, 22), math.hypot(frame.width, frame.height) * 1.2, dice.between(0, 1)
    drawn = []
    for index in range(count):
        points = [f"{x:.1f},{y:.1f}"]
        for edge in (0.0, 0.5):
            angle = 2 * math.pi * (index + edge + turn) / count
            points.append(f"{x + reach * math.cos(angle):.1f},{y + reach * math.sin(angle):.1f}")
        drawn.append(f'<polygon points="{" ".join(points)}" fill="{frame.palette.light}" fill-opacity="0.16"/>')
    drawn += _sun(frame, x, y, frame.unit * 0.17)
    drawn.append(_land(frame, _rolling(frame, frame.height * 0.86, frame.unit * 0.04, 0.6), frame.palette.layers[2]))
    return drawn


def _discs(frame: _Frame) -> list[str]:
    dice = frame.dice
    colors = [*frame.palette.layers, frame.palette.light]
    drawn = []
    for index in range(9):
        radius = frame.unit * dice.between(0.16, 0.42)
        x, y = dice.between(-0.05, 1.05) * frame.width, dice.between(-0.05, 1.05) * frame.height
        drawn.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" '
            f'fill="{colors[index % len(colors)]}" fill-opacity="{dice.between(0.28, 0.6):.2f}"/>'
        )
    return drawn


def _arcs(frame: _Frame) -> list[str]:
    dice = frame.dice
    x, y = frame.width * dice.one_of((0.0, 1.0)), frame.height * dice.one_of((0.0, 1.0, 1.0))
    colors = [frame.palette.light, *frame.palette.layers]
    rings, reach = 7, math.hypot(frame.width, frame.height)
    drawn = []
    for index in range(rings, 0, -1):
        drawn.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{reach * index / (rings + 1.2):.1f}" fill="{colors[index % 4]}" '
            f'fill-opacity="{0.55 if index % 4 else 0.3}"/>'
        )
    return drawn


def _tiles(frame: _Frame) -> list[str]:
    dice = frame.dice
    side = frame.unit / 4
    columns, rows = math.ceil(frame.width / side), math.ceil(frame.height / side)
    colors = [*frame.palette.layers, frame.palette.light]
    drawn = []
    for index in range(min(columns * rows, 2000)):
        x, y = index % columns * side, index // columns * side
        ground, ink = dice.whole(0, 3), dice.whole(1, 3)
        drawn.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{side + 0.5:.1f}" height="{side + 0.5:.1f}" '
            f'fill="{colors[ground]}" fill-opacity="{0.35 if ground == 3 else 0.7}"/>'
        )
        shape, color = dice.whole(0, 4), colors[(ground + ink) % 4]
        if shape < 3:  # a quarter of a disc in one of the corners
            right, down = dice.whole(0, 1), dice.whole(0, 1)
            cx, cy = x + side * right, y + side * down
            over, under = x + side * (1 - right), y + side * (1 - down)
            drawn.append(
                f'<path d="M{cx:.1f},{cy:.1f} L{over:.1f},{cy:.1f} '
                f'A{side:.1f},{side:.1f} 0 0 {1 if right == down else 0} {cx:.1f},{under:.1f} Z" '
                f'fill="{color}" fill-opacity="0.85"/>'
            )
        elif shape == 3:
            drawn.append(
                f'<circle cx="{x + side / 2:.1f}" cy="{y + side / 2:.1f}" r="{side * 0.3:.1f}" '
                f'fill="{color}" fill-opacity="0.85"/>'
            )
    return drawn


NIGHT: Final = frozenset({"night", "midnight", "dark", "moon", "star", "stars", "space", "galaxy"})
SUBJECTS: Final[dict[Motif, frozenset[str]]] = {
    motif: frozenset(words.split())
    for motif, words in (
        (
            _waves,
            "sea ocean ship ships boat harbour harbor water river lake wave waves beach coast lighthouse island sail",
        ),
        (
            _town,
            "city street town skyline building buildings tower office market downtown urban street streets metropolis",
        ),
        (_peaks, "mountain mountains alps summit peak peaks rock cliff everest glacier volcano canyon"),
        (_forest, "forest tree trees wood woods jungle pine garden park"),
        (_space, "space star stars planet planets moon galaxy rocket astronaut universe cosmos night comet mars"),
        (
            _hills,
            "hill hills valley field fields farm countryside landscape battlefield desert dunes meadow village",
        ),
        (_rays, "sun energy dawn sunrise explosion power hope"),
    )
}
