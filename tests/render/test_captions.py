"""Captions burned in: the right words at the right frames, the word being said in its colour."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vbmake import resources
from vbmake.render.captions import caption_states
from vbmake.render.text import text_sprites

WHITE, GOLD = (255, 255, 255, 255), (255, 210, 63, 255)
FONT: Path = resources.path(resources.DEFAULT_BOLD)


def cue(start: int, end: int, *words: tuple[str, int, int]) -> dict[str, Any]:
    listed = [{"text": text, "start": first, "end": last} for text, first, last in words]
    return {"start": start, "end": end, "words": listed}


def layer(mode: str, *cues: dict[str, Any]) -> dict[str, Any]:
    style = {"font": 0, "size": 40, "color": "#ffffffff", "align": "center"}
    place = {"x": 640, "y": 700, "origin": [0.5, 1], "wrap": 600}
    return {"kind": "captions", "mode": mode, "style": style, **place, "active": "#ffd23fff", "cues": list(cues)}


FIRST = cue(10, 40, ("Two", 12, 18), ("thousand", 18, 27), ("years", 30, 36))
SECOND = cue(40, 60, ("later.", 40, 55))


def said(state: tuple[int, int, Any]) -> list[str]:
    spec = state[2]
    return [spec.text[first:end] for first, end, color in spec.spans if color == GOLD]


def test_karaoke_changes_when_a_word_begins_and_holds_between_words() -> None:
    states = caption_states(layer("karaoke", FIRST, SECOND))
    assert [(first, end) for first, end, _ in states] == [(10, 12), (12, 18), (18, 30), (30, 40), (40, 60)]
    assert [said(state) for state in states] == [[], ["Two"], ["thousand"], ["years"], ["later."]]
    assert states[0][2].text == "Two thousand years"


def test_a_phrase_is_one_state_a_cue() -> None:
    states = caption_states(layer("phrase", FIRST, SECOND))
    assert [(first, end, spec.text, spec.spans) for first, end, spec in states] == [
        (10, 40, "Two thousand years", ()),
        (40, 60, "later.", ()),
    ]
    assert states[0][2].wrap == 600
    assert states[0][2].origin == (0.5, 1.0)


def test_states_never_overlap_and_never_stand_empty() -> None:
    late = cue(0, 100, ("a", -5, 3), ("b", 3, 3), ("c", 3, 90))
    states = caption_states(layer("karaoke", cue(50, 80, ("d", 50, 60)), late, cue(90, 90, ("e", 90, 90))))
    assert [(first, end) for first, end, _ in states] == [(0, 3), (3, 50), (50, 80)]
    assert [said(state) for state in states] == [["a"], ["c"], ["d"]]


def test_cues_before_the_first_frame_are_kept_as_they_are() -> None:
    states = caption_states(layer("karaoke", cue(-20, 10, ("a", -20, -5), ("b", 2, 8))))
    assert [(first, end) for first, end, _ in states] == [(-20, 2), (2, 10)]


def test_scripts_without_spaces_are_joined_without() -> None:
    words = (("你好", 0, 5), ("世界", 5, 9), ("OK", 9, 12))
    assert caption_states(layer("phrase", cue(0, 20, *words)))[0][2].text == "你好世界 OK"
    korean = (("안녕", 0, 5), ("세계", 5, 9))
    assert caption_states(layer("phrase", cue(0, 20, *korean)))[0][2].text == "안녕 세계"


def test_no_letter_moves_while_the_colour_goes_from_word_to_word() -> None:
    cues = cue(
        0,
        90,
        *(
            (word, 10 * index, 10 * index + 9)
            for index, word in enumerate(["AV", "To", "Wave,", "Yes", "LT", "Toy", "P."])
        ),
    )
    states = caption_states(layer("karaoke", cues))
    sprites = text_sprites([spec for _, _, spec in states], [FONT])
    for sprite in sprites[1:]:
        assert (sprite.x, sprite.y) == (sprites[0].x, sprites[0].y)
        assert (sprite.pixels[:, :, 3] == sprites[0].pixels[:, :, 3]).all()
    gold = [int((sprite.pixels == (63, 210, 255, 255)).all(axis=2).nonzero()[1].mean()) for sprite in sprites]
    assert gold == sorted(gold)
    assert len(set(gold)) == len(gold)
