"""From a job's options to what is asked of a service."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from vbmake.providers.types import Generation


def generation_of(options: Mapping[str, Any], files: Mapping[str, Path] | None = None, seed: int = 0) -> Generation:
    """What a job of one of the provider rules asks for. `seed` is used when the options name none.

    Options (those without a value are left out): kind, service, model, prompt, width and height (px), seconds (an
    exact rational as text), voice, language, seed, options (the model's own), system and schema (scripts).
    """
    seconds = options.get("seconds")
    return Generation(
        kind=options["kind"],
        service=str(options["service"]),
        model=str(options.get("model", "")),
        prompt=str(options["prompt"]),
        width=options.get("width"),
        height=options.get("height"),
        seconds=float(Fraction(seconds)) if seconds is not None else None,
        voice=str(options.get("voice", "")),
        language=str(options.get("language", "")),
        seed=int(options.get("seed", seed)),
        options=dict(options.get("options", {})),
        schema=options.get("schema"),
        system=str(options.get("system", "")),
        files=dict(files or {}),
        named=frozenset({"seed"} & options.keys()),
    )
