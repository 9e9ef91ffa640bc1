"""YAML, read safely: a tree with places, bounded in size and depth, with only `true` and `false` as booleans.

PyYAML's scanner and parser are used; its resolver and constructor are not, because they follow YAML 1.1, where `no` is
false and `1:03.5` is 63.5. Values are resolved as YAML 1.2's core schema does; numbers remember how they were written.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import yaml

from vbmake.document.node import List, Map, Node, Problems, Scalar, WrittenFloat, WrittenInt, repr_text, shorten
from vbmake.errors import Place, Problem, ProjectError

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_tuple = tuple.__new__  # of a NamedTuple, in half the time that it takes itself

_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INT = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*|(?=[eE])))([eE][-+]?[0-9]+)?\Z")
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PRINTABLE = bytes((9, 10, 13, *range(0x20, 0x7F)))  # what is printable of ASCII: most text has nothing else
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a file may be: bytes, nodes (aliases counted each time they are used), and levels of nesting."""

    bytes: int = 4_000_000
    nodes: int = 400_000
    depth: int = 40


TOO_DEEP = "lists and mappings are nested too deeply"
_DYNAMIC = frozenset(("for", "if", "include"))  # keys that may tell of more, or less, than is written
KEY = 200  # characters of a key, at most
DECLARATION = Limits()
DATA = Limits(bytes=16_000_000, nodes=1_000_000)


def read_yaml(content: bytes, file: str, problems: Problems, limits: Limits = DECLARATION) -> Node:
    """The tree of one YAML document.

    `file` is how the file is called in places. Mistakes that leave a tree (a key twice, a merge key) are added to
    `problems`. Raises ProjectError where no tree can be had: not text, not YAML, too large, no document at all.
    """
    text = _decode(content, file, limits)
    try:
        return _Reader(file, limits, problems).read(text)
    except yaml.MarkedYAMLError as error:
        raise ProjectError([_syntax_problem(error, file, text)]) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ProjectError([Problem(Place(file), f"this is not YAML: {shorten(str(error))}")]) from None


def _decode(content: bytes, file: str, limits: Limits) -> str:
    def refuse(message: str, line: int = 0, column: int = 0, **more: str) -> ProjectError:
        return ProjectError([Problem(Place(file, line, column), message, **more)])

    if len(content) > limits.bytes:
        raise refuse(f"the file is too large: {len(content):,} bytes", allowed=f"at most {limits.bytes:,} bytes")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise refuse("the file is UTF-16 text", allowed="UTF-8", hint="save it as UTF-8")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8", "replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        found = f"byte 0x{content[error.start]:02x}"
        raise refuse(
            "the file is not UTF-8 text", line, column, found=found, allowed="UTF-8", hint="save it as UTF-8"
        ) from None
    if content.translate(None, _PRINTABLE) and (match := _UNPRINTABLE.search(text)):
        line, column = text.count("\n", 0, match.start()) + 1, match.start() - text.rfind("\n", 0, match.start())
        found = f"U+{ord(match[0]):04X}"
        raise refuse("the file is not text: it holds a character that cannot be printed", line, column, found=found)
    if not text.strip():
        raise refuse("the file is empty", 1, 1, hint="a film needs at least `scenes:` with one scene")
    return text


class _Open:
    """A list or mapping that is still being read.

    `above` is its path, `path` that of its last key's value; `before` how many nodes there were before it, and
    `keys_before` how many keys.
    """

    __slots__ = (
        "above",
        "anchor",
        "before",
        "fixed",
        "is_list",
        "items",
        "key",
        "key_place",
        "keys",
        "keys_before",
        "node",
        "path",
        "skip",
        "wants_key",
    )

    def __init__(self, node: List | Map, anchor: str | None, before: int, keys_before: int) -> None:
        self.node: Any = node
        self.items: Any = node.items
        self.is_list = isinstance(node, List)
        self.wants_key = not self.is_list
        self.keys: Any = None if isinstance(node, List) else node.keys
        self.anchor = anchor
        self.before = before
        self.keys_before = keys_before
        self.above = self.path = node.place.path
        self.key = ""
        self.key_place = node.place
        self.fixed = True  # as far as it was read
        self.skip = False  # what stands under a key of which something was told


