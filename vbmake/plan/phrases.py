"""Words with their times grouped into caption cues: at sentence ends and pauses, within a length, no word alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vbmake.spacing import gap

RATE = 48_000  # samples a second
LINGER = RATE * 3 // 10  # a cue stays this long after its last word, if the next leaves room

_SENTENCE_ENDS = tuple(".!?…。！？؟۔।")
_CLAUSE_ENDS = tuple(",;:–—،؛、，；：")
_CLOSERS = "\"'”’»)]}」』）"
_TITLES = frozenset({"mr.", "mrs.", "ms.", "dr.", "st.", "prof.", "vs.", "e.g.", "i.e.", "no."})

# What a break after a word costs, and what a cue costs. A whole cue more costs 1.
_AFTER_SENTENCE, _AFTER_CLAUSE, _AFTER_WORD, _AFTER_TITLE = 0.0, 0.25, 0.8, 1.6
_SENTENCE_ENDS_INSIDE = 0.7
_SENTENCE_TORN = 1.2  # the end of one sentence beside the beginning of the next: neither can be read as one
_ALONE = 1.5
_UNEVEN = 0.6

Word = Mapping[str, Any]
Cue = dict[str, Any]


def phrases(words: Sequence[Word], max_chars: int = 42, gap_samples: int = RATE // 2) -> list[Cue]:
    """Group words into cues of at most `max_chars` characters, spaces included; every word is kept, in order.

    A word is `{"text", "start", "end"}` in samples at 48 kHz; so is a cue, with `"words"` instead of the text. A pause
    of `gap_samples` always parts two cues, a single word longer than `max_chars` is a cue of its own. A cue ends
    `LINGER` after its last word, or when the next begins.
    """
    cues: list[Cue] = []
    first = 0
    for index, word in enumerate(words):
        last = index + 1 == len(words)
        if last or words[index + 1]["start"] - word["end"] >= gap_samples:
            cues += [{"words": list(group)} for group in _split(words[first : index + 1], max_chars)]
            first = index + 1
    for index, cue in enumerate(cues):
        cue["start"] = cue["words"][0]["start"]
        cue["end"] = cue["words"][-1]["end"] + LINGER
        if index:
            before = cues[index - 1]
            before["end"] = max(before["start"], min(before["end"], cue["start"]))
    return cues


def _split(words: Sequence[Word], max_chars: int) -> list[Sequence[Word]]:
    """The cheapest way to cut a run of words into cues: least total cost, by dynamic programming from the left."""
    endings = [_ending(str(word["text"])) for word in words]
    best: list[tuple[float, int]] = [(0.0, 0)]  # for each count of words: its cost, and where its last cue begins
    for end in range(1, len(words) + 1):
        choices: list[tuple[float, int]] = []
        length, inside = 0, 0.0
        for begin in range(end - 1, -1, -1):
            text = str(words[begin]["text"])
            following = str(words[begin + 1]["text"]) if begin < end - 1 else ""
            length += len(text) + len(gap(text[-1:], following[:1]))
            if length > max_chars and begin < end - 1:
                break
            if begin < end - 1 and endings[begin] == _AFTER_SENTENCE:
                inside += _SENTENCE_ENDS_INSIDE
            after = 0.0 if end == len(words) else endings[end - 1]
            empty = max(0.0, 1 - length / max_chars)
            cost = 1 + after + inside + _UNEVEN * empty * empty
            starts = begin == 0 or endings[begin - 1] == _AFTER_SENTENCE
            ends = end == len(words) or endings[end - 1] == _AFTER_SENTENCE
            if inside and not (starts and ends):
                cost += _SENTENCE_TORN
            if begin == end - 1 and not _whole_sentence(endings, begin):
                cost += _ALONE
            choices.append((best[begin][0] + cost, begin))
        best.append(min(choices))
    groups: list[Sequence[Word]] = []
    end = len(words)
    while end:
        begin = best[end][1]
        groups.append(words[begin:end])
        end = begin
    return groups[::-1]


def _ending(text: str) -> float:
    """What a break after this word costs."""
    bare = text.strip().rstrip(_CLOSERS)
    if bare.endswith(_SENTENCE_ENDS):
        initial = len(bare) == 2 and bare[0].isupper()
        return _AFTER_TITLE if initial or bare.lower() in _TITLES else _AFTER_SENTENCE
    return _AFTER_CLAUSE if bare.endswith(_CLAUSE_ENDS) else _AFTER_WORD


def _whole_sentence(endings: Sequence[float], index: int) -> bool:
    """Whether one word is a sentence by itself ("Yes.")."""
    return endings[index] == _AFTER_SENTENCE and (index == 0 or endings[index - 1] == _AFTER_SENTENCE)
