"""Values with units, as people write them: times, lengths, gains, colours, places, rates. Exact where it matters."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from vbmake.colors import parse_color
from vbmake.project import unit_schemas

__all__ = [
    "ANCHORS",
    "Anchor",
    "Angle",
    "At",
    "AtPlace",
    "Canvas",
    "Color",
    "Duck",
    "Duration",
    "Extent",
    "Factor",
    "FrameRate",
    "Gain",
    "Language",
    "Length",
    "Offset",
    "Seconds",
    "Share",
    "Size",
    "parse_color",
    "parse_seconds",
]

_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)"
_CLOCK = re.compile(r"(?:(\d+):)?(\d{1,3}):(\d{1,2}(?:\.\d+)?)")
_TIME_PARTS = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ms|h|m|s)")
_LENGTH = re.compile(rf"({_NUMBER})(px|%)")
_GAIN = re.compile(rf"({_NUMBER})\s?[dD][bB]")
_SECONDS: dict[str, int | Fraction] = {"h": 3600, "m": 60, "s": 1, "ms": Fraction(1, 1000)}
_NTSC = {"23.976": Fraction(24000, 1001), "23.98": Fraction(24000, 1001), "29.97": Fraction(30000, 1001)} | {
    "59.94": Fraction(60000, 1001),
    "119.88": Fraction(120000, 1001),
}


_written = PlainSerializer(str, return_type=str)
_decibels = PlainSerializer(lambda gain: f"{gain:g}dB", return_type=str)


def parse_seconds(value: Any) -> Fraction:
    """Seconds from `2s`, `500ms`, `1m30s`, `1:03.5`, `1:02:03` or 0. Raises ValueError."""
    if isinstance(value, Fraction):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        if value == 0:
            return Fraction(0)
        raise ValueError(f"a time needs its unit: write {value:g}s")
    return _read_seconds(str(value).strip()[:40])


@functools.lru_cache(maxsize=4096)
def _read_seconds(text: str) -> Fraction:
    if clock := _CLOCK.fullmatch(text):
        hours, minutes, seconds = clock.groups()
        if Fraction(seconds) >= 60 or (hours and int(minutes) >= 60):
            raise ValueError("minutes and seconds of a clock time are below 60")
        return Fraction(int(hours or 0) * 3600 + int(minutes) * 60) + Fraction(seconds)
    parts = _TIME_PARTS.findall(text.replace(" ", ""))
    if parts and "".join(number + unit for number, unit in parts) == text.replace(" ", ""):
        return sum((Fraction(number) * _SECONDS[unit] for number, unit in parts), Fraction(0))
    raise ValueError("a time is written 2s, 500ms, 1m30s or 1:03.5")


def _duration(value: Any) -> Fraction:
    return _read_duration(value) if type(value) is str else _checked_duration(parse_seconds(value))


@functools.lru_cache(maxsize=4096)
def _read_duration(text: str) -> Fraction:
    return _checked_duration(parse_seconds(text))


def _checked_duration(seconds: Fraction) -> Fraction:
    if seconds <= 0:
        raise ValueError("a duration is longer than 0")
    if seconds > 24 * 3600:
        raise ValueError("a duration is at most 24h")
    return seconds


def _moment(value: Any) -> Fraction:
    seconds = parse_seconds(value)
    if seconds > 24 * 3600:
        raise ValueError("a time is at most 24h")
    return seconds


Seconds = Annotated[Fraction, BeforeValidator(_moment), _written, WithJsonSchema(unit_schemas.TIME)]
Duration = Annotated[Fraction, BeforeValidator(_duration), _written, WithJsonSchema(unit_schemas.TIME)]


@dataclass(frozen=True, slots=True)
class Length:
    """A length in px, or in percent of the format's height (sizes) or of the side it lies along (places)."""

    value: float
    unit: Literal["px", "%"]

    def __str__(self) -> str:
        return f"{self.value:g}{self.unit}"

    def px(self, extent: float) -> float:
        """Pixels, where 100 % is `extent` px."""
        return self.value * extent / 100 if self.unit == "%" else self.value


def parse_length(value: Any) -> Length:
    """A length from `9%`, `24px` or 0. Raises ValueError."""
    if type(value) is str:  # nearly all
        return _read_length(value.strip()[:40])
    if isinstance(value, Length):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        if value == 0:
            return Length(0.0, "px")
        raise ValueError(f"a length needs its unit: write {value:g}% or {value:g}px")
    return _read_length(str(value).strip()[:40])


