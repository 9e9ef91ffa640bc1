"""Names that must lead somewhere: styles, fonts, voices, formats, scenes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vbmake.document.node import List, Map, Node, Problems, Scalar
from vbmake.project.accounts import check_accounts
from vbmake.project.ids import check_id, tell_bad_id
from vbmake.project.words import nearest


def check_references(tree: Map, problems: Problems) -> None:
    """Note every name in an expanded tree that leads nowhere, and styles that start from themselves."""
    styles, fonts = _named(tree, "styles"), _named(tree, "fonts")
    for style in styles.values():
        _check_style(style, styles, fonts, problems)
    _check_likes(styles, problems)
    _check_formats(tree, problems)
    formats = list(_named(tree, "formats")) or ["main"]
    for scene, layer in _layers(tree):
        if "style" in layer.items:
            _check_style(layer.items["style"], styles, fonts, problems)
        if (only := layer.items.get("only")) is not None:
            for name in _texts(only):
                _check(name, formats, "format", problems)
        if (over := layer.items.get("scenes")) is not None:
            if scene is None:
                _check_span(over, tree, problems)
            else:
                problems.add(
                    layer.keys["scenes"], "only overlays lie over several scenes", hint="move it to `overlays`"
                )
    for captions in (
        tree.items.get("captions"),
        *(_get(entry, "captions") for entry in _named(tree, "formats").values()),
    ):
        _check_style(_get(captions, "look"), styles, fonts, problems)
    for scene in _maps(tree.items.get("scenes")):
        if isinstance(voice := _get(scene.items.get("say"), "voice"), Scalar):
            _check(voice, _named(tree, "voices"), "voice", problems)
    check_accounts(tree, problems)


def layers_of(tree: Map) -> Iterator[Map]:
    """Every layer of every scene, and every overlay."""
    return (layer for _, layer in _layers(tree))


def _layers(tree: Map) -> Iterator[tuple[Map | None, Map]]:
    for scene in _maps(tree.items.get("scenes")):
        for layer in _maps(scene.items.get("layers")):
            yield scene, layer
    for layer in _maps(tree.items.get("overlays")):
        yield None, layer


def _maps(node: Node | None) -> list[Map]:
    return [item for item in node.items if isinstance(item, Map)] if isinstance(node, List) else []


def _named(tree: Map, key: str) -> dict[str, Node]:
    node = tree.items.get(key)
    return node.items if isinstance(node, Map) else {}


def _get(node: Node | None, key: str) -> Node | None:
    return node.items.get(key) if isinstance(node, Map) else None


def _texts(node: Node | None) -> list[Scalar]:
    return [item for item in node.items if isinstance(item, Scalar)] if isinstance(node, List) else []


def _check(node: Node | None, names: Iterable[str], what: str, problems: Problems) -> None:
    if not isinstance(node, Scalar) or node.value is None or node.broken:
        return
    name, names = node.raw if not isinstance(node.value, str) else node.value, list(names)
    if name not in names:
        allowed = ", ".join(names[:40]) or f"none: the film has no `{what}s`"
        problems.add(node, f"there is no {what} of that name", found=name, allowed=allowed, hint=nearest(name, names))


def _check_style(node: Node | None, styles: dict[str, Node], fonts: dict[str, Node], problems: Problems) -> None:
    if isinstance(node, Map):
        _check(node.items.get("like"), styles, "style", problems)
        _check(node.items.get("font"), fonts, "font", problems)
    else:
        _check(node, styles, "style", problems)


def _check_likes(styles: dict[str, Node], problems: Problems) -> None:
    for name in styles:
        chain = [name]
        while isinstance(like := _get(styles.get(chain[-1]), "like"), Scalar) and isinstance(like.value, str):
            if like.value in chain:
                if like.value == name:
                    message = "styles start from one another in a circle"
                    problems.add(like, message, found=" -> ".join([*chain, name]))
                break
            chain.append(like.value)


def _check_formats(tree: Map, problems: Problems) -> None:
    node = tree.items.get("formats")
    if isinstance(node, Map):
        for name in node.items:
            if not check_id(name):
                tell_bad_id(Scalar(name, name, node.keys[name]), name, "name of a format", problems)


def _check_span(node: Node, tree: Map, problems: Problems) -> None:
    ids = [
        str(item.value)
        for scene in _maps(tree.items.get("scenes"))
        if isinstance(item := scene.items.get("id"), Scalar)
    ]
    ends = _texts(node)
    for end in ends:
        _check(end, ids, "scene", problems)
    names = [str(end.value) for end in ends]
    if len(names) == 2 and set(names) <= set(ids) and ids.index(names[0]) > ids.index(names[1]):
        problems.add(node, "the first scene comes after the last", found=" .. ".join(names))
