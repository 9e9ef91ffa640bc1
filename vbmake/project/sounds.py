"""What is heard: sounds, music, and the voice."""

from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator

from vbmake.project.generated import Account, FileOrSound, ModelName
from vbmake.project.layers import Playing
from vbmake.project.model import Also, Model, word_or_mapping
from vbmake.project.units import Duck, Duration, Gain, Seconds
from vbmake.services import LOCAL


class Sound(Playing):
    """A sound in a scene: a file, or what a rule makes."""

    model_config = ConfigDict(extra="allow", frozen=True, populate_by_name=True)

    source: FileOrSound | None = Field(
        default=None, description="The sound's file (or a clip with sound), or what a provider shall make."
    )
    make: str | None = Field(default=None, description="A rule that makes a sound, its inputs and options beside it.")
    take: int = Field(default=1, ge=1, le=10000, description="Another number asks for another sample.")
    with_: dict[str, Any] = Field(
        default={}, alias="with", description="Options of the rule whose names are used here."
    )
    at: Seconds = Field(default=0, validate_default=True, description="When it starts, from the start of the scene.")
    duration: Duration | None = Field(default=None, description="How long it sounds. Default: to its end.")

    @property
    def arguments(self) -> dict[str, Any]:
        """The rule's inputs and options."""
        return {**(self.model_extra or {}), **self.with_}

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.source is None) == (self.make is None):
            raise ValueError("a sound has either source or make")
        return self


class Music(Model):
    """Music under the film."""

    model_config = ConfigDict(extra="allow", frozen=True, populate_by_name=True)

    source: FileOrSound | None = Field(default=None, description="The music's file, or what a provider shall make.")
    make: str | None = Field(default=None, description="A rule that makes music, its inputs and options beside it.")
    take: int = Field(default=1, ge=1, le=10000, description="Another number asks for another sample.")
    with_: dict[str, Any] = Field(
        default={}, alias="with", description="Options of the rule whose names are used here."
    )
    gain: Gain = Field(default=0.0, description="Louder or softer: -18dB.")
    duck: Duck = Field(default=0.0, description="How far it is lowered while a voice speaks: -9dB.")
    fade_in: Seconds = Field(default=0, validate_default=True, description="It fades in over this time.")
    fade_out: Seconds = Field(default=0, validate_default=True, description="It fades out over this time.")
    loop: bool = Field(default=True, description="Begin again at its end.")
    start: Seconds = Field(default=0, validate_default=True, description="Where in the music to begin.")
    at: Seconds = Field(default=0, validate_default=True, description="When it starts in the film.")
    until: Seconds | None = Field(default=None, description="When it ends in the film. Default: with the film.")

    @property
    def arguments(self) -> dict[str, Any]:
        """The rule's inputs and options."""
        return {**(self.model_extra or {}), **self.with_}

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.source is None) == (self.make is None):
            raise ValueError("music has either source or make")
        if self.until is not None and self.until <= self.at:
            raise ValueError("music ends (until) after it starts (at)")
        return self


class Voice(Model):
    """Who speaks."""

    provider: Account = Field(
        default=LOCAL,
        description="Who makes the voice: local (on this machine, free), openai, elevenlabs, replicate, fal, or a name "
        "of `providers`.",
    )
    voice: str | None = Field(
        default=None,
        max_length=200,
        description="The voice. local: a language such as en-us (the default), en-gb, de, fr, es, cmn. Others: a name "
        "or an id of the provider's.",
    )
    speed: int | None = Field(default=None, ge=80, le=450, description="Words a minute, 160 by default (local only).")
    pitch: int | None = Field(default=None, ge=0, le=99, description="How high it speaks, 50 by default (local only).")
    model: ModelName | None = Field(default=None, description="The provider's model (not local).")
    seed: int | None = Field(
        default=None, ge=0, le=2**31 - 1, description="Sent where the model takes one (not local)."
    )
    options: dict[str, Any] = Field(default={}, description="More for the model, in its own words (not local).")
    words: Account | None = Field(
        default=None,
        description="Who finds the time of each word for captions, where the voice does not bring it along: a provider "
        "that transcribes, or local. Default: the voice's provider if it transcribes, else local.",
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        local = ("speed", "pitch") if self.provider != LOCAL else ("model", "seed", "options", "words")
        wrong = [name for name in local if getattr(self, name) not in (None, {})]
        if wrong and self.provider != LOCAL:
            raise ValueError(f"{wrong[0]} is for the local voice: write options: {{...}} in the words of the model")
        if wrong:
            raise ValueError(f"{wrong[0]} is for the voices of providers, and the provider is local")
        return self


WordOrVoice = Annotated[
    Annotated[str, Tag("<word>")] | Annotated[Voice, Tag("<mapping>")], Discriminator(word_or_mapping)
]


def _worded(text: str) -> str:
    if not text.strip():
        raise ValueError("the text is blank: leave `say` out where nothing is said")
    return text


def _as_say(value: Any) -> Any:
    return {"text": value} if isinstance(value, str) else value


class Say(Model):
    """What is said in a scene."""

    text: Annotated[str, AfterValidator(_worded)] = Field(description="The words.", min_length=1, max_length=20000)
    voice: WordOrVoice | None = Field(default=None, description="Another voice than the film's.")
    at: Seconds | None = Field(default=None, description="When it starts. Default: after the first of `pad`.")
    gain: Gain = Field(default=0.0, description="Louder or softer.")
    take: int = Field(default=1, ge=1, le=10000, description="Another number asks for another sample.")


Said = Annotated[Say, BeforeValidator(_as_say), Also({"type": "string"})]
