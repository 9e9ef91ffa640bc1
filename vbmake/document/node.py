"""The tree of a declaration: every value with the place where it was written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vbmake.errors import Place, Problem


class WrittenInt(int):
    """An integer that remembers how it was written, so that it can stand in a text unchanged."""

    raw: str

    def __new__(cls, value: int, raw: str) -> WrittenInt:
        number = super().__new__(cls, value)
        number.raw = raw
        return number

    def __str__(self) -> str:
        return self.raw


class WrittenFloat(float):
    """A decimal number that remembers how it was written: `2.50` stays `2.50` in a text."""

    raw: str

    def __new__(cls, value: float, raw: str) -> WrittenFloat:
        number = super().__new__(cls, value)
        number.raw = raw
        return number

    def __str__(self) -> str:
        return self.raw


@dataclass(slots=True, eq=False)
class Scalar:
    """Text, a number, true or false, or nothing; `raw` is how it was written.

    `broken` marks a value that could not be had and was told already: no further mistake is told of it.
    """

    value: Any
    raw: str
    place: Place
    context: str = ""
    broken: bool = False


@dataclass(slots=True, eq=False)
class List:
    """A list of nodes; `fixed` as in Map."""

    items: list[Node]
    place: Place
    context: str = ""
    fixed: int = 0


@dataclass(slots=True, eq=False)
class Map:
    """A mapping from text keys to nodes; `keys` says where each key stands.

    `fixed`: how many values it is, itself among them, where all of them are written out and stand in this place
    alone, without a template, loop, include, alias or empty value; else 0.
    """

    items: dict[str, Node]
    keys: dict[str, Place]
    place: Place
    context: str = ""
    fixed: int = 0


Node = Scalar | List | Map


@dataclass(slots=True)
class Problems:
    """The mistakes found so far. What is told of a place once is not told again for each turn of a loop."""

    found: list[Problem] = field(default_factory=list)
    _told: set[tuple[str, int, int, str, str]] = field(default_factory=set)
    _places: set[tuple[str, int, int]] = field(default_factory=set)

    def add(
        self, where: Node | Place, message: str, *, found: str = "", allowed: str = "", hint: str = "", path: str = ""
    ) -> None:
        """Note a mistake at a node or a place; `path` replaces the place's own path in the document."""
        place = where if isinstance(where, Place) else where.place
        context = "" if isinstance(where, Place) else where.context
        if path:
            place = place._replace(path=path)
        hint = "; ".join(part for part in (hint, f"this is for {context}" if context else "") if part)
        key = (place.file, place.line, place.column, message, found)
        if key not in self._told:
            self._told.add(key)
            self._places.add(key[:3])
            self.found.append(Problem(place, message, found=found, allowed=allowed, hint=hint))

    def extend(self, problems: Iterable[Problem]) -> None:
        """Note mistakes that another reader told."""
        self.found += [problem for problem in problems if problem not in self.found]

    def told_at(self, place: Place) -> bool:
        """Whether a mistake was told of the value at this place already."""
        return (place.file, place.line, place.column) in self._places

    def in_order(self, first: str = "") -> list[Problem]:
        """The mistakes in the order of lines: those of the file `first`, then files in the order they were told of."""
        files = {problem.place.file: number for number, problem in reversed(list(enumerate(self.found, 1)))}
        files[first] = 0
        return sorted(self.found, key=lambda found: (files[found.place.file], found.place.line, found.place.column))

    def __bool__(self) -> bool:
        return bool(self.found)

    def __len__(self) -> int:
        return len(self.found)


def plain(node: Node) -> Any:
    """The node's value as plain dicts, lists, text, numbers, bools and None."""
    if isinstance(node, Map):
        return {
            key: item.value if type(item) is Scalar and type(item.value) is str else plain(item)  # (most are text)
            for key, item in node.items.items()
        }
    if isinstance(node, List):
        return [plain(item) for item in node.items]
    if isinstance(node.value, WrittenInt):
        return int(node.value)
    if isinstance(node.value, WrittenFloat):
        return float(node.value)
    return node.value


def scope_value(node: Node) -> Any:
    """As `plain`, but numbers keep how they were written: what templates see."""
    if isinstance(node, Map):
        return {key: scope_value(item) for key, item in node.items.items()}
    if isinstance(node, List):
        return [scope_value(item) for item in node.items]
    return node.value


def from_value(value: Any, place: Place, context: str = "") -> Node:
    """A tree for a value that an expression gave; every node of it stands where the expression stands."""
    if isinstance(value, Mapping):
        items = {str(key): from_value(item, place, context) for key, item in value.items()}
        return Map(items, dict.fromkeys(items, place), place, context)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return List([from_value(item, place, context) for item in value], place, context)
    raw = ("true" if value else "false") if isinstance(value, bool) else "" if value is None else str(value)
    return Scalar(value, raw, place, context)


def describe(node: Node | None) -> str:
    """What stands there, in a few words, for an error message."""
    if node is None:
        return "nothing"
    if isinstance(node, Map):
        keys = ", ".join(list(node.items)[:4]) + (", ..." if len(node.items) > 4 else "")
        return f"a mapping ({keys})" if keys else "an empty mapping"
    if isinstance(node, List):
        return _list_in_words(node)
    if node.value is None:
        return "nothing (an empty value)"
    return shorten(node.raw if not isinstance(node.value, str) else repr_text(node.value))


def _list_in_words(node: List) -> str:
    words = ", ".join(item.raw for item in node.items if isinstance(item, Scalar))
    if node.items and len(node.items) <= 6 and len(words) <= 60 and all(isinstance(i, Scalar) for i in node.items):
        return f"[{words}]"
    return f"a list of {len(node.items)}" if node.items else "an empty list"


def repr_text(text: str) -> str:
    """The text in quotes, with what cannot be printed escaped."""
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else ascii(c)[1:-1] for c in escaped) + '"'


def shorten(text: str, limit: int = 100) -> str:
    """The text, cut in the middle when it is long."""
    return text if len(text) <= limit else f"{text[: limit // 2]} ... {text[-limit // 4 :]}"
