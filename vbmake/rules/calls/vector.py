"""Draw an SVG that vbmake wrote itself as a PNG, with the bundled letters of equal width."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import resvg_py

from vbmake.errors import FatalError

MONO: Final = Path(__file__).resolve().parent.parent.parent / "resources" / "mono"
MAX_SIDE: Final = 16384


def draw(svg: str, path: Path, size: tuple[int, int], fonts: Sequence[Path] = ()) -> None:
    """Write `svg`, which is `size` px large, to the PNG `path`. Raises FatalError for what is too large to be drawn."""
    width, height = size
    if max(size) > MAX_SIDE or width * height > 2**27:
        raise FatalError(
            f"the picture would be {width}x{height} px; at most {MAX_SIDE} px a side can be drawn: make it smaller"
        )
    png = resvg_py.svg_to_bytes(
        svg_string=svg,
        skip_system_fonts=True,
        font_files=[str(font) for font in fonts],
        text_rendering="geometric_precision",
    )
    path.write_bytes(bytes(png))


def paint(color: str) -> tuple[str, float]:
    """`#rrggbb` and the opacity of a colour `#rrggbbaa`."""
    return color[:7], (int(color[7:9], 16) / 255 if len(color) == 9 else 1.0)