@functools.lru_cache(maxsize=4096)
def _read_length(text: str) -> Length:
    match = _LENGTH.fullmatch(text)
    if not match:
        raise ValueError("a length is written 9% or 24px")
    length = Length(float(match[1]), "px" if match[2] == "px" else "%")
    if abs(length.value) > (1000 if length.unit == "%" else 20000):
        raise ValueError("a length is at most 1000% or 20000px")
    return length


def _size(value: Any) -> Length:
    length = parse_length(value)
    if length.value <= 0:
        raise ValueError("a size is larger than 0")
    return length


def _extent(value: Any) -> Length:
    length = parse_length(value)
    if length.value < 0:
        raise ValueError("this length is 0 or larger")
    return length


_show = PlainSerializer(str, return_type=str)
Offset = Annotated[Length, BeforeValidator(parse_length), _show, WithJsonSchema(unit_schemas.LENGTH)]
Size = Annotated[Length, BeforeValidator(_size), _show, WithJsonSchema(unit_schemas.LENGTH)]
Extent = Annotated[Length, BeforeValidator(_extent), _show, WithJsonSchema(unit_schemas.LENGTH)]


def parse_gain(value: Any) -> float:
    """dB from `-12dB` or 0. Raises ValueError."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        if value == 0:
            return 0.0
        raise ValueError(f"a gain needs its unit: write {value:g}dB")
    match = _GAIN.fullmatch(str(value).strip()[:40])
    if not match:
        raise ValueError("a gain is written -12dB")
    gain = float(match[1])
    if not -120 <= gain <= 40:
        raise ValueError("a gain lies between -120dB and 40dB")
    return gain


def _duck(value: Any) -> float:
    gain = parse_gain(value)
    if gain > 0:
        raise ValueError("ducking lowers the music: write it negative, such as -9dB")
    return gain


Color = Annotated[str, BeforeValidator(parse_color), WithJsonSchema(unit_schemas.COLOR)]

Gain = Annotated[
    float,
    BeforeValidator(parse_gain),
    _decibels,
    WithJsonSchema(unit_schemas.GAIN),
]
Duck = Annotated[
    float,
    BeforeValidator(_duck),
    _decibels,
    WithJsonSchema(unit_schemas.GAIN),
]

ANCHORS: dict[str, tuple[float, float]] = {
    "top left": (0, 0),
    "top": (0.5, 0),
    "top right": (1, 0),
    "left": (0, 0.5),
    "center": (0.5, 0.5),
    "right": (1, 0.5),
    "bottom left": (0, 1),
    "bottom": (0.5, 1),
    "bottom right": (1, 1),
}
_SPELLINGS = {"centre": "center", "middle": "center", "top center": "top", "bottom center": "bottom"} | {
    "center left": "left",
    "center right": "right",
}


def parse_anchor(value: Any) -> str:
    """One of the nine anchors (`top left`, `top-left` and `left top` are the same). Raises ValueError."""
    text = " ".join(str(value).lower().replace("-", " ").split())
    text = _SPELLINGS.get(text, text)
    for candidate in (text, " ".join(reversed(text.split()))):
        if candidate in ANCHORS:
            return candidate
    raise ValueError("a place is one of " + ", ".join(ANCHORS) + ", or [x, y]")


Anchor = Annotated[str, BeforeValidator(parse_anchor), WithJsonSchema(unit_schemas.ANCHOR)]


@dataclass(frozen=True, slots=True)
class At:
    """A place on the canvas: an anchor word, or x and y along the two sides."""

    anchor: str | None = None
    x: Length | None = None
    y: Length | None = None

    def __str__(self) -> str:
        return self.anchor or f"[{self.x}, {self.y}]"


def parse_at(value: Any) -> At:
    """A place from an anchor word or from `[x, y]`. Raises ValueError."""
    if isinstance(value, At):
        return value
    if isinstance(value, list | tuple):
        if len(value) != 2:
            raise ValueError("a place has two numbers: [x, y]")
        return At(x=parse_length(value[0]), y=parse_length(value[1]))
    return At(anchor=parse_anchor(value))


AtPlace = Annotated[At, BeforeValidator(parse_at), WithJsonSchema(unit_schemas.PLACE)]


def parse_fps(value: Any) -> Fraction:
    """Frames per second, exact: 25, 29.97 (= 30000/1001), `30000/1001`. Raises ValueError."""
    if isinstance(value, bool):
        raise ValueError("a frame rate is a number such as 30 or 29.97")
    text = str(value).strip()
    try:
        rate = _NTSC.get(text) or _fraction(text)
    except (ValueError, ZeroDivisionError):
        raise ValueError("a frame rate is a number such as 24, 25, 29.97, 30 or 60000/1001") from None
    if not 1 <= rate <= 240:
        raise ValueError("a frame rate lies between 1 and 240")
    if rate.denominator not in (1, 2, 4, 5, 10, 1001):
        raise ValueError(
            "this is no frame rate of film or television: write 23.976, 24, 25, 29.97, 30, 50, 59.94 or 60"
        )
    return rate


def _fraction(text: str) -> Fraction:
    """As Fraction, but without exponents: 1e999999999 would take for ever."""
    if not re.fullmatch(r"[0-9]{0,20}(\.[0-9]{1,20}|/[0-9]{1,20})?", text):
        raise ValueError(text)
    return Fraction(text)


FrameRate = Annotated[Fraction, BeforeValidator(parse_fps), _written, WithJsonSchema(unit_schemas.RATE)]


def parse_canvas(value: Any) -> tuple[int, int]:
    """Width and height in px from `1280x720`: even (4:2:0 chroma needs it), 16 to 8192. Raises ValueError."""
    if isinstance(value, tuple) and len(value) == 2:
        return value
    match = re.fullmatch(r"(\d+)\s*[x×]\s*(\d+)", str(value).strip())
    if not match:
        raise ValueError("a size is written 1280x720")
    width, height = int(match[1]), int(match[2])
    if width % 2 or height % 2:
        raise ValueError(f"width and height must be even: write {width + width % 2}x{height + height % 2}")
    if not (16 <= width <= 8192 and 16 <= height <= 8192):
        raise ValueError("width and height lie between 16 and 8192")
    return width, height


Canvas = Annotated[
    tuple[int, int],
    BeforeValidator(parse_canvas),
    PlainSerializer(lambda size: f"{size[0]}x{size[1]}", return_type=str),
    WithJsonSchema(unit_schemas.CANVAS),
]


def parse_fraction(value: Any) -> float:
    """A share from 0 to 1, or in percent. Raises ValueError."""
    if isinstance(value, bool):
        raise ValueError("a share is a number from 0 to 1 or a percentage")
    text = str(value).strip()
    try:
        share = float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        raise ValueError("a share is a number from 0 to 1 or a percentage") from None
    if not 0 <= share <= 1:
        raise ValueError("a share lies between 0 and 1")
    return share


Share = Annotated[float, BeforeValidator(parse_fraction), WithJsonSchema(unit_schemas.SHARE)]


def parse_angle(value: Any) -> float:
    """Degrees, clockwise, from `90deg` or a plain number. Raises ValueError."""
    if isinstance(value, bool):
        raise ValueError("an angle is written 90deg")
    try:
        angle = float(str(value).strip().removesuffix("deg").removesuffix("°"))
    except ValueError:
        raise ValueError("an angle is written 90deg") from None
    if not -36000 <= angle <= 36000:
        raise ValueError("an angle lies between -36000deg and 36000deg")
    return angle


Angle = Annotated[float, BeforeValidator(parse_angle), WithJsonSchema(unit_schemas.ANGLE)]


def parse_factor(value: Any) -> Fraction:
    """An exact positive factor (speed): 2, 0.5, 3/2, `1.5x`. Raises ValueError."""
    if isinstance(value, bool):
        raise ValueError("a factor is a number such as 0.5 or 2")
    try:
        factor = _fraction(str(value).strip().removesuffix("x"))
    except (ValueError, ZeroDivisionError):
        raise ValueError("a factor is a number such as 0.5 or 2") from None
    if not Fraction(1, 20) <= factor <= 20:
        raise ValueError("a speed lies between 0.05 and 20")
    return factor


Factor = Annotated[Fraction, BeforeValidator(parse_factor), _written, WithJsonSchema(unit_schemas.FACTOR)]


def parse_language(value: Any) -> str:
    """A language tag (BCP 47, its common forms): en, de, pt-BR. Raises ValueError."""
    text = str(value).strip()
    if not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}", text):
        raise ValueError("a language is a tag such as en, de or pt-BR")
    return text


Language = Annotated[str, BeforeValidator(parse_language), WithJsonSchema(unit_schemas.LANGUAGE)]
