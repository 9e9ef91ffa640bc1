"""Every file that an expanded declaration names: it exists in the project, and is of the kind its key says."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from vbmake.document.node import List, Map, Node, Problems, Scalar, describe, plain, repr_text
from vbmake.errors import Place, ProjectError
from vbmake.project.check import keys_of
from vbmake.project.models import MakeLayer, Model, Music, Sound
from vbmake.project.paths import Folders, PathError, project_path
from vbmake.project.references import layers_of
from vbmake.project.words import nearest
from vbmake.rules.load import RuleBook
from vbmake.rules.model import Rule

_CLIPS = (".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".wmv", ".flv", ".ogv")
_SOUNDS = (".wav", ".flac", ".mp3", ".m4a", ".aac", ".ogg", ".oga", ".opus", ".aif", ".aiff", ".wma")
_PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
_FONTS = (".ttf", ".otf", ".ttc", ".otc")
# What a key cannot take, and the key that could: by the file's extension.
_OTHERS = {
    "image": {**dict.fromkeys(_CLIPS, "video"), **dict.fromkeys(_SOUNDS, "source (in the scene's sounds)")},
    "video": {
        **dict.fromkeys(_PICTURES, "image"),
        ".svg": "svg",
        **dict.fromkeys(_SOUNDS, "source (in the scene's sounds)"),
    },
    "svg": {**dict.fromkeys(_PICTURES, "image"), **dict.fromkeys(_CLIPS, "video")},
    "source": {**dict.fromkeys(_PICTURES, "image (in the scene's layers)"), ".svg": "svg (in the scene's layers)"},
}


class SourceCheck:
    """Checks the files and the rules that the films of one project name; each path is looked up once."""

    def __init__(self, root: Path, rules: RuleBook | None, problems: Problems) -> None:
        self.root = root
        self.rules = rules
        self.problems = problems
        self._known: dict[str, PathError | str] = {}
        self._folders = Folders(root)

    def check(self, tree: Map) -> None:
        """Note every file that is not there, and every use of a rule that the rule does not understand."""
        for layer in layers_of(tree):
            for key in ("image", "video", "svg"):
                if "make" not in layer.items and key in layer.items:
                    node = layer.items[key]
                    self._file(node, key)
                    if key == "video" and isinstance(node, Map) and "image" in node.items:
                        self._file(node.items["image"], "image")
            if "make" in layer.items:
                self._made(layer, MakeLayer, ("image", "video"))
        for owner, model in _sounding(tree):
            if "make" in owner.items:
                self._made(owner, model, ("audio", "video"))
            else:
                self._plain_sound(owner, model)
        fonts = tree.items.get("fonts")
        if isinstance(fonts, Map):
            for node in fonts.items.values():
                self._font(node)

    def _file(self, node: Node, key: str) -> bool:
        """Whether the file of a node is there. The node then holds its plain path: one file has one name in a plan."""
        if not isinstance(node, Scalar) or not isinstance(node.value, str) or node.broken:
            return False
        others = _OTHERS.get(key)
        if others and (other := others.get(os.path.splitext(node.value)[1].lower())):
            self.problems.add(
                node, f"{key} cannot show this file", found=node.value, hint=f"name it with the key {other}"
            )
            return False
        if node.value not in self._known:
            try:
                self._known[node.value] = project_path(self.root, node.value, folders=self._folders)
            except PathError as error:
                self._known[node.value] = error
        known = self._known[node.value]
        if isinstance(known, PathError):
            self.problems.add(node, str(known), found=repr_text(node.value), hint=known.hint)
            return False
        node.value = known
        return True

    def _font(self, node: Node) -> None:
        if self._file(node, "font") and Path(str(plain(node))).suffix.lower() not in _FONTS:
            self.problems.add(node, "this is not a font file", found=describe(node), allowed=" ".join(_FONTS))

    def _plain_sound(self, owner: Map, model: type[Model]) -> None:
        if "source" in owner.items:
            self._file(owner.items["source"], "source")
        known = keys_of([model])
        for key in owner.items:
            if key not in known:
                message = f"{repr_text(key)} is not known here"
                self.problems.add(owner.keys[key], message, allowed=", ".join(known), hint=nearest(key, known))

    def _made(self, owner: Map, model: type[Model], kinds: tuple[str, ...]) -> None:
        node = owner.items["make"]
        if self.rules is None or not isinstance(node, Scalar) or not isinstance(node.value, str) or node.broken:
            return
        usable = sorted(rule.name for rule in self.rules if rule.options is not None and rule.kind in kinds)
        rule = self.rules.rules.get(node.value)
        if rule is None or rule.options is None:
            own = f"a rule of your own is a file rules/{node.value}.yaml"
            hint = nearest(node.value, usable) or own
            self.problems.add(
                node, "there is no rule of that name", found=node.value, allowed=", ".join(usable), hint=hint
            )
        elif rule.kind not in kinds:
            found = f"{rule.name} makes {rule.kind} ({rule.makes[rule.output]})"
            self.problems.add(
                node, f"a rule that makes {' or '.join(kinds)} is wanted here", found=found, allowed=", ".join(usable)
            )
        else:
            self._arguments(rule, owner, model)

    def _arguments(self, rule: Rule, owner: Map, model: type[Model]) -> None:
        own = keys_of([model])
        given = {key: item for key, item in owner.items.items() if key not in own}
        places = {key: owner.keys[key] for key in given}
        if isinstance(inner := owner.items.get("with"), Map):
            given |= inner.items
            places |= inner.keys
        if any(isinstance(item, Scalar) and item.broken for item in given.values()):
            return
        files = {key: item for key, item in given.items() if key in rule.reads}
        options = {key: plain(item) for key, item in given.items() if key not in rule.reads}
        for item in files.values():
            for part in item.items if isinstance(item, List) else [item]:
                if isinstance(part, Scalar) and isinstance(part.value, str):
                    self._file(part, "file")
                else:
                    self.problems.add(part, "a file is wanted here", found=describe(part))
        counts = {key: len(item.items) if isinstance(item, List) else 1 for key, item in files.items()}
        for text in (*rule.check_inputs(counts), *rule.check_options(options)):
            self._told_by_rule(rule, text, places, owner)

    def _told_by_rule(self, rule: Rule, text: str, places: dict[str, Place], owner: Map) -> None:
        """Note a sentence of the rule's, `name: found x, allowed is y`, at the place of what it speaks of."""
        name = re.split(r"[:.\[ ]", text, maxsplit=1)[0]
        message, near = text, ""
        if match := re.search(r"; (did you mean .+\?)$", text):
            message, near = text[: match.start()], match[1]
        found = allowed = ""
        if match := re.search(r": found (.*), allowed is (.*)$", message, re.DOTALL):
            message, found, allowed = f"{message[: match.start()]} cannot be this", match[1], match[2]
        elif match := re.search(r", allowed are (.*)$", message, re.DOTALL):
            message, allowed = message[: match.start()], match[1]
        hint = "; ".join(part for part in (near, f"this is for {owner.context}" if owner.context else "") if part)
        place = places.get(name, owner.place)
        self.problems.add(place, f"{rule.name}: {message}", found=found, allowed=allowed, hint=hint)


def _sounding(tree: Map) -> Iterator[tuple[Map, type[Model]]]:
    scenes = tree.items.get("scenes")
    for scene in scenes.items if isinstance(scenes, List) else []:
        sounds = scene.items.get("sounds") if isinstance(scene, Map) else None
        for sound in sounds.items if isinstance(sounds, List) else []:
            if isinstance(sound, Map):
                yield sound, Sound
    music = tree.items.get("music")
    for item in music.items if isinstance(music, List) else [music]:
        if isinstance(item, Map):
            yield item, Music


def read_rules(root: Path, problems: Problems) -> RuleBook | None:
    """The rules of the project and of vbmake, or None after the mistakes in rule files were noted."""
    from vbmake.rules.load import load_rules

    try:
        return load_rules(root / "rules")
    except ProjectError as error:
        problems.extend(error.problems)
        return None
