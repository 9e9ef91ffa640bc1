"""The input of a model: which fields a known family of models has, and what is left to the model.

Hosted models each have their own fields, and some refuse a request with a field they do not know. So only a family
that is described gets a seed, a size or a length; any other model gets the prompt alone. What the project writes
under `options` is sent to every model, and wins. A text of `options` that is one of PLACES is replaced by what it
names, which fills the fields of a model that is described nowhere: `{gen_text: $prompt, first_image: $image}`.
"""

from __future__ import annotations

import math
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from vbmake.providers.types import Failure, Generation
from vbmake.services import SERVICES, Kind

PLACES: Final = ("$prompt", "$image", "$seed", "$seconds", "$width", "$height", "$voice", "$language")

LANGUAGES: Final[Mapping[str, str]] = {
    "ar": "Arabic", "cs": "Czech", "de": "German", "el": "Greek", "en": "English", "es": "Spanish", "fi": "Finnish",
    "fr": "French", "hi": "Hindi", "id": "Indonesian", "it": "Italian", "ja": "Japanese", "ko": "Korean", "nl": "Dutch",
    "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "th": "Thai", "tr": "Turkish",
    "uk": "Ukrainian", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip
"""The languages of MiniMax's `language_boost`, by their ISO 639-1 codes."""

_MAGIC: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
)
_SPAN: Final = (256, 1536)  # px of a side that models with free sizes take


@dataclass(frozen=True, slots=True)
class Length:
    """How a model is told a length: `field` holds ceil(seconds * rate) + extra, a multiple of `step` (+ extra).

    The value lies in [least, most], or is one of `choices`.
    """

    field: str
    least: int = 1
    most: int = 0
    rate: int = 1
    step: int = 1
    extra: int = 0
    choices: tuple[int, ...] = ()

    @property
    def longest(self) -> float:
        """The longest that can be asked for, in seconds."""
        return ((self.choices[-1] if self.choices else self.most) - self.extra) / self.rate

    def value(self, seconds: float) -> int:
        """The field's value for at least `seconds`, as far as the model reaches."""
        if self.choices:
            return next((choice for choice in self.choices if choice >= seconds), self.choices[-1])
        steps = math.ceil(round(seconds * self.rate / self.step, 6))
        return min(max(steps * self.step + self.extra, self.least), self.most)


@dataclass(frozen=True, slots=True)
class Family:
    """Models with the same input. A field's name that is "" says that the models have none (or none that is known).

    `models` matches the whole name. A dotted name is a field of an object. `shape` takes the nearest of `shapes`
    ("16:9", "1280*720"), `size` an object of width and height. `text` is the longest prompt in characters (0: unknown).
    """

    models: re.Pattern[str]
    prompt: str = "prompt"
    text: int = 0
    seed: str = ""
    shape: str = ""
    shapes: tuple[str, ...] = ()
    size: str = ""
    length: Length | None = None
    image: str = ""
    voice: str = ""
    language: str = ""
    fixed: Mapping[str, Any] = field(default_factory=dict)


_ANY: Final = re.compile("")
_UNKNOWN: Final = Family(_ANY)
_UNKNOWN_SPEECH: Final = Family(_ANY, prompt="text")


def family_of(model: str, kind: Kind, families: Sequence[Family]) -> Family:
    """The first family that the model belongs to; for any other model one that takes the prompt alone."""
    unknown = _UNKNOWN_SPEECH if kind == "speech" else _UNKNOWN
    return next((family for family in families if family.models.fullmatch(model)), unknown)


def problem(family: Family, generation: Generation, limit: int) -> str:
    """What is wrong with what is asked of a model of `family`, "" when nothing is. `limit`: bytes of an image file."""
    if not generation.prompt.strip():
        return "the prompt is empty"
    if family.text and len(generation.prompt) > family.text:
        return f"the text has {len(generation.prompt)} characters and {generation.model} takes {family.text}: split it"
    values = _values(generation, "")
    for place in _places(generation.options):
        if values[place] is None or (place == "$image" and "image" not in generation.files):
            return f"options name {place}, and this {generation.kind} has no {place[1:]}"
    if unheard := _unheard(family, generation):
        return (
            f"vbmake does not know which input of {generation.model} takes a {unheard[1:]}: name it, "
            f"options: {{FIELD: {unheard}}}, or leave it out"
        )
    length = family.length
    told = length is None or length.field in generation.options
    if generation.kind == "clip" and length and not told and (generation.seconds or 0) > length.longest + 1e-6:
        # Music is repeated or faded; a clip that is too short is a frozen picture that was paid for.
        return (
            f"{generation.seconds:g} s are asked for and {generation.model} makes at most {length.longest:.4g} s: "
            "ask for less, or name another model"
        )
    image = generation.files.get("image")
    if image is None:
        return ""
    if not family.image and "$image" not in _places(generation.options):
        return (
            f"vbmake does not know which input of {generation.model} takes a picture: name it, "
            "options: {FIELD: $image}, or leave the picture out"
        )
    return _too_big(image, limit) if image.is_file() else ""


