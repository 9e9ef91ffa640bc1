"""A generated script: what may be asked for, what it is once it was checked, and the scenes that it becomes.

What a model wrote is data. It is shown and spoken; nothing in it is a path, a template, a rule or a name of anything.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from vbmake.project.generated import Account
from vbmake.project.model import Model
from vbmake.project.units import Duration, Language
from vbmake.project.words import slug
from vbmake.services import LOCAL

SCENES = 200  # at most
_MOVES: tuple[Mapping[str, Any], ...] = (  # how the pictures of a script are moved, in turn
    {"zoom": [1.0, 1.12], "toward": [0.5, 0.45]},
    {"zoom": [1.12, 1.0], "from": [0.45, 0.5]},
    {"zoom": [1.08, 1.14], "from": [0.42, 0.5], "toward": [0.58, 0.5]},
)


class ScriptImages(Model):
    """Who makes the pictures of a script."""

    provider: Account = Field(default=LOCAL, description="Who makes them.")
    model: str | None = Field(default=None, max_length=200, description="The model. Default: the provider's.")
    options: dict[str, Any] = Field(default={}, description="More for the model, in its own words.")


class ScriptRequest(Model):
    """Scenes that a provider writes, each build that has not got them yet."""

    prompt: str = Field(description="What the film shall tell.", min_length=1, max_length=8000)
    provider: Account = Field(
        default=LOCAL, description="Who writes it: local (an outline), openai, or of `providers`."
    )
    model: str | None = Field(default=None, max_length=200, description="The model. Default: the provider's.")
    duration: Duration = Field(default="60s", validate_default=True, description="How long it shall be, about.")
    style: str = Field(
        default="documentary", min_length=1, max_length=80, description="documentary, news, explainer ..."
    )
    language: Language | None = Field(default=None, description="The language it is written in. Default: the film's.")
    take: int = Field(default=1, ge=1, le=10000, description="Another number asks for another script.")
    images: ScriptImages = Field(default=ScriptImages(), description="Who makes the pictures.")


def _text(limit: int, *, empty: bool = False) -> Any:
    """A line of text: control characters out, white space single. Longer is a mistake, not cut."""

    def clean(value: Any) -> str:
        if not isinstance(value, str):
            raise ValueError(f"a text is wanted, not {type(value).__name__}")
        if len(value) > 4 * limit:
            raise ValueError(f"the text is too long: {len(value):,} characters, allowed are {limit:,}")
        bare = "".join(
            " " if unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp") else letter for letter in value
        )
        text = " ".join(bare.split())
        if len(text) > limit:
            raise ValueError(f"the text is too long: {len(text):,} characters, allowed are {limit:,}")
        if not text and not empty:
            raise ValueError("the text is empty")
        return text

    return BeforeValidator(clean)


class ScriptScene(BaseModel):
    """One scene as it was written."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    title: Annotated[str, _text(120)]
    say: Annotated[str, _text(2000)]
    picture: Annotated[str, _text(2000)]
    heading: Annotated[str, _text(80, empty=True)] = ""


class Script(BaseModel):
    """A script, checked."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    title: Annotated[str, _text(200)]
    language: Annotated[str, _text(40, empty=True)] = ""
    scenes: list[ScriptScene] = Field(min_length=1, max_length=SCENES)


def read_script(data: Any) -> Script:
    """The script in what a model answered. Raises ValueError with every mistake, a clause each."""
    try:
        return Script.model_validate(data)
    except ValidationError as error:
        told = [
            f"{'.'.join(map(str, one['loc'])) or 'script'}: {one['msg'].removeprefix('Value error, ')}"
            for one in error.errors(include_url=False, include_input=False)[:5]
        ]
        raise ValueError("it is no script: " + "; ".join(told)) from None


def scenes_of(script: Script, request: ScriptRequest) -> list[dict[str, Any]]:
    """The scenes of a script as a declaration has them: each spoken over its picture, which moves slowly."""
    taken: set[str] = set()
    scenes = []
    for number, scene in enumerate(script.scenes):
        image: dict[str, Any] = {"prompt": scene.picture, "provider": request.images.provider}
        if request.images.model is not None:
            image["model"] = request.images.model
        if request.images.options:
            image["options"] = dict(request.images.options)
        layers: list[dict[str, Any]] = [{"image": image, "motion": dict(_MOVES[number % len(_MOVES)])}]
        if scene.heading:
            style = {"size": "7%", "bold": True, "shadow": {"y": "0.3%", "blur": "0.6%", "color": "#000000b0"}}
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
