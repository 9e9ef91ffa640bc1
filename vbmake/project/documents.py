"""The files a declaration is made of: read once, kept, and listed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vbmake.document.node import Map, Node, Problems, Scalar, describe
from vbmake.document.yaml_reader import read_yaml
from vbmake.errors import Place, ProjectError
from vbmake.project.data_file import read_data
from vbmake.project.paths import PathError, project_file


class Documents:
    """Reads the project's YAML and data files by their project-relative names."""

    def __init__(self, root: Path, problems: Problems) -> None:
        self.root = root
        self.problems = problems
        self.names: dict[str, None] = {}
        self._trees: dict[str, Node | None] = {}

    def tree(self, path: Path) -> Node | None:
        """The tree of a YAML file in the project, or None after its mistakes were noted."""
        name = self._name(path)
        if name not in self._trees:
            self._trees[name] = None
            try:
                self._trees[name] = read_yaml(path.read_bytes(), name, self.problems)
            except ProjectError as error:
                self.problems.extend(error.problems)
            except OSError as error:
                self.problems.add(Place(name), f"the file cannot be read: {error.strerror or error}")
        return self._trees[name]

    def include(self, node: Node, stack: tuple[str, ...]) -> tuple[Node, str] | None:
        """The tree and the name of the file that an `include` names, relative to the file where it stands.

        `stack` are the files that are being included now. None after the mistake was noted.
        """
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            self.problems.add(node, "include takes the name of a file", found=describe(node))
            return None
        if "{{" in node.value:
            self.problems.add(node, "include takes no expressions", found=node.value, hint="use `if` beside it")
            return None
        folder = node.place.file.rpartition("/")[0]
        try:
            path = project_file(self.root, node.value, folder=folder)
        except PathError as error:
            self.problems.add(node, str(error), found=node.value, hint=error.hint)
            return None
        name = self._name(path)
        if name in stack:
            circle = " -> ".join([*stack[stack.index(name) :], name])
            self.problems.add(node, "includes go in a circle", found=circle)
            return None
        tree = self.tree(path)
        return None if tree is None else (tree, name)

    def data(self, node: Node) -> dict[str, Any]:
        """What the files of `data: {name: file}` hold, by name."""
        if not isinstance(node, Map):
            self.problems.add(node, "data names files", found=describe(node), allowed="{rows: rows.csv}")
            return {}
        found: dict[str, Any] = {}
        for key, item in node.items.items():
            if not isinstance(item, Scalar) or not isinstance(item.value, str):
                self.problems.add(item, "data takes the name of a file", found=describe(item))
                continue
            try:
                path = project_file(self.root, item.value)
                found[key] = read_data(path, self._name(path))
            except PathError as error:
                self.problems.add(item, str(error), found=item.value, hint=error.hint)
            except ProjectError as error:
                self.problems.extend(error.problems)
            except OSError as error:
                self.problems.add(item, f"the file cannot be read: {error.strerror or error}", found=item.value)
        return found

    def _name(self, path: Path) -> str:
        name = path.relative_to(self.root).as_posix()
        self.names[name] = None
        return name
