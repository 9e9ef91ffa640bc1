"""The sentences that outlines are made of, by style and by the part of the story: what `phrases.yaml` says."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import yaml

Part = Literal["opening", "context", "development", "turn", "close"]

TABLE: Final = Path(__file__).with_name("phrases.yaml")
DOCUMENTARY: Final = "documentary"  # the style of what names none


@dataclass(frozen=True, slots=True)
class Phrase:
    """One scene's words: a heading, a sentence that is always said, and more that are said as time allows.

    `{s}` is the subject. `shot` says how the picture is taken.
    """

    heading: str
    say: str
    more: tuple[str, ...]
    shot: str


@dataclass(frozen=True, slots=True)
class Style:
    """How films of a style are told. `words` ask for it, `look` ends every picture's prompt."""

    words: frozenset[str]
    look: str
    parts: Mapping[Part, Sequence[Phrase]]


@functools.cache
def styles() -> Mapping[str, Style]:
    """Every style by its name."""
    return {name: _style(row) for name, row in yaml.safe_load(TABLE.read_text("utf-8")).items()}


def _style(row: Mapping[str, Any]) -> Style:
    parts = {part: [_phrase(phrase) for phrase in phrases] for part, phrases in row["parts"].items()}
    return Style(frozenset(row["words"].split()), row["look"], parts)


def _phrase(row: Mapping[str, Any]) -> Phrase:
    return Phrase(row["heading"], row["say"], tuple(row["more"]), row["shot"])
