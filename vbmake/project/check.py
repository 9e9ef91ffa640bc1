"""Validate an expanded tree with the models, and tell pydantic's errors in the words of the language."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any, get_args

import orjson
from pydantic import ValidationError

from vbmake.document.node import List, Map, Node, Problems, Scalar, describe, plain, repr_text, shorten
from vbmake.document.yaml_reader import join_path
from vbmake.project.generated import PromptedImage
from vbmake.project.models import CONTENTS, LAYER_KINDS, Film, Model, Scene, TextLayer, TextStyle, layer_contents
from vbmake.project.script import ScriptRequest
from vbmake.project.units import Length
from vbmake.project.words import nearest
from vbmake.redact import HIDDEN

# Where a value was written as a list in place of a mapping: which item each key is.
_ITEM = {"start": 0, "end": 1, "at": 0, "value": 1, "easing": 2}
_STRUCTURE = {Film: ("vars", "data", "include", "films"), Scene: ("for", "if", "include")}
_SCENES = "a list of scenes, or {script: {prompt: ...}} and nothing beside it"
_COLOR_KEYS = frozenset(("color", "background", "fill", "stroke", "active"))
# What may stand in a mapping whose keys are the author's own, or a model's.
_EXAMPLES = {
    "options": "{quality: low}, the model's own words for what it can be told",
    "with": "{seed: 7}",
    "fonts": "{serif: fonts/serif.ttf}",
    "styles": "{heading: {size: 10%}}",
    "voices": "{guest: {provider: openai, voice: alloy}}",
    "formats": "{tall: {size: 720x1280}}",
    "providers": "{mine: {service: openai, base_url: http://localhost:8880/v1}}",
}
_WANTED = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}


def check_film(tree: Map, problems: Problems) -> Film | None:
    """The Film of an expanded tree, with the place of every part; None after every mistake was noted."""
    before = len(problems)
    _check_colors(tree, problems)
    for _ in range(2):
        try:
            written = plain(tree)
            film = Film.model_validate(written)
        except ValidationError as error:
            errors = error.errors(include_url=False, include_input=False)
            if _take_as_text(tree, errors):
                continue
            for item in errors:
                _tell(tree, item, problems)
            return None
        set_places(film, tree)
        for scene, one in zip(film.scenes, written["scenes"] if film.scenes else (), strict=True):
            scene.set_mark(_mark(one))
        return film if len(problems) == before else None
    return None


def _mark(written: Any) -> int:
    """A checksum of plain dicts, lists, texts and numbers."""
    try:
        return zlib.crc32(orjson.dumps(written))
    except TypeError:  # a long integer, or text that is no Unicode
        return zlib.crc32(repr(written).encode("utf-8", "surrogatepass"))


def _check_colors(tree: Map, problems: Problems) -> None:
    """Note every colour that is written without quotes: it is a comment, and nothing is left of it."""
    waiting: list[List | Map] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Map) and not _COLOR_KEYS.isdisjoint(node.items):
            for key in sorted(_COLOR_KEYS & node.items.keys()):
                item = node.items[key]
                if isinstance(item, Scalar) and item.value is None and item.raw == "" and not item.broken:
                    hint = 'a colour that begins with # needs quotes, or it is a comment: "#ff8800"'
                    problems.add(item, "a colour is missing", found=describe(item), hint=hint)
        below = node.items.values() if isinstance(node, Map) else node.items
        waiting += [item for item in below if not isinstance(item, Scalar) and not item.fixed]


def _take_as_text(tree: Map, errors: Sequence[Any]) -> bool:
    """Where a text is wanted and a number, true or false is written, take it as it is written. Tells if any was."""
    changed = False
    for error in errors:
        if error["type"] == "string_type":
            node, missed = _locate(tree, error["loc"])
            if isinstance(node, Scalar) and not missed and isinstance(node.value, int | float) and node.raw:
                node.value = node.raw
                changed = True
    return changed


def _locate(tree: Node, location: Sequence[str | int]) -> tuple[Node, str]:
    """The node at pydantic's location, or the deepest above it; and the last step, if there is no such key."""
    node = tree
    missed = ""
    for step in location:
        missed = ""
        if isinstance(node, Map) and isinstance(step, str) and step in node.items:
            node = node.items[step]
        elif isinstance(node, List) and isinstance(at := _ITEM.get(str(step), step), int) and at < len(node.items):
            node = node.items[at]
        elif isinstance(node, Map) and isinstance(step, str) and not step.startswith("<"):
            missed = step
    return node, missed


