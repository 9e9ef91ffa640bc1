"""What services make from a description: the prompt in place of a file, who is asked, and what it may cost."""

import re
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, field_validator, model_validator

from vbmake.project.model import Also, Model, word_or_mapping
from vbmake.project.units import Canvas, Duration
from vbmake.services import LOCAL

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}\Z")
_VARIABLE = re.compile(r"none|[A-Z_][A-Z0-9_]{0,99}\Z")
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.\[\]:-]+(/[^?#\s]*)?\Z")
_MONEY = re.compile(r"(?:\$ ?)?([0-9]{1,9}(?:\.[0-9]{1,9})?)(?: ?(?:USD|\$))?\Z")


def _account(value: Any) -> Any:
    if isinstance(value, str) and not is_account(value):
        raise ValueError("a provider's name is letters, digits, - and _")
    return value


def _dollars(value: Any) -> Any:
    found = _MONEY.match(str(value).strip()) if isinstance(value, str | int | float) else None
    if isinstance(value, bool) or found is None:
        if str(value).strip().startswith("-"):
            raise ValueError("an amount is not negative: write 5 USD")
        raise ValueError("this is no amount of money in USD: write 5 USD, or 0.02 USD")
    return str(Decimal(found[1]))


def _said(value: str) -> str:
    if not value.strip():
        raise ValueError("the text is blank: write what it shall be")
    return value


def _model(value: str) -> str:
    if not value.strip() or not value.isprintable():
        raise ValueError("this is no name of a model: write it as on the provider's site, or leave it out")
    return value


def is_account(name: str) -> bool:
    """Whether a text may be the name of a provider: it stands in job ids, pools and on command lines."""
    return bool(_NAME.match(name))


ACCOUNTS = "1 to 40 letters (a-z, A-Z), digits, - and _ ; it begins with a letter or digit"
Account = Annotated[str, BeforeValidator(_account)]
Prompt = Annotated[
    str, Field(min_length=1, max_length=8000, json_schema_extra={"pattern": r"\S"}), AfterValidator(_said)
]
ModelName = Annotated[str, Field(max_length=200), AfterValidator(_model)]
Money = Annotated[
    str,
    BeforeValidator(_dollars),
    Also({"type": "string", "pattern": r"^\s*(\$ ?)?[0-9.]+( ?(USD|\$))?\s*$"}, {"type": "number", "minimum": 0}),
]


class Prompted(Model):
    """A description of what a provider shall make. It stands where a file would."""

    prompt: Prompt = Field(description="What it shall be.")
    provider: Account = Field(
        default=LOCAL,
        description="Who makes it: local (on this machine, free: a placeholder), openai, replicate, elevenlabs, fal, "
        "or a name of `providers`.",
    )
    model: ModelName | None = Field(default=None, description="The model. Default: the provider's.")
    seed: int | None = Field(default=None, ge=0, le=2**31 - 1, description="Sent where the model takes one.")
    take: int = Field(default=1, ge=1, le=10000, description="Another number asks for another sample.")
    options: dict[str, Any] = Field(default={}, description="More for the model, in its own words.")


class PromptedImage(Prompted):
    """A picture that a provider makes."""

    size: Canvas | None = Field(default=None, description="Its size, as near as the model can. Default: the film's.")


class PromptedClip(Prompted):
    """A clip that a provider makes."""

    size: Canvas | None = Field(default=None, description="Its size, as near as the model can. Default: the film's.")
    duration: Duration | None = Field(default=None, description="Its length, as near as the model can.")
    image: str | None = Field(default=None, description="A picture's file to begin with, where the model takes one.")


class PromptedSound(Prompted):
    """A sound, or music, that a provider makes."""

    duration: Duration | None = Field(
        default=None, description="Its length, as near as the model can. Default: 30s for music."
    )


FileOrImage = Annotated[
    Annotated[str, Tag("<word>")] | Annotated[PromptedImage, Tag("<mapping>")], Discriminator(word_or_mapping)
]
FileOrClip = Annotated[
    Annotated[str, Tag("<word>")] | Annotated[PromptedClip, Tag("<mapping>")], Discriminator(word_or_mapping)
]
FileOrSound = Annotated[
    Annotated[str, Tag("<word>")] | Annotated[PromptedSound, Tag("<mapping>")], Discriminator(word_or_mapping)
]


class Provider(Model):
    """A provider of assets: another account, a server of your own, or other limits. None of it changes an asset."""

    service: Account | None = Field(
        default=None,
        description="What it speaks: openai (and all that are compatible), replicate, elevenlabs, fal, or an installed "
        "plugin. Default: its own name.",
    )
    base_url: str | None = Field(default=None, description="Where it is, such as http://localhost:8880/v1.")
    key: str | None = Field(
        default=None, description="The environment variable that holds its API key, or none. Never the key itself."
    )
    limit: int | None = Field(default=None, ge=1, le=200, description="Requests under way at once.")
    rpm: int | None = Field(default=None, ge=1, le=100000, description="Requests that may begin in a minute.")
    timeout: Duration | None = Field(default=None, description="How long one asset may take.")

    @field_validator("base_url")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is not None and not _ADDRESS.match(value):
            raise ValueError("an address is written https://host/path or http://localhost:8880/v1")
        return value.rstrip("/") if value else value

    @field_validator("key")
    @classmethod
    def _variable(cls, value: str | None) -> str | None:
        if value is not None and not _VARIABLE.match(value):
            raise ValueError(
                "key is the name of an environment variable such as MY_API_KEY (or none), never a key itself"
            )
        return value


class Budget(Model):
    """What generated assets may cost, in USD."""

    total: Money | None = Field(default=None, description="In all, as long as the project lives on this machine.")
    run: Money | None = Field(default=None, description="In one build.")
    confirm: Money | None = Field(default=None, description="Ask before a build that may cost more (or say --yes).")
    unpriced: Literal["refuse", "allow"] = Field(
        default="refuse", description="What becomes of models whose price is not known."
    )


class Price(Model):
    """What a model costs, where vbmake does not know it or you know better."""

    service: Account = Field(description="openai, replicate, elevenlabs, fal ...")
    model: str = Field(description="The model; * stands for anything.")
    unit: Literal["token", "character", "image", "second", "run"] = Field(description="What is counted.")
    price: Money | None = Field(default=None, description="USD for `per` of them.")
    input: Money | None = Field(default=None, description="Tokens only, with `output`: USD for those that are sent.")
    output: Money | None = Field(default=None, description="Tokens only: USD for those that are made.")
    per: int = Field(default=1, ge=1, le=10**9, description="For how many: 1000000 for prices by the million tokens.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        split = [side for side in (self.input, self.output) if side is not None]
        if (self.price is None) != (len(split) == 2) or (split and (self.price is not None or self.unit != "token")):
            raise ValueError("a price has `price`, or for tokens both `input` and `output`")
        return self


def _as_budget(value: Any) -> Any:
    return {"total": value} if isinstance(value, str | int | float) and not isinstance(value, bool) else value


AnyBudget = Annotated[Budget, BeforeValidator(_as_budget), Also({"type": "string", "examples": ["5 USD"]})]


def service_of(account: str, declared: dict[str, Provider]) -> str:
    """The service that a provider's name stands for."""
    known = declared.get(account)
    return known.service if known is not None and known.service else account
