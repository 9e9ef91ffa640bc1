"""The words of a text in a recording: all of them, in order, within it, from the best source; makeshifts are told."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vbmake.providers.engine import Made
from vbmake.providers.word_times import RATE, fitted, words_of
from vbmake.render import pcm
from vbmake.rules.work import Work
from vbmake.speech.align import Alignment
from vbmake.speech.words import Word

Told = list[dict[str, Any]]
WORDS = st.lists(st.sampled_from(["one", "two", "it's", "1,234", "über", "—", "word.", "a", "Zürich"]), min_size=1)


def told(text: str, start: float = 0.0, each: float = 0.5) -> Told:
    """Words of half a second, one after the other."""
    return [
        {"text": word, "start": start + n * each, "end": start + (n + 1) * each} for n, word in enumerate(text.split())
    ]


def check(text: str, found: Sequence[Mapping[str, Any]], samples: int) -> None:
    """What holds of all words that are found."""
    assert [word["text"] for word in found] == text.split()
    assert all(0 <= word["start"] < word["end"] <= samples for word in found)
    assert all(one["end"] <= after["start"] for one, after in itertools.pairwise(found))


@given(WORDS, st.data())
def test_told_times_are_those_of_the_words(words: list[str], data: st.DataObject) -> None:
    text = " ".join(words)
    gaps = data.draw(st.lists(st.integers(1, RATE), min_size=2 * len(words), max_size=2 * len(words)))
    at, heard, expected = 0, [], []
    for word, (gap, length) in zip(words, zip(gaps[::2], gaps[1::2], strict=True), strict=True):
        heard.append({"text": word, "start": (at + gap) / RATE, "end": (at + gap + length) / RATE})
        expected.append({"text": word, "start": at + gap, "end": at + gap + length})
        at += gap + length
    assert fitted(text, heard, at) == expected


@given(WORDS, st.data())
def test_whatever_is_heard_the_words_are_the_texts_in_order_and_within_the_recording(
    words: list[str], data: st.DataObject
) -> None:
    """Some words are missing, some are others, times touch, repeat and reach a little beyond the end."""
    samples = data.draw(st.integers(1, 20 * RATE))
    heard, at = [], 0.0
    for word in words:
        start = at + data.draw(st.floats(0, 0.3))
        end = start + data.draw(st.floats(0, 0.5))
        kept = data.draw(st.sampled_from(["kept", "kept", "kept", "missing", "other"]))
        if kept != "missing":
            heard.append({"text": word if kept == "kept" else "uhm", "start": start, "end": end})
        at = data.draw(st.sampled_from([start, end]))
    found = fitted(" ".join(words), heard, samples)
    if found is not None:
        check(" ".join(words), found, samples)


@given(st.lists(st.fixed_dictionaries({"text": st.text(), "start": st.floats(), "end": st.floats()})), st.text())
def test_nonsense_is_no_time(heard: Told, text: str) -> None:
    found = fitted(text, heard, RATE)
    if found is not None:
        check(text, found, RATE)


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("Sold 1,234 boxes in 1865 alone.", "sold 1234 boxes in 1865 alone"),
        ("It began in 1865 and it ended soon.", "it began in eighteen sixty five and it ended soon"),
        ("We like ice cream very much today", "we like icecream very much today"),
        ("The lighthouse stands there still", "the light house stands there still"),
        ("First of all it went well", "of all it went well"),
        ("It all went very well indeed", "it all went very well"),
        ("It went very well indeed", "it went, uhm, very, very well indeed"),
        ("E.g. this one here works", "eg this one here works"),
    ],
)
def test_what_a_transcription_writes_in_another_way_keeps_its_place(text: str, heard: str) -> None:
    samples = 6 * RATE
    found = fitted(text, told(heard, start=0.25), samples)
    assert found is not None
    check(text, found, samples)
    by_word = {word["text"].strip(".,").lower(): word for word in told(heard, start=0.25)}
    for word in found:
        same = by_word.get(word["text"].strip(".,").lower())
        if same is not None and heard.split().count(same["text"]) == 1:
            assert word["start"] == round(same["start"] * RATE)


def test_words_that_were_not_heard_share_the_time_between_their_neighbours_by_their_letters() -> None:
    heard = [*told("one two"), {"text": "five", "start": 4.0, "end": 4.5}]
    found = fitted("one two three3 four five", heard, 5 * RATE)
    assert found is not None
    assert [word["start"] / RATE for word in found] == [0, 0.5, 1, 2.8, 4]


def test_a_missing_first_word_has_the_time_before_the_second() -> None:
    found = fitted("so it went well", told("it went well", start=1.0), 4 * RATE)
    assert found is not None
    assert (found[0]["start"], found[0]["end"]) == (0, RATE)


@pytest.mark.parametrize(
    "heard",
    [
        [],
        told("something else is said here"),
        told("one two"),
        [{"text": "one"}],
        [{"text": "one", "start": "x", "end": 1}],
        [{"text": "one", "start": 10**400, "end": 10**401}],
        list(reversed(told("one two three four five"))),
        told("one two three four five", start=60),
        [{**word, "end": word["start"] - 1} for word in told("one two three four five")],
    ],
)
def test_times_that_do_not_fit_are_not_used(heard: Told) -> None:
    assert fitted("one two three four five", heard, 4 * RATE) is None


def test_a_recording_that_is_shorter_than_its_words_has_none() -> None:
    assert fitted("one two three", told("one two three", each=0.0), 2) is None


# Which source


TEXT = "One two three."


@pytest.fixture
def work(tmp_path: Path) -> Callable[..., tuple[Work, list[str]]]:
    def make(service: str = "openai", times: Mapping[str, Any] | None = None) -> tuple[Work, list[str]]:
        voice = tmp_path / "voice.wav"
        pcm.write_s16(voice, np.sin(np.arange(2 * RATE, dtype=np.float32) / 20) * 0.1, RATE)
        inputs: dict[str, tuple[Path, ...]] = {"audio": (voice,)}
        if times is not None:
            (tmp_path / "times.json").write_text(json.dumps(times))
            inputs["times"] = (tmp_path / "times.json",)
        said: list[str] = []
        options = {"prompt": TEXT, "service": service, "language": "en"}
        return Work(options, inputs, {"words": tmp_path / "words.json"}, tmp_path, said.append), said

    return make


def nobody(*_: Any) -> Made:
    raise AssertionError("nobody is to be asked")


def hearing(text: str) -> Callable[..., Made]:
    return lambda *_: Made(words=tuple(told(text)))


def test_times_of_the_provider_are_taken_and_nobody_is_asked(work: Any) -> None:
    job, said = work(times={"words": told(TEXT)})
    found = words_of(job, nobody)
    assert found["method"] == "provider"
    assert not said
    check(TEXT, found["words"], 2 * RATE)
    assert json.loads((job.directory / "words.json").read_text()) == found


def test_without_times_the_recording_is_transcribed(work: Any) -> None:
    job, said = work(times={"words": None, "note": ""})
    found = words_of(job, hearing("one two three"))
    assert (found["method"], found["note"]) == ("transcribed", "")
    assert not said


def test_times_that_were_promised_and_cannot_be_used_are_told(work: Any) -> None:
    """ElevenLabs sends an alignment that does not fit itself: its adapter says so in the facts."""
    job, said = work(times={"words": None, "note": "not usable: 3 characters have 2 starts and 3 ends"})
    found = words_of(job, hearing("one two three"))
    assert "the provider's word times are not usable: 3 characters" in found["note"]
    assert said == [found["note"]]


def test_times_of_other_words_are_told_and_replaced(work: Any) -> None:
    job, said = work(times={"words": told("of another text altogether")})
    found = words_of(job, hearing("one two three"))
    assert found["method"] == "transcribed"
    assert "do not fit its text" in found["note"]
    assert said == [found["note"]]


@pytest.mark.parametrize(
    ("method", "words"),
    [("aligned", "true to about 0.1 s"), ("spread", "spread over the voice by the length of words")],
)
def test_the_last_resort_is_the_local_voice_and_is_told(
    work: Any, monkeypatch: pytest.MonkeyPatch, method: Any, words: str
) -> None:
    found_words = tuple(Word(text, n * 1000, (n + 1) * 1000) for n, text in enumerate(TEXT.split()))
    monkeypatch.setattr("vbmake.speech.align.align", lambda *_: Alignment(found_words, method, "why"))
    for service, ask in (("openai", hearing("of something else")), ("local", nobody)):
        job, said = work(service)
        found = words_of(job, ask)
        assert found["method"] == method
        assert words in found["note"]
        assert ("transcription does not fit" in found["note"]) is (service == "openai")
        assert said == [found["note"]]
        check(TEXT, found["words"], 2 * RATE)