def _models_at(location: Sequence[str | int]) -> list[type[Model]]:
    """The models whose keys may stand at a location."""
    current: list[type[Model]] = [Film]
    if tuple(location[:2]) == ("scenes", "script"):  # it stands where the list would
        current, location = [ScriptRequest], location[2:]
    for step in location:
        if isinstance(step, str) and step[1:-1] in LAYER_KINDS and step.startswith("<"):
            current = [LAYER_KINDS[step[1:-1]]]
            continue
        for model in current:
            for name, field in model.model_fields.items():
                if step == (field.alias or name) and (inner := _models_in(field.annotation)):
                    current = inner
                    break
    return current


def _models_in(annotation: Any) -> list[type[Model]]:
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]


def keys_of(models: Iterable[type[Model]]) -> list[str]:
    """The keys that these models know, as they are written."""
    return [field.alias or name for model in models for name, field in model.model_fields.items()]


def _tell(tree: Map, error: Any, problems: Problems) -> None:
    location: tuple[str | int, ...] = error["loc"]
    node, missed = _locate(tree, location)
    if isinstance(node, Scalar) and (node.broken or (problems.told_at(node.place) and not missed)):
        return
    kind: str = error["type"]
    context: dict[str, Any] = error.get("ctx", {})
    if kind == "extra_forbidden":
        _tell_unknown_key(tree, location, problems)
    elif kind == "missing":
        _tell_missing(node, location, problems)
    elif kind == "union_tag_not_found":
        _tell_layer(node, problems)
    elif kind == "value_error":
        message, allowed, hint = _own_words(str(context["error"]), node)
        problems.add(node, message, found=_found(node, location), allowed=allowed, hint=hint)
    elif kind == "literal_error":
        words = re.findall(r"'([^']*)'|(\d+)", context["expected"])
        _tell_word(node, [text or digits for text, digits in words], problems)
    elif kind in _WANTED:
        if kind == "list_type" and location == ("scenes",):
            _tell_scenes(node, problems)
            return
        found = _found(node, location)
        problems.add(node, f"{_WANTED[kind]} is wanted here", found=found, hint=_shape_hint(kind, location))
    else:
        message, allowed = _limit(kind, context, error["msg"])
        problems.add(node, message, found=describe(node), allowed=allowed)


def _found(node: Node, location: Sequence[str | int]) -> str:
    """What stands there; what stands where a key or an address is wanted may be a secret, and is not told."""
    secret = location[:1] == ("providers",) and not {"key", "base_url"}.isdisjoint(location[2:])
    return HIDDEN if secret else describe(node)


def _tell_unknown_key(tree: Map, location: Sequence[str | int], problems: Problems) -> None:
    owner, key = _locate(tree, location[:-1])[0], str(location[-1])
    models = _models_at(location[:-1])
    names = keys_of(models)
    known = names + [word for model in models for word in _STRUCTURE.get(model, ())]
    hint = nearest(key, known)
    if not hint and TextLayer in models and key in keys_of([TextStyle]):
        hint = f"how a text looks is said in its style: {{style: {{{key}: ...}}}}"
    if not hint and key == "duration" and PromptedImage in models:
        hint = "how long a picture is seen is said by the scene's duration, or the layer's show"
    place = owner.keys.get(key, owner.place) if isinstance(owner, Map) else owner.place
    if owner.context:
        hint = "; ".join(part for part in (hint, f"this is for {owner.context}") if part)
    problems.add(place, f"{repr_text(shorten(key))} is not known here", allowed=", ".join(known), hint=hint)


def _tell_missing(node: Node, location: Sequence[str | int], problems: Problems) -> None:
    if isinstance(location[-1], int):
        problems.add(
            node, "more values are wanted in this list", found=describe(node), allowed=f"{location[-1] + 1} values"
        )
        return
    path = join_path(node.place.path, str(location[-1]))
    hint = "the first line of a declaration is `vbmake: 1`" if location == ("vbmake",) else ""
    problems.add(node, f"{location[-1]} is missing", found=describe(node), hint=hint, path=path)


def _tell_layer(node: Node, problems: Problems) -> None:
    if not isinstance(node, Map):
        hint = "write {image: photos/harbour.jpg}, {text: Hello} ..."
        problems.add(node, "a layer is a mapping", found=describe(node), hint=hint)
        return
    found = layer_contents(node.items)
    allowed = "exactly one of " + ", ".join(CONTENTS)
    if found:
        hint = "write them as two layers, the lower one first"
        if "color" in found:
            hint = "the colour of letters is said in style: {color: ...}" if "text" in found else hint
            hint = "the colour of a shape is its fill" if "shape" in found else hint
        problems.add(node, "a layer shows one thing", found=" and ".join(found), allowed=allowed, hint=hint)
        return
    hints = [f"{key}: {hint}" for key in node.items if (hint := nearest(key, CONTENTS))]
    problems.add(
        node, "the layer does not say what it shows", found=describe(node), allowed=allowed, hint="".join(hints[:1])
    )


