"""SVG drawings: read safely (nothing outside the file is ever opened), measured, and drawn at any size by resvg."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import resvg_py

from vbmake.errors import FatalError
from vbmake.render.opencv import cv2
from vbmake.render.place import Rect
from vbmake.render.sprite import Pixels, premultiply

MAX_BYTES = 32 * 2**20
_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_UNITS = {"": 1.0, "px": 1.0, "pt": 96 / 72, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0, "em": 16.0}
_EMBEDDED = re.compile(r"data:image/(png|jpe?g|gif|webp)[;,]", re.I)  # an embedded SVG could name files again


class Drawing:
    """One SVG file. Raises FatalError when it cannot be read as SVG."""

    def __init__(self, path: Path, fonts: Sequence[Path] = (), log: Callable[[str], None] | None = None) -> None:
        self.name = path.name
        self.fonts = [str(font) for font in fonts]
        data = path.read_bytes()
        if len(data) > MAX_BYTES:
            raise FatalError(f"{path.name} has {len(data)} bytes; an SVG may have {MAX_BYTES}: export it as a PNG")
        try:
            root = ET.fromstring(data)
        except (ET.ParseError, LookupError, ValueError) as error:
            raise FatalError(
                f"{path.name} is no SVG that can be read ({error}); export it again from the drawing program"
            ) from None
        if root.tag not in (f"{{{_SVG}}}svg", "svg"):
            raise FatalError(f"{path.name} is XML but no SVG: its root is <{root.tag}>; allowed is <svg>")
        for what in _strip(root):
            if log is not None:
                log(f"{path.name}: left out {what}: drawings may only show what is embedded in them")
        self.size = _size(root)
        root.set("width", f"{self.size[0]:.9g}")
        root.set("height", f"{self.size[1]:.9g}")
        root.attrib.pop("x", None)
        root.attrib.pop("y", None)
        self._body = ET.tostring(root, encoding="unicode")

    def render(self, part: Rect, width: int, height: int) -> Pixels:
        """The part (in fractions) of the drawing, `width` by `height` px: BGRA premultiplied. Raises FatalError."""
        w, h = self.size
        view = f"{part.x * w:.9g} {part.y * h:.9g} {part.w * w:.9g} {part.h * h:.9g}"
        text = (
            f'<svg xmlns="{_SVG}" width="{width}" height="{height}" viewBox="{view}" '
            f'preserveAspectRatio="none">{self._body}</svg>'
        )
        try:
            png = resvg_py.svg_to_bytes(svg_string=text, skip_system_fonts=True, font_files=self.fonts)
        except BaseException as error:  # a panic in Rust is no Exception
            if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
                raise
            raise FatalError(f"{self.name} cannot be drawn: {error}") from None
        pixels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
        if pixels is None or pixels.shape[:2] != (height, width):
            raise FatalError(f"{self.name} cannot be drawn {width}x{height} px large")
        return premultiply(pixels)


def _strip(root: ET.Element) -> list[str]:
    """Take out scripts and every reference to something outside the document; returns what was taken."""
    taken: list[str] = []
    for parent in root.iter():
        for child in list(parent):
            if isinstance(child.tag, str) and child.tag.rpartition("}")[2] in ("script", "foreignObject"):
                parent.remove(child)
                taken.append(f"<{child.tag.rpartition('}')[2]}>")
        for name in [name for name in parent.attrib if name.rpartition("}")[2] == "href"]:
            target = parent.attrib[name].strip()
            if not target.startswith("#") and not _EMBEDDED.match(target):
                del parent.attrib[name]
                if parent.tag.rpartition("}")[2] != "a":
                    taken.append(f"a reference to {target[:80]!r}")
    return taken


def _size(root: ET.Element) -> tuple[float, float]:
    """The natural size in px: the width and height, else the view box, else 300 x 150 as in a browser."""
    view: list[float] = []
    numbers = re.split(r"[\s,]+", (root.get("viewBox") or "").strip())
    if len(numbers) == 4:
        try:
            view = [float(number) for number in numbers]
        except ValueError:
            view = []
    if not view or not (0 < view[2] < 1e7 and 0 < view[3] < 1e7):
        view = []
    width, height = _length(root.get("width")), _length(root.get("height"))
    if view and width is None and height is None:
        return (view[2], view[3])
    if view and width is not None and height is None:
        return (width, width * view[3] / view[2])
    if view and height is not None and width is None:
        return (height * view[2] / view[3], height)
    return (width or 300.0, height or 150.0)


def _length(text: str | None) -> float | None:
    match = re.fullmatch(r"\s*([0-9.]+(?:[eE][+-]?\d+)?)\s*(px|pt|pc|mm|cm|in|em|)\s*", text or "")
    try:
        value = float(match[1]) * _UNITS[match[2]] if match else 0.0
    except ValueError:
        return None
    return value if 0 < value < 1e7 else None
