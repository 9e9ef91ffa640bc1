"""Read a declaration: from the files of a project directory to its films, or to every mistake in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vbmake.document.node import Map, Node, Problems, Scalar, describe
from vbmake.errors import Place, Problem, ProjectError
from vbmake.project.check import check_film
from vbmake.project.documents import Documents
from vbmake.project.expand import Expander, Turn
from vbmake.project.ids import check_id, give_ids, tell_bad_id
from vbmake.project.models import Film, Project
from vbmake.project.references import check_references
from vbmake.project.sources import SourceCheck, read_rules
from vbmake.project.words import nearest

DECLARATION = "video.yaml"


def load_project(path: str | Path = DECLARATION) -> Project:
    """The project of a declaration (a file, or a directory with a `video.yaml`).

    Raises ProjectError with every mistake of the declaration, its includes and its data, in the order of the files.
    """
    file = Path(path)
    file = file / DECLARATION if file.is_dir() else file
    root = Path(file.parent.absolute())
    if not file.is_file():
        raise ProjectError([_no_declaration(file)])
    problems = Problems()
    try:
        films, documents = _read(root, root / file.name, problems)
    except ProjectError as error:
        problems.extend(error.problems)
        films, documents = [], []
    if problems or not films:
        raise ProjectError(problems.in_order(file.name))
    return Project(root=str(root), file=file.name, films=tuple(films), documents=tuple(documents))


def _no_declaration(file: Path) -> Problem:
    others = sorted(entry.name for entry in file.parent.glob("*.y*ml")) if file.parent.is_dir() else []
    hint = nearest(file.name, others) or "`vbmake init` begins a project"
    return Problem(Place(str(file)), "there is no such declaration", hint=hint)


def _read(root: Path, file: Path, problems: Problems) -> tuple[list[Film], list[str]]:
    documents = Documents(root, problems)
    tree = documents.tree(file)
    if tree is None:
        return [], []
    if not isinstance(tree, Map):
        problems.add(tree, "a declaration is a mapping", found=describe(tree), allowed="vbmake, title, scenes ...")
        return [], []
    expander = Expander(documents, problems)
    merged = expander.merge_includes(tree, file.name)
    data = documents.data(merged.items["data"]) if "data" in merged.items else {}
    rules = read_rules(root, problems)
    sources = SourceCheck(root, rules, problems)
    names: dict[str, Scalar] = {}
    films = [
        _film(merged, name, turn, names, expander, sources, problems)
        for name, turn in _films(merged, data, expander, problems)
    ]
    own_rules = (
        sorted(f"rules/{entry.name}" for entry in (root / "rules").glob("*.y*ml")) if (root / "rules").is_dir() else []
    )
    made = [film for film in films if film]
    for key in ("cache", "sync"):
        _check_one(made, key, problems)
    return made, [*documents.names, *own_rules]


def _check_one(films: list[Film], key: str, problems: Problems) -> None:
    """Note a film of which something is said that holds for the whole project, and is said otherwise of another."""
    for film in films[1:]:
        if getattr(film, key) != getattr(films[0], key):
            place = getattr(film, key, None) or getattr(films[0], key)
            problems.extend([Problem(place.place, f"all films of a declaration have the same {key}")])
            return


def _films(tree: Map, data: dict[str, Any], expander: Expander, problems: Problems) -> list[tuple[Node | None, Turn]]:
    """The films to make: one, or with `films` one for each turn of its loop; each with the node of its name."""
    base = {"data": data}
    node = tree.items.get("films")
    if node is None:
        return [(None, Turn(base, {}, ""))]
    if not isinstance(node, Map) or set(node.items) != {"for", "name"}:
        allowed = '{for: {row: "{{ data.rows }}"}, name: "{{ row.slug }}"}'
        problems.add(node, "films says `for` and `name`", found=describe(node), allowed=allowed)
        return []
    scope = expander.quiet().scope(tree.items.get("vars"), base)
    turns = expander.turns(node.items["for"], scope)
    if not turns and not problems:
        problems.add(node.items["for"], "the loop goes through an empty list: there is no film to make")
    return [(node.items["name"], Turn(base, turn.names, turn.context)) for turn in turns]


def _film(
    tree: Map,
    name: Node | None,
    turn: Turn,
    names: dict[str, Scalar],
    expander: Expander,
    sources: SourceCheck,
    problems: Problems,
) -> Film | None:
    """One film of the declaration, with the loop's names of `films` in scope."""
    scope = expander.scope(tree.items.get("vars"), turn.scope)
    kept = {key: item for key, item in tree.items.items() if key not in ("vars", "data", "films", "include")}
    made = expander.value(Map(kept, tree.keys, tree.place), scope, (tree.place.file,), turn.context)
    assert isinstance(made, Map)
    if name is not None:
        made.items["name"] = expander.value(name, scope, context=turn.context)
        made.keys.setdefault("name", name.place)
    _check_name(made.items.get("name"), names, problems)
    give_ids(made.items.get("scenes"), problems)
    check_references(made, problems)
    sources.check(made)
    return check_film(made, problems)


def _check_name(node: Node | None, taken: dict[str, Scalar], problems: Problems) -> None:
    """Note a film's name that cannot be a file's, or that another film has."""
    if not isinstance(node, Scalar) or node.value is None or node.broken:
        return
    if not check_id(node.raw):
        tell_bad_id(node, node.raw, "name of a film", problems)
        return
    first = taken.setdefault(node.raw.lower(), node)
    if first is not node:
        hint = f"the first is for {first.context}: put what differs into the name" if first.context else ""
        problems.add(node, "this name of a film is used twice", found=node.raw, hint=hint)
