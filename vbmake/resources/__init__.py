"""Files that ship with vbmake and enter films: the default fonts, by their paths below this folder."""

from __future__ import annotations

import functools
from pathlib import Path

DEFAULT_FONT = "fonts/Inter-Regular.otf"
DEFAULT_BOLD = "fonts/Inter-Bold.otf"


@functools.cache
def place(name: str) -> str:
    """As `path`, but text."""
    return str(path(name))


@functools.cache
def path(name: str) -> Path:
    """Where a bundled file is: `name` is its POSIX path below `resources/`. Raises FileNotFoundError."""
    found = Path(__file__).parent.joinpath(*name.split("/"))
    if not found.is_file():
        raise FileNotFoundError(f"vbmake ships no {name}")
    return found
