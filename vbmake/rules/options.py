"""The options of a rule: what a project may say to it, in the types, limits and defaults of JSON Schema."""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from vbmake.colors import parse_color

TYPES: Final = ("string", "integer", "number", "boolean", "array", "object")
KEYWORDS: Final = (
    *("type", "default", "description", "enum", "minimum", "maximum", "pattern", "format", "items", "properties"),
)
FORMATS: Final = ("color", "size")
_SIZE: Final = re.compile(r"[1-9][0-9]{1,3}x[1-9][0-9]{1,3}\Z")


class _Required:
    """The default of an option that has none: a project must give it."""

    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED: Final = _Required()


@dataclass(frozen=True)
class Option:
    """One option. Without a `default` it is required; with the default null it may be left out or be null.

    `minimum` and `maximum` bound numbers, `pattern` is searched for in strings (anchor it), `items` is the schema of
    each item of an array, `properties` those of an object (None: whatever it holds is the rule's business). The format
    `color` is any CSS colour and reaches the rule as "#rrggbbaa"; the format `size` is width and height, "1280x720".
    """

    type: str
    description: str = ""
    default: Any = REQUIRED
    enum: tuple[Any, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    pattern: str = ""
    format: str = ""
    items: Option | None = None
    properties: Mapping[str, Option] | None = None

    def problems(self, value: Any, path: str) -> list[str]:
        """What is wrong with a value, one sentence each with the path in it; [] when it may be used."""
        if value is None and self.default is None:
            return []
        if not _is_a(value, self.type):
            return [f"{path}: found {_told(value)}, allowed is {self.allowed()}"]
        if self.enum and value not in self.enum:
            return [f"{path}: found {_told(value)}, allowed is {self.allowed()}{did_you_mean(value, self.enum)}"]
        if isinstance(value, int | float) and not isinstance(value, bool):
            below = self.minimum is not None and value < self.minimum
            above = self.maximum is not None and value > self.maximum
            return [f"{path}: found {_told(value)}, allowed is {self.allowed()}"] if below or above else []
        if isinstance(value, str):
            return self._string_problems(value, path)
        if isinstance(value, list | tuple) and self.items is not None:
            return [text for at, item in enumerate(value) for text in self.items.problems(item, f"{path}[{at}]")]
        if isinstance(value, Mapping) and self.properties is not None:
            return check(self.properties, value, f"{path}.")
        return []

    def _string_problems(self, value: str, path: str) -> list[str]:
        if "\0" in value:
            return [f"{path}: found a NUL character, allowed is text without one"]
        # Python's $ also matches before a final newline, which JSON Schema's does not.
        if self.pattern and not (re.search(self.pattern, value) and not value.endswith("\n")):
            return [f"{path}: found {_told(value)}, allowed is {self.allowed()}"]
        if self.format == "size" and not _SIZE.match(value):
            return [f"{path}: found {_told(value)}, allowed is {self.allowed()}"]
        if self.format == "color":
            try:
                parse_color(value)
            except ValueError as error:
                return [f"{path}: found {_told(value)}: {error}"]
        return []

    def allowed(self) -> str:
        """What may be said, in words: "integer >= 1", "light | dark"."""
        if self.enum:
            return " | ".join(str(plain) for plain in self.enum)
        words = {"": self.type, "color": "color", "size": "size such as 1280x720"}[self.format]
        if self.minimum is not None and self.maximum is not None:
            words += f" from {self.minimum} to {self.maximum}"
        elif self.minimum is not None:
            words += f" >= {self.minimum}"
        elif self.maximum is not None:
            words += f" <= {self.maximum}"
        if self.pattern:
            words += f" like {self.pattern}"
        if self.items is not None:
            words += f" of {self.items.allowed()}"
        return words

    def normal(self, value: Any) -> Any:
        """The one form of a value that a key is made of: 2.0 is 2, tuples are lists, nested defaults are filled in."""
        if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
            return int(value)
        if isinstance(value, str) and self.format == "color":
            return parse_color(value)
        if isinstance(value, list | tuple):
            return [self.items.normal(item) if self.items else item for item in value]
        if isinstance(value, Mapping) and self.properties is not None:
            return fill(self.properties, value)
        return value


def check(options: Mapping[str, Option], values: Mapping[str, Any], prefix: str = "") -> list[str]:
    """What is wrong with the values given for a set of options: unknown names, missing ones, wrong values."""
    found = []
    for name, value in values.items():
        if name not in options:
            allowed = ", ".join(options) or "none"
            found.append(f"{prefix}{name}: no such option, allowed are {allowed}{did_you_mean(name, options)}")
        else:
            found += options[name].problems(value, f"{prefix}{name}")
    for name, option in options.items():
        if option.default is REQUIRED and name not in values:
            what = option.allowed() + (f": {option.description}" if option.description else "")
            found.append(f"{prefix}{name} is missing, give it ({what})")
    return found


def fill(options: Mapping[str, Option], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with defaults where nothing was given, in one form; to be used on values that `check` accepts."""
    filled: dict[str, Any] = {}
    for name, option in options.items():
        value = values.get(name, option.default)
        if value is not REQUIRED:
            filled[name] = option.normal(value)
    return filled


def did_you_mean(word: Any, known: Iterable[Any]) -> str:
    """ "; did you mean 'page'?" when a known word is near, else nothing."""
    near = difflib.get_close_matches(str(word), [str(item) for item in known], n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""


def _is_a(value: Any, type: str) -> bool:
    if isinstance(value, bool):
        return type == "boolean"
    if isinstance(value, float):
        whole = math.isfinite(value) and value.is_integer()
        return (type == "number" and math.isfinite(value)) or (type == "integer" and whole)
    match type:
        case "string":
            return isinstance(value, str)
        case "integer" | "number":
            return isinstance(value, int)
        case "array":
            return isinstance(value, list | tuple)
        case "object":
            return isinstance(value, Mapping)
    return False


def _told(value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."
