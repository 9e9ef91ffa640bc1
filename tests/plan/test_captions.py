"""Captions: what a format leaves out is as the film has it, and files and pictures say the same."""

from __future__ import annotations

from typing import Any

from tests.plan.films import build, film, speech
from vbmake.plan.types import BuildPlan

WORDS = ("One", "two", "three,", "four", "five", "six.")


def spoken(*words: str, **values: Any) -> BuildPlan:
    said = film(scenes=[{"id": "a", "say": " ".join(words)}], **values)
    return build(said, measures={"speech:a#speech": speech(3, *words)})


def burned(plan: BuildPlan, form: str = "main") -> dict[str, Any]:
    layers = [layer for layer in plan.job(f"shot:{form}/a/0").options["layers"] if layer["kind"] == "captions"]
    return layers[0] if layers else {}


def texts(layer: dict[str, Any]) -> list[str]:
    return [" ".join(word["text"] for word in cue["words"]) for cue in layer["cues"]]


def test_a_format_s_captions_leave_out_what_the_film_s_say() -> None:
    captions = {"style": "karaoke", "active": "#ff0000", "look": {"size": "20px"}, "files": ["srt"]}
    plan = spoken(*WORDS, captions=captions, formats={"wide": {}, "tall": {"captions": {"at": "top"}}})
    wide, tall = burned(plan, "wide"), burned(plan, "tall")
    assert tall["y"] < wide["y"]
    assert [layer["mode"] for layer in (wide, tall)] == ["karaoke", "karaoke"]
    assert (tall["active"], tall["style"]) == (wide["active"], wide["style"])


def test_a_format_may_have_captions_where_the_film_has_none() -> None:
    plan = spoken(*WORDS, formats={"wide": {}, "tall": {"captions": {"at": "top"}}})
    assert not burned(plan, "wide")
    assert burned(plan, "tall")["mode"] == "phrase"


def test_each_format_s_captions_are_as_long_as_it_says_and_files_as_the_film_says() -> None:
    captions = {"length": 40, "files": ["srt"]}
    plan = spoken(*WORDS, captions=captions, formats={"wide": {}, "tall": {"captions": {"length": 12}}})
    assert texts(burned(plan, "wide")) == ["One two three, four five six."]
    assert all(len(text) <= 12 for text in texts(burned(plan, "tall")))
    assert [cue["text"] for cue in plan.job("subtitles:film.srt").options["cues"]] == ["One two three, four five six."]


def test_captions_are_written_in_capitals_where_their_look_says_so_and_files_are_not() -> None:
    plan = spoken(*WORDS, captions={"look": {"uppercase": True}, "files": ["vtt"]})
    assert texts(burned(plan)) == ["ONE TWO THREE, FOUR FIVE SIX."]
    assert plan.job("subtitles:film.vtt").options["cues"][0]["text"] == "One two three, four five six."


def test_a_file_joins_words_as_their_script_does() -> None:
    plan = spoken("吾輩は", "猫である。", "Yes.", captions={"burn": False, "files": ["srt"]})
    assert [cue["text"] for cue in plan.job("subtitles:film.srt").options["cues"]] == ["吾輩は猫である。 Yes."]
