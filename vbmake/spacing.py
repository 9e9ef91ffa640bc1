"""Words put together as their script writes them: with spaces between, or, in Chinese and Japanese, without."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def joined(words: Sequence[str]) -> tuple[str, list[tuple[int, int]]]:
    """The words as one text, and where in it each begins and ends (in characters)."""
    text = ""
    edges: list[tuple[int, int]] = []
    for word in words:
        text += gap(text[-1:], word[:1])
        edges.append((len(text), len(text) + len(word)))
        text += word
    return text, edges


def gap(before: str, after: str) -> str:
    """What stands between two words, by the last character of one and the first of the other ("": there is none)."""
    return " " if before and after and not (_spaceless(before) and _spaceless(after)) else ""


def _spaceless(character: str) -> bool:
    """Whether it is of a script written without spaces: Chinese and Japanese (Korean has them)."""
    return unicodedata.east_asian_width(character) in "WF" and not unicodedata.name(character, "").startswith("HANGUL")
