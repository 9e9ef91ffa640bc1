"""An outline of a film from a few words: scenes with something to say and to show, for a person to write out."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, Final

from vbmake.providers.local.length import length_of
from vbmake.providers.local.phrases import DOCUMENTARY, Part, Phrase, Style, styles
from vbmake.providers.local.subject import Subject, subject_of
from vbmake.rules.work import Measures, Work

LONGEST: Final = 1800  # seconds
SCENE: Final = 7.0  # seconds that a scene lasts, about
PACE: Final = 2.5  # words a second, with pauses for breath


def write_outline(work: Work) -> Measures:
    """Write the outline of a film about `prompt` into `script`, as every script is; its measure is the script.

    Raises FatalError.
    """
    options = work.options
    seconds = length_of(options["seconds"], LONGEST, "make several films of it")
    language = str(options["language"])
    script = outline(str(options["prompt"]), float(seconds), str(options["style"]))
    if language.lower().partition("-")[0] not in ("", "en"):
        work.log(f"the local outline is English, not {language!r}: ask a provider, or write it yourself")
    elif language:
        script["language"] = language
    work.outputs["script"].write_text(json.dumps(script, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return {"script": {"script": script}}


def outline(prompt: str, seconds: float, style: str) -> dict[str, Any]:
    """A script: {"title", "language", "scenes": [{"title", "say", "picture", "heading"}]}, English.

    It has as many scenes as fit into `seconds`, about as many words as can be said in them, and makes no claim about
    its subject: what is true of it, a person must add.
    """
    subject = subject_of(prompt)
    told = style_of(style)
    count = max(1, round(seconds / SCENE))
    room = max(6, round(seconds / count * PACE))
    scenes = [_scene(part, number, phrase, subject, told, room) for part, number, phrase in _arc(told, count)]
    return {"title": subject.title, "language": "en", "scenes": scenes}


def style_of(text: str) -> Style:
    """The style that the first word of `text` that names one asks for; a documentary when none does."""
    for word in re.findall(r"[a-z]+", text.lower().replace("how-to", "howto").replace("how to", "howto")):
        for style in styles().values():
            if word in style.words:
                return style
    return styles()[DOCUMENTARY]


def _arc(style: Style, count: int) -> Iterator[tuple[Part, int, Phrase]]:
    """The story in order: (part, its number among those of its kind, phrase)."""
    short: dict[int, list[Part]] = {
        **{1: ["opening"], 2: ["opening", "close"], 3: ["opening", "development", "close"]},
    }
    middle: list[Part] = ["development"] * (count - 4)
    parts = short.get(count) or ["opening", "context", *middle, "turn", "close"]
    seen: dict[Part, int] = {}
    for part in parts:
        seen[part] = number = seen.get(part, 0) + 1
        phrases = style.parts[part]
        yield part, number, phrases[(number - 1) % len(phrases)]


def _scene(part: Part, number: int, phrase: Phrase, subject: Subject, style: Style, room: int) -> dict[str, str]:
    def filled(text: str) -> str:
        parts = {"{t}": subject.title, "{s}": subject.said, "{n}": str(number)}
        return re.sub(r"\{[tsn]\}", lambda found: parts[found[0]], text)

    say = filled(phrase.say)
    for more in phrase.more:
        if len(say.split()) + len(more.split()) <= math.ceil(room * 1.1):
            say = f"{say} {more}"
    heading = filled(phrase.heading)
    repeated = (number - 1) // len(style.parts[part])
    if part == "development" and repeated and "{n}" not in phrase.heading:
        heading = f"{heading} ({repeated + 1})"
    title = heading or part.capitalize()
    return {
        "title": title,
        "say": say,
        "picture": f"{subject.title}, {filled(phrase.shot)}, {style.look}",
        "heading": heading,
    }
