"""The moods of music, and how music of each of them goes: what `moods.yaml` says."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import yaml

Instrument = Literal["pad", "strings", "keys", "pluck", "synth", "bass", "kick", "snare", "hat", "boom"]

TABLE: Final = Path(__file__).with_name("moods.yaml")
UNSAID: Final = ("documentary", "calm", "happy")  # for words that tell no mood


@dataclass(frozen=True, slots=True, kw_only=True)
class Mood:
    """How music of a kind goes: tempo, scale, chords, who plays, and in what patterns. The table explains each."""

    words: tuple[str, ...]
    bpm: tuple[float, float]
    scale: str
    chords: tuple[tuple[int, ...], ...]
    ground: Instrument
    lead: Instrument
    figures: tuple[str, ...]
    bass: str = "x......."
    kick: str = ""
    snare: str = ""
    hat: str = ""
    drum: Instrument = "kick"


@functools.cache
def moods() -> Mapping[str, Mood]:
    """Every mood by its name."""
    return {name: _mood(row) for name, row in yaml.safe_load(TABLE.read_text("utf-8")).items()}


def _mood(row: Mapping[str, Any]) -> Mood:
    read: dict[str, Any] = {
        "words": tuple(row["words"].split()),
        "bpm": tuple(row["bpm"]),
        "chords": tuple(tuple(map(int, chords)) for chords in row["chords"]),
        "figures": tuple(row["figures"]),
    }
    return Mood(**{**row, **read})
