"""Words grouped into cues: where a reader expects a break, every word kept, no two cues at once."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from vbmake.plan.phrases import LINGER, RATE, phrases


def spoken(text: str, pauses: dict[str, int] | None = None) -> list[dict[str, Any]]:
    """Words one after the other, a tenth of a second a letter; after some words a pause, in samples."""
    words, at = [], 0
    for word in text.split():
        end = at + len(word) * RATE // 10
        words.append({"text": word, "start": at, "end": end})
        at = end + (pauses or {}).get(word, 0)
    return words


def lines(words: list[dict[str, Any]], max_chars: int = 42) -> list[str]:
    return [" ".join(word["text"] for word in cue["words"]) for cue in phrases(words, max_chars)]


def test_cues_end_with_sentences_and_clauses() -> None:
    text = "Two thousand years ago, ships found Alexandria by its light. Nobody had ever seen such a thing."
    assert lines(spoken(text)) == [
        "Two thousand years ago,",
        "ships found Alexandria by its light.",
        "Nobody had ever seen such a thing.",
    ]


def test_a_pause_always_parts_two_cues() -> None:
    assert lines(spoken("We waited and then it came", {"waited": RATE // 2})) == ["We waited", "and then it came"]
    assert lines(spoken("We waited and then it came", {"waited": RATE // 2 - 1})) == ["We waited and then it came"]


def test_the_last_word_is_not_left_alone() -> None:
    for text in ("the quick brown fox jumped over all the dogs", "one two three four five six seven"):
        for cue in lines(spoken(text), 20):
            assert len(cue.split()) > 1


def test_abbreviations_and_initials_end_no_sentence() -> None:
    assert lines(spoken("There stood Dr. J. Smith and his old dog, waiting for the boat."), 30)[0] != "There stood Dr."
    for cue in lines(spoken("There stood Dr. J. Smith and his old dog, waiting for the boat."), 30):
        assert not cue.endswith(("Dr.", "J."))


def test_a_sentence_may_be_one_word() -> None:
    assert lines(spoken("Yes. It stood for sixteen hundred long years."))[0] == "Yes."


def test_a_word_longer_than_a_cue_stands_alone() -> None:
    assert lines(spoken(f"a {'x' * 50} b c"), 20) == ["a", "x" * 50, "b c"]


def test_a_cue_lingers_but_not_into_the_next() -> None:
    words = spoken("First. Second part.", {"First.": RATE})
    first, second = phrases(words)
    assert first["end"] == words[0]["end"] + LINGER
    assert second["start"] == words[1]["start"]
    near = spoken("First. Second part.", {"First.": RATE // 2 + 1})
    near[1]["start"] = near[0]["end"] + RATE // 2
    assert phrases(near, gap_samples=10)[0]["end"] <= near[1]["start"]


def test_nothing_said_is_no_cue() -> None:
    assert phrases([]) == []


@given(
    st.lists(
        st.tuples(st.text("abc,.?", min_size=1, max_size=12), st.integers(0, 40_000), st.integers(0, 40_000)),
        max_size=40,
    ),
    st.integers(8, 60),
)
def test_every_word_is_kept_in_order_within_the_length(drawn: list[tuple[str, int, int]], max_chars: int) -> None:
    words, at = [], 0
    for text, length, pause in drawn:
        words.append({"text": text, "start": at, "end": at + length})
        at += length + pause
    cues = phrases(words, max_chars)
    assert [word for cue in cues for word in cue["words"]] == words
    for cue in cues:
        assert len(cue["words"]) == 1 or len(" ".join(word["text"] for word in cue["words"])) <= max_chars
        assert cue["start"] == cue["words"][0]["start"]
        assert cue["start"] <= cue["end"]
    for cue, following in pairwise(cues):
        assert cue["end"] <= following["start"]
    assert phrases(words, max_chars) == cues


def test_no_cue_joins_the_end_of_one_sentence_with_the_beginning_of_the_next() -> None:
    text = "Earthquakes took it, stone by stone. Divers still find it on the floor of the harbour."
    for width in (24, 26, 30, 42):
        for cue in lines(spoken(text), width):
            assert "stone. Divers" not in cue
