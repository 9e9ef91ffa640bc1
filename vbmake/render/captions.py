"""Burned-in captions as texts that follow one another: one a cue, or one a word with that word in another colour."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vbmake.render.text_style import Color, TextSpec, TextStyle, rgba
from vbmake.spacing import joined

State = tuple[int, int, TextSpec]


def caption_states(layer: Mapping[str, Any]) -> list[State]:
    """What a captions layer shows: (first frame, end frame, text), in order, none overlapping, none empty.

    `karaoke`: from a word's start to the next one's start it has the colour `active`; before the first word none has.
    All states of a cue lie alike, letter by letter. `phrase`: each cue as it is. Raises FatalError for an impossible
    style.
    """
    style = TextStyle.of(layer["style"])
    origin, wrap = layer.get("origin") or (0.5, 1.0), layer.get("wrap")
    width = float(wrap) if wrap is not None else None
    active = rgba(layer["active"]) if layer.get("mode") == "karaoke" else None
    cues = sorted(layer["cues"], key=lambda cue: int(cue["start"]))
    states: list[State] = []
    for index, cue in enumerate(cues):
        start, end = int(cue["start"]), int(cue["end"])
        if index + 1 < len(cues):
            end = min(end, int(cues[index + 1]["start"]))
        text, edges = joined([str(word["text"]) for word in cue["words"]])
        if not text.strip():
            continue
        for first, until, said in _steps(cue["words"], start, end, active is not None):
            spans: tuple[tuple[int, int, Color], ...] = ()
            if active is not None:
                spans = tuple((*edge, active if number == said else style.color) for number, edge in enumerate(edges))
            states.append((first, until, TextSpec(text, style, width, (float(origin[0]), float(origin[1])), spans)))
    return states


def _steps(
    words: Sequence[Mapping[str, Any]], start: int, end: int, by_word: bool
) -> Iterator[tuple[int, int, int | None]]:
    """The pieces of a cue: (first frame, end frame, number of the word being said)."""
    starts: list[tuple[int, int | None]] = [(start, None)]
    if by_word:
        starts += [(max(start, int(word["start"])), number) for number, word in enumerate(words)]
    for index, (first, said) in enumerate(starts):
        until = starts[index + 1][0] if index + 1 < len(starts) else end
        if first < min(until, end):
            yield first, min(until, end), said
