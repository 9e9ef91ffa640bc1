"""When each word of a provider's voice is said: from the best source there is, checked; a makeshift is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vbmake.errors import FatalError
from vbmake.rules.work import Work
from vbmake.services import LOCAL

if TYPE_CHECKING:
    from vbmake.providers.engine import Made

RATE = 48000
SLACK = 0.25  # seconds that a told time may lie beyond the recording
ENOUGH = 0.6  # share of the text's words that a transcription must hold, or it is of something else

Words = list[dict[str, Any]]


def words_of(work: Work, ask: Callable[[Work, Mapping[str, Path]], Made]) -> dict[str, Any]:
    """The measure {"words": [{"text", "start", "end"}] in samples, "method", "note"} of one recorded text."""
    from vbmake.render import pcm

    audio = work.inputs["audio"][0]
    text, samples = str(work.options["prompt"]), pcm.Wav(audio).samples
    told, note = _told(work)
    if told is not None:
        words = fitted(text, told, samples)
        if words is not None:
            return _done(work, words, "provider", "")
        note = "the provider's word times do not fit its text; "
    if work.options["service"] != LOCAL:
        made = ask(work, {"audio": audio})
        words = fitted(text, made.words or (), samples)
        if words is not None:
            return _done(work, words, "transcribed", f"{note}the recording was transcribed instead" if note else "")
        note += "the transcription does not fit the text; "
    from vbmake.speech.align import align

    found = align(audio, text, str(work.options.get("language") or "en"))
    aligned = [{"text": word.text, "start": word.start, "end": word.end} for word in found.words]
    if found.method == "aligned":
        note += "captions follow an alignment with the local voice, true to about 0.1 s"
    else:
        note += f"captions are spread over the voice by the length of words, true to a second or so: {found.note}"
    return _done(work, aligned, found.method, note)


def _told(work: Work) -> tuple[Sequence[Mapping[str, Any]] | None, str]:
    """The times that came with the voice, in seconds; and what is wrong where some were promised and cannot be used."""
    paths = work.inputs.get("times", ())
    if not paths:
        return None, ""
    told = json.loads(paths[0].read_text("utf-8"))
    wrong = told.get("note")
    return told.get("words") or None, f"the provider's word times are {wrong}; " if wrong else ""


def fitted(text: str, told: Sequence[Mapping[str, Any]], samples: int) -> Words | None:
    """The words of a text with the times of those that were told (seconds), in samples; None when they do not fit.

    Transcriptions write some words in another way ("1,234", "e.g."), join or part them: words that are found in both
    take their times, those between share the time between their neighbours by their letters.
    """
    wanted = text.split()
    heard = [word for word in told if str(word.get("text", "")).strip()]
    if not wanted or not heard or len(wanted) > samples or not _in_order(heard, samples):
        return None
    match = SequenceMatcher(None, [_bare(word) for word in wanted], [_bare(str(w["text"])) for w in heard], False)
    times: list[tuple[int, int] | None] = [None] * len(wanted)
    place = dict[int, int]()  # of a word that was heard: that of the text
    for block in match.get_matching_blocks():
        for offset in range(block.size):
            place[block.b + offset] = block.a + offset
            times[block.a + offset] = _samples(heard[block.b + offset])
    if len(place) < max(1, round(len(wanted) * ENOUGH)):
        return None
    # Words before the first and after the last that were found: within what was heard there, if anything was.
    first = 0 if 0 in place else _samples(heard[0])[0]
    last = samples if len(heard) - 1 in place else _samples(heard[-1])[1]
    return _filled(wanted, times, max(0, first), last, samples)


def _samples(word: Mapping[str, Any]) -> tuple[int, int]:
    return round(float(word["start"]) * RATE), round(float(word["end"]) * RATE)


def _filled(wanted: list[str], times: list[tuple[int, int] | None], first: int, last: int, samples: int) -> Words:
    """Every word with a time: in order, within the recording, each longer than nothing."""
    words: Words = []
    at = min(first, samples)
    index = 0
    while index < len(wanted):
        known = times[index]
        if known is not None:
            words.append({"text": wanted[index], "start": known[0], "end": known[1]})
            at, index = known[1], index + 1
            continue
        after = next((later for later in range(index, len(wanted)) if times[later] is not None), len(wanted))
        following = times[after] if after < len(wanted) else None
        until = following[0] if following is not None else last
        group = wanted[index:after]
        letters = sum(map(len, group))
        for word in group:
            length = max(0, until - at) * len(word) // max(1, letters)
            words.append({"text": word, "start": at, "end": at + length})
            at, letters = at + length, letters - len(word)
        index = after
    return _ordered(words, samples)


def _ordered(words: Words, samples: int) -> Words:
    """The words, each of at least a sample, begun after the one before and ended when the next begins."""
    low = 0
    for place, word in enumerate(words):
        word["start"] = low = max(low, min(word["start"], samples - (len(words) - place)))
        low += 1
    ends = [*(word["start"] for word in words[1:]), samples]
    for word, end in zip(words, ends, strict=True):
        word["end"] = min(max(word["start"] + 1, word["end"]), end)
    return words


def _in_order(heard: Sequence[Mapping[str, Any]], samples: int) -> bool:
    """Whether told times go forward and lie in the recording."""
    last = -SLACK
    for word in heard:
        try:
            start, end = float(word["start"]), float(word["end"])
        except (KeyError, TypeError, ValueError, OverflowError):
            return False
        if not (last - SLACK <= start <= end + 1e-6 and end <= samples / RATE + SLACK):
            return False
        last = start
    return True


def _bare(word: str) -> str:
    return "".join(letter for letter in word.casefold() if letter.isalnum()) or word


def _done(work: Work, words: Words, method: str, note: str) -> dict[str, Any]:
    if [word["text"] for word in words] != str(work.options["prompt"]).split():
        raise FatalError("the words that were found are not those of the text")
    if note:
        work.log(note)
    measure = {"words": words, "method": method, "note": note}
    work.outputs["words"].write_text(json.dumps(measure, ensure_ascii=False), "utf-8", errors="replace")
    return measure
