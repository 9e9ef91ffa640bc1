"""What a prompt is about, as words that can stand after "about" and "the story of"."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

LONGEST: Final = 12  # words that are said again and again without tiring

_ASKED: Final = re.compile(
    r"^(please\s+)?((can|could) you\s+)?"
    r"((make|create|write|produce|generate|show|give|tell)\s+(me\s+|us\s+)?|explain\s+|describe\s+)",
    re.IGNORECASE,
)
_FORM: Final = re.compile(
    r"^((an?|the|my|our)\s+)?((\d+|one|two|three|five|ten)[\s-]*(s|sec|seconds?|min|minutes?)\s+)?"
    r"((very |really )?(short|brief|quick|little|long|new|good|small|animated|epic|fun|funny|cinematic)\s+)*"
    r"((documentary|news|explainer|tutorial|promotional|educational|marketing|product|travel)\s+)?"
    r"(film|video|movie|clip|documentary|explainer|tutorial|script|history|story|tale|overview|introduction|guide|ad|"
    r"advert|advertisement|commercial|trailer|report|presentation)\s+"
    r"(clip\s+)?(about|of|on|for|to|that explains|explaining)\s+",
    re.IGNORECASE,
)
_LENGTH: Final = re.compile(
    r"[\s,]+(in|within|under|for)\s+(about\s+|just\s+|only\s+)?"
    r"((a|an|one|half a|two|three|four|five|ten|thirty|sixty|ninety|\d+)[\s-]*)"
    r"(s|secs?|seconds?|min|mins?|minutes?)\s*$",
    re.IGNORECASE,
)
_PLAIN: Final = re.compile(r"^(what|who)\s+(is|are|was|were)\s+", re.IGNORECASE)
_WORKS: Final = re.compile(r"^(how)\s+(do|does)\s+(.+?)\s+(work)s?$", re.IGNORECASE)
_QUESTION: Final = re.compile(
    r"^(what|who|whom|whose|why|when|where|how|which|is|are|was|were|do|does|did|can|could|will|would|should)\s+"
    r"(is|are|was|were|do|does|did|can|could|will|would|should|has|have|had)\s|^(is|are|do|does|did|can|will|should)\s",
    re.IGNORECASE,
)
_SMALL: Final = frozenset(
    {
        *("a", "an", "the", "how", "why", "what", "when", "where", "who", "my", "our", "your", "his", "her", "their"),
        *("its", "this", "these", "those", "some", "all", "every", "each", "no", "in", "on", "at", "from", "life"),
        *("is", "are", "was", "were", "do", "does", "did", "can", "could", "will", "would", "should"),
    }
)


@dataclass(frozen=True, slots=True)
class Subject:
    """`title` stands alone ("The American Civil War"), `said` in a sentence ("the American Civil War")."""

    title: str
    said: str


def subject_of(prompt: str) -> Subject:
    """The subject of a prompt of any kind and length; what cannot be said in a sentence is "our subject"."""
    text = " ".join("".join(" " if unicodedata.category(sign)[0] == "C" else sign for sign in prompt).split())
    first = re.split(r"(?<=\w)[.!?;:](?:\s|$)|\s[\u2013\u2014-]\s", text.strip(" \"'\u201c\u201d\u2018\u2019"))[0]
    for pattern in (_ASKED, _FORM, _LENGTH):
        shorter = pattern.sub("", first).strip(" ,")
        first = shorter or first
    asked = first
    works = _WORKS.match(first)
    if works:
        does = works[2].lower() == "does"
        first = f"how {works[3]} work{'s' if does else ''}"
    first = _PLAIN.sub("", first)
    if len(first.split()) > LONGEST and "," in first:
        first = first.split(",")[0]
    title = _shortened(first[:1].upper() + first[1:])
    if not any(sign.isalnum() for sign in first):
        return Subject("Untitled", "our subject")
    if len(first.split()) > LONGEST or len(first) > 100:
        return Subject(title, "our subject")
    if _QUESTION.match(first):
        return Subject(_shortened(asked[:1].upper() + asked[1:]) + "?", f"the question \u201c{_lowered(first)}\u201d")
    return Subject(title, _lowered(first))


def _lowered(text: str) -> str:
    word, space, rest = text.partition(" ")
    return (word.lower() if word.lower() in _SMALL and word != "I" else word) + space + rest


def _shortened(text: str) -> str:
    """At most 80 characters, ended after a whole word."""
    if len(text) <= 80:
        return text
    return text[:79].rpartition(" ")[0].rstrip(" ,;") + "\u2026" if " " in text[:79] else text[:79] + "\u2026"
