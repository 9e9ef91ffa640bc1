"""A generated script: what may be asked for, what it is once it was checked, and the scenes that it becomes.

What a model wrote is data. It is shown and spoken; nothing in it is a path, a template, a rule or a name of anything.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from vbmake.project.generated import Account, ModelName, Prompt
from vbmake.project.model import Model
from vbmake.project.units import Duration, Language
from vbmake.project.words import slug
from vbmake.services import LOCAL

SCENES: Final = 300  # at most: those of the longest film, and some
LONGEST: Final = 1800  # seconds that a script may be asked for
HEADING: Final = "heading"  # the style's name, where a project has one for the headings of its script
_TOLD = 5  # mistakes of a script that are told
_JOINERS = "\u200c\u200d"  # invisible, and part of how Persian, Hindi or an emoji is spelt
_BREAKS = ("Cc", "Zl", "Zp")  # what stands between words, or nowhere
_HIDDEN = ("Cf", "Cs", "Co", "Cn")  # what cannot be seen: directions, surrogates, no characters at all
# Emoji and other small pictures, with what joins and colours them: no voice reads them, and fonts of text lack them.
_EMOJI: Final = re.compile(
    r"\s*(?:[\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff][\ufe0e\ufe0f\u200d]*)+|[\ufe0f\u20e3]"
)
# How the pictures of a script are moved, in turn. Their middle stays in the middle: what is written above and below
# them comes no nearer.
_MOVES: Final[tuple[Mapping[str, Any], ...]] = (
    {"zoom": [1.0, 1.08]},
    {"zoom": [1.06, 1.06], "from": [0.47, 0.5], "toward": [0.53, 0.5]},
    {"zoom": [1.08, 1.0]},
)


class ScriptImages(Model):
    """Who makes the pictures of a script."""

    provider: Account = Field(default=LOCAL, description="Who makes them.")
    model: ModelName | None = Field(default=None, description="The model. Default: the provider's.")
    options: dict[str, Any] = Field(default={}, description="More for the model, in its own words.")


class ScriptRequest(Model):
    """Scenes that a provider writes, each build that has not got them yet."""

    prompt: Prompt = Field(description="What the film shall tell.")
    provider: Account = Field(
        default=LOCAL, description="Who writes it: local (an outline), openai, or of `providers`."
    )
    model: ModelName | None = Field(default=None, description="The model. Default: the provider's.")
    duration: Duration = Field(default="60s", validate_default=True, description="How long it shall be, about.")
    style: str = Field(
        default="documentary", min_length=1, max_length=80, description="documentary, news, explainer ..."
    )
    language: Language | None = Field(default=None, description="The language it is written in. Default: the film's.")
    take: int = Field(default=1, ge=1, le=10000, description="Another number asks for another script.")
    images: ScriptImages = Field(default=ScriptImages.model_construct(), description="Who makes the pictures.")

    @field_validator("duration")
    @classmethod
    def _short(cls, value: Fraction) -> Fraction:
        if value > LONGEST:
            raise ValueError(f"a script is for a film of at most {LONGEST // 60}m: make several films of it")
        return value


def cleaned(text: str) -> str:
    """A text in one line as it can be shown, spoken and written down: without control characters and what is hidden."""
    kept = []
    for letter in text:
        kind = unicodedata.category(letter)
        if kind in _BREAKS:
            kept.append(" ")
        elif kind not in _HIDDEN or letter in _JOINERS:
            kept.append(letter)
    return " ".join("".join(kept).split()).strip(_JOINERS + " ")


def _text(limit: int, *, empty: bool = False, emoji: bool = True) -> Any:
    """A line of text, cleaned, of emoji too unless they may stay. Longer than `limit` is a mistake, not cut."""

    def clean(value: Any) -> str:
        if not isinstance(value, str):
            raise ValueError(f"a text is wanted, not {_KINDS.get(type(value), type(value).__name__)}")
        if len(value) > 4 * limit:
            raise ValueError(f"the text is too long: {len(value):,} characters, allowed are {limit:,}")
        text = cleaned(value if emoji else _EMOJI.sub("", value))
        if len(text) > limit:
            raise ValueError(f"the text is too long: {len(text):,} characters, allowed are {limit:,}")
        if not text and not empty:
            raise ValueError("the text is empty")
        return text

    return BeforeValidator(clean)


_KINDS: Final[Mapping[type, str]] = {
    **{type(None): "null", bool: "true or false", int: "a number", float: "a number"},
    **{list: "a list", dict: "an object"},
}


class ScriptScene(BaseModel):
    """One scene as it was written. What else was written beside it means nothing."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    title: Annotated[str, _text(120)]
    say: Annotated[str, _text(2000, emoji=False)]
    picture: Annotated[str, _text(2000)]
    heading: Annotated[str, _text(120, empty=True, emoji=False)] = ""


