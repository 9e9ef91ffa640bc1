"""From the tree of a rule file to a Rule: each field checked, every mistake noted with its place."""

from __future__ import annotations

import keyword
import re
from pathlib import Path
from typing import Any, cast

from vbmake.document.node import List, Map, Node, Problems, Scalar, describe, plain
from vbmake.rules.model import ARITIES, Arity, Each, Item, Rule, Step, When
from vbmake.rules.options import FORMATS, KEYWORDS, REQUIRED, TYPES, Option, did_you_mean

FIELDS = (
    *("rule", "about", "version", "reads", "options", "makes", "needs", "pool", "command", "call", "fails", "timeout"),
)
RULE_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\Z")
NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
EXTENSION = re.compile(r"[a-z0-9]{1,8}\Z")
NEED = re.compile(r"(\./)?[A-Za-z0-9][\w.+/-]*\Z|python:[A-Za-z0-9][\w.-]*\Z")
CALL = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*\Z")
# What Jinja reads as its own, and the one name that every command is given beside its options and roles.
RESERVED = {*keyword.kwlist, "true", "false", "none", "scratch", "loop", "self", "varargs", "kwargs", "caller"}


def parse_rule(node: Map, path: Path, problems: Problems) -> Rule | None:
    """The rule in a file's tree, or None after its mistakes were added to `problems`."""
    before = len(problems)
    reader = _Reader(node, problems)
    rule = Rule(
        name=reader.name(path),
        about=reader.text("about", required=True),
        version=reader.whole("version", 1, minimum=1),
        reads=reader.reads(),
        options=reader.options(),
        makes={role: found[0] for role, found in reader.makes().items()},
        extensions=reader.makes(),
        needs=reader.needs(),
        pool=reader.text("pool") or "cpu",
        command=reader.command(),
        call=reader.call(),
        fails=reader.pattern("fails"),
        timeout=reader.seconds("timeout"),
        file=path,
    )
    if len(problems) == before:
        _check_names(node, problems)
    if len(problems) == before and rule.command:
        from vbmake.rules.command import check_command  # jinja2 is wanted only where a rule has a command

        check_command(rule, node.items["command"], problems)
    return rule if len(problems) == before else None


def _check_names(node: Map, problems: Problems) -> None:
    """Options and roles share one room of names: a command and a layer name them alike."""
    seen: set[str] = set()
    for field in ("reads", "options", "makes"):
        inner = node.items.get(field)
        if isinstance(inner, Map):
            for name, place in inner.keys.items():
                if name in seen:
                    problems.add(place, f"{name!r} already names something else of this rule", hint="use another name")
                if not NAME.match(name) or name in RESERVED:
                    problems.add(place, "this cannot be a name", found=name, allowed="small letters, digits and _")
                seen.add(name)


