"""The JSON Schema and the reference page say what the models say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from vbmake.document.node import Problems, plain
from vbmake.document.yaml_reader import read_yaml
from vbmake.project import models
from vbmake.project.model import Model
from vbmake.project.reference import SECTIONS, language_page
from vbmake.project.schema import json_schema

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*/video.yaml"))


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return json_schema()


def wrong(schema: dict[str, Any], text: str) -> bool:
    tree = plain(read_yaml(text.encode(), "video.yaml", Problems()))
    return not Draft202012Validator(schema).is_valid(tree)


def test_the_schema_is_a_valid_schema(schema: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.parent.name)
def test_every_example_fits_the_schema(schema: dict[str, Any], example: Path) -> None:
    tree = plain(read_yaml(example.read_bytes(), "video.yaml", Problems()))
    assert [error.message[:300] for error in Draft202012Validator(schema).iter_errors(tree)] == []


@pytest.mark.parametrize(
    "body",
    [
        "{text: hi, show: [1s, end]}",
        "{text: hi, show: 1s}",
        "{text: hi, show: {start: 1s}}",
        "{text: 1984}",
        "{text: hi, at: top-left, opacity: 50%, rotate: 3}",
        "{text: hi, at: [50%, '{{ y }}']}",
        "{text: hi, opacity: '{{ row.o }}', for: {row: '{{ rows }}'}, if: '{{ row }}'}",
        "{color: red, animate: {x: [[0s, 1%], [1s, 50%, out-back]], scale: [{at: 0, value: 1}]}}",
        "{image: a.jpg, motion: {zoom: 1.2}}",
        "{video: a.mp4, freeze: {at: 1s, for: 2s}, speed: 1.5x}",
        "{make: pdf-page, pdf: d.pdf, page: 3}",
        "{include: layer.yaml}",
        "{text: hi, style: big}",
        "{text: hi, style: {size: 3%}}",
    ],
)
def test_what_the_loader_takes_fits_the_schema(schema: dict[str, Any], body: str) -> None:
    assert not wrong(schema, f"vbmake: 1\nscenes: [{{layers: [{body}]}}]")


@pytest.mark.parametrize(
    "text",
    [
        "scenes: [{}]",
        "vbmake: 2\nscenes: [{}]",
        "vbmake: 1\ntitel: x",
        "vbmake: 1\nscenes: [{duration: 5}]",
        "vbmake: 1\nscenes: [{layers: [{imge: x}]}]",
        "vbmake: 1\nscenes: [{layers: [{text: a, image: b}]}]",
        "vbmake: 1\nscenes: [{layers: [{text: a, opacity: 2}]}]",
        "vbmake: 1\nscenes: [{layers: [{text: a, animate: {x: [[0s, 1%, easein]]}}]}]",
        "vbmake: 1\ntransition: fad",
        "vbmake: 1\nquality: hihg",
    ],
)
def test_what_the_loader_refuses_does_not_fit(schema: dict[str, Any], text: str) -> None:
    assert wrong(schema, text)


def test_every_key_is_described(schema: dict[str, Any]) -> None:
    bare = [
        f"{name}.{key}"
        for name, definition in schema["$defs"].items()
        if name[0].isupper()
        for key, value in definition["properties"].items()
        if not value.get("description") and "#/$defs/" not in str(value)
    ]
    assert bare == []


def _every_model(model: type[Model]) -> list[type[Model]]:
    return [model, *(inner for sub in model.__subclasses__() for inner in _every_model(sub))]


def test_every_model_and_every_key_stands_on_the_reference_page() -> None:
    page = language_page()
    assert set(_every_model(Model)) - {Model} == set(SECTIONS)
    for model in SECTIONS:
        section = page.split(f"## {model.__name__}\n")[1].split("\n## ")[0]
        keys = {field.alias or name for name, field in model.model_fields.items()}
        keys -= {"script"} if model is models.Film else set()  # it stands inside of `scenes`
        inherited = {
            field.alias or name for base in model.__bases__ for name, field in getattr(base, "model_fields", {}).items()
        }
        assert [key for key in keys - inherited if f"| `{key}` |" not in section] == []
    assert all(f"`{kind}`" in page for kind in (*models.TRANSITIONS, *models.EASINGS))


def test_the_documentation_is_the_generated_page() -> None:
    written = (ROOT / "docs" / "language.md").read_text("utf-8")
    assert written == language_page(), "python -m vbmake.project.reference > docs/language.md"
