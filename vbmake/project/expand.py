"""What a declaration says once includes, variables, loops and conditions are done: a tree without templates."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vbmake.document.node import List, Map, Node, Problems, Scalar, describe, from_value, scope_value, shorten
from vbmake.errors import Problem, ProjectError
from vbmake.project.documents import Documents

if TYPE_CHECKING:
    from vbmake.project.template import Templates

MAX_ITEMS = 10_000
MAX_NODES = 500_000
RESERVED = (
    "vars",
    "data",
    "loop",
    "true",
    "false",
    "none",
    "True",
    "False",
    "None",
    "range",
    "self",
    "not",
    "and",
    "or",
)
# Collections by name: an include's entries stay beside those of the file that includes it.
MERGED = ("vars", "data", "fonts", "styles", "voices", "formats")

Scope = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a loop: the names it adds to the scope around it, and how an error message calls it."""

    around: Scope
    names: Mapping[str, Any]
    context: str

    @property
    def scope(self) -> dict[str, Any]:
        """All names of the turn; made when asked for, since a loop may have many turns and a project many names."""
        return {**self.around, **self.names}


class Expander:
    """Expands the trees of one project; counts what it makes, so that nothing can grow without end."""

    def __init__(self, documents: Documents, problems: Problems) -> None:
        self.documents = documents
        self.problems = problems
        self.made = 0

    def quiet(self) -> Expander:
        """Another one for the same project, whose mistakes are told to nobody."""
        other = Expander(self.documents, Problems())
        other.templates = self.templates
        return other

    @functools.cached_property
    def templates(self) -> Templates:
        """What evaluates the expressions of the project; made, and its library imported, for the first of them."""
        from vbmake.project.template import Templates

        return Templates()

    def merge_includes(self, tree: Map, name: str, stack: tuple[str, ...] = ()) -> Map:
        """The declaration with what its top-level `include` names as defaults: later files and the file itself win.

        Collections (variables, data, fonts, styles, voices, formats) are merged by name, everything else as a whole.
        """
        node = tree.items.get("include")
        if node is None:
            return tree
        merged = Map({}, {}, tree.place)
        for item in node.items if isinstance(node, List) else [node]:
            included = self.documents.include(item, (*stack, name))
            if included is None:
                continue
            content, file = included
            if not isinstance(content, Map):
                message = "an included file holds settings by name"
                self.problems.add(content, message, found=describe(content), hint="scenes are included in `scenes`")
                continue
            _overlay(merged, self.merge_includes(content, file, (*stack, name)))
        own = Map({key: item for key, item in tree.items.items() if key != "include"}, tree.keys, tree.place)
        _overlay(merged, own)
        return merged

    def scope(self, node: Node | None, scope: Scope) -> dict[str, Any]:
        """The scope with the variables of `vars` added, each of which may use those above it."""
        names = {**scope, "vars": dict(scope.get("vars", {}))}
        if node is None:
            return names
        if not isinstance(node, Map):
            self.problems.add(node, "vars is a mapping", found=describe(node), allowed="{city: Alexandria}")
            return names
        for key, item in node.items.items():
            if self._usable(key, node, "variable"):
                value = self.value(item, names)
                names[key] = names["vars"][key] = scope_value(value)
        return names

    def _usable(self, name: str, owner: Map, what: str) -> bool:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,60}", name) or name.startswith("__"):
            allowed = "letters, digits and _, not a digit first"
            self.problems.add(owner.keys[name], f"this is no name for a {what}", found=shorten(name), allowed=allowed)
            return False
        if name in RESERVED:
            self.problems.add(owner.keys[name], f"{name} has a meaning of its own and is no name for a {what}")
            return False
        return True

    def value(self, node: Node, scope: Scope, stack: tuple[str, ...] = (), context: str = "") -> Node:
        """The tree with every template evaluated, and every list's `for`, `if` and `include` carried out.

        What is written out and used once is the value itself, whatever may be done with that later.
        """
        if not context and isinstance(node, Map | List) and node.fixed and len(stack) < 2:
            self._count(node, node.fixed)
            return node
        self._count(node)
        context = context or node.context
        if isinstance(node, Map):
            items: dict[str, Node] = {}
            for key, item in node.items.items():
                if type(item) is Scalar and (type(item.value) is not str or "{" not in item.value):  # most are plain
                    self._count(item)
                    items[key] = Scalar(item.value, item.raw, item.place, context or item.context)
                else:
                    items[key] = self.value(item, scope, stack, context)
            return Map(items, node.keys, node.place, context)
        if isinstance(node, List):
            items_ = [made for item in node.items for made in self._item(item, scope, stack, context)]
            return List(items_, node.place, context)
        if isinstance(node.value, str) and ("{{" in node.value or "{%" in node.value):
            return self._evaluate(node, node.value, scope, context)
        return Scalar(node.value, node.raw, node.place, context)

    def _evaluate(self, node: Scalar, text: str, scope: Scope, context: str) -> Node:
        from vbmake.project.template import TemplateError

        try:
            made = from_value(self.templates.evaluate(text, scope), node.place, context)
        except TemplateError as error:
            told = Scalar(None, node.raw, node.place, context, broken=True)
            self.problems.add(told, str(error), found=shorten(text), allowed=error.allowed, hint=error.hint)
            return told
        if not isinstance(made, Scalar):
            self._count_all(made)
        return made

    def _item(self, node: Node, scope: Scope, stack: tuple[str, ...], context: str) -> Iterator[Node]:
        if not isinstance(node, Map) or not ({"for", "if", "include"} & node.items.keys()):
            yield self.value(node, scope, stack, context)
            return
        rest = {key: item for key, item in node.items.items() if key not in ("for", "if")}
        body = Map(rest, node.keys, node.place, node.context)
        condition = node.items.get("if")
        for turn in (
            self.turns(node.items["for"], scope, context) if "for" in node.items else [Turn(scope, {}, context)]
        ):
            if condition is None or self._holds(condition, turn):
                if "include" in rest:
                    yield from self._included(body, turn, stack)
                else:
                    yield self.value(body, turn.scope, stack, turn.context)

    def _included(self, body: Map, turn: Turn, stack: tuple[str, ...]) -> Iterator[Node]:
        include = body.items["include"]
        for key in body.items:
            if key != "include":
                self.problems.add(body.keys[key], f"{key} cannot stand beside include", allowed="include, for, if")
        included = self.documents.include(include, stack or (include.place.file,))
        if included is None:
            return
        content, file = included
        deeper = (*(stack or (include.place.file,)), file)
        for item in content.items if isinstance(content, List) else [content]:
            yield from self._item(item, turn.scope, deeper, turn.context)

    def turns(self, node: Node, scope: Scope, context: str = "") -> list[Turn]:
        """The turns of `for: {name: list, ...}`: every combination, the first name's list outermost."""
        if not isinstance(node, Map) or not node.items:
            allowed = 'for: {row: "{{ data.rows }}"}'
            self.problems.add(node, "for says a name and a list", found=describe(node), allowed=allowed)
            return []
        turns = [Turn(scope, {}, context)]
        for name, item in node.items.items():
            if not self._usable(name, node, "loop"):
                return []
            turns = [inner for turn in turns for inner in self._turns_of(name, item, turn)]
            if len(turns) > MAX_ITEMS:
                self.problems.add(
                    item, "the loop has too many turns", found=f"{len(turns):,}", allowed=f"{MAX_ITEMS:,}"
                )
                return []
        outer = scope.get("loop")
        total = len(turns)
        return [
            Turn(scope, {**turn.names, "loop": _loop(number, total, outer)}, turn.context)
            for number, turn in enumerate(turns)
        ]

    def _turns_of(self, name: str, node: Node, turn: Turn) -> list[Turn]:
        made = self.value(node, turn.scope, context=turn.context)
        if isinstance(made, Scalar) and made.broken:
            return []
        if not isinstance(made, List):
            found = shorten(node.raw) if isinstance(node, Scalar) else describe(made)
            hint = "`| items` makes a list of [name, value] of a mapping" if isinstance(made, Map) else ""
            self.problems.add(made, f"{name} goes through a list", found=f"{describe(made)} from {found}", hint=hint)
            return []
        total = len(made.items)
        contexts = [
            f"{turn.context}, " * bool(turn.context) + f"{name} {number} of {total}" for number in range(1, total + 1)
        ]
        pairs = zip(made.items, contexts, strict=True)
        return [Turn(turn.around, {**turn.names, name: scope_value(item)}, context) for item, context in pairs]

    def _holds(self, node: Node, turn: Turn) -> bool:
        made = self.value(node, turn.scope, context=turn.context)
        if isinstance(made, Scalar):
            if isinstance(made.value, str):
                return made.value.strip().lower() not in ("", "false", "no", "off", "0")
            return bool(made.value)
        return bool(made.items)

    def _count(self, node: Node, values: int = 1) -> None:
        self.made += values
        if self.made > MAX_NODES:
            message = "loops and includes make too many values"
            raise ProjectError([*self.problems.found, Problem(node.place, message, allowed=f"{MAX_NODES:,} in all")])

    def _count_all(self, node: Node) -> None:
        waiting = [node]
        while waiting:
            node = waiting.pop()
            self._count(node)
            if not isinstance(node, Scalar):
                waiting += node.items.values() if isinstance(node, Map) else node.items


def _loop(number: int, length: int, outer: Any) -> dict[str, Any]:
    return {
        "index": number + 1,
        "index0": number,
        "first": number == 0,
        "last": number == length - 1,
        "length": length,
        "outer": outer,
    }


def _overlay(base: Map, over: Map) -> None:
    """Put the entries of `over` into `base`; collections are merged by name."""
    for key, item in over.items.items():
        below = base.items.get(key)
        if key in MERGED and isinstance(below, Map) and isinstance(item, Map):
            item = Map({**below.items, **item.items}, {**below.keys, **item.keys}, item.place)
        base.items[key] = item
        base.keys[key] = over.keys[key]
