"""An OpenAPI document as a judge: what is wrong with a request, or an answer, of one of its operations."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from referencing import Registry
from referencing.jsonschema import DRAFT202012

_URN: Final = "urn:document"
_SCHEMAS: Final = "#/components/schemas/"
_MULTIPART: Final = "multipart/form-data"
JSON: Final = "application/json"


@dataclass(frozen=True, eq=False)
class Operation:
    """One method of one path, as the document has it."""

    name: str
    method: str
    path: str  # with the path of the server's URL, and {parameters}
    told: Mapping[str, Any]

    @property
    def parameters(self) -> Sequence[Mapping[str, Any]]:
        found: Sequence[Mapping[str, Any]] = self.told.get("parameters", ())
        return found

    @property
    def bodies(self) -> Mapping[str, Any]:
        """The body's schema for each type of content that is taken."""
        content = self.told.get("requestBody", {}).get("content", {})
        return {media: one["schema"] for media, one in content.items()}

    @property
    def answer(self) -> tuple[int, str, Mapping[str, Any]]:
        """Status, type of content and schema of the first good answer."""
        status = next(code for code in self.told["responses"] if code.startswith("2"))
        content = self.told["responses"][status]["content"]
        media = JSON if JSON in content else next(iter(content))
        return int(status), media, content[media]["schema"]


class Document:
    """An OpenAPI document. Objects whose fields it lists take no others here, which it does not say itself."""

    def __init__(self, path: Path) -> None:
        self.told: dict[str, Any] = json.loads(path.read_bytes())
        self.base = urlsplit(self.told["servers"][0]["url"]).path.rstrip("/")

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        return tuple(
            Operation(operation["operationId"], method.upper(), self.base + path, operation)
            for path, methods in self.told["paths"].items()
            for method, operation in methods.items()
        )

    def unauthorised(self, operation: Operation, headers: Mapping[str, str]) -> str:
        """Why a request has not the key that the document asks for; "" when it has."""
        wrong = ""
        for alternative in operation.told.get("security", self.told.get("security", [])):
            wrong = next((words for name in alternative if (words := self._keyless(name, headers))), "")
            if not wrong:
                return ""
        return wrong

    def _keyless(self, name: str, headers: Mapping[str, str]) -> str:
        scheme = self.told["components"]["securitySchemes"][name]
        if scheme["type"] == "apiKey" and scheme["in"] == "header":
            return "" if headers.get(scheme["name"], "").strip() else f"the header {scheme['name']} is missing"
        assert (scheme["type"], scheme.get("scheme")) == ("http", "bearer"), f"security of a new kind: {scheme}"
        kind, _, key = headers.get("authorization", "").partition(" ")
        return "" if kind.lower() == "bearer" and key.strip() else "the header Authorization: Bearer is missing"

    def strays(self, operation: Operation, place: str, sent: Mapping[str, str]) -> Iterator[str]:
        """What is wrong with parameters of a place (path, query, header); headers may be others than are named."""
        known = {one["name"].lower(): one for one in operation.parameters if one["in"] == place}
        given = {name.lower(): value for name, value in sent.items()}
        for name, parameter in known.items():
            if name in given:
                yield from self.mistakes(parameter["schema"], self.value(parameter["schema"], given[name]), name)
            elif parameter.get("required"):
                yield f"{place} parameter {name} is missing"
        if place == "query":
            yield from (f"query parameter {name} is unknown" for name in given.keys() - known.keys())

    def mistakes(self, schema: Mapping[str, Any], value: Any, where: str = "body") -> list[str]:
        """Where a value does not fit a schema, fields that it does not name included: the first and deepest reason."""
        errors = list(self._validator(schema).iter_errors(value))
        # A part of `allOf` that fails names no fields, so that those seem unknown, too.
        others = [error for error in errors if error.validator != "unevaluatedProperties"]
        error = best_match(others or errors)
        return [] if error is None else [f"{where}{error.json_path[1:]}: {error.message}"]

    def value(self, schema: Mapping[str, Any], text: str) -> Any:
        """The value that the text of a form or of a parameter stands for: what fits the schema, if anything does."""
        try:
            parsed = json.loads(text)
        except ValueError:
            return text
        return parsed if self._validator(schema).is_valid(parsed) else text

    def form(self, schema: Mapping[str, Any], fields: Mapping[str, Sequence[str]], files: Sequence[str]) -> Any:
        """A multipart form as the object that its schema describes; `name[]` is how the items of a list are sent."""
        known = self.properties(schema)
        made: dict[str, Any] = {}
        for name, texts in fields.items():
            bare = name.removesuffix("[]")
            told = known.get(bare, {})
            values = [self.value(told.get("items", {}) if bare != name else told, text) for text in texts]
            made[bare] = values if bare != name else values[0] if len(values) == 1 else values
        for name in files:
            binary = known.get(name, {}).get("format") == "binary"
            made[name] = "(the bytes of a file)" if binary else {"(a file)": name}
        for name in fields.keys() & {name for name, told in known.items() if told.get("format") == "binary"}:
            made[name] = {"(no file)": fields[name]}
        return made

    def component(self, name: str) -> Mapping[str, Any]:
        """A schema by its name."""
        schema: Mapping[str, Any] = self.told["components"]["schemas"][name]
        return schema

    def properties(self, schema: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
        """Every field that a schema names, its parts (`$ref`, `allOf`) included."""
        if "$ref" in schema:
            return self.properties(self.component(schema["$ref"].removeprefix(_SCHEMAS)))
        found = dict(schema.get("properties", {}))
        for part in schema.get("allOf", ()):
            found |= self.properties(part)
        return found

    def _validator(self, schema: Mapping[str, Any]) -> Draft202012Validator:
        return Draft202012Validator(self._sealed(schema, whole=True), registry=self._registry)

    @cached_property
    def _registry(self) -> Registry[Any]:
        """Each schema twice: whole, and as a part of another, which has fields of its own beside."""
        schemas = self.told["components"].get("schemas", {})
        twice = {
            word: {name: self._sealed(schema, whole=whole) for name, schema in schemas.items()}
            for word, whole in (("whole", True), ("part", False))
        }
        registry: Registry[Any] = Registry().with_resource(_URN, DRAFT202012.create_resource(twice))
        return registry

    def _sealed(self, schema: Mapping[str, Any], *, whole: bool) -> dict[str, Any]:
        """The schema, closed to fields that it does not name; `whole` says that nothing else adds fields to it."""
        composed = "properties" in schema or "allOf" in schema

        def inner(one: Any, alone: bool) -> Any:
            return self._sealed(one, whole=alone) if isinstance(one, dict) else one

        made: dict[str, Any] = {}
        for key, value in schema.items():
            if key == "$ref":
                made[key] = f"{_URN}#/{'whole' if whole else 'part'}/{value.removeprefix(_SCHEMAS)}"
            elif key == "properties":
                made[key] = {name: inner(one, True) for name, one in value.items()}
            elif key in ("items", "additionalProperties"):
                made[key] = inner(value, True)
            elif key in ("anyOf", "oneOf"):
                made[key] = [inner(one, whole and not composed) for one in value]
            elif key == "allOf":
                made[key] = [inner(one, False) for one in value]
            else:
                made[key] = value
        if whole and composed and self.properties(schema) and "additionalProperties" not in schema:
            made["unevaluatedProperties"] = False
        return made
