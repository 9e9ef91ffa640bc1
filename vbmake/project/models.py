"""The language: what a `video.yaml` may say, as typed models. Their descriptions are the reference and the schema."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AliasPath,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticKnownError

from vbmake.project.generated import AnyBudget, Price, Prompted, PromptedClip, PromptedImage, PromptedSound, Provider
from vbmake.project.layers import (
    CONTENTS,
    LAYER_KINDS,
    AnyLayer,
    ColorLayer,
    Framed,
    Freeze,
    Gradient,
    GradientLayer,
    ImageLayer,
    Layer,
    MakeLayer,
    Picture,
    Playing,
    ShapeLayer,
    SvgLayer,
    TextLayer,
    VideoLayer,
    layer_contents,
)
from vbmake.project.model import Also, Model, word_or_mapping
from vbmake.project.motion import EASINGS, Animate, Effect, Motion, NumberKey, PlaceKey, Show
from vbmake.project.remotes import Cache, Sync
from vbmake.project.script import ScriptRequest
from vbmake.project.sounds import Music, Said, Say, Sound, Voice
from vbmake.project.text_style import Box, Outline, Shadow, TextStyle, WordOrStyle
from vbmake.project.units import At, AtPlace, Canvas, Color, Duration, Extent, FrameRate, Language, Length, Seconds
from vbmake.transitions import TRANSITIONS

__all__ = [
    "CONTENTS",
    "EASINGS",
    "LAYER_KINDS",
    "TRANSITIONS",
    "Animate",
    "AnyLayer",
    "AnyQuality",
    "AnyTransition",
    "Box",
    "Cache",
    "Captions",
    "CaptionsLook",
    "ColorLayer",
    "Effect",
    "Encode",
    "Film",
    "Format",
    "Framed",
    "Freeze",
    "Gif",
    "Gradient",
    "GradientLayer",
    "ImageLayer",
    "Layer",
    "MakeLayer",
    "Model",
    "Motion",
    "Music",
    "NumberKey",
    "Outline",
    "Outputs",
    "Picture",
    "PlaceKey",
    "Playing",
    "Poster",
    "Price",
    "Project",
    "Prompted",
    "PromptedClip",
    "PromptedImage",
    "PromptedSound",
    "Provider",
    "Say",
    "Scene",
    "Shadow",
    "ShapeLayer",
    "Show",
    "Sound",
    "SvgLayer",
    "Sync",
    "TextLayer",
    "TextStyle",
    "Transition",
    "VideoLayer",
    "Voice",
    "WordOrStyle",
    "layer_contents",
]


class Transition(Model):
    """How one scene passes into the next."""

    kind: str = Field(default="fade", description="A kind of transition.", json_schema_extra={"enum": [*TRANSITIONS]})
    duration: Duration = Field(default="0.5s", validate_default=True, description="How long the two overlap.")

    @field_validator("kind")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in TRANSITIONS:
            raise ValueError("a transition is none or one of " + ", ".join(TRANSITIONS))
        return value


def _transition(value: Any) -> Any:
    return {"kind": value} if isinstance(value, str) and value != "none" else value


AnyTransition = Annotated[
    Annotated[Literal["none"], Tag("<word>")] | Annotated[Transition, Tag("<mapping>")],
    Discriminator(word_or_mapping),
    BeforeValidator(_transition),
    Also({"type": "string", "enum": ["none", *TRANSITIONS]}),
]


class CaptionsLook(Model):
    """What is said, written under the picture."""

    style: Literal["karaoke", "phrase", "none"] = Field(
        default="phrase", description="karaoke marks the word being said; phrase shows it; none writes nothing."
    )
    burn: bool = Field(default=True, description="Write them into the picture.")
    look: WordOrStyle | None = Field(default=None, description="A name of `styles`, or a style written here.")
    active: Color = Field(default="#ffd54aff", description="karaoke: the colour of the word being said.")
    at: AtPlace = Field(default=At(anchor="bottom"), description="Where they stand.")
    margin: Extent = Field(default=Length(7.0, "%"), description="Distance from the edges.")
    length: int = Field(default=42, ge=8, le=200, description="Characters a caption has at most.")


class Captions(CaptionsLook):
    """What is said, written under the picture and into files."""

    files: list[Literal["srt", "vtt"]] = Field(default=[], description="Files beside the film.")


class Encode(Model):
    """An encoder setting of your own."""

    preset: Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"] = (
        Field(default="veryfast", description="x264's preset: slower is smaller.")
    )
    crf: int = Field(default=20, ge=0, le=51, description="x264's constant rate factor: lower is better and larger.")


AnyQuality = Annotated[
    Annotated[Literal["draft", "standard", "high"], Tag("<word>")] | Annotated[Encode, Tag("<mapping>")],
    Discriminator(word_or_mapping),
]


class Format(Model):
    """One geometry of the film. What is left out is as the film has it."""

    size: Canvas | None = Field(default=None, description="Width and height, such as 720x1280.")
    background: Color | None = Field(default=None, description="The colour behind everything.")
    quality: AnyQuality | None = Field(default=None, description="draft, standard, high, or {preset, crf}.")
    captions: CaptionsLook | None = Field(
        default=None, description="Captions of this format; what they leave out is as the film's have it."
    )


class Scene(Model):
    """A piece of the film."""

    __slots__ = ("_mark",)

    id: str = Field(description="Its name, each once. Default: made of its title or its first words.")
    title: str | None = Field(default=None, max_length=300, description="A chapter begins here, with this title.")
    duration: Duration | None = Field(
        default=None, description="How long it lasts. Default: as long as its voice, else its longest clip."
    )
    say: Said | None = Field(default=None, description="What is said.")
    pad: tuple[Seconds, Seconds] | None = Field(default=None, description="Time before and after the voice.")
    # (Lists are made by a factory, since pydantic takes long to copy a default, and scenes are many.)
    layers: list[AnyLayer] = Field(
        default_factory=list,
        json_schema_extra={"default": []},
        max_length=500,
        description="What is seen, from the bottom up.",
    )
    sounds: list[Sound] = Field(
        default_factory=list, json_schema_extra={"default": []}, max_length=500, description="Sounds."
    )
    background: Color | None = Field(default=None, description="The colour behind everything.")
    transition: AnyTransition | None = Field(default=None, description="How it follows the scene before it.")
    captions: bool = Field(default=True, description="false: no captions in this scene.")

    @property
    def mark(self) -> int | None:
        """A checksum of all that is written in it, by which it is seen whether it was edited; None if nothing is."""
        mark: int | None = getattr(self, "_mark", None)
        return mark

    def set_mark(self, mark: int) -> None:
        """Say what `mark` is. As its place, it is no part of the value."""
        object.__setattr__(self, "_mark", mark)


class Poster(Model):
    """A still picture of the film."""

    at: Seconds = Field(default="1s", validate_default=True, description="When.")
    type: Literal["jpg", "png"] = Field(default="jpg", description="Its file type.")


class Gif(Model):
    """An animated GIF of the film, or of a part."""

    width: int = Field(default=480, ge=16, le=2000, description="Its width in px.")
    fps: int = Field(default=12, ge=1, le=50, description="Its frame rate.")
    start: Seconds = Field(default=0, validate_default=True, description="From when.")
    end: Seconds | None = Field(default=None, description="Until when.")

    @model_validator(mode="after")
    def _order(self) -> Self:
        if self.end is not None and self.end <= self.start:
            raise ValueError("the end comes after the start")
        return self


class Outputs(Model):
    """What is made beside the film."""

    poster: Poster | None = Field(default=None, description="A still picture: {at: 2s}.")
    gif: Gif | None = Field(default=None, description="An animated GIF: {width: 480, fps: 12, end: 5s}.")
    timeline: bool = Field(default=True, description="timeline.json: every scene, layer and sound in frames.")
    otio: bool = Field(default=False, description="A timeline for editing programs (OpenTimelineIO).")


class Film(Model):
    """One film: the whole of a `video.yaml`, after variables, loops and includes."""

    vbmake: Literal[1] = Field(description="The version of this language.")
    name: str | None = Field(default=None, description="The file name of the film. Default: made of its title.")
    title: str | None = Field(default=None, max_length=300, description="The title tag of the film.")
    language: Language | None = Field(default=None, description="Its language: en, de, pt-BR ...")
    size: Canvas = Field(default="1280x720", validate_default=True, description="Width and height.")
    fps: FrameRate = Field(default="30", validate_default=True, description="Frames a second: 24, 25, 29.97, 30 ...")
    quality: AnyQuality = Field(default="standard", description="draft, standard, high, or {preset, crf}.")
    background: Color = Field(default="#000000ff", description="The colour behind everything.")
    fonts: dict[str, str] = Field(default={}, description="Font files by the name that styles use.")
    styles: dict[str, TextStyle] = Field(default={}, description="Looks of text by name.")
    voice: Voice = Field(default=Voice.model_construct(), description="Who speaks.")
    voices: dict[str, Voice] = Field(default={}, description="More voices by the name that `say` uses.")
    music: Annotated[list[Music], Also()] = Field(default=[], description="Music under the film: one, or a list.")
    loudness: float | None = Field(
        default=-16.0, ge=-40, le=-5, description="The film's loudness in LUFS; null: as mixed."
    )
    captions: Captions = Field(default=Captions.model_construct(style="none"), description="What is said, in writing.")
    transition: AnyTransition = Field(default="none", description="How scenes follow one another.")
    pad: tuple[Seconds, Seconds] = Field(
        default=("0.3s", "0.5s"), validate_default=True, description="Time before and after a voice."
    )
    default_duration: Duration = Field(
        default="4s", validate_default=True, description="How long a scene lasts that has neither voice nor clip."
    )
    formats: dict[str, Format] = Field(default={}, description="Geometries of the film by name.")
    overlays: list[AnyLayer] = Field(
        default=[],
        description="Layers over the whole film or over several scenes; transitions pass beneath them. `show` counts "
        "from the start of the first scene they lie over.",
    )
    outputs: Outputs = Field(default=Outputs.model_construct(), description="What is made beside the film.")
    providers: dict[str, Provider] = Field(default={}, description="Providers of generated assets by name.")
    budget: AnyBudget | None = Field(
        default=None, description="What generated assets may cost: 5 USD, or {run, total}."
    )
    prices: list[Price] = Field(default=[], description="Prices of models, where yours are others.")
    cache: Cache | None = Field(default=None, description="A cache that other machines share.")
    sync: Sync | None = Field(default=None, description="Where the films are published.")
    scenes: list[Scene] = Field(
        max_length=20000, description="The scenes, in order; or {script: ...}, for a provider to write them."
    )
    # It stands in `scenes`, in place of the list.
    script: ScriptRequest | None = Field(default=None, validation_alias=AliasPath("scenes", "script"))

    @model_validator(mode="before")
    @classmethod
    def _scripted(cls, value: Any) -> Any:
        if isinstance(value, dict) and "script" in value:
            raise ValueError("a script stands in place of the scenes: write scenes: {script: {prompt: ...}}")
        return value

    @field_validator("scenes", mode="before")
    @classmethod
    def _no_scenes_yet(cls, value: Any) -> Any:
        if value == []:
            raise PydanticKnownError("too_short", {"field_type": "List", "min_length": 1, "actual_length": 0})
        return [] if isinstance(value, dict) and set(value) == {"script"} else value

    @field_validator("music", mode="before")
    @classmethod
    def _list(cls, value: Any) -> Any:
        return [value] if isinstance(value, dict) else value

    @field_validator("transition", mode="before")
    @classmethod
    def _no_transition(cls, value: Any) -> Any:
        return "none" if value is None else value


@dataclass(frozen=True, kw_only=True)
class Project:
    """A project: its films (one, unless `films` asks for one a row), and every file of the user's that was read.

    `root` is its directory; `file`, the declaration, and `documents`, which were read for it, are relative to that.
    """

    root: str
    file: str = "video.yaml"
    films: tuple[Film, ...]
    documents: tuple[str, ...] = ()

    @property
    def cache(self) -> Cache | None:
        """The shared cache, if one is declared: the films of a project have one cache."""
        return self.films[0].cache if self.films else None

    @property
    def sync(self) -> Sync | None:
        """Where the films are published, if that is declared: all to one place."""
        return self.films[0].sync if self.films else None
