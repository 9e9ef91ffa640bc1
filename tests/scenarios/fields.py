"""Every field of the language, found by walking its models: a field that is added is found here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from vbmake.project.models import Film, Model


def models_in(annotation: Any) -> Iterator[type[Model]]:
    """The models that a field's type is made of."""
    if isinstance(annotation, type) and issubclass(annotation, Model):
        yield annotation
    for part in get_args(annotation):
        yield from models_in(part)


def all_models(root: type[Model] = Film) -> list[type[Model]]:
    """The models of a declaration, each once."""
    found: dict[type[Model], None] = {root: None}
    waiting = [root]
    while waiting:
        for field in waiting.pop().model_fields.values():
            for model in models_in(field.annotation):
                if model not in found:
                    found[model] = None
                    waiting.append(model)
    return list(found)


def fields_that_can_change() -> set[str]:
    """`Model.key` for every key of every model, except where only one word is allowed."""
    return {
        f"{model.__name__}.{field.alias or name}"
        for model in all_models()
        for name, field in model.model_fields.items()
        if not (get_origin(field.annotation) is Literal and len(get_args(field.annotation)) == 1)
    }
