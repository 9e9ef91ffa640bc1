"""An instance of a JSON Schema, as a model would answer that is asked for structured output."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any


def instance_of(schema: Mapping[str, Any], word: str, name: str = "value") -> Any:
    """Something valid: every property, three items a list (or as many as it must have), texts that tell their place."""
    root = schema

    def make(schema: Mapping[str, Any], name: str, number: int) -> Any:
        if "$ref" in schema:
            target: Any = root
            for step in schema["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            return make(target, name, number)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return schema["enum"][0]
        for choice in ("anyOf", "oneOf"):
            if choice in schema:
                return make(schema[choice][0], name, number)
        kind = schema.get("type", "object")
        kind = kind if isinstance(kind, str) else next(one for one in kind if one != "null")
        if kind == "object":
            return {key: make(value, key, number) for key, value in schema.get("properties", {}).items()}
        if kind == "array":
            count = min(max(3, schema.get("minItems", 0)), schema.get("maxItems", 3))
            return [make(schema.get("items", {}), name, n + 1) for n in range(count)]
        if kind == "string":
            return _text(schema, name, number, word)
        if kind in ("integer", "number"):
            return schema.get("minimum", number)
        return False if kind == "boolean" else None

    return make(schema, name, 1)


def _text(schema: Mapping[str, Any], name: str, number: int, word: str) -> str:
    if name == "language":
        return "en"
    text = f"The {name} number {number} tells of {word}."
    if "pattern" in schema and not re.search(schema["pattern"], text):
        text = word
    return text[: schema.get("maxLength", len(text))]


def mistakes(schema: Mapping[str, Any], path: str = "") -> str:
    """Why OpenAI refuses a schema with `strict`; "" when every object forbids more, and requires all, than it has."""
    if schema.get("type") == "object" or "properties" in schema:
        if schema.get("additionalProperties") is not False:
            return f"In context=({path}), 'additionalProperties' is required to be supplied and to be false."
        missing = set(schema.get("properties", {})) - set(schema.get("required", []))
        if missing:
            return (
                f"In context=({path}), 'required' must include every key in properties. Missing '{sorted(missing)[0]}'."
            )
    parts = [(f"{path}.{key}", value) for key, value in schema.get("properties", {}).items()]
    parts += [(f"{path}.items", schema["items"])] if isinstance(schema.get("items"), dict) else []
    parts += [(f"{path}.$defs", value) for value in schema.get("$defs", {}).values()]
    parts += [(path, value) for choice in ("anyOf", "oneOf") for value in schema.get(choice, [])]
    return next((found for where, part in parts if (found := mistakes(part, where))), "")
