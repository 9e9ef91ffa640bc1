"""The JSON Schema of a declaration, from the same models: for completion and checks while it is written.

An editor sees the declaration before loops, variables and includes are carried out. So the schema also knows `vars`,
`data`, `include`, `films`, and `for` and `if` on items, and takes an expression `{{ ... }}` wherever a value stands.
"""

from __future__ import annotations

import copy
import json
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from vbmake.project import unit_schemas
from vbmake.project.models import LAYER_KINDS, Film
from vbmake.project.units import At, Length

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_EXPRESSION = {"$ref": "#/$defs/expression"}
_ITEMS = ("Scene", "Sound", "Music", *sorted(model.__name__ for model in LAYER_KINDS.values()))
_LISTS = {"scenes": "Film", "overlays": "Film", "layers": "Scene", "sounds": "Scene"}
_NOTES = ("description", "default", "examples")


def schema_text() -> str:
    """The schema of a `video.yaml` as JSON text."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def json_schema() -> dict[str, Any]:
    """The schema of a `video.yaml`, as JSON Schema 2020-12."""
    schema = Film.model_json_schema(by_alias=True, schema_generator=_Generator, mode="validation")
    definitions: dict[str, Any] = schema.pop("$defs")
    definitions["Film"] = schema
    _scripted(schema)
    for definition in definitions.values():
        _open(definition)
    for name in _ITEMS:
        definitions[name]["properties"] |= {
            "for": {"$ref": "#/$defs/for"},
            "if": {"$ref": "#/$defs/if"},
        }
    definitions["Scene"]["required"] = []
    for field, owner in _LISTS.items():
        _include_items(definitions[owner]["properties"][field])
    definitions["Film"]["properties"] |= _structure()
    # An included file and a film whose scenes are included may lack what the whole has: the loader tells.
    definitions["Film"]["required"] = ["vbmake"]
    return {
        "$schema": DIALECT,
        "title": "vbmake",
        "$ref": "#/$defs/Film",
        "$defs": {**dict(sorted(definitions.items())), **_shapes(), **_shared()},
    }


class _Generator(GenerateJsonSchema):
    """Pydantic's, which writes a length and a place as people do."""

    def encode_default(self, dft: Any) -> Any:
        return str(dft) if isinstance(dft, At | Length) else super().encode_default(dft)


def _scripted(film: dict[str, Any]) -> None:
    """A script stands in place of the list of scenes."""
    script = film["properties"].pop("script")
    scenes = film["properties"]["scenes"]
    inside = {"script": next(part for part in script["anyOf"] if "$ref" in part)}
    listed = {key: scenes.pop(key) for key in ("type", "items", "maxItems") if key in scenes}
    one = {"type": "object", "properties": inside, "required": ["script"], "additionalProperties": False}
    scenes["anyOf"] = [listed, one]


def _shapes() -> dict[str, Any]:
    shapes = copy.deepcopy(unit_schemas.NAMED)
    for shape in shapes.values():
        _open(shape)
    return shapes


def _shared() -> dict[str, Any]:
    return {
        "expression": {"type": "string", "pattern": r"\{\{|\{%", "description": "An expression: {{ name }}."},
        "for": {
            "type": "object",
            "description": "Repeat this for every item of a list; several names make every combination.",
            "additionalProperties": {"anyOf": [{"type": "array"}, _EXPRESSION]},
            "minProperties": 1,
            "examples": [{"row": "{{ data.rows }}"}],
        },
        "if": {
            "type": ["boolean", "string", "number", "null"],
            "description": "Leave this out unless the expression is true.",
            "examples": ["{{ row.photo }}"],
        },
        "include": {
            "type": "object",
            "description": "What another file holds: one item, or a list of them.",
            "properties": {
                "include": {"type": "string", "description": "The file, relative to this one."},
                "for": {"$ref": "#/$defs/for"},
                "if": {"$ref": "#/$defs/if"},
            },
            "required": ["include"],
            "additionalProperties": False,
        },
    }


def _structure() -> dict[str, Any]:
    names = {"type": "string"}
    return {
        "vars": {"type": "object", "description": "Variables by name, for expressions: {{ city }}."},
        "data": {
            "type": "object",
            "description": "CSV, JSON or YAML files by the name that expressions use: {{ data.rows }}.",
            "additionalProperties": names,
            "examples": [{"rows": "rows.csv"}],
        },
        "include": {
            "description": "Files with settings that this one starts from.",
            "anyOf": [names, {"type": "array", "items": names}],
        },
        "films": {
            "type": "object",
            "description": "Make one film for every item of a list.",
            "properties": {
                "for": {"$ref": "#/$defs/for"},
                "name": {"type": "string", "description": "The file name of each film, with the item in it."},
            },
            "required": ["for", "name"],
            "additionalProperties": False,
            "examples": [{"for": {"row": "{{ data.rows }}"}, "name": "{{ row.slug }}"}],
        },
    }


def _include_items(field: dict[str, Any]) -> None:
    """Let the items of a list also be `{include: file}`."""
    for part in [field, *field.get("anyOf", ())]:
        if "items" in part:
            part["items"] = {"anyOf": [{"$ref": "#/$defs/include"}, *part["items"].get("anyOf", [part["items"]])]}


def _open(schema: dict[str, Any]) -> None:
    """Let every value below be an expression too, use the named shapes, and drop pydantic's titles."""
    schema.pop("title", None)
    for name, value in schema.get("properties", {}).items():
        schema["properties"][name] = _opened(value)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            schema[key] = _opened(schema[key])
    if "prefixItems" in schema:
        schema["prefixItems"] = [_opened(item) for item in schema["prefixItems"]]
    for key in ("anyOf", "oneOf"):
        if key in schema:
            schema[key] = [_shape(part) for part in schema[key]]


def _opened(value: dict[str, Any]) -> dict[str, Any]:
    """The schema of one value, and beside it an expression where a text would not do anyhow."""
    notes: dict[str, Any] = {key: value[key] for key in _NOTES if key in value}
    bare = {key: item for key, item in value.items() if key not in _NOTES and key != "title"}
    if _named(bare) is None and set(bare) == {"anyOf"}:
        return {**notes, "anyOf": [*map(_shape, bare["anyOf"]), _EXPRESSION]}
    shape = _shape(bare)
    if _is_text(shape) or not shape:
        return {**notes, **shape}
    return {**notes, "anyOf": [shape, _EXPRESSION]}


def _is_text(schema: dict[str, Any]) -> bool:
    return "string" in schema.get("type", ()) and not {"pattern", "enum", "const"} & schema.keys()


def _shape(schema: dict[str, Any]) -> dict[str, Any]:
    named = _named(schema)
    if named:
        return named
    if _is_text(schema):
        return {**schema, "type": ["string", "number", "boolean"]}  # a text may look like a number
    _open(schema)
    return schema


def _named(schema: dict[str, Any]) -> dict[str, Any] | None:
    bare = {key: item for key, item in schema.items() if key not in _NOTES}
    for name, shape in unit_schemas.NAMED.items():
        if bare == {key: item for key, item in shape.items() if key not in _NOTES}:
            return {"$ref": f"#/$defs/{name}"}
    return None
