"""Where each written word sounds: the speaker's word events laid onto the words of the text. Pure."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Word:
    """A written word (its punctuation kept) and the samples [start, end) in which it is said."""

    text: str
    start: int
    end: int

    def measure(self) -> dict[str, Any]:
        return {"text": self.text, "start": self.start, "end": self.end}


def place_words(
    text: str,
    events: Sequence[tuple[int, int]],
    samples: int,
    spoken_end: Callable[[int, int], int] = lambda _start, end: end,
) -> list[Word]:
    """Every word of `text` (split on white space) with its samples: in order, none lost, each with start < end.

    `events` are (0-based character position, sample) in the order of the sound. A speaker may say several words for
    one written ("1,234", "e.g."), one for several ("of the"), and nothing for some ("-"): a written word begins with
    its first event; one without an event shares the time of the word before it, by number of letters.
    `spoken_end(start, end)` says where within [start, end) the voice falls silent: a pause belongs to no word.
    """
    spans = [match.span() for match in re.finditer(r"\S+", text)]
    if not spans:
        return []
    begins = _first_samples(spans, events, samples)
    words: list[Word] = []
    index = 0
    while index < len(spans):
        after = next((later for later in range(index + 1, len(spans)) if begins[later] is not None), len(spans))
        group = [text[start:end] for start, end in spans[index:after]]
        start = begins[index] or 0
        limit = samples if after == len(spans) else (begins[after] or 0)
        words += _share(group, start, max(start, min(limit, spoken_end(start, limit))))
        index = after
    return _in_order(words, samples)


def _first_samples(
    spans: Sequence[tuple[int, int]], events: Sequence[tuple[int, int]], samples: int
) -> list[int | None]:
    """The first event's sample of each span, or None; the first span always has one, and they never go back."""
    starts = [start for start, _ in spans]
    named = {owner for position, _ in events if (owner := _owner(spans, starts, position)) is not None}
    begins: list[int | None] = [None] * len(spans)
    last, latest = 0, 0
    for position, sample in events:
        owner = _owner(spans, starts, position)
        if owner is None:
            # Between two words: abbreviations and clause ends are reported one character early, except when that
            # next word has an event of its own (the second word of what "😀" is called).
            following = bisect_right(starts, position)
            owner = following if following < len(spans) and following not in named else following - 1
        last = max(last, owner)
        latest = max(latest, min(sample, samples))
        if begins[last] is None:
            begins[last] = latest
    if begins[0] is None:  # words before the first one that was heard share its time
        heard = next((index for index, begin in enumerate(begins) if begin is not None), None)
        begins[0] = 0 if heard is None else begins[heard]
        if heard is not None:
            begins[heard] = None
    return begins


def _owner(spans: Sequence[tuple[int, int]], starts: Sequence[int], position: int) -> int | None:
    index = bisect_right(starts, position) - 1
    return index if index >= 0 and position < spans[index][1] else None


def _share(group: Sequence[str], start: int, end: int) -> list[Word]:
    """The time [start, end) among words, by their number of letters and digits; a mere dash counts a quarter of one."""
    weights = [max(1, 4 * sum(character.isalnum() for character in word)) for word in group]
    total = sum(weights)
    bounds = [start + (end - start) * sum(weights[:count]) // total for count in range(len(group) + 1)]
    return [Word(word, *bounds[index : index + 2]) for index, word in enumerate(group)]


def _in_order(words: Sequence[Word], samples: int) -> list[Word]:
    """The same words with start < end and no overlap, even where the speaker gave two of them one sample.

    Needs at least one sample a word.
    """
    placed: list[Word] = []
    earliest = 0
    for index, word in enumerate(words):
        latest = samples - (len(words) - index)
        start = min(max(word.start, earliest), latest)
        end = min(max(word.end, start + 1), latest + 1)
        placed.append(Word(word.text, start, end))
        earliest = end
    return placed
