"""How values with units look in the JSON Schema: what an editor checks and shows. 0 needs no unit."""

from __future__ import annotations

from typing import Any

_PLAIN = r"[+-]?(\d+(\.\d*)?|\.\d+)"
_CLOCK_TIME = r"(\d+:)?\d{1,3}:\d{1,2}(\.\d+)?"
_UNIT_TIME = r"((\d+(\.\d*)?|\.\d+)\s*(ms|h|m|s)\s*)+"
_ZERO = {"const": 0}
TIME: dict[str, Any] = {
    "anyOf": [{"type": "string", "pattern": rf"^\s*({_CLOCK_TIME}|{_UNIT_TIME})\s*$"}, _ZERO],
    "examples": ["2s", "500ms", "1m30s", "1:03.5"],
}
LENGTH: dict[str, Any] = {
    "anyOf": [{"type": "string", "pattern": rf"^\s*{_PLAIN}(px|%)\s*$"}, _ZERO],
    "examples": ["9%", "24px"],
}
COLOR: dict[str, Any] = {
    "type": "string",
    "pattern": r"^\s*(#[0-9A-Fa-f]{3,8}|[A-Za-z]+|(rgb|hsl)a?\(.*\))\s*$",
    "examples": ["white", "#ff8800", "#ff880080", "rgb(255 136 0 / 50%)"],
}
GAIN: dict[str, Any] = {
    "anyOf": [{"type": "string", "pattern": rf"^\s*{_PLAIN}\s?[dD][bB]\s*$"}, _ZERO],
    "examples": ["-12dB"],
}
_SIDE = "(top|bottom|left|right|center|centre|middle)"
ANCHOR: dict[str, Any] = {
    "anyOf": [
        {"enum": ["top left", "top", "top right", "left", "center", "right", "bottom left", "bottom", "bottom right"]},
        {"type": "string", "pattern": rf"^\s*{_SIDE}([\s-]+{_SIDE})?\s*$"},
    ],
    "examples": ["bottom left"],
}
PLACE: dict[str, Any] = {
    "anyOf": [*ANCHOR["anyOf"], {"type": "array", "items": LENGTH, "minItems": 2, "maxItems": 2}],
    "examples": ["bottom left", ["50%", "30%"]],
}
SHARE: dict[str, Any] = {
    "anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "string", "pattern": r"^\s*[\d.]+%?\s*$"}],
    "examples": [0.5, "50%"],
}
ANGLE: dict[str, Any] = {
    "anyOf": [{"type": "number"}, {"type": "string", "pattern": rf"^\s*{_PLAIN}(deg|°)?\s*$"}],
    "examples": ["90deg", -4],
}
FACTOR: dict[str, Any] = {
    "anyOf": [{"type": "number", "minimum": 0.05, "maximum": 20}, {"type": "string", "pattern": r"^\s*[\d./]+x?\s*$"}],
    "examples": [0.5, 2, "1.5x"],
}
RATE: dict[str, Any] = {
    "anyOf": [{"type": "number", "minimum": 1, "maximum": 240}, {"type": "string", "pattern": r"^\s*[\d./]+\s*$"}],
    "examples": [24, 25, 29.97, 30, 50, 60],
}
CANVAS: dict[str, Any] = {
    "type": "string",
    "pattern": r"^\s*\d+\s*[x×]\s*\d+\s*$",
    "examples": ["1280x720", "1920x1080", "720x1280", "1080x1080"],
}
LANGUAGE: dict[str, Any] = {
    "type": "string",
    "pattern": r"^\s*[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}\s*$",
    "examples": ["en", "de", "pt-BR"],
}

# Shapes that many fields share, under the names they have in the schema.
NAMED = {
    "color": COLOR,
    "anchor": ANCHOR,
    "time": TIME,
    "length": LENGTH,
    "gain": GAIN,
    "place": PLACE,
    "share": SHARE,
    "angle": ANGLE,
}
