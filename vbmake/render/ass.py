"""ASS documents, written so that nothing in a user's text is read as a command. Format: libass's reading of ASS v4+."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

# What makes a backslash a command when it stands before it; a word joiner between them keeps both as they were written.
_AFTER_BACKSLASH = frozenset("Nnh{}")
_WORD_JOINER = "\u2060"
_EMPTY_LINE = "\\h"  # an empty line would be half as high as the others

_STYLE_FORMAT = (
    "Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, "
    "StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, "
    "Encoding"
)
OUTLINED, BOXED = 1, 4  # BorderStyle: letters with an outline; libass's one box behind the whole block
TOP_LEFT, TOP_CENTER, TOP_RIGHT = 7, 8, 9


def escape(text: str) -> str:
    """Text in which braces and backslashes are letters and line breaks are line breaks."""
    lines = [_escape_line(line) for line in text.split("\n")]
    # Between two breaks there must be something. What stands before the first and after the last, the caller knows.
    middle = [line if line.strip(" ") else _EMPTY_LINE for line in lines[1:-1]]
    return "\\N".join([lines[0], *middle, *lines[1:][-1:]])


def _escape_line(line: str) -> str:
    out: list[str] = []
    for index, character in enumerate(line):
        if character in "{}":
            out.append("\\" + character)
        elif character == "\\" and (index + 1 == len(line) or line[index + 1] in _AFTER_BACKSLASH):
            out.append("\\" + _WORD_JOINER)
        else:
            out.append(character)
    return "".join(out)


def color(red: int, green: int, blue: int, alpha: int = 255) -> str:
    """A colour (0..255 each, alpha 255 = opaque) as &HAABBGGRR, where AA counts transparency."""
    return f"&H{255 - alpha:02X}{blue:02X}{green:02X}{red:02X}"


def fill(red: int, green: int, blue: int) -> str:
    """The override that colours the letters after it."""
    return f"{{\\1c&H{blue:02X}{green:02X}{red:02X}&}}"


def second(red: int, green: int, blue: int) -> str:
    """The override that sets the second colour, which is drawn only in ASS's own karaoke: a mark that is not seen."""
    return f"{{\\2c&H{blue:02X}{green:02X}{red:02X}&}}"


@dataclass(frozen=True, slots=True)
class Style:
    """A line of [V4+ Styles]. Sizes in px of the document; `size` is a line's height. Colours from `color`."""

    font: str
    size: float
    primary: str
    outline_color: str
    back: str
    bold: bool = False
    italic: bool = False
    spacing: float = 0.0
    border: int = OUTLINED
    outline: float = 0.0
    alignment: int = TOP_LEFT
    margin_right: int = 0

    def line(self, name: str) -> str:
        values = [
            *(name, self.font, f"{self.size:.4f}", self.primary, self.primary, self.outline_color, self.back),
            *(-int(self.bold), -int(self.italic), 0, 0, 100, 100, f"{self.spacing:.4f}", 0, self.border),
            # Encoding -1: the base direction follows the text.
            *(f"{self.outline:.4f}", 0, self.alignment, 0, self.margin_right, 0, -1),
        ]
        return "Style: " + ",".join(str(value) for value in values)


@dataclass(frozen=True, slots=True)
class Event:
    """What is on screen from frame `first` to before `end`: escaped `text` whose block hangs from the point (x, y)."""

    first: int
    end: int
    style: Style
    x: float
    y: float
    text: str
    wraps: bool


def document(width: int, height: int, events: Iterable[Event], per_second: int) -> str:
    """A whole document, in px of a frame of that size; `per_second` frames (a divisor of 100) to a second."""
    listed = list(events)
    names = {style: f"s{index}" for index, style in enumerate(dict.fromkeys(event.style for event in listed))}
    lines = [
        *("[Script Info]", "ScriptType: v4.00+", "WrapStyle: 0", "ScaledBorderAndShadow: yes", "YCbCr Matrix: None"),
        *(f"PlayResX: {width}", f"PlayResY: {height}", f"LayoutResX: {width}", f"LayoutResY: {height}"),
        *("", "[V4+ Styles]", f"Format: {_STYLE_FORMAT}", *(style.line(name) for style, name in names.items())),
        *("", "[Events]", "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text"),
    ]
    for event in listed:
        start, end = _time(event.first, per_second), _time(event.end, per_second)
        place = f"{{\\q{0 if event.wraps else 2}\\pos({event.x:g},{event.y:g})}}"
        lines.append(f"Dialogue: 0,{start},{end},{names[event.style]},,0,0,0,,{place}{event.text}")
    return "\n".join(lines) + "\n"


def _time(frame: int, per_second: int) -> str:
    hundredths = frame * (100 // per_second)
    minutes, rest = divmod(hundredths, 6000)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest // 100:02d}.{rest % 100:02d}"