class _Reader:
    """Reads the fields of one rule file."""

    def __init__(self, node: Map, problems: Problems) -> None:
        self.node = node
        self.problems = problems
        for key, place in node.keys.items():
            if key not in FIELDS:
                hint = did_you_mean(key, FIELDS).removeprefix("; ")
                problems.add(place, "unknown key", found=key, allowed=", ".join(FIELDS), hint=hint)
        if ("command" in node.items) == ("call" in node.items):
            found = "both" if "call" in node.items else "neither"
            problems.add(
                node, "a rule has either a command or a call", found=found, hint="command: [program, argument]"
            )

        if "call" in node.items:
            for field in ("fails", "timeout"):
                if field in node.items:
                    self.problems.add(node.keys[field], f"{field} is for commands; a call looks after itself")

    def name(self, path: Path) -> str:
        name = self.text("rule", required=True)
        where = self.node.items.get("rule", self.node)
        if name and not RULE_NAME.match(name):
            allowed = "small letters and digits in words joined by -, such as pdf-page"
            self.problems.add(where, "this cannot be a rule's name", found=name, allowed=allowed)
        elif name and name != path.stem:
            self.problems.add(where, "a rule bears the name of its file", found=name, allowed=path.stem)
        return name

    def text(self, field: str, required: bool = False) -> str:
        node = self.node.items.get(field)
        if node is None:
            if required:
                self.problems.add(self.node, f"{field} is missing", allowed=f"{field}: text")
            return ""
        if not isinstance(node, Scalar) or not isinstance(node.value, str) or not node.value.strip():
            self.problems.add(node, f"{field} is a text", found=describe(node))
            return ""
        return " ".join(node.value.split())

    def pattern(self, field: str) -> str:
        text = self.text(field)
        try:
            re.compile(text)
        except re.error as error:
            self.problems.add(self.node.items[field], f"{field} is a regular expression: {error}", found=text)
        return text

    def whole(self, field: str, default: int, minimum: int) -> int:
        node = self.node.items.get(field)
        if node is None:
            return default
        value = plain(node)
        if not isinstance(value, int) or isinstance(value, bool) or value < minimum:
            self.problems.add(node, f"{field} is a whole number", found=describe(node), allowed=f"{minimum} or more")
            return default
        return value

    def seconds(self, field: str) -> float | None:
        node = self.node.items.get(field)
        if node is None:
            return None
        value = plain(node)
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= 7 * 86400:
            self.problems.add(
                node, f"{field} is a number of seconds", found=describe(node), allowed="above 0, to 604800"
            )
            return None
        return float(value)

    def _map(self, field: str) -> Map | None:
        node = self.node.items.get(field)
        if node is None or isinstance(node, Map):
            return node
        self.problems.add(node, f"{field} is a mapping", found=describe(node))
        return None

    def reads(self) -> dict[str, Arity]:
        found: dict[str, Arity] = {}
        inner = self._map("reads")
        for role, node in (inner.items if inner else {}).items():
            if plain(node) not in ARITIES:
                self.problems.add(node, "what a role reads", found=describe(node), allowed=" | ".join(ARITIES))
            else:
                found[role] = cast(Arity, plain(node))
        return found

    def makes(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        inner = self._map("makes")
        for role, node in (inner.items if inner else {}).items():
            extensions = node.items if isinstance(node, List) else [node]
            words = tuple(str(plain(item)) for item in extensions)
            if not words or not all(EXTENSION.match(word) for word in words):
                allowed = "an extension such as png, or a list of them with the default first"
                self.problems.add(node, "what a role makes", found=describe(node), allowed=allowed)
            else:
                found[role] = words
        if (
            not found
            and (inner is None or not inner.items)
            and not isinstance(self.node.items.get("makes"), Scalar | List)
        ):
            self.problems.add(inner or self.node, "a rule makes something", allowed="makes: {role: extension}")
        return found

    def needs(self) -> tuple[str, ...]:
        node = self.node.items.get("needs")
        if node is None:
            return ()
        if not isinstance(node, List):
            self.problems.add(
                node, "needs is a list of tools", found=describe(node), allowed="[pdftoppm, python:segno]"
            )
            return ()
        found = []
        for item in node.items:
            word = plain(item)
            if not isinstance(word, str) or not NEED.match(word) or ".." in word:
                allowed = "a program's name, python:PACKAGE, or ./FILE beside the rule"
                self.problems.add(item, "this cannot be a need", found=describe(item), allowed=allowed)
            else:
                found.append(word)
        return tuple(dict.fromkeys(found))

    def call(self) -> str:
        text = self.text("call") if "call" in self.node.items else ""
        if text and not CALL.match(text):
            self.problems.add(self.node.items["call"], "this is no call", found=text, allowed="package.module:function")
        return text

    def options(self) -> dict[str, Option] | None:
        node = self.node.items.get("options")
        if isinstance(node, Scalar) and node.value == "any":
            return None
        inner = self._map("options")
        found = {}
        for name, child in (inner.items if inner else {}).items():
            option = parse_option(child, self.problems)
            if option is not None:
                found[name] = option
        return found

    def command(self) -> tuple[Step, ...]:
        node = self.node.items.get("command")
        if node is None:
            return ()
        if not isinstance(node, List) or not node.items:
            allowed = "[program, argument, ...], or a list of such lists"
            self.problems.add(node, "a command is a list of arguments", found=describe(node), allowed=allowed)
            return ()
        steps = node.items if all(isinstance(item, List) for item in node.items) else [node]
        return tuple(self._items(cast(List, step)) for step in steps)

    def _items(self, node: Node) -> tuple[Item, ...]:
        if not isinstance(node, List):
            node = List([node], node.place)
        return tuple(item for child in node.items if (item := self._item(child)) is not None)

    def _item(self, node: Node) -> Item | None:
        if isinstance(node, Scalar) and node.value is not None and not isinstance(node.value, bool):
            return node.raw
        if isinstance(node, Map):
            keys = set(node.items)
            if keys == {"each"} and isinstance(node.items["each"], Scalar):
                return Each(node.items["each"].raw)
            if "if" in keys and "then" in keys and keys <= {"if", "then", "else"}:
                condition = node.items["if"]
                if isinstance(condition, Scalar):
                    otherwise = self._items(node.items["else"]) if "else" in keys else ()
                    return When(condition.raw, self._items(node.items["then"]), otherwise)
        allowed = (
            "text, a number, {if: expression, then: [arguments], else: [arguments]} or {each: role or array option}"
        )
        self.problems.add(node, "this cannot be an argument", found=describe(node), allowed=allowed)
        return None


def parse_option(node: Node, problems: Problems) -> Option | None:
    """One option's schema; None, with the mistake noted, where it is none."""
    if not isinstance(node, Map):
        problems.add(node, "an option is a mapping", found=describe(node), allowed="{type: integer, default: 1}")
        return None
    before = len(problems)
    for key, place in node.keys.items():
        if key not in KEYWORDS:
            hint = did_you_mean(key, KEYWORDS).removeprefix("; ")
            problems.add(place, "unknown key of an option", found=key, allowed=", ".join(KEYWORDS), hint=hint)
    values: dict[str, Any] = {key: plain(child) for key, child in node.items.items()}
    kind = values.get("type")
    if kind not in TYPES:
        problems.add(node.items.get("type", node), "an option has a type", found=str(kind), allowed=" | ".join(TYPES))
        return None
    _check_keywords(node, values, problems)
    items = parse_option(node.items["items"], problems) if "items" in node.items else None
    inner = node.items.get("properties")
    properties = None
    if isinstance(inner, Map):
        parsed = {name: parse_option(child, problems) for name, child in inner.items.items()}
        properties = {name: option for name, option in parsed.items() if option is not None}
    if len(problems) != before:
        return None
    option = Option(
        type=kind,
        description=" ".join(str(values.get("description", "")).split()),
        default=values.get("default", REQUIRED),
        enum=tuple(values.get("enum", ())),
        minimum=values.get("minimum"),
        maximum=values.get("maximum"),
        pattern=values.get("pattern", ""),
        format=values.get("format", ""),
        items=items,
        properties=properties,
    )
    if option.default is not REQUIRED:
        for text in option.problems(option.default, "default"):
            problems.add(node.items["default"], f"the default is not allowed: {text}")
    return option


def _check_keywords(node: Map, values: dict[str, Any], problems: Problems) -> None:
    """Each keyword of a schema has its own type."""
    for key in ("minimum", "maximum"):
        if key in values and (not isinstance(values[key], int | float) or isinstance(values[key], bool)):
            problems.add(node.items[key], f"{key} is a number", found=describe(node.items[key]))
    if "enum" in values and (not isinstance(values["enum"], list) or not values["enum"]):
        problems.add(node.items["enum"], "enum is a list of values", found=describe(node.items["enum"]))
    if "properties" in values and not isinstance(values["properties"], dict):
        problems.add(node.items["properties"], "properties is a mapping", found=describe(node.items["properties"]))
    if values.get("format", FORMATS[0]) not in FORMATS:
        problems.add(
            node.items["format"], "an unknown format", found=str(values["format"]), allowed=" | ".join(FORMATS)
        )
    if "pattern" in values:
        try:
            re.compile(values["pattern"])
        except (re.error, TypeError) as error:
            problems.add(node.items["pattern"], f"pattern is a regular expression: {error}")
