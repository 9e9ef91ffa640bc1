"""How things come, go and move: effects, zooms and pans, keyframes, and when something is seen."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from vbmake.project import unit_schemas
from vbmake.project.model import Also, Model
from vbmake.project.units import Duration, Offset, Seconds, Share

_CURVES = ("quad", "cubic", "quart", "quint", "sine", "expo", "circ", "back", "elastic", "bounce")
EASINGS = (
    *("linear", "ease-in", "ease-out", "ease-in-out"),
    *(f"{side}-{curve}" for side in ("in", "out", "in-out") for curve in _CURVES),
)


def _easing(value: Any) -> str:
    if value not in EASINGS:
        raise ValueError("an easing is one of " + ", ".join(EASINGS))
    return str(value)


Easing = Annotated[str, BeforeValidator(_easing), Field(json_schema_extra={"enum": list(EASINGS)})]


def _pair(value: Any) -> Any:
    """A single value stands for a pair of itself where a start and an end are wanted."""
    return value if isinstance(value, list | tuple) else [value, value]


class Effect(Model):
    """How a layer comes or goes: exactly one of fade, slide, zoom and wipe, with how long it takes."""

    fade: Duration | None = Field(default=None, description="Fade, and how long.")
    slide: Duration | None = Field(
        default=None, description="Slide in from (out to) the edge of the picture, and how long."
    )
    zoom: Duration | None = Field(default=None, description="Grow from (shrink to) nothing, and how long.")
    wipe: Duration | None = Field(default=None, description="Be uncovered (covered) from a side, and how long.")
    from_: Literal["left", "right", "top", "bottom"] = Field(
        default="left", alias="from", description="The side for slide and wipe."
    )
    easing: Easing = Field(default="ease-out", description="The course of it over time.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(value is not None for value in (self.fade, self.slide, self.zoom, self.wipe)) != 1:
            raise ValueError("say exactly one of fade, slide, zoom and wipe, such as {fade: 0.4s}")
        return self


class Motion(Model):
    """A slow zoom or pan of the picture inside its frame."""

    zoom: Annotated[tuple[float, float], BeforeValidator(_pair), Also({"type": "number"})] = Field(
        default=(1.0, 1.15), description="Magnification at the start and at the end, 1 to 10."
    )
    from_: tuple[Share, Share] = Field(
        default=(0.5, 0.5), alias="from", description="The point in the middle at the start, [x, y] from 0 to 1."
    )
    toward: tuple[Share, Share] | None = Field(
        default=None, description="The point in the middle at the end. Default: as at the start."
    )
    easing: Easing = Field(default="linear", description="The course of it over time.")

    @field_validator("zoom")
    @classmethod
    def _range(cls, value: tuple[float, float]) -> tuple[float, float]:
        if not all(1 <= zoom <= 10 for zoom in value):
            raise ValueError("a zoom lies between 1 and 10")
        return value


def _key(value: Any) -> Any:
    if isinstance(value, list | tuple):
        if len(value) not in (2, 3):
            raise ValueError("a keyframe is [time, value] or [time, value, easing]")
        return dict(zip(("at", "value", "easing"), value, strict=False))
    return value


def _key_schema(value: dict[str, Any]) -> dict[str, Any]:
    items = [unit_schemas.TIME, value, {"enum": list(EASINGS)}]
    return {"type": "array", "prefixItems": items, "items": False, "minItems": 2}


class PlaceKey(Model):
    """A keyframe of a place: `[2s, 40%]` or `[2s, 40%, ease-out]`."""

    at: Seconds = Field(description="When, from the start of the layer.")
    value: Offset = Field(description="The place then.")
    easing: Easing = Field(default="ease-in-out", description="The course from the key before to this one.")


class NumberKey(Model):
    """A keyframe of a number: `[2s, 1.5]` or `[2s, 1.5, ease-out]`."""

    at: Seconds = Field(description="When, from the start of the layer.")
    value: float = Field(description="The value then.", ge=-36000, le=36000)
    easing: Easing = Field(default="ease-in-out", description="The course from the key before to this one.")


APlaceKey = Annotated[PlaceKey, BeforeValidator(_key), Also(_key_schema(unit_schemas.LENGTH))]
ANumberKey = Annotated[NumberKey, BeforeValidator(_key), Also(_key_schema({"type": "number"}))]


class Animate(Model):
    """Keyframes: how place, scale, rotation and opacity change over time."""

    x: list[APlaceKey] = Field(default=[], description="Across, of the width.")
    y: list[APlaceKey] = Field(default=[], description="Down, of the height.")
    scale: list[ANumberKey] = Field(default=[], description="Scale; 1 is as it is.")
    rotate: list[ANumberKey] = Field(default=[], description="Degrees, clockwise.")
    opacity: list[ANumberKey] = Field(default=[], description="0 to 1.")

    @field_validator("x", "y", "scale", "rotate", "opacity")
    @classmethod
    def _sorted(cls, keys: list[Any]) -> list[Any]:
        times = [key.at for key in keys]
        if times != sorted(set(times)):
            raise ValueError("keyframes stand in the order of their times, each time once")
        return keys

    @field_validator("scale", "opacity")
    @classmethod
    def _positive(cls, keys: list[NumberKey]) -> list[NumberKey]:
        if any(key.value < 0 or key.value > 100 for key in keys):
            raise ValueError("these values lie between 0 and 100")
        return keys


def _as_show(value: Any) -> Any:
    if isinstance(value, list | tuple):
        if len(value) != 2:
            raise ValueError("this is [start, end], or the start alone")
        return {"start": value[0], "end": None if value[1] == "end" else value[1]}
    return value if isinstance(value, dict | Show) else {"start": value}


class Show(Model):
    """When a layer is seen: `[0.5s, 4s]`, `[2s, end]`, or `2s` (until the end)."""

    start: Seconds = Field(default=0, validate_default=True, description="From when.")
    end: Seconds | None = Field(default=None, description="Until when; the end of the scene when left out.")

    @model_validator(mode="after")
    def _order(self) -> Self:
        if self.end is not None and self.end <= self.start:
            raise ValueError("the end comes after the start")
        return self


_SPAN = {
    "type": "array",
    "prefixItems": [unit_schemas.TIME, {"anyOf": [{"const": "end"}, unit_schemas.TIME]}],
    "items": False,
    "minItems": 2,
    "examples": [["0.5s", "4s"], ["2s", "end"]],
}
Span = Annotated[Show, BeforeValidator(_as_show), Also(_SPAN, unit_schemas.TIME)]
