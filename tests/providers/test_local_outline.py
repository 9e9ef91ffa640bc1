"""An outline is a script of the right length and shape, in plain English, from a prompt of any kind."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.rules.workshop import made, shipped
from vbmake.providers.local.outline import outline, style_of
from vbmake.providers.local.phrases import styles
from vbmake.providers.local.subject import subject_of


@pytest.mark.parametrize("style", sorted(styles()))
@pytest.mark.parametrize("seconds", [3, 10, 20, 30, 60, 180])
def test_an_outline_fills_its_time_in_scenes_of_a_few_seconds(style: str, seconds: int) -> None:
    scenes = outline("The American Civil War in a minute", seconds, style)["scenes"]
    assert len(scenes) == max(1, round(seconds / 7))
    spoken = sum(len(scene["say"].split()) for scene in scenes) / 2.5
    assert seconds >= 10 or spoken < 6
    assert seconds < 10 or 0.6 * seconds < spoken < 1.2 * seconds
    assert "the American Civil War" in scenes[0]["say"]
    assert len(scenes) == 1 or "the American Civil War" in scenes[-1]["say"]
    for scene in scenes:
        assert set(scene) == {"title", "say", "picture", "heading"}
        assert re.fullmatch(r"[A-Z].*[.?!]", scene["say"])
        assert "The American Civil War" in scene["picture"]
        assert scene["title"]
    assert len({scene["picture"] for scene in scenes}) >= min(len(scenes), 6)


def test_no_two_scenes_of_a_minute_say_the_same() -> None:
    for style in styles():
        said = [scene["say"] for scene in outline("Bees", 60, style)["scenes"]]
        assert len(set(said)) == len(said)


@pytest.mark.parametrize(
    ("prompt", "title", "said"),
    [
        ("The American Civil War in a minute", "The American Civil War", "the American Civil War"),
        ("Make a 60 second video about lighthouses", "Lighthouses", "lighthouses"),
        ("create a documentary about Ada Lovelace in 2 minutes", "Ada Lovelace", "Ada Lovelace"),
        ("How does a fridge work?", "How a fridge works", "how a fridge works"),
        ("What is a black hole?", "A black hole", "a black hole"),
        ("Why is the sky blue?", "Why is the sky blue?", "the question “why is the sky blue”"),
        ("Tell me the story of Troy", "Troy", "Troy"),
        ("the life of bees. Use a warm tone.", "The life of bees", "the life of bees"),
        ("La Révolution française", "La Révolution française", "La Révolution française"),
        ("{{ vars.secret }} {s}", "{{ vars.secret }} {s}", "{{ vars.secret }} {s}"),
        ("", "Untitled", "our subject"),
        ("🚀 ...", "Untitled", "our subject"),
    ],
)
def test_the_subject_of_a_prompt_is_found(prompt: str, title: str, said: str) -> None:
    subject = subject_of(prompt)
    assert (subject.title, subject.said) == (title, said)


def test_a_long_prompt_is_a_short_title_and_is_not_repeated_in_every_sentence() -> None:
    prompt = "every sailor and every rope and every bird in the harbour " * 20
    subject = subject_of(prompt)
    assert 60 < len(subject.title) <= 80
    assert prompt.startswith(subject.title.rstrip("…").replace("Every", "every", 1) + " ")
    assert subject.said == "our subject"


def test_what_stands_in_a_prompt_is_never_filled_in_again() -> None:
    scenes = outline("{n} {t} {s}", 30, "tutorial")["scenes"]
    assert scenes[0]["heading"] == "{n} {t} {s}"


def test_styles_are_known_by_their_words() -> None:
    assert style_of("a noir documentary") is styles()["documentary"]
    assert style_of("Evening NEWS") is styles()["news"]
    assert style_of("how-to") is styles()["tutorial"]
    assert style_of("something else") is styles()["documentary"]


def test_the_rule_writes_the_script_and_says_that_it_is_english(tmp_path: Path) -> None:
    log: list[str] = []
    path = made(shipped("local-script"), tmp_path, log, prompt="Łódź", seconds="21", language="de")
    text = path.read_text(encoding="utf-8")
    script = json.loads(text)
    assert "Łódź" in text
    assert (script["title"], script["language"], len(script["scenes"])) == ("Łódź", "en", 3)
    assert "English" in log[0]
    british = made(shipped("local-script"), tmp_path / "2", prompt="Łódź", seconds="21", language="en-GB")
    assert json.loads(british.read_text(encoding="utf-8"))["language"] == "en-GB"
