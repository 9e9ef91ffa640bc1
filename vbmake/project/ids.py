"""Names that become job ids and file names: scenes, formats, films. Given ones are checked, missing ones are made."""

from __future__ import annotations

import re

from vbmake.document.node import List, Map, Node, Problems, Scalar, describe, repr_text, shorten
from vbmake.project.words import slug

_ID = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?\Z")
ALLOWED = "1 to 64 letters (a-z, A-Z), digits, -, _ and . ; it begins with a letter or digit and does not end with ."


def check_id(text: str) -> bool:
    """Whether a text may be an id: it is safe in a file name, in a job id and on every command line."""
    return bool(_ID.match(text)) and ".." not in text


def tell_bad_id(node: Scalar, text: str, what: str, problems: Problems) -> None:
    """Note that a text is no id, with one that would do."""
    better = slug(text)
    hint = f"such as {better}" if better else ""
    problems.add(node, f"this cannot be the {what}", found=repr_text(shorten(text)), allowed=ALLOWED, hint=hint)


def give_ids(scenes: Node | None, problems: Problems) -> None:
    """Check the ids of a list of scenes and give one to every scene that has none.

    It comes from the title, the first words said, or the first text shown, so that it stays when scenes move;
    only a scene without any of them is named by its place, `scene-3`.
    """
    if not isinstance(scenes, List):
        return
    maps = [scene for scene in scenes.items if isinstance(scene, Map)]
    taken: dict[str, Scalar] = {}
    for scene in maps:
        if isinstance(node := scene.items.get("id"), Scalar) and not node.broken:
            _check_given(node, taken, problems)
    for number, scene in enumerate(maps, 1):
        if "id" not in scene.items:
            name = _unique(_words(scene) or f"scene-{number}", taken)
            made = Scalar(name, name, scene.place, scene.context)
            scene.items["id"] = made
            taken[name.lower()] = made


def _check_given(node: Scalar, taken: dict[str, Scalar], problems: Problems) -> None:
    text = node.value if isinstance(node.value, str) else node.raw
    if node.value is None or not check_id(text):
        if node.value is None:
            problems.add(node, "the id is empty", found=describe(node), hint="leave the key out, or give a name")
        else:
            tell_bad_id(node, text, "id of a scene", problems)
        return
    first = taken.get(text.lower())
    if first is None:
        taken[text.lower()] = node
        return
    message = "this id is used twice" if first.raw == text else "this id differs from another only in capitals"
    where = f"{first.place.file}:{first.place.line}" + f" ({first.context})" * bool(first.context)
    hint = f'first in {where}; in a loop, put the row into it: id: "{shorten(text)}-{{{{ loop.index }}}}"'
    problems.add(node, message, found=text, hint=hint if node.context else f"first in {where}")


def _words(scene: Map) -> str:
    """A name from what the scene says of itself: its title, its voice, its first text."""
    said = scene.items.get("say")
    layers = scene.items.get("layers")
    texts = (
        [layer.items.get("text") for layer in layers.items if isinstance(layer, Map)]
        if isinstance(layers, List)
        else []
    )
    for node in (scene.items.get("title"), said.items.get("text") if isinstance(said, Map) else said, *texts):
        if isinstance(node, Scalar) and isinstance(node.value, str):
            name = slug(" ".join(node.value.split()[:5]), 40)
            if name:
                return name
    return ""


def _unique(name: str, taken: dict[str, Scalar]) -> str:
    candidate, number = name, 1
    while candidate.lower() in taken:
        number += 1
        candidate = f"{name}-{number}"
    return candidate