def _tell_scenes(node: Node, problems: Problems) -> None:
    """Scenes that are no list. A mapping asks for a script, and for nothing else."""
    keys = [key for key in node.items if key != "script"] if isinstance(node, Map) else []
    meant = {key: nearest(key, ["script"]) for key in keys}
    if isinstance(node, Map) and ("script" in node.items or any(meant.values())):
        beside = "what holds for the whole film stands beside `scenes`, not in it"
        for key in keys:
            hint = beside if "script" in node.items else meant[key] or beside
            place = node.keys.get(key, node.place)
            problems.add(place, f"{repr_text(shorten(key))} is not known here", allowed=_SCENES, hint=hint)
        return
    hint = "begin each scene with `- `" if keys and set(keys) <= set(keys_of([Scene])) else ""
    problems.add(node, "a list is wanted here", found=describe(node), allowed=_SCENES, hint=hint)


def _own_words(text: str, node: Node) -> tuple[str, str, str]:
    """Message, allowed values and hint from what a validator of the models says."""
    if match := re.fullmatch(r"(an? [\w ]+?) is (?:(none) or )?one of (.+)", text, re.DOTALL):
        words = re.split(r", (?:or )?", match[3])
        wanted = [*words, match[2]] if match[2] else words
        written = str(node.value) if isinstance(node, Scalar) else ""
        return f"this is not {match[1]}", ", ".join(wanted), nearest(written, wanted)
    if match := re.fullmatch(r"(.+): write (.+)", text, re.DOTALL):
        return match[1], "", f"write {match[2]}"
    return text, "", ""


def _tell_word(node: Node, words: list[str], problems: Problems) -> None:
    if words == ["1"]:
        problems.add(node, "this version of the language is not known", found=describe(node), allowed="vbmake: 1")
        return
    hint = nearest(str(node.value), words) if isinstance(node, Scalar) else ""
    problems.add(node, "this word is not known here", found=describe(node), allowed=", ".join(words), hint=hint)


def _shape_hint(kind: str, location: Sequence[str | int]) -> str:
    if kind == "dict_type":
        example = _EXAMPLES.get(str(location[-1]))
        return f"such as {location[-1]}: {example}" if example else ""
    if kind in ("model_type", "model_attributes_type"):
        keys = keys_of(_models_at(location))
        return f"its keys are {', '.join(keys[:12])}" if keys and len(location) > 1 else ""
    return (
        "a list is written [a, b], or with one `- ` line for each item" if kind in ("list_type", "tuple_type") else ""
    )


def _limit(kind: str, context: dict[str, Any], message: str) -> tuple[str, str]:
    match kind:
        case "greater_than_equal":
            return "the number is too small", f"{context['ge']:g} or more"
        case "greater_than":
            return "the number is too small", f"more than {context['gt']:g}"
        case "less_than_equal":
            return "the number is too large", f"{_number(context['le'])} or less"
        case "less_than":
            return "the number is too large", f"less than {context['lt']:g}"
        case "too_short":
            return "the list is too short", f"at least {context['min_length']}"
        case "too_long":
            return "the list is too long", f"at most {context['max_length']}"
        case "string_too_short":
            return "the text is empty", f"at least {context['min_length']} character"
        case "string_too_long":
            return "the text is too long", f"at most {context['max_length']:,} characters"
    return message, ""


def _number(value: float) -> str:
    return f"{int(value):,}" if value == int(value) else f"{value:g}"


_LEAVES = frozenset((str, int, float, bool, type(None), Fraction, Length))  # values that are no models, of most keys
_NAMES: dict[type, dict[str, str] | None] = {}


def _names_by_key(kind: type) -> dict[str, str] | None:
    """The fields of a model by what they are called in a declaration; None of other types."""
    if kind not in _NAMES:
        fields = kind.model_fields if issubclass(kind, Model) else None
        _NAMES[kind] = {field.alias or name: name for name, field in fields.items()} if fields is not None else None
    return _NAMES[kind]


def set_places(value: Any, node: Node) -> None:
    """Give every model below `value` the place of the node it was made from."""
    if (names := _names_by_key(type(value))) is not None:  # (to ask whether it is a model takes several times as long)
        value.set_place(node.place)
        if isinstance(node, Map):
            if isinstance(value, Film) and value.script is not None and isinstance(node.items["scenes"], Map):
                set_places(value.script, node.items["scenes"].items["script"])
            fields = value.__dict__
            for key, below in node.items.items():
                part = fields.get(names.get(key, ""))
                if type(part) not in _LEAVES:
                    set_places(part, below)
    elif isinstance(value, list | tuple) and value and _names_by_key(type(value[0])) is not None:
        nodes = node.items if isinstance(node, List) else [node]
        for item, below in zip(value, nodes, strict=False):
            set_places(item, below)
    elif isinstance(value, dict) and isinstance(node, Map):
        for key, item in value.items():
            if key in node.items:
                set_places(item, node.items[key])