class _Reader:
    """Turns parser events into nodes, without recursion."""

    def __init__(self, file: str, limits: Limits, problems: Problems) -> None:
        self.file = file
        self.limits = limits
        self.limit = limits.nodes
        self.problems = problems
        self.stack: list[_Open] = []
        self.top: _Open | None = None
        self.anchors: dict[str, tuple[Node, int]] = {}  # with how many values each is, aliases at full size
        self.pending: set[str] = set()
        self.shared: set[int] = set()  # the ids of lists and mappings that have an anchor, or are in one that has
        self.total = 0  # of all nodes: values and keys
        self.total_keys = 0
        self.documents = 0
        self.root: Node | None = None

    def read(self, text: str) -> Node:
        take: dict[type, Callable[[Any], None]] = {
            yaml.MappingStartEvent: self._begin,
            yaml.SequenceStartEvent: self._begin,
            yaml.MappingEndEvent: self._end,
            yaml.SequenceEndEvent: self._end,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._document,
        }
        loader = _Loader(text)
        try:
            while (event := loader.get_event()) is not None:
                if type(event) is yaml.ScalarEvent:
                    self._scalar(event)
                elif (handle := take.get(type(event))) is not None:
                    handle(event)
        finally:
            loader.dispose()
        if self.root is None:
            message = "the file holds no value, only comments"
            raise self._refuse(Place(self.file, 1, 1), message, hint="a film needs at least `scenes:` with one scene")
        return self.root

    def _document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            raise self._refuse(self._place(event), "the file holds more than one document", hint="remove `---`")

    def _refuse(self, place: Place, message: str, **more: str) -> ProjectError:
        return ProjectError([*self.problems.found, Problem(place, message, **more)])

    def _place(self, event: Any) -> Place:
        mark = event.start_mark
        top = self.top
        path = "" if top is None else f"{top.path}[{len(top.items)}]" if top.is_list else top.path
        return _tuple(Place, (self.file, mark.line + 1, mark.column + 1, path))

    def _scalar(self, event: Any) -> None:
        """A key or a value: most of a declaration, and most of those are plain. Its few calls are most of its time."""
        text: str = event.value
        top = self.top
        if top is None or event.tag is not None or event.anchor is not None or not text.isprintable():
            self._special_scalar(event)
            return
        mark = event.start_mark
        if not top.wants_key:
            path = f"{top.path}[{len(top.items)}]" if top.is_list else top.path
            place = _tuple(Place, (self.file, mark.line + 1, mark.column + 1, path))
            if "{" in text or not text:
                top.fixed = False
            self._put(Scalar(resolve(text) if event.implicit[0] else text, text, place), 1)
        elif text in top.items or text == "<<" or len(text) > KEY:
            self._put(Scalar(text, text, self._place(event)), 1)
        else:
            above = top.above
            top.path = path = above + _step(text) if above else join_path(above, text)
            top.key = text
            top.key_place = _tuple(Place, (self.file, mark.line + 1, mark.column + 1, path))
            top.wants_key = top.skip = False
            if text in _DYNAMIC:
                top.fixed = False
            self.total_keys += 1
            self._count(1, top.key_place)

    def _special_scalar(self, event: Any) -> None:
        """One with a tag or an anchor, or with characters that may not be in it, or that is all there is."""
        place = self._place(event)
        value: Any = event.value
        tag = event.tag
        if tag not in (None, "!", "tag:yaml.org,2002:str"):
            self.problems.add(place, f"the tag {shorten(tag)} is not known", hint="remove it: values need no tags")
        elif tag is None and event.implicit[0]:
            value = resolve(event.value)
        if isinstance(value, str) and not value.isprintable() and (match := _CONTROL.search(value)):
            found = f"U+{ord(match[0]):04X}"
            self.problems.add(place, "a text may not hold control characters", found=found)
            value = _CONTROL.sub(" ", value)
        node = Scalar(value, event.value, place)
        if self.top is not None:
            self.top.fixed = False
        if event.anchor:
            self.anchors[event.anchor] = (node, 1)
        self._put(node, 1)

    def _begin(self, event: Any) -> None:
        place = self._place(event)
        if len(self.stack) >= self.limits.depth:
            raise self._refuse(place, TOO_DEEP, allowed=f"{self.limits.depth} levels")
        if event.tag not in (None, "!", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"):
            message = f"the tag {shorten(event.tag)} is not known"
            self.problems.add(place, message, hint="remove it: values need no tags")
        node: List | Map = List([], place) if type(event) is yaml.SequenceStartEvent else Map({}, {}, place)
        if event.anchor:
            self.pending.add(event.anchor)
        self.top = _Open(node, event.anchor, self.total, self.total_keys)
        self.stack.append(self.top)

    def _end(self, _event: Any) -> None:
        ended = self.stack.pop()
        self.top = self.stack[-1] if self.stack else None
        if ended.anchor:
            self.pending.discard(ended.anchor)
            self.anchors[ended.anchor] = (ended.node, self.total + 1 - ended.before)
            ended.fixed = False
            self._share(ended.node)
        if ended.fixed:
            ended.node.fixed = self.total + 1 - ended.before - (self.total_keys - ended.keys_before)
        elif self.top is not None:
            self.top.fixed = False
        self._put(ended.node, 1)

    def _share(self, tree: Node) -> None:
        """Note that an alias may put all that is in a tree in another place, too."""
        waiting = [tree]
        while waiting:
            node = waiting.pop()
            if not isinstance(node, Scalar) and id(node) not in self.shared:
                self.shared.add(id(node))
                node.fixed = 0
                waiting += node.items.values() if isinstance(node, Map) else node.items

    def _alias(self, event: Any) -> None:
        place = self._place(event)
        if event.anchor in self.pending:
            raise self._refuse(place, f"the alias *{event.anchor} stands inside what it stands for")
        if event.anchor not in self.anchors:
            raise self._refuse(place, f"the alias *{event.anchor} has no anchor &{event.anchor} before it")
        if self.top is not None:
            self.top.fixed = False
        self._put(*self.anchors[event.anchor])

    def _count(self, nodes: int, place: Place) -> None:
        self.total += nodes
        if self.total > self.limit:
            raise self._refuse(
                place, "the file holds too many values (aliases count in full)", allowed=f"{self.limits.nodes:,}"
            )

    def _put(self, node: Node, nodes: int) -> None:
        """A value, which is as many `nodes` as there are in it that were not counted yet."""
        self._count(nodes, node.place)
        top = self.top
        if top is None:
            self.root = node
        elif top.is_list:
            top.items.append(node)
        elif top.wants_key:
            self._key(top, node)
        else:
            if not top.skip:
                top.items[top.key] = node
                top.keys[top.key] = top.key_place
            top.wants_key = True
            top.path = top.above

    def _key(self, top: _Open, node: Node) -> None:
        """A key of which there is something to tell."""
        owner = top.node
        top.wants_key = False
        if not isinstance(node, Scalar):
            hint = "quote it" if isinstance(node, List) else 'if this is an expression, quote it: "{{ name }}"'
            self.problems.add(owner.place, "a key must be a plain word", found="a list or mapping", hint=hint)
            top.key_place, top.key, top.skip = node.place, "?", True
            top.path = join_path(owner.place.path, top.key)
            return
        key = top.key = node.raw
        top.path = join_path(owner.place.path, key)
        place = top.key_place = Place(node.place.file, node.place.line, node.place.column, top.path)
        top.skip = True
        if key == "<<":
            self.problems.add(
                place, "merge keys (<<) are not used here", hint="name a style, or use `vars` or `include`"
            )
        elif key in owner.items:
            first = owner.keys[key]
            self.problems.add(place, f"{repr_text(shorten(key))} is written twice", hint=f"first in line {first.line}")
        elif len(key) > KEY or (not key.isprintable() and (_CONTROL.search(key) or "\n" in key)):
            self.problems.add(place, "this cannot be a key", found=repr_text(shorten(key)))
        else:
            top.skip = False


def join_path(parent: str, key: str) -> str:
    """`scenes[2]` and `show` make `scenes[2].show`; a key that is no word is quoted."""
    step = _step(key)
    return parent + step if parent or step[0] == "[" else key


@functools.lru_cache(maxsize=4096)
def _step(key: str) -> str:
    return f".{key}" if re.fullmatch(r"[\w-]{1,60}", key) else f"[{repr_text(shorten(key, 60))}]"


def resolve(text: str) -> Any:
    """The value of a plain scalar, by YAML 1.2's core schema without octal, hexadecimal, infinity and NaN.

    `no`, `on`, `1:03.5`, `007`, `1_000` and dates stay text.
    """
    return _WORDS[text] if text in _WORDS else number(text)


def number(text: str) -> Any:
    """A decimal number that remembers how it was written, or the text itself where it is none."""
    if len(text) > 40 or not text or text[-1] not in "0123456789.":
        return text
    if _INT.match(text):
        return WrittenInt(int(text), text)
    if _FLOAT.match(text):
        value = float(text)
        return WrittenFloat(value, text) if math.isfinite(value) else text
    return text


def _syntax_problem(error: yaml.MarkedYAMLError, file: str, text: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    lines = text.splitlines()
    written = lines[line - 1] if 0 < line <= len(lines) else ""
    message = error.problem or "this is not YAML"
    context = f" {error.context}" if error.context else ""
    hint = ""
    if "nesting depth" in message:  # (libyaml's own limit is higher, but some releases meet it first, reading ahead)
        return Problem(Place(file, line, column), TOO_DEEP, allowed=f"{DECLARATION.depth} levels")
    if "\t" in written[: max(column, 1)]:
        message, context, hint = "a tab cannot indent", "", "use spaces"
    elif "{{" in written or "{%" in written:
        hint = 'a text that begins with {{ needs quotes: "{{ name }}"'
    elif "mapping values are not allowed" in message:
        message, hint = "a second `: ` in one line", "put a text that holds a colon in quotes"
    elif "escape" in message:
        hint = "in double quotes a backslash begins an escape: use single quotes, or write \\\\"
    elif "cannot start any token" in message:
        hint = "put the text in quotes"
    elif "expected" in message:
        hint = "look at the indentation here and above, and at quotes and brackets that are still open"
    found = shorten(written.strip())
    return Problem(Place(file, line, column), f"this is not YAML: {message}{context}", found=found, hint=hint)
