"""What every model of the language is: frozen, closed, and with its place in the file."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from vbmake.errors import Place

_NOWHERE = Place("video.yaml")


class Model(BaseModel):
    """The base of every model: frozen, closed (unknown keys are mistakes), with its place in the file.

    Modules of models leave `from __future__ import annotations` out: pydantic would evaluate every text of a type.

    Instances that the code itself writes are made with `model_construct`, of values that need no check: to make a
    model's own validator takes several ms, and what is read needs that of the outermost alone.
    """

    # Deferred: a model's validator holds those of all its parts, so only that of the outermost need be built.
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, allow_inf_nan=False, defer_build=True)
    # Beside pydantic: a private attribute of its own would cost a film of many layers a tenth of its reading.
    __slots__ = ("_place",)

    @property
    def place(self) -> Place:
        """Where this stands in the declaration."""
        place: Place = getattr(self, "_place", _NOWHERE)
        return place

    def set_place(self, place: Place) -> None:
        """Say where this stands in the declaration. It is no part of the value: two that differ in it are equal."""
        object.__setattr__(self, "_place", place)

    def __copy__(self) -> Self:
        copy = super().__copy__()
        copy.set_place(self.place)
        return copy


def word_or_mapping(value: Any) -> str:
    """Tells which side of "a word, or a mapping" a value is on, so that its mistakes are told of that side only."""
    return "<mapping>" if isinstance(value, dict | Model) else "<word>"


class Also:
    """Other ways to write a field, for the JSON Schema: a validator accepts them, pydantic cannot know of them.

    Without schemas: a list may be written as its one item.
    """

    def __init__(self, *schemas: dict[str, Any]) -> None:
        self.schemas = schemas

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """The field's own schema, or one of the others."""
        own: dict[str, Any] = handler(schema)
        return {"anyOf": [*(self.schemas or [own["items"]]), own]}
