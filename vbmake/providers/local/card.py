"""The card of a placeholder: the words of a prompt set as large as they fit, with a note below, as layers of a shot."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from vbmake.providers.local.scenery import Palette
from vbmake.render.fonts import Font, typeset

SMALLEST: Final = 8.0  # px of an em below which nobody reads
READ: Final = 2000  # characters of a prompt that are looked at

Layers = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Type:
    """The fonts of a card: `bold` for the words (font 0 of the shot), `plain` for the note (font 1)."""

    bold: Font
    plain: Font


def card_layers(prompt: str, note: str, size: tuple[int, int], palette: Palette, fonts: Type, frames: int) -> Layers:
    """Layers that show `prompt` and `note` on a panel in the middle of a picture of `size` px, for `frames` frames.

    Words are never cut: what does not fit ends with an ellipsis after a whole word. A picture too small for words has
    no card: [].
    """
    width, height = size
    base = min(width, height)
    pad = base * 0.055
    room = min(width * 0.86, max(base * 1.2, width * 0.5)) - 2 * pad
    small = max(SMALLEST, base * 0.026)
    foot = small * 3.0 if room > 12 * small and height * 0.6 > 6 * small else 0.0
    words = drawable(prompt, fonts.bold)
    fitted = _fit(words, fonts.bold, room, height * 0.56 - 2 * pad - foot, base * 0.075, max(SMALLEST, base * 0.034))
    if fitted is None:
        return []
    text_size, lines = fitted
    step = text_size * fonts.bold.line_height
    tall = step * len(lines)
    longest = max(_width(line, fonts.bold, text_size) for line in lines)
    wide = max(longest, _width(note, fonts.plain, small) + small * 2.2 if foot else 0.0)
    x, y = (width - wide) / 2, (height - tall - foot) / 2
    ink = mixed(palette.layers[2], "#05070c", 0.55)
    show = [0, frames]
    panel = {
        **{"kind": "shape", "show": show, "origin": [0.0, 0.0], "x": round(x - pad), "y": round(y - pad)},
        **{"width": round(wide + 2 * pad), "height": round(tall + foot + 2 * pad)},
        "shape": {"kind": "rectangle", "fill": f"{ink}d9", "radius": round(base * 0.022)},
    }
    layers = [panel, _text("\n".join(lines), 0, text_size, "#ffffffff", (x, y), show)]
    if foot:
        accent = palette.light
        rule = {
            **{"kind": "shape", "show": show, "origin": [0.0, 0.0], "x": round(x), "y": round(y + tall + small * 1.05)},
            **{"width": round(small * 2.2), "height": max(1, round(small * 0.16))},
            "shape": {"kind": "rectangle", "fill": f"{accent}ff", "radius": 0},
        }
        layers += [rule, _text(note, 1, small, f"{accent}c8", (x, y + tall + small * 1.75), show)]
    return layers


def _text(text: str, font: int, size: float, color: str, place: tuple[float, float], show: list[int]) -> dict[str, Any]:
    return {
        **{"kind": "text", "show": show, "origin": [0.0, 0.0], "x": round(place[0]), "y": round(place[1])},
        **{"text": text, "wrap": None, "style": {"font": font, "size": size, "color": color, "align": "left"}},
    }


def mixed(one: str, other: str, part: float) -> str:
    """The colour `part` of the way from one "#rrggbb" to another."""
    pairs = zip(bytes.fromhex(one[1:]), bytes.fromhex(other[1:]), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in pairs)


def drawable(prompt: str, font: Font) -> list[str]:
    """The words of a prompt as the font can draw them; letters of a script that it lacks are told by the script's name.

    "灯台 at night" becomes "[CJK] at night". Signs that it lacks (emoji) are left out.
    """
    words: list[str] = []
    for word in prompt[:READ].split():
        drawn = ""
        for character in unicodedata.normalize("NFC", word):
            text, missing = typeset(character, font)
            drawn += _script(character) if missing else text
        for part in drawn.replace("][", "]\0[").split("\0"):
            if part and not (words and words[-1] == part and part.startswith("[")):
                words.append(part)
    return words or ["(no words)"]


def _script(character: str) -> str:
    if not unicodedata.category(character).startswith("L"):
        return ""
    name = unicodedata.name(character, "OTHER").split()[0].split("-")[0]
    return f"[{name if name == 'CJK' else name.title()}]"


def _width(text: str, font: Font, size: float) -> float:
    return sum(font.advances.get(ord(character), 0.6) for character in text) * size


def _fit(
    words: list[str], font: Font, room: float, depth: float, largest: float, smallest: float
) -> tuple[float, list[str]] | None:
    """The largest size at which the words fill at most `depth` px in lines of at most `room` px, and the lines."""
    size = max(largest, smallest)
    while True:
        whole = max(_width(word, font, size) for word in words) <= room
        lines = list(_lines(words, font, size, room))
        held = int(depth / (size * font.line_height))
        if whole and len(lines) <= min(held, 7):
            return size, _balanced(words, font, size, room, len(lines))
        if size <= smallest:
            break
        size = max(smallest, size * 0.94)
    if held < 1 or room < 5 * size:
        return None
    held = min(held, 7)
    return size, lines if len(lines) <= held else _shortened(lines[:held], font, size, room)


def _lines(words: Iterable[str], font: Font, size: float, room: float) -> Iterable[str]:
    """The words in lines, broken between words; a word longer than a line goes on in the next one."""
    line = ""
    for word in words:
        joined = f"{line} {word}" if line else word
        if _width(joined, font, size) <= room:
            line = joined
            continue
        if line:
            yield line
        line = ""
        for character in word:
            if line and _width(line + character, font, size) > room:
                yield line
                line = ""
            line += character
    if line:
        yield line


def _balanced(words: list[str], font: Font, size: float, room: float, count: int) -> list[str]:
    """As few lines, but of much the same length."""
    widest = max(_width(word, font, size) for word in words)
    tries = (widest + (room - widest) * step / 16 for step in range(17))
    return next(lines for wide in tries if len(lines := list(_lines(words, font, size, wide))) <= count)


def _shortened(lines: list[str], font: Font, size: float, room: float) -> list[str]:
    """The lines with an ellipsis after the last whole word that leaves room for it."""
    last = lines[-1]
    while " " in last:
        last = last.rpartition(" ")[0]
        ended = last.rstrip(",;:.-") + " …"
        if _width(ended, font, size) <= room:
            return [*lines[:-1], ended]
    return [*lines[:-1], "…"]