def _unheard(family: Family, generation: Generation) -> str:
    """The place of what the project names and the model could not be told; "" where there is none.

    A size and the length of music are not looked at: the film has them where the project names none (unsaid tells).
    """
    known = SERVICES.get(generation.service)
    default = known.voice if known is not None else ""
    length = generation.kind in ("clip", "effect") and bool(generation.seconds)
    asked = {
        "$seed": "seed" in generation.named and not family.seed,
        "$seconds": length and family.length is None,
        "$voice": generation.voice not in ("", default) and not family.voice,
    }
    places = set(_places(generation.options))
    return next((place for place, missing in asked.items() if missing and place not in places), "")


def build(family: Family, generation: Generation, limit: int) -> dict[str, Any]:
    """The input: the family's fields, over them the project's own, and the prompt.

    Raises Failure when the picture cannot be read or is larger than `limit` bytes.
    """
    places = set(_places(generation.options))
    result: dict[str, Any] = dict(family.fixed)
    _put(result, family.seed, generation.seed)
    if generation.width and generation.height:
        if family.shapes:
            _put(result, family.shape, nearest(family.shapes, generation.width, generation.height))
        _put(result, family.size, _sides(generation.width, generation.height))
    if generation.seconds and family.length is not None:
        _put(result, family.length.field, family.length.value(generation.seconds))
    _put(result, family.voice, generation.voice or None)
    _put(result, family.language, LANGUAGES.get(generation.language.partition("-")[0].lower()))
    picture = ""
    if "image" in generation.files:
        picture = data_url(generation.files["image"], limit)
        _put(result, "" if "$image" in places else family.image, picture)
    for name, value in _filled(generation.options, _values(generation, picture)).items():
        before = result.get(name)
        result[name] = {**before, **value} if isinstance(before, dict) and isinstance(value, dict) else value
    if "$prompt" not in places:
        _put(result, family.prompt, generation.prompt)
    return result


def unsaid(family: Family, generation: Generation) -> list[str]:
    """What is asked for and was not told to the model, because no field for it is known: for the provenance."""
    places = set(_places(generation.options))
    asked = {
        "size": bool(generation.width and generation.height)
        and not (family.shape or family.size or "$width" in places),
        "seconds": bool(generation.seconds) and family.length is None and "$seconds" not in places,
        "voice": bool(generation.voice) and not family.voice and "$voice" not in places,
        "seed": not family.seed and "$seed" not in places and "seed" not in generation.options,
    }
    return [name for name, missing in asked.items() if missing]


def nearest(shapes: Sequence[str], width: int, height: int) -> str:
    """The shape ("16:9" or "1280*720") whose proportions are nearest to width : height."""
    return min(shapes, key=lambda shape: abs(math.log(_proportion(shape)) - math.log(width / height)))


def data_url(path: Path, limit: int) -> str:
    """A picture as a data URL. Raises Failure when it cannot be read, is too large or is none."""
    try:
        too_big = _too_big(path, limit)
        content = b"" if too_big else path.read_bytes()
    except OSError as error:
        raise Failure("invalid", f"the picture {path.name} cannot be read: {error.strerror}") from error
    if too_big:
        raise Failure("invalid", too_big)
    kind = next((kind for magic, kind in _MAGIC if content.startswith(magic)), "")
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        kind = "image/webp"
    if not kind:
        raise Failure("invalid", f"{path.name} is no PNG, JPEG, WebP or GIF: convert it first")
    return f"data:{kind};base64,{b64encode(content).decode('ascii')}"


def _too_big(path: Path, limit: int) -> str:
    size = path.stat().st_size
    if size <= limit:
        return ""
    return (
        f"the picture {path.name} has {size // 1024} kB and at most {limit // 1024} kB can be sent with the request: "
        "save it smaller, as a JPEG of 1280 px for example"
    )


def _proportion(shape: str) -> float:
    width, height = re.split("[:*x]", shape)
    return int(width) / int(height)


def _sides(width: int, height: int) -> dict[str, int]:
    """Width and height in px as models take them: multiples of 16 within their span, the proportions kept."""
    scale = min(1.0, _SPAN[1] / max(width, height))
    return {
        name: min(max(round(side * scale / 16) * 16, _SPAN[0]), _SPAN[1])
        for name, side in (("width", width), ("height", height))
    }


def _values(generation: Generation, picture: str) -> dict[str, Any]:
    return {
        "$prompt": generation.prompt,
        "$image": picture,
        "$seed": generation.seed,
        "$seconds": generation.seconds,
        "$width": generation.width,
        "$height": generation.height,
        "$voice": generation.voice or None,
        "$language": generation.language or None,
    }


def _places(value: Any) -> Iterator[str]:
    """The places that options name, at any depth."""
    if isinstance(value, str):
        if value in PLACES:
            yield value
    elif isinstance(value, Mapping | list | tuple):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _places(item)


def _filled(value: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(value, str):
        return values.get(value, value)
    if isinstance(value, Mapping):
        return {str(name): _filled(item, values) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(item, values) for item in value]
    return value


def _put(target: dict[str, Any], name: str, value: Any) -> None:
    if not name or value is None:
        return
    outer, _, inner = name.partition(".")
    target[outer] = {**target.get(outer, {}), inner: value} if inner else value