class Script(BaseModel):
    """A script, checked."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    title: Annotated[str, _text(200)]
    language: Annotated[str, _text(40, empty=True)] = ""
    scenes: list[ScriptScene] = Field(min_length=1, max_length=SCENES)


def read_script(data: Any) -> Script:
    """The script in what a model answered. Raises ValueError with the first mistakes, a clause each."""
    if not isinstance(data, dict):
        raise ValueError(f"it is no script: an object is wanted, not {_KINDS.get(type(data), type(data).__name__)}")
    try:
        return Script.model_validate(data)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        told = [f"{_where(one['loc'])}: {_what(one)}" for one in found[:_TOLD]]
        more = [f"and {len(found) - _TOLD} more"] if len(found) > _TOLD else []
        raise ValueError("it is no script: " + "; ".join([*told, *more])) from None


def _where(path: tuple[int | str, ...]) -> str:
    """scenes[3].say: every name in it is one of ours."""
    words = [f"[{step + 1}]" if isinstance(step, int) else f".{step}" for step in path]
    return "".join(words).lstrip(".")


def _what(mistake: Mapping[str, Any]) -> str:
    limits = mistake.get("ctx", {})
    match mistake["type"]:
        case "missing":
            return "it is missing"
        case "too_long":
            return f"there are more than {limits['max_length']}"
        case "too_short":
            return "there are none"
        case "list_type":
            return "a list is wanted"
        case "model_type" | "dict_type":
            return "an object is wanted"
        case _:
            return str(mistake["msg"]).removeprefix("Value error, ")


def heading_look(sizes: Sequence[tuple[int, int]]) -> dict[str, Any]:
    """The style of headings for films of these sizes: as large in a tall picture as in a wide one."""
    return {
        "size": share(6, sizes),
        "bold": True,
        "box": {"color": "#0b0f16b8", "padding": share(1.4, sizes), "radius": share(1.2, sizes)},
    }


def share(percent: float, sizes: Sequence[tuple[int, int]]) -> str:
    """A length of `percent` of the shorter side, as the language has it: of the height; the least among the sizes."""
    least = min((min(size) / size[1] for size in sizes), default=1.0)
    return f"{round(percent * least, 1 if percent * least >= 1 else 2):g}%"


def scenes_of(script: Script, images: ScriptImages, heading: str | Mapping[str, Any]) -> list[dict[str, Any]]:
    """The scenes of a script as a declaration has them: each spoken over its picture, which moves slowly.

    `heading` is the style of headings, or its name.
    """
    taken: set[str] = set()
    scenes = []
    for number, scene in enumerate(script.scenes):
        image: dict[str, Any] = {"prompt": scene.picture, "provider": images.provider}
        if images.model is not None:
            image["model"] = images.model
        if images.options:
            image["options"] = dict(images.options)
        layers: list[dict[str, Any]] = [{"image": image, "motion": dict(_MOVES[number % len(_MOVES)])}]
        if scene.heading:
            style = heading if isinstance(heading, str) else dict(heading)
            layers.append({"text": scene.heading, "style": style, "at": "top left", "enter": {"fade": "0.4s"}})
        scenes.append({"id": _id(scene.title, number, taken), "title": scene.title, "say": scene.say, "layers": layers})
    return scenes


def _id(title: str, number: int, taken: set[str]) -> str:
    base = slug(title, 40) or f"scene-{number + 1}"
    name, count = base, 1
    while name in taken:
        count += 1
        name = f"{base}-{count}"
    taken.add(name)
    return name
