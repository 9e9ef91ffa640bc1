"""What a part of a declaration rests on beside its own words: variables, data files, and styles, voices, fonts by name.

A word that changed in a variable, a style or a row of data shows where it is used; here it is followed to where it
stands.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from jinja2 import TemplateError, nodes

from vbmake.document.node import List, Map, Node, Problems, Scalar
from vbmake.errors import Place
from vbmake.project.documents import Documents
from vbmake.project.expand import Expander
from vbmake.project.sandbox import SandboxEnvironment

# Which settings name an entry of which collection.
_NAMING = {"style": "styles", "look": "styles", "like": "styles", "voice": "voices", "font": "fonts"}


class Origin(NamedTuple):
    """Something by name (`vars.city`, `data.rows`, `styles.title`), and where it stands: its key, or its file."""

    name: str
    place: Place


class Written(NamedTuple):
    """A key of a declaration: where it stands, where its mapping does, and its value, "" for one with parts."""

    place: Place
    mapping: Place
    text: str


class Provenance:
    """Follows the parts of one declaration, as its files are now."""

    def __init__(self, root: Path, file: str) -> None:
        """`file` is the declaration below the directory `root`; it has been read without a mistake."""
        problems = Problems()
        self._root = root
        self._documents = Documents(root, problems)
        tree = self._documents.tree(root / file)
        expander = Expander(self._documents, problems)
        self._tree = expander.merge_includes(tree, file) if isinstance(tree, Map) else Map({}, {}, Place(file))
        self._environment = SandboxEnvironment()

    def of(self, place: Place, settings: Collection[str] = ()) -> list[Origin]:
        """What stands behind the value at a place, each once; of a mapping only behind these settings (with "": all).

        Empty where nothing does, or where nothing stands at that place any more.
        """
        found = self._at(place)
        if found is None:
            return []
        node, loops = found
        parts: list[Node] = [node]
        if isinstance(node, Map) and settings and "" not in settings:
            own = {key: item for key, item in node.items.items() if key in settings}
            more = node.items.get("with")
            if isinstance(more, Map) and (asked := {key: more.items[key] for key in settings if key in more.items}):
                own["with"] = Map(asked, more.keys, more.place)
            loop = {key: item for key, item in node.items.items() if key == "for"}
            parts = [Map({**loop, **own}, node.keys, node.place)]
        origins: dict[Origin, None] = {}
        for part in parts:
            self._follow(part, loops, origins)
        return list(origins)

    def key(self, file: str, *names: str) -> Place:
        """Where a key stands in a YAML file of the project, by the names of the mappings around it and its own.

        Of the innermost that there is, the file itself where there is none.
        """
        node, place = self._documents.tree(self._root / file), Place(file)
        for name in names:
            if not isinstance(node, Map) or name not in node.items:
                break
            place, node = node.keys[name], node.items[name]
        return place

    def written(self, place: Place, path: str) -> Written | None:
        """What is written in the mapping at a place under a key (`say.text` in one of its own); None for nothing."""
        found = self._at(place)
        node = found[0] if found is not None else None
        *around, key = path.split(".")
        for name in around:
            node = node.items.get(name) if isinstance(node, Map) else None
        if not isinstance(node, Map) or key not in node.items:
            return None
        value = node.items[key]
        return Written(node.keys[key], node.place, value.raw if isinstance(value, Scalar) else "")

    def says(self, place: Place, setting: str) -> bool | None:
        """Whether the mapping at a place says a setting, itself or in its `with`; None where no mapping stands."""
        found = self._at(place)
        if found is None or not isinstance(found[0], Map):
            return None
        more = found[0].items.get("with")
        return setting in found[0].items or (isinstance(more, Map) and setting in more.items)

    def _at(self, place: Place) -> tuple[Node, dict[str, Node]] | None:
        """The node at a place, with the lists of the loops that stand around it, by name."""
        films = self._tree.items.get("films")
        around = _loops(films) if isinstance(films, Map) else {}
        for tree in (self._tree, self._documents.tree(self._root / place.file)):
            if tree is not None and (found := _find(tree, place, around)) is not None:
                return found
        return None

    def _follow(self, node: Node, loops: Mapping[str, Node], origins: dict[Origin, None]) -> None:
        if isinstance(node, List):
            for item in node.items:
                self._follow(item, loops, origins)
        elif isinstance(node, Map):
            inner = {**loops, **_loops(node)}
            for key, item in node.items.items():
                if key == "for" and isinstance(item, Map):
                    continue  # its names are followed where they are used
                self._follow(item, inner, origins)
                if key in _NAMING and isinstance(item, Scalar):
                    self._entry(_NAMING[key], str(item.value), loops, origins)
        else:
            for owner, name in self._names(node):
                if owner == "data":
                    self._data(name, origins)
                elif not owner and name in loops:
                    outer = {other: item for other, item in loops.items() if other != name}
                    self._follow(loops[name], outer, origins)
                else:
                    self._entry("vars", name, loops, origins)

    def _entry(self, collection: str, name: str, loops: Mapping[str, Node], origins: dict[Origin, None]) -> None:
        """An entry of the declaration's `vars`, `styles`, `voices` or `fonts`, and all that it rests on in turn."""
        entries = self._tree.items.get(collection)
        if not isinstance(entries, Map) or name not in entries.items:
            return
        origin = Origin(f"{collection}.{name}", entries.keys[name])
        if origin not in origins:
            origins[origin] = None
            self._follow(entries.items[name], loops, origins)

    def _data(self, name: str, origins: dict[Origin, None]) -> None:
        entries = self._tree.items.get("data")
        for key, item in entries.items.items() if isinstance(entries, Map) else ():
            if isinstance(item, Scalar) and name in (key, ""):
                origins[Origin(f"data.{key}", Place(str(item.value)))] = None

    def _names(self, node: Scalar) -> Iterator[tuple[str, str]]:
        """The names in the expressions of a text: of `vars.city` and `data.rows` ("vars", "city"), else ("", name)."""
        text = node.value
        if not isinstance(text, str) or ("{{" not in text and "{%" not in text):
            return
        try:
            waiting: list[nodes.Node] = [self._environment.parse(text)]
        except TemplateError:
            return
        while waiting:
            one = waiting.pop()
            part = _part(one)
            if part is not None:
                yield part
            elif isinstance(one, nodes.Name):
                yield (one.name, "") if one.name in ("vars", "data") else ("", one.name)
            else:
                waiting += reversed(list(one.iter_child_nodes()))


def _part(node: nodes.Node) -> tuple[str, str] | None:
    """Of `vars.city` or `data["rows"]` the two names."""
    if not isinstance(node, nodes.Getattr | nodes.Getitem) or not isinstance(node.node, nodes.Name):
        return None
    key = node.attr if isinstance(node, nodes.Getattr) else getattr(node.arg, "value", None)
    owner = str(node.node.name)
    return (owner, key) if owner in ("vars", "data") and isinstance(key, str) else None


def _loops(node: Map) -> dict[str, Node]:
    """The lists that the `for` of a mapping goes through, by name."""
    loop = node.items.get("for")
    return dict(loop.items) if isinstance(loop, Map) else {}


def _find(node: Node, place: Place, loops: Mapping[str, Node]) -> tuple[Node, dict[str, Node]] | None:
    if node.place[:3] == place[:3]:
        return node, dict(loops)
    if isinstance(node, Scalar):
        return None
    inner = {**loops, **_loops(node)} if isinstance(node, Map) else loops
    for item in node.items.values() if isinstance(node, Map) else node.items:
        if (found := _find(item, place, inner)) is not None:
            return found
    return None
