"""Words: the nearest one to a misspelt one, and names made of a text."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Sequence


def nearest(word: str, words: Sequence[str]) -> str:
    """A hint that names the nearest of `words`, or nothing."""
    lowered = {candidate.lower(): candidate for candidate in reversed(words)}
    close = difflib.get_close_matches(word.lower(), list(lowered), n=1, cutoff=0.6)
    return f"did you mean {lowered[close[0]]}?" if close else ""


def slug(text: str, limit: int = 60) -> str:
    """Lower-case letters and digits with hyphens between: a name for a file or an id. May be empty."""
    letters = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode().replace("'", "")
    words = re.findall(r"[a-z0-9]+", letters)
    name = ""
    for word in words:
        longer = f"{name}-{word}" if name else word[:limit]
        if len(longer) > limit:
            break
        name = longer
    return name
